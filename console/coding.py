"""What of an intake becomes coded facts that travel, and what is kept at the desk and does not."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from uuid import UUID, uuid5

from activities.mark_rules import load_marks
from models.desk import Category, ProtectionMark
from models.events import Custody, Facts, Responsibility
from models.intake import Filling
from models.packs import RulePack
from models.words import ItemId, RequestKey
from rules import clocks, marks

ADULT_YEARS = 18
KEPT_AT_DESK = {
    "person": Category.IDENTITY,
    "safe_contact": Category.CONTACT,
    "addresses": Category.ADDRESS,
    "in_care": Category.ADDRESS,
    "relatives": Category.RELATIVES,
    "environment": Category.ENVIRONMENT,
    "registered_municipality": Category.IDENTITY,
    "placement": Category.PLACEMENT,
    "note": Category.NOTE,
    "social_file": Category.SOCIAL_FILE,
    "health": Category.HEALTH,
    "criminal_record": Category.CRIMINAL_RECORD,
    "own_risk_assessment": Category.OWN_RISK_ASSESSMENT,
    "threat_source": Category.THREAT_SOURCE,
    "guardians": Category.RELATIVES,
    "mature": Category.RELATIVES,
}
AS_THEY_ARE = ("placement", "own_risk_assessment")
"""Kept as their own words, not under a name."""


def item_id(key: RequestKey, what: str) -> ItemId:
    """The same request gives the same id, so that repeating it keeps nothing twice."""
    return str(uuid5(UUID(key), what))


def kept_items(filling: Filling, key: RequestKey) -> list[tuple[ItemId, Category, Any]]:
    """What of an intake is kept at the desk, each under its own id and category. Addresses one by one."""
    data = filling.model_dump(mode="json", exclude_none=True, include=set(KEPT_AT_DESK))
    addresses = [*data.pop("addresses", ()), *place_of(data.get("safe_contact", {}))]
    kept = [
        (item_id(key, name), KEPT_AT_DESK[name], content if name in AS_THEY_ARE else {name: content})
        for name, content in data.items()
        if content or content is False or name == "guardians"  # none any more is said by an empty list
    ]
    each = [(item_id(key, f"address-{number}"), Category.ADDRESS, one) for number, one in enumerate(addresses)]
    return kept + each


def place_of(contact: dict[str, Any]) -> list[dict[str, Any]]:
    """The place by which somebody is reached, as an address. Taken out of the contact, which says how and not where."""
    purpose = {"letter": "mail", "in-person": "meeting"}.get(contact.get("channel", ""))
    return [{"purpose": purpose, "lines": lines_of(contact.pop("value"))}] if purpose else []


def lines_of(place: str) -> list[str]:
    """As an envelope has it: `Storgatan 1, 745 00 Enköping` is two lines."""
    return [line.strip() for line in place.split(",") if line.strip()] or [place]


def coded_facts(filling: Filling, now: datetime, pack: RulePack) -> Facts:
    """What of an intake the case itself needs: codes and instants, nothing that says who it is about.

    Not consent: the case is told of it by the desk's own history.
    """
    stay = filling.stay_municipality
    born = filling.person.born_on() if filling.person else None
    instants = {code: start_of(day, pack) for code, day in (filling.instants or {}).items()}
    if filling.person is not None:
        mark = ProtectionMark(filling.person.protection_mark)
        watched = marks.watched(mark, filling.person.protection_ends, load_marks())
        instants |= {code: start_of(day, pack) for code, day in watched.items()}
    return Facts(
        urgency=filling.urgency,
        police_track_wanted=filling.police_track_wanted,
        conditions_signed=filling.conditions_signed,
        responsible=Responsibility(**filling.responsible.model_dump()) if filling.responsible else None,
        stay=None if stay == "unknown" else stay,
        custody=custody_of(filling, pack),
        released=filling.released,
        minor=is_minor(born, clocks.local(now, pack.calendar).date()) if born else None,
        needs=tuple(dict.fromkeys(filling.needs)) if filling.needs is not None else None,
        instants=instants or None,
    )


def custody_of(filling: Filling, pack: RulePack) -> Custody | None:
    custody = filling.custody
    if custody is None:
        return None
    return Custody(place=custody.place, ends_at=start_of(custody.ends, pack) if custody.ends else None)


def is_minor(born: date, today: date) -> bool:
    """Under eighteen. Born on 29 February turns eighteen on 1 March in a year without that day."""
    return (today.year - born.year - ((today.month, today.day) < (born.month, born.day))) < ADULT_YEARS


def start_of(day: date | datetime, pack: RulePack) -> datetime:
    """The instant a day begins locally; an instant is itself."""
    return day if isinstance(day, datetime) else clocks.at_local(day, time(0), pack.calendar)
