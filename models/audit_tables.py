"""The audit chains: one in each desk's store, one in the plane's register."""

from __future__ import annotations
