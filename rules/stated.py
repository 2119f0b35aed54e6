"""What has been stated, as it concerns one recipient: what is so of another says nothing here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from models.stated import OF_A_RECIPIENT
from models.words import OrgId

RESERVATION = (
    "Uppgifterna får inte lämnas vidare och inte användas för något annat än det som de lämnas för "
    "(förbehåll enligt 10 kap. 14 § offentlighets- och sekretesslagen)."
)


def about(said: Iterable[Mapping[str, Any]], recipient: OrgId) -> dict[str, Any]:
    """The newest word on each thing, of the person or of this very recipient. The oldest comes first."""
    found: dict[str, Any] = {}
    for one in said:
        of_this = one.get("recipient") == recipient
        found |= {name: value for name, value in one.items() if of_this or name not in OF_A_RECIPIENT}
    found.pop("recipient", None)
    return found


def reservation(facts: Mapping[str, Any]) -> str | None:
    """The words of the reservation that is decided for the recipient; None when none is."""
    return (facts.get("reservation_text") or RESERVATION) if facts.get("reservation") else None
