"""What a desk holds of a case that may come into question for telling, and a digest of each category of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from activities.disclosures import FROM
from activities.offices import Office
from console import addresses, permitting
from console.as_whom import Worker
from console.failures import Refused
from models.contracts import Refusal
from models.desk import Category
from models.preview import Held, Sending
from models.sharing import FieldName, SharingRules
from models.words import CaseRef, Code
from rules import preview
from rules.addresses import IN_CARE, Holds, meant
from rules.held import Kept, held_of, standing
from rules.sharing import STAYS


class Holding(NamedTuple):
    """What may come into question, what this role does not see, and a digest of each category as it is kept now."""

    held: list[Held]
    kept_from: tuple[Category, ...]
    digests: dict[Code, str]


def held_for(worker: Worker, rules: SharingRules, sending: Sending, address: int | None = None) -> Holding:
    """What may come into question, read for this, and the categories that this role does not see; logged first.

    `address`: the number of the one to tell, where there are several.

    Raises:
        Refused: this account may not disclose from this case, and that is logged too; or that address is none to tell.
    """
    office, case, now = worker.office, sending.case, datetime.now(UTC)
    every = tuple(Category(code) for code in preview.wanted(rules, sending) if code in set(Category))
    with office.trail.writing() as session:
        refusal = permitting.may_prepare(session, worker, case, now)
        wanted = tuple(one for one in every if permitting.may_disclose(session, worker, case, now, one).permitted)
        permitting.log(session, worker, case, wanted, refusal)
    if refusal:
        raise Refused(refusal)
    held = held_of_case(office, rules, case, wanted, address)
    kept_from = tuple(one for one in every if one not in wanted and one not in STAYS)
    return Holding(held, kept_from, digests(office, case, held))


def held_of_case(
    office: Office, rules: SharingRules, case: CaseRef, wanted: Iterable[Category], address: int | None
) -> list[Held]:
    """What stands for each of these categories; of addresses the one that is meant, or all that can be chosen of,
    and beside them whether somebody is in care.

    Raises:
        Refused: that address is none to tell.
    """
    categories = set(wanted)
    source = categories | ({Category.IDENTITY} if Category.PROTECTION_MARK in categories else set())
    rows = office.items_of(case, tuple(source))
    kept = (
        Kept(row.id, Category(row.category), said, not row.author.startswith(FROM))
        for row, said in rows
        if row.category != Category.ADDRESS or says_in_care(said)
    )
    found = [one for one in standing(rules, kept) if one.category in categories]
    return found + (addresses_of_case(office, case, address) if Category.ADDRESS in categories else [])


def says_in_care(content: Any) -> bool:
    return isinstance(content, Mapping) and IN_CARE in content


def addresses_of_case(office: Office, case: CaseRef, number: int | None) -> list[Held]:
    known = addresses.of_case(office, case)
    one = meant(known, number)
    if isinstance(one, Refusal):
        raise Refused(one)
    offered = [each for each in known if each == one or (one is None and each.holds is Holds.CURRENT)]
    return [
        held.model_copy(update={"number": each.number, "not_kept": each.holds is Holds.NOT_KEPT})
        for each in (*offered, *(each for each in known if each.holds is Holds.NOT_KEPT))
        for held in held_of(each.item, Category.ADDRESS, each.content)
    ]


def digests(office: Office, case: CaseRef, held: Iterable[Held]) -> dict[Code, str]:
    """Of each category as it is kept now, under the mark that counts now. With the desk's own key: the note in which
    it stands is sealed, but what is short could be tried. Where an address is still to be chosen there is none, but of
    whether somebody is in care."""
    mark, found = office.mark_of(case), dict[Code, list[Held]]()
    for one in held:
        if not one.not_kept:
            found.setdefault(one.category, []).append(one)
    return {
        category: office.store.keys.blind(plain(category, mark, fields))
        for category, ones in found.items()
        if (fields := chosen(ones))
    }


def chosen(ones: list[Held]) -> dict[FieldName, str]:
    """What is kept of one category; of several places none, for none is chosen."""
    several = sum(preview.is_a_place(one) for one in ones) > 1
    kept = (one.fields for one in ones if not (several and preview.is_a_place(one)))
    return {field: value for fields in kept for field, value in fields.items()}


def plain(category: Code, mark: str, fields: Mapping[FieldName, str]) -> str:
    said = json.dumps([category, mark, fields], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()
