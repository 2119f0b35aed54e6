"""Finding a person's cases at a desk by personnummer, without the number being kept where it can be read.

What is kept is an HMAC under the desk's own index key. A case is about one person: the latest number that was kept for
it counts, so that a wrong one that has been corrected finds nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, text
from sqlmodel import Session, col, delete, select

from activities.case_keys import INDEX, CaseKeys
from activities.sealing import new_key
from activities.stores import reading, writing
from models.desk import Category
from models.desk_tables import ItemRow
from models.intake import twelve_digits
from models.keys import KeyDestroyed
from models.vault_tables import IdentityRow
from models.words import CaseRef


def blinded(number: str) -> str:
    """What is blinded of a personnummer. Raises: ValueError: it is none."""
    return f"personnummer:{twelve_digits(number)}"


def personnummer_in(content: Any) -> str | None:
    person = content.get("person") if isinstance(content, dict) else None
    number = person.get("personnummer") if isinstance(person, dict) else None
    return number if isinstance(number, str) else None


def index(session: Session, keys: CaseKeys, case: CaseRef, content: Any) -> None:
    """Makes a case found by the personnummer in what is being kept, and by no earlier one."""
    number = personnummer_in(content)
    if number is None:
        return
    wait_for_reindexing(session, "row exclusive")
    version, blind = keys.blinds(blinded(number))[-1]
    session.exec(delete(IdentityRow).where(col(IdentityRow.case) == case))
    session.add(IdentityRow(index=blind, case=case, version=version))


def find(engine: Engine, keys: CaseKeys, number: str) -> list[CaseRef]:
    """The cases about this person, by reference. Raises: ValueError: not a personnummer."""
    blinds = keys.blinds(blinded(number))
    while True:
        with reading(engine) as session:
            wanted = col(IdentityRow.index).in_([blind for _, blind in blinds])
            found = session.exec(select(IdentityRow.case).where(wanted).order_by(IdentityRow.case)).all()
        earlier, blinds = blinds, keys.blinds(blinded(number))
        if found or blinds == earlier:  # otherwise the index key was changed in between
            return [CaseRef(case) for case in dict.fromkeys(found)]


def reindex(engine: Engine, keys: CaseKeys, opened: Callable[[ItemRow], Any]) -> int:
    """Changes the index key: every case under a new one, then the earlier key is destroyed. Returns how many cases.

    Begun and not finished, it is finished the next time instead of begun again; until then both keys find.
    """
    versions = sorted(keys.secrets(INDEX))
    if len(versions) < 2:
        versions.append(keys.keep_secret(INDEX, new_key()))
    with writing(engine) as session:
        wait_for_reindexing(session, "share row exclusive")
        newest = versions[-1]
        outdated = set(session.exec(select(IdentityRow.case).where(IdentityRow.version != newest)))
        for case in outdated:
            session.exec(delete(IdentityRow).where(col(IdentityRow.case) == case))
            if number := latest_number(session, CaseRef(case), opened):
                blinds = dict(keys.blinds(blinded(number)))
                session.add(IdentityRow(index=blinds[newest], case=case, version=newest))
    for version in versions[:-1]:
        keys.drop_secret(INDEX, version)
    return len(outdated)


def latest_number(session: Session, case: CaseRef, opened: Callable[[ItemRow], Any]) -> str | None:
    """The latest personnummer kept for a case; None also when its keys have been destroyed."""
    kept = select(ItemRow).where(ItemRow.case == case, ItemRow.category == Category.IDENTITY)
    try:
        numbers = (personnummer_in(opened(row)) for row in session.exec(kept.order_by(col(ItemRow.stored_at).desc())))
        return next((number for number in numbers if number), None)
    except KeyDestroyed:
        return None


def wait_for_reindexing(session: Session, mode: str) -> None:
    """PostgreSQL: no row by the earlier key is written while the key is changed. SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text(f"lock table identities in {mode} mode"))
