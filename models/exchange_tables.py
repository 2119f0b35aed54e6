"""Sealed packages on their way, and the organisations' published keys, in the plane's register."""

from __future__ import annotations
