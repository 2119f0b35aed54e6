"""Consents, disclosures and packages as a desk keeps them."""

from __future__ import annotations
