"""What must be true of the sharing rules before anybody is told anything by them: what data alone could break."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta

from models.desk import Category
from models.sharing import HANDOFF_STATUS, Cell, CellKey, Ground, Need, SharingRules, Strength
from models.words import Code
from rules.checks.fault import Fault, Place
from rules.sharing import CRIME_GROUND_BEGINS, STAYS, shut_out

NEVER_NAMED = re.compile(r"(?<![0-9:])18:[0-9]|18 kap|osl-18|vittne|witness|fingera|ny identitet|new identity", re.I)
"""What no text of these rules may say: readers would learn what must not be told."""
STAFF = re.compile(r"handl[aä]ggare|caseworker|officer|assessor|staff|author|signed|handler|sender|recipient")
"""Fields that would carry the name of somebody at work. Packages carry functions."""


def findings(rules: SharingRules, places: Mapping[CellKey, Place] | None = None) -> tuple[Fault, ...]:
    """Everything that makes the rules unusable; empty when they can be used. `places`: where each cell is written."""
    found = [*of_dates(rules), *of_grounds(rules), *of_words(rules), *of_parts(rules), *of_kinds(rules)]
    for cell in rules.cells:
        place = (places or {}).get(CellKey(**cell.model_dump(include=set(CellKey.model_fields))), ("row",))
        found += [Fault(place, sv, en) for sv, en in of_cell(rules, cell)]
    return tuple(dict.fromkeys(found))


def of_dates(rules: SharingRules) -> Iterator[Fault]:
    if rules.effective_until is not None and rules.effective_until < rules.effective_from:
        yield Fault(("effective_until",), "reglerna slutar innan de börjar", "the rules end before they begin")
    if not timedelta(0) < rules.consent_longest <= timedelta(days=1_000):
        sv, en = "ett samtycke ska kunna gälla 1 till 1 000 dygn", "a consent lasts from 1 to 1,000 days"
        yield Fault(("releases", "consent_longest"), sv, en)


def of_grounds(rules: SharingRules) -> Iterator[Fault]:
    for code, ground in rules.grounds.items():
        yield from (Fault(("grounds", code), sv, en) for sv, en in of_ground(rules, ground))


def of_ground(rules: SharingRules, ground: Ground) -> Iterator[tuple[str, str]]:
    if ground.clock is not None and ground.clock not in rules.clocks:
        yield f"{ground.clock} är ingen känd frist", f"{ground.clock} is no known clock"
    if (ground.strength is Strength.MUST) != (ground.clock is not None):
        yield "en skyldighet har en frist, och bara en skyldighet", "a duty has a clock, and only a duty"
    if (Need.DEMAND in ground.needs) != bool(ground.laws):
        yield "demand och laws hör ihop", "demand and laws belong together"
    if ground.only is not None and ground.only not in rules.extents:
        yield f"{ground.only} är ingen känd del", f"{ground.only} is no known part"
    if "10:15 a" in ground.paragraph and (ground.begins is None or ground.begins < CRIME_GROUND_BEGINS):
        yield "OSL 10:15 a finns från 2025-12-01: skriv begins", "OSL 10:15 a exists from 2025-12-01: write begins"


def of_cell(rules: SharingRules, cell: Cell) -> Iterator[tuple[str, str]]:
    name = f"{cell.category} {cell.holder} → {cell.recipient}"
    if cell.category in STAYS:
        yield f"{cell.category} lämnar aldrig skrivbordet", f"{cell.category} never leaves the desk"
    elif cell.category not in rules.categories or cell.category not in {*Category, HANDOFF_STATUS}:
        yield f"{cell.category} är ingen känd kategori", f"{cell.category} is no known category"
    if cell.secrecy not in rules.secrecy.get(cell.holder, ()):
        yield f"{cell.secrecy} gäller inte hos {cell.holder}", f"{cell.secrecy} does not apply at {cell.holder}"
    if cell.only is not None and cell.category not in rules.extents.get(cell.only, {}):
        yield f"{cell.only} säger inget om {cell.category}", f"{cell.only} says nothing of {cell.category}"
    for code in cell.grounds:
        ground = rules.grounds.get(code)
        if ground is None:
            yield f"{code} är ingen känd grund ({name})", f"{code} is no known ground ({name})"
        elif shut_out(ground.paragraph, cell.secrecy, max(rules.effective_from, CRIME_GROUND_BEGINS)):
            yield (
                f"{ground.paragraph} gäller aldrig mot {cell.secrecy} ({name})",
                f"{ground.paragraph} is never possible against {cell.secrecy} ({name})",
            )
        elif ground.only is not None and cell.category not in rules.extents.get(ground.only, {}):
            yield f"{ground.only} säger inget om {cell.category}", f"{ground.only} says nothing of {cell.category}"


def of_words(rules: SharingRules) -> Iterator[Fault]:
    """No text hints at what must not be told, and no field is for the name of somebody at work."""
    texts: list[tuple[Place, str]] = [(("secrecy", holder), code) for holder, s in rules.secrecy.items() for code in s]
    for code, ground in rules.grounds.items():
        texts += [(("grounds", code), text) for text in (code, ground.paragraph, ground.name.sv, ground.name.en)]
    for category, words in rules.categories.items():
        texts += [(("categories", category), text) for text in (words.name.sv, words.name.en)]
        for field, name in words.fields.items():
            texts += [(("categories", category, "fields", field), text) for text in (field, name.sv, name.en)]
            if STAFF.search(field):
                sv, en = "fältet bär namnet på någon i tjänst", "the field would name somebody at work"
                yield Fault(("categories", category, "fields", field), sv, en)
    for place, text in texts:
        if NEVER_NAMED.search(text):
            yield Fault(place, "texten röjer vad som inte får sägas", "the text hints at what must not be told")
    for category in rules.categories:
        if category in STAYS or category not in {*Category, HANDOFF_STATUS}:
            sv, en = f"{category} lämnar aldrig skrivbordet", f"{category} never leaves the desk"
            yield Fault(("categories", category), sv, en)


def of_parts(rules: SharingRules) -> Iterator[Fault]:
    for part, categories in rules.extents.items():
        for category, fields in categories.items():
            yield from unknown(rules, ("parts", part), category, fields)


def of_kinds(rules: SharingRules) -> Iterator[Fault]:
    for kind, needs in rules.kinds.items():
        for way, wanted in (("request", needs.request), ("answer", needs.answer)):
            for category, fields in wanted.items():
                yield from unknown(rules, ("kinds", kind, way), category, fields)
    for listed, codes in (("two_persons", rules.two_persons), ("no_harm_test", rules.no_harm_test)):
        for category in codes:
            yield from unknown(rules, ("releases", listed), category, ())


def unknown(rules: SharingRules, place: Place, category: Code, fields: tuple[str, ...]) -> Iterator[Fault]:
    words = rules.categories.get(category)
    if words is None:
        yield Fault(place, f"{category} är ingen känd kategori", f"{category} is no known category")
        return
    for field in fields:
        if field not in words.fields:
            sv, en = f"{field} är inget fält i {category}", f"{field} is no field of {category}"
            yield Fault((*place, category), sv, en)
