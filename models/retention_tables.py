"""Files that are to be disposed of, what holds them back, and the certificates of those that are gone."""

from __future__ import annotations
