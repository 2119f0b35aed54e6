"""Who may see what of a file, under which of three regimes, and by when. Pure; what is not in the table is denied.

Sources: domain.md sections 2 and 4 (OSL 6:3, 10:3, 12:3, 26:1, 26:2, 26:7; GDPR 12, 15; 2018:218; 2018:1177).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import IntEnum

from models.calendars import Span, Unit
from models.contracts import Refusal
from models.desk import Category
from models.file_requests import (
    About,
    Appeal,
    Asker,
    Court,
    FileClock,
    FileDecision,
    FileRequest,
    Gate,
    Ground,
    Harm,
    ItemContent,
    KeptRequest,
    Outcome,
    Regime,
    Waiting,
    Withheld,
)
from models.handoffs import DeadlineName
from models.packs import RulePack
from models.words import Code, Function, OrgId, Urgency
from rules import clocks
from rules.unsaid import WHEREABOUTS, is_unsaid, names, tells, traces

KINDS: dict[Regime, Code] = {
    Regime.PARTY: "file-request-party",
    Regime.PUBLIC: "file-request-public",
    Regime.SUBJECT: "file-request-subject",
}
"""The kind of own work in the rule pack that carries the clocks."""

SECRECY: dict[Function, Ground] = {
    Function.SOCIAL_SERVICES: Ground.OSL_26_1,
    Function.STATE_CARE: Ground.OSL_26_1,
    Function.HEALTH_CARE: Ground.OSL_25_1,
    Function.POLICE: Ground.OSL_35_1,
    Function.PERSONAL_SECURITY: Ground.OSL_35_1,
    Function.PRISON_AND_PROBATION: Ground.OSL_35_15,
    Function.CIVIL_SOCIETY: Ground.SOL_17_11,
    Function.HOUSING_PROVIDER: Ground.SOL_17_11,
}
"""The secrecy (of private bodies: the duty of silence) that protects a person where the file is."""
PRIVATE = frozenset({Function.CIVIL_SOCIETY, Function.HOUSING_PROVIDER})
CRIME_DATA = frozenset({Function.POLICE, Function.PERSONAL_SECURITY, Function.PRISON_AND_PROBATION})
"""Their operations follow 2018:1177 instead of the GDPR."""
PARTIES = frozenset({Asker.SELF, Asker.GUARDIAN, Asker.GUARDIAN_THREAT, Asker.OTHER_PARTY})
GUARDIANS = frozenset({Asker.GUARDIAN, Asker.GUARDIAN_THREAT})


class How(IntEnum):
    """From most to least open; of two answers the stricter one counts."""

    SHOW = 0
    TEST = 1
    """Shown when a harm test has found none."""
    HIDE = 2


ROWS = """
                     party                               subject
                     self  guardian threat other         self  guardian
identity             show  show     test   hide          show  show
contact              show  test     hide   hide          show  test
address              show  test     hide   hide          show  test
protection-mark      show  show     hide   hide          show  show
relatives            test  test     hide   hide          test  test
note                 show  test     test   hide          show  test
social-file          show  test     test   test          show  test
assessment           test  test     hide   hide          test  test
own-risk-assessment  show  test     hide   hide          show  test
threat-source        hide  hide     hide   hide          hide  hide
health               show  test     test   hide          show  test
criminal-record      show  test     hide   hide          show  test
placement            test  test     hide   hide          test  test
environment          show  test     hide   hide          show  test
"""
"""The table, for things that tell of the person whose file it is. Under `public`, and for anybody not here: hide."""

COLUMNS = (
    (Regime.PARTY, Asker.SELF),
    (Regime.PARTY, Asker.GUARDIAN),
    (Regime.PARTY, Asker.GUARDIAN_THREAT),
    (Regime.PARTY, Asker.OTHER_PARTY),
    (Regime.SUBJECT, Asker.SELF),
    (Regime.SUBJECT, Asker.GUARDIAN),
)
TABLE: dict[tuple[Regime, Asker, str], How] = {
    (*column, row.split()[0]): How[how.upper()]
    for row in ROWS.strip().splitlines()[2:]
    for column, how in zip(COLUMNS, row.split()[1:], strict=True)
}


def standing(request: FileRequest) -> Asker:
    """Whose right is used: a lawyer's is that of whom the power of attorney is from, and a stranger's when unknown."""
    if request.asker is not Asker.LAWYER:
        return request.asker
    return Asker.UNKNOWN if request.behalf in (None, Asker.LAWYER) else Asker(request.behalf)


def gate(request: FileRequest, holder: Function) -> Gate:
    """Whether the request is looked into. An official document may be asked for by anybody, who need not say who."""
    if holder in PRIVATE and request.regime is not Regime.SUBJECT:
        return Gate.NOT_AN_AUTHORITY
    if holder not in SECRECY:
        return Gate.NOT_A_PARTY if request.regime is Regime.PARTY else Gate.NOT_A_SUBJECT
    if request.regime is Regime.PUBLIC:
        return Gate.OPEN
    if request.asker is Asker.LAWYER and not (request.proven and request.behalf):
        return Gate.NEEDS_POWER_OF_ATTORNEY
    if standing(request) not in PARTIES:
        return Gate.NOT_A_PARTY if request.regime is Regime.PARTY else Gate.NOT_A_SUBJECT
    return Gate.OPEN if request.proven else Gate.NEEDS_IDENTITY


def how_open(regime: Regime, who: Asker, category: str, about: About, public_decision: bool = False) -> How:
    """How open one thing is to `who`. Total: whatever is not known is hidden."""
    if regime is Regime.PUBLIC:
        return How.TEST if public_decision and about is not About.OTHER else How.HIDE
    usual = TABLE.get((regime, who, category), How.HIDE)
    match about:
        case About.PERSON:
            return usual
        case About.CHILD:
            return How.HIDE if who is Asker.OTHER_PARTY else max(usual, How.TEST)
        case About.OTHER:
            return max(usual, How.TEST) if who in (Asker.SELF, Asker.GUARDIAN) else How.HIDE
        case About.ASKER:
            return own_data(who, category, usual)


def own_data(who: Asker, category: str, usual: How) -> How:
    """What tells of the asker, in another person's file: may be shown once tested, for it tells of the file too."""
    if who is Asker.SELF:
        return usual
    known = category in set(Category) - WHEREABOUTS - {Category.THREAT_SOURCE}
    return How.TEST if known and who in PARTIES else How.HIDE


def ground_of(request: FileRequest, item: ItemContent, holder: Function) -> Ground:
    """The paragraph by which one thing is withheld."""
    secrecy, who = SECRECY.get(holder, Ground.OSL_26_1), standing(request)
    if request.regime is Regime.SUBJECT and holder not in CRIME_DATA:
        others = who is Asker.SELF and item.about is not About.PERSON
        return Ground.GDPR_15_4 if others else Ground.DATA_PROTECTION_ACT_5_1
    if who in GUARDIANS and secrecy is Ground.OSL_26_1 and request.regime is not Regime.PUBLIC:
        return Ground.OSL_26_2 if item.category in WHEREABOUTS else Ground.OSL_12_3
    return secrecy


def own_paragraph(regime: Regime, holder: Function) -> Ground:
    match regime:
        case Regime.PARTY:
            return Ground.OSL_10_3
        case Regime.PUBLIC:
            return Ground.OSL_6_3
        case Regime.SUBJECT:
            return Ground.CRIME_DATA_ACT if holder in CRIME_DATA else Ground.GDPR_15


def told_grounds(request: FileRequest, holder: Function) -> tuple[Ground, ...]:
    """The paragraphs that a letter names: by how one stands, never by what there is."""
    named = [own_paragraph(request.regime, holder)]
    if request.regime is Regime.SUBJECT and holder not in CRIME_DATA:
        return (*named, Ground.GDPR_15_4, Ground.DATA_PROTECTION_ACT_5_1)
    secrecy = SECRECY.get(holder, Ground.OSL_26_1)
    named.append(secrecy)
    if request.regime is Regime.PARTY and standing(request) in GUARDIANS and secrecy is Ground.OSL_26_1:
        named += [Ground.OSL_12_3, Ground.OSL_26_2]
    return tuple(named)


def appeal(regime: Regime, holder: Function) -> Appeal:
    """Where a refusal is tried: OSL 6:7-8 (official documents), 2018:218 7:2 (GDPR 15). For a lawyer to confirm.

    A refusal to a party is tried by asking for the documents as official ones, or with the final decision.
    """
    if holder in PRIVATE:
        return Appeal(court=None, authority=regime is Regime.SUBJECT)
    match regime:
        case Regime.PUBLIC:
            return Appeal(court=Court.ADMINISTRATIVE_COURT_OF_APPEAL)
        case Regime.PARTY:
            return Appeal(court=Court.ADMINISTRATIVE_COURT_OF_APPEAL, direct=False)
        case Regime.SUBJECT:
            return Appeal(court=None if holder in CRIME_DATA else Court.ADMINISTRATIVE_COURT, authority=True)


def decide(request: FileRequest, items: Sequence[ItemContent], holder: Function) -> FileDecision:
    """What of `items` may be shown. `waiting` names what a person must do first; until then nothing goes out."""
    ground, way = own_paragraph(request.regime, holder), appeal(request.regime, holder)
    told, opened = told_grounds(request, holder), gate(request, holder)
    if opened is not Gate.OPEN:
        return FileDecision(gate=opened, outcome=Outcome.REFUSED, ground=ground, told=told, appeal=way)
    untold, closed = places(request, items, pending=True), places(request, items, pending=False)
    fates = [(i, fate(request, i, holder, closed if i.category in WHEREABOUTS else untold)) for i in items]
    shown = tuple(item.item for item, what in fates if what is None)
    withheld = {(what.category, what.ground): what for _, what in fates if isinstance(what, Withheld)}
    return FileDecision(
        gate=opened,
        outcome=outcome_of(request, bool(shown), bool(withheld)),
        ground=ground,
        shown=shown,
        withheld=tuple(withheld[key] for key in sorted(withheld)),
        waiting=tuple(what for _, what in fates if isinstance(what, Waiting)),
        told=told,
        appeal=way,
    )


def places(request: FileRequest, items: Iterable[ItemContent], pending: bool) -> frozenset[str]:
    """The whereabouts that this asker does not see; with `pending`, also those that wait for their harm test."""
    where = [item for item in items if item.category in WHEREABOUTS and not is_open(request, item)]
    hidden = [item for item in where if pending or not waits_for_test(request, item)]
    named = [field.value for item in hidden if item.category != Category.CONTACT for field in item.fields]
    return traces(field.value for item in hidden for field in item.fields) | names(named)


def fate(
    request: FileRequest, item: ItemContent, holder: Function, hidden: frozenset[str]
) -> Withheld | Waiting | None:
    """What becomes of one thing; None when it is shown. `hidden` are the whereabouts that this asker does not see."""
    unclean = says_too_much(request, item, hidden)
    if item.decision and request.regime is Regime.PARTY and item.about is not About.OTHER:
        told_apart = item.category not in WHEREABOUTS | {Category.THREAT_SOURCE}
        return None if told_apart and not unclean else Waiting(item=item.item, why="clean-decision")
    if not unclean and is_open(request, item):
        return None
    if not unclean and waits_for_test(request, item):
        return Waiting(item=item.item, why="harm-test")
    return Withheld(category=item.category, ground=ground_of(request, item, holder))


def openness(request: FileRequest, item: ItemContent) -> How:
    public = item.decision and item.public_decision
    return how_open(request.regime, standing(request), item.category, item.about, public)


def waits_for_test(request: FileRequest, item: ItemContent) -> bool:
    return openness(request, item) is How.TEST and item.harm is Harm.NOT_TESTED


def is_open(request: FileRequest, item: ItemContent) -> bool:
    how = openness(request, item)
    return how is How.SHOW or (how is How.TEST and item.harm is Harm.NONE)


def says_too_much(request: FileRequest, item: ItemContent, hidden: frozenset[str]) -> bool:
    others = standing(request) is not Asker.SELF or request.regime is Regime.PUBLIC
    texts = [text for field in item.fields for text in (field.label, field.value)]
    return any(tells(text, hidden) or is_unsaid(text, others) for text in texts)


def outcome_of(request: FileRequest, shown: bool, withheld: bool) -> Outcome:
    """Nothing there is an answer to the person; to everybody else it is the same as nothing that may be told."""
    if shown:
        return Outcome.GIVEN_IN_PART if withheld else Outcome.GIVEN
    own = standing(request) is Asker.SELF and request.regime is not Regime.PUBLIC
    return Outcome.GIVEN if own and not withheld else Outcome.REFUSED


def tested(kept: KeptRequest, items: Iterable[ItemContent]) -> tuple[ItemContent, ...]:
    """The items with the harm tests that were recorded for this request."""
    return tuple(item.model_copy(update={"harm": kept.tests.get(item.item, item.harm)}) for item in items)


def as_decided(kept: KeptRequest, now: FileDecision) -> FileDecision | Refusal:
    """What was decided, if it may still be shown: what came later does not go out with it."""
    if kept.decided_at is None or kept.outcome is None:
        return Refusal(code="not-decided")
    if kept.outcome is not Outcome.REFUSED and not set(kept.shown) <= set(now.shown):
        return Refusal(code="decision-no-longer-holds")
    told = {"outcome": kept.outcome, "shown": kept.shown, "withheld": kept.withheld, "waiting": ()}
    return now.model_copy(update=told)


def clock(regime: Regime, received_at: datetime, org: OrgId, pack: RulePack) -> FileClock:
    """When a request has to be acknowledged and answered, by the rule pack's kind for the regime.

    Raises:
        BeyondCalendar: it was received where no case can be.
    """
    rules, where = pack.rules_of(KINDS[regime], Urgency.ORDINARY, org), pack.calendar_of(org)
    due = {name: clocks.due(received_at, rule.term, where) for name, rule in rules.items()}
    return FileClock(
        acknowledge_by=due[DeadlineName.ACKNOWLEDGEMENT],
        answer_by=due[DeadlineName.DECISION],
        limit=due.get(DeadlineName.COMPLETION),
    )


def extended(
    request: FileRequest, running: FileClock, by: Code, ground: Code, told_at: datetime, pack: RulePack
) -> FileClock | Refusal:
    """The clock after two months more (GDPR 12.3), of which the asker has been told within the first month."""
    rule = pack.rules_of(KINDS[request.regime], Urgency.ORDINARY, request.org).get(DeadlineName.COMPLETION)
    if rule is None or rule.extension is None or running.limit is None:
        return Refusal(code="no-extension-here")
    where = pack.calendar_of(request.org)
    first = clocks.due(request.received_at, rule.term, where)
    if running.limit != first:
        return Refusal(code="extended-before")
    if by not in rule.extension.by:
        return Refusal(code="decider-needed", possible=rule.extension.by)
    if ground not in rule.extension.grounds:
        return Refusal(code="ground-needed", possible=rule.extension.grounds)
    if told_at > first:
        return Refusal(code="notice-too-late")
    span = Span(amount=rule.term.span.amount + rule.extension.most.amount, unit=Unit.MONTHS)
    longer = clocks.due(request.received_at, rule.term.model_copy(update={"span": span}), where)
    return running.model_copy(update={"limit": longer, "answer_by": longer})
