"""Kinds of handoff: what they allow hangs together, and nothing that one says is dead letter."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.handoffs import Act, Party
from models.packs import IfUnanswered, Kind, Mode, RulePack
from models.words import ConsentTo, Urgency
from rules.checks.fault import Fault, Place
from rules.transitions import NEEDS_REASON, OTHER, TABLE, allowed_by_kind

TRACK_B = f'"{ConsentTo.POLICE_TRACK}"'
POLICE_ANSWERS = frozenset({"eligible", "not-eligible"})
"""All that the police's desk ever answers about its own track (domain.md section 2): never why."""
PARAGRAPH = re.compile(r"[A-ZÅÄÖa-zåäö0-9][A-ZÅÄÖa-zåäö0-9:.,§ -]{1,38}")
MANY = 3
"""A reason that more kinds than this lack is missing from the pack's own list."""
BY_PEOPLE = frozenset(row.act for row in TABLE if row.by is not Party.SYSTEM)


def faults(pack: RulePack) -> Iterator[Fault]:
    for kind in pack.kinds.values():
        at: Place = ("kinds", kind.code)
        yield from _shape(at, kind)
        yield from _refusal(at, kind)
        yield from _acts(at, kind)
        yield from _track_b(at, kind)
        yield from _candidates(at, kind, pack)
    yield from _reasons(pack)
    yield from _words(pack)


def _words(pack: RulePack) -> Iterator[Fault]:
    """Codes are for programs: whoever chooses one reads words."""
    for kind in pack.kinds.values():
        at: Place = ("kinds", kind.code)
        chosen = [(act, code) for said in (kind.reasons, kind.answers) for act, codes in said.items() for code in codes]
        rules = [rule for named in kind.deadlines.values() for rule in named.values()]
        chosen += [(Act.EXTEND, ground) for rule in rules if rule.extension for ground in rule.extension.grounds]
        for act, code in dict.fromkeys(chosen):
            if code not in pack.words and code != OTHER:
                yield Fault(
                    at,
                    f"{kind.code} har koden {code} ({act}) som saknar ord i pack.toml, [words]",
                    f"{kind.code} has the code {code} ({act}), which has no words in pack.toml, [words]",
                )


def _shape(at: Place, kind: Kind) -> Iterator[Fault]:
    if not kind.deadlines:
        yield Fault(at, f"sorten {kind.code} har inga frister", f"the kind {kind.code} has no deadlines")
    if kind.mode is not Mode.ASSIGNMENT and not kind.recipient:
        yield Fault(
            at,
            f"sorten {kind.code} säger inte vem som kan ta emot den (to)",
            f"the kind {kind.code} says nothing of who can receive it (to)",
        )
    if kind.mode is not Mode.ASSIGNMENT and kind.moves_with_case:
        yield Fault(
            (*at, "moves_with_case"),
            f"{kind.code} är inget eget arbete (assignment) och kan inte följa med ärendet",
            f"{kind.code} is not own work (assignment) and can't move with the case",
        )
    if kind.mode is Mode.ASSIGNMENT and set(kind.recipient) != set(kind.sender):
        yield Fault(
            (*at, "to"),
            f"{kind.code} är eget arbete: from och to ska vara lika",
            f"{kind.code} is own work: from and to should be the same",
        )
    if kind.acute_within_days is not None and Urgency.ACUTE not in kind.deadlines:
        yield Fault(
            (*at, "acute_within_days"),
            f"{kind.code} blir akut när dagen är nära men har inga akuta frister",
            f"{kind.code} becomes acute when the day is near but has no acute deadlines",
        )
    if set(kind.marks_on) - set(kind.answers.get(Act.COMPLETE, ())) or (kind.marks_on and not kind.marks):
        yield Fault(
            (*at, "marks_on"),
            f"{kind.code}: marks_on nämner svar som inte finns, eller saknar en dag att sätta (marks)",
            f"{kind.code}: marks_on names answers that are not there, or lacks a day to set (marks)",
        )
    for paragraph in kind.disclaims:
        if not PARAGRAPH.fullmatch(paragraph):
            yield Fault((*at, "disclaims"), f'"{paragraph}" är ingen paragraf', f'"{paragraph}" is no paragraph')


def _refusal(at: Place, kind: Kind) -> Iterator[Fault]:
    """Saying no, failing and falling silent: each must leave somebody with a task, and none may evade a duty."""
    if kind.may_decline and kind.if_unmet == "nothing":
        yield Fault(
            (*at, "if_unmet"),
            f"{kind.code} kan avböjas, men då har ingen något att göra: skriv find-another-way eller next-candidate",
            f"{kind.code} can be declined, and then nobody has a task: write find-another-way or next-candidate",
        )
    if kind.may_decline and not kind.may_fail:
        yield Fault(
            (*at, "may_fail"),
            f"{kind.code} kan avböjas men inte misslyckas: antingen tillåter lagen ett nej eller inte",
            f"{kind.code} can be declined but can't fail: the law allows a no or it does not",
        )
    if not kind.may_decline and kind.if_unanswered is not IfUnanswered.STAY:
        yield Fault(
            (*at, "if_unanswered"),
            f"{kind.code} kan inte avböjas och får då inte heller rinna ut för att ingen svarar",
            f"{kind.code} can't be declined, so it must not run out because nobody answers either",
        )
    if kind.if_unanswered is IfUnanswered.EXPIRE and kind.if_unmet != "nothing":
        yield Fault(
            (*at, "if_unanswered"),
            f"{kind.code} rinner ut utan att någon får en uppgift, fast behovet finns kvar (if_unmet)",
            f"{kind.code} runs out and gives nobody a task, although the need remains (if_unmet)",
        )


def _acts(at: Place, kind: Kind) -> Iterator[Fault]:
    """Reasons and answers for what can never be done with this kind, or that are never asked for."""
    for act, codes in kind.reasons.items():
        place = (*at, "reasons", str(act))
        if not allowed_by_kind(act, kind) or act not in BY_PEOPLE:
            yield Fault(
                place,
                f"{kind.code} har anledningar för {act}, som sorten inte tillåter",
                f"{kind.code} has reasons for {act}, which the kind does not allow",
            )
        elif act not in NEEDS_REASON:
            yield Fault(
                place,
                f"{kind.code} har anledningar för {act}, som aldrig kräver någon",
                f"{kind.code} has reasons for {act}, which never asks for one",
            )
        if OTHER in codes:
            yield Fault(
                place,
                f"{kind.code}: {OTHER} finns alltid och ska inte räknas upp",
                f"{kind.code}: {OTHER} is always there, so leave it out",
            )
    for act in kind.answers:
        if not allowed_by_kind(act, kind) or act not in BY_PEOPLE:
            yield Fault(
                (*at, "answers", str(act)),
                f"{kind.code} har svar för {act}, som sorten inte tillåter",
                f"{kind.code} has answers for {act}, which the kind does not allow",
            )


def _track_b(at: Place, kind: Kind) -> Iterator[Fault]:
    if not kind.opens_track_b:
        return
    if kind.needs_consent is not ConsentTo.POLICE_TRACK:
        yield Fault(
            (*at, "needs_consent"),
            f"{kind.code} öppnar polisens ärende och kräver samtycke till det: needs_consent = {TRACK_B}",
            f"{kind.code} opens the police's track and needs consent to it: needs_consent = {TRACK_B}",
        )
    if set(kind.answers.get(Act.COMPLETE, ())) != POLICE_ANSWERS:
        yield Fault(
            (*at, "answers"),
            f"{kind.code}: polisen svarar eligible eller not-eligible, aldrig något annat och aldrig varför",
            f"{kind.code}: the police answer eligible or not-eligible, never anything else and never why",
        )
    if allowed_by_kind(Act.FAIL, kind) or kind.may_decline:
        yield Fault(
            at,
            f"{kind.code} kan sluta på ett sätt som röjer varför: may_decline = false och if_unmet = nothing",
            f"{kind.code} can end in a way that tells why: may_decline = false and if_unmet = nothing",
        )


def _candidates(at: Place, kind: Kind, pack: RulePack) -> Iterator[Fault]:
    asks_next = kind.if_unmet == "next-candidate" or kind.if_unanswered is IfUnanswered.NEXT_CANDIDATE
    found = any(step.kind == kind.code and step.recipient == "candidates" for step in pack.steps)
    if asks_next and not found:
        yield Fault(
            at,
            f"{kind.code} frågar nästa kandidat, men inget steg letar upp några",
            f"{kind.code} asks the next candidate, but no step finds any",
            warning=True,
        )


def _reasons(pack: RulePack) -> Iterator[Fault]:
    """An act that must state a reason and has none to choose from could be done without saying why."""
    for act in sorted(NEEDS_REASON):
        lacking = [k.code for k in pack.kinds.values() if allowed_by_kind(act, k) and not k.reasons.get(act)]
        if len(lacking) > MANY:
            yield Fault(
                ("reasons",),
                f"anledningar saknas för {act}, som {len(lacking)} sorter tillåter",
                f"reasons are missing for {act}, which {len(lacking)} kinds allow",
            )
            continue
        for code in lacking:
            yield Fault(
                ("kinds", code, "reasons"),
                f"anledningar saknas för {act} i {code}",
                f"reasons are missing for {act} in {code}",
            )
