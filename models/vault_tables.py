"""What a desk's vault has besides its items: the keyed index by which a person is found."""

from __future__ import annotations
