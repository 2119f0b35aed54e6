"""Requests to see one's file, as the desk that holds it keeps them."""

from __future__ import annotations
