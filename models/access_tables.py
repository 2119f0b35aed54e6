"""Who works at a desk, who may see which case there, and what two persons decide together."""

from __future__ import annotations
