"""What has been stated, as it concerns one recipient, and since when what makes a duty has been known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from models.sharing import Need
from models.stated import OF_A_RECIPIENT
from models.words import Code

RESERVATION = (
    "Uppgifterna får inte lämnas vidare och inte användas för något annat än det som de lämnas för "
    "(förbehåll enligt 10 kap. 14 § offentlighets- och sekretesslagen)."
)
DUTIES = {"child_at_risk": Need.CHILD_AT_RISK, "lvm_need": Need.LVM_NEED}
"""Circumstances that are a duty from the instant they are known (SoL 19:1; LVM 6-7)."""


def about(said: Iterable[Mapping[str, Any]], recipient: Code) -> dict[str, Any]:
    """The newest word on each thing, of the person or of this very recipient: what is so of another says nothing here.

    The oldest comes first.
    """
    found: dict[str, Any] = {}
    for one in said:
        of_this = one.get("recipient") == recipient
        found |= {name: value for name, value in one.items() if of_this or name not in OF_A_RECIPIENT}
    found.pop("recipient", None)
    return found


def reservation(facts: Mapping[str, Any]) -> str | None:
    """The words of the reservation that is decided for the recipient; None when none is."""
    return (facts.get("reservation_text") or RESERVATION) if facts.get("reservation") else None


def known_since(said: Iterable[tuple[Mapping[str, Any], datetime]]) -> dict[Need, datetime]:
    """When what makes a duty was first written down, without having been taken back since. The oldest comes first.

    Saying the same again moves no clock: a duty to report at once is as late as it is. Taken back and said anew, it is
    known anew.
    """
    since: dict[Need, datetime] = {}
    for one, at in said:
        for circumstance, need in DUTIES.items():
            if one.get(circumstance):
                since.setdefault(need, at)
            elif circumstance in one:
                since.pop(need, None)
    return since
