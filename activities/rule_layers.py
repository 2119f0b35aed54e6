"""Puts the layers of a rule pack together: the statute's terms, the national defaults, an organisation's own.

From what the files say (`PackSource`) to what the core decides with (`RulePack`). No file is read here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from activities.calendars import closed_days
from activities.rule_overlays import overlays
from activities.rule_sources import DeadlineSource, KindSource, PackSource, StatuteSource, UrgencySource
from activities.rule_terms import extendable, ladder, office_hours, real_time, span, statutory, term, with_closures
from models.calendars import Calendar, End, Term
from models.handoffs import DeadlineName
from models.packs import (
    DeadlineRule,
    DeskRules,
    Extendable,
    Kind,
    Mode,
    PhaseRule,
    RulePack,
    Step,
    ThreatLevel,
)
from models.words import Code, Urgency
from rules.checks import Fault, Place
from rules.transitions import allowed_by_kind

POLICY = "policy default"
"""The mark of a rule that no statute lays down: an organisation may have its own instead."""
EXTENDABLE = (DeadlineName.DECISION, DeadlineName.COMPLETION)
URGENCIES = ("ordinary", "acute")


def with_likes(kinds: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """Every kind with what it takes over by `like`, as it is written in the files; and what is wrong with the likes."""
    found: list[Fault] = []
    whole = {}
    for code in kinds:
        chain = like_chain(code, kinds)
        end = kinds[chain[-1]]
        last = end.get("like") if isinstance(end, dict) else None
        at = ("kinds", code, "like")
        if last is None:
            whole[code] = taken_over([kinds[one] for one in chain])
        elif last in chain:
            way = " → ".join([*chain[chain.index(last) :], last])
            found.append(Fault(at, f"{code} är lik sig själv: {way}", f"{code} is like itself: {way}"))
        else:
            found.append(
                Fault(at, f"{code} är lik {last}, som inte finns", f"{code} is like {last}, which is not there")
            )
    return whole, found


def like_chain(code: str, kinds: Mapping[str, Any]) -> list[str]:
    """`code`, what it is like, what that is like ...; ends before what is missing or has come already."""
    chain = [code]
    while isinstance(own := kinds[chain[-1]], dict) and "like" in own:
        following = own["like"]
        if not isinstance(following, str) or following not in kinds or following in chain:
            break
        chain.append(following)
    return chain


def taken_over(chain: list[Any]) -> Any:
    """The first of `chain` with what it leaves out taken from the next; urgencies are taken over all or none."""
    own, *rest = chain
    if not rest or not isinstance(own, dict):
        return own
    base = taken_over(rest)
    if not isinstance(base, dict):
        return own
    if any(urgency in own for urgency in URGENCIES):
        base = {name: value for name, value in base.items() if name not in URGENCIES}
    return base | {name: value for name, value in own.items() if name != "like"}


def compiled(source: PackSource) -> tuple[RulePack, list[Fault]]:
    """The pack that `source` describes, and what in it can't be put together."""
    layers = _Layers(source)
    return layers.pack(), layers.found


class _Layers:
    """One compilation: the source, and the faults met on the way."""

    def __init__(self, source: PackSource) -> None:
        self.source, self.general = source, source.general
        self.found: list[Fault] = []

    def pack(self) -> RulePack:
        general, journey = self.general, self.source.journey
        calendar = self.national_calendar()
        kinds = {code: self.kind(code, body) for code, body in self.source.kinds.items()}
        levels = general.threat_levels.items()
        return RulePack(
            name=general.name,
            effective_from=general.effective_from,
            effective_until=general.effective_until,
            engine=general.engine,
            calendar=calendar,
            kinds=kinds,
            ladders={code: ladder(body) for code, body in general.ladders.items()},
            steps=tuple(Step.model_validate(body.model_dump()) for body in journey.step),
            phases=tuple(PhaseRule(phase=body.phase, when=tuple(body.when)) for body in journey.phase),
            instants=general.instants,
            words=general.words,
            threat_levels={code: ThreatLevel.model_validate(body.model_dump()) for code, body in levels},
            desk=DeskRules(**{name: real_time(value) for name, value in general.desk.model_dump().items()}),
            keys_kept=real_time(general.request_keys_kept),
            reopen_within=real_time(general.reopen_within),
            overlays=overlays(self.source.overlays, calendar, kinds, self.found),
        )

    def national_calendar(self) -> Calendar:
        general = self.general
        first = general.effective_from.year - 1
        last = first + general.calendar_years
        closed, names = closed_days(first, last)
        plain = Calendar(
            zone=general.zone,
            office=office_hours(general.office),
            closed_days=closed,
            names=names,
            closed_until=date(last, 12, 31),
        )
        return with_closures((), plain, general.closures, general.half_days, self.found)

    def kind(self, code: Code, body: KindSource) -> Kind:
        bare = Kind(
            code=code,
            sv=body.sv,
            en=body.en,
            sender=tuple(body.sender),
            recipient=tuple(body.recipient),
            mode=body.mode,
            basis=body.basis,
            may_decline=body.may_decline,
            if_unmet=body.if_unmet,
            if_unanswered=body.if_unanswered,
            disclaims=tuple(body.disclaims),
            repeatable=body.repeatable,
            irreversible=body.irreversible,
            moves_with_case=body.moves_with_case,
            may_hold=body.may_hold,
            may_return=body.may_return and body.mode is not Mode.ASSIGNMENT,
            may_fail=body.may_fail,
            acute_within_days=body.acute_within_days,
            reasons={},
            answers={act: tuple(codes) for act, codes in body.answers.items()},
            deadlines={
                urgency: self.deadlines(code, urgency, urgencies, body)
                for urgency in Urgency
                if (urgencies := getattr(body, urgency)) is not None
            },
            marks=body.marks,
            marks_on=tuple(body.marks_on),
            needs_consent=body.needs_consent,
            opens_track_b=body.opens_track_b,
            desk_work=body.desk_work,
        )
        usual = {act: tuple(codes) for act, codes in self.general.reasons.items() if allowed_by_kind(act, bare)}
        own = {act: tuple(codes) for act, codes in body.reasons.items()}
        return bare.model_copy(update={"reasons": usual | own})

    def deadlines(
        self, code: Code, urgency: Urgency, body: UrgencySource, kind: KindSource
    ) -> dict[DeadlineName, DeadlineRule]:
        """The deadlines of one urgency; the watches over holding and returning are the pack's unless it says more."""
        written, usual = body.named(), self.general.defaults
        returns = (kind.may_return and kind.mode is not Mode.ASSIGNMENT) or kind.disclaims
        if kind.may_hold:
            written.setdefault(DeadlineName.HOLD, getattr(usual.hold, urgency))
        if returns:
            written.setdefault(DeadlineName.SUPPLEMENT, getattr(usual.supplement, urgency))
        at = ("kinds", code, str(urgency))
        return {name: self.deadline((*at, str(name)), name, one, body.ladder) for name, one in written.items()}

    def deadline(self, at: Place, name: DeadlineName, body: DeadlineSource, usual_ladder: Code) -> DeadlineRule:
        counted, extension = self.term(at, body)
        limit = self.statute((*at, "limit"), body.limit) if body.limit else None
        policy = not counted.statutory and counted.end is End.ACT_BY and name in EXTENDABLE
        if extension is None and policy and body.may_extend:
            extension = extendable(self.general.defaults.extension.get(counted.clock))
        return DeadlineRule(
            term=counted,
            met=body.met,
            ladder=body.ladder or usual_ladder,
            source_instant=body.counted_from,
            extension=extension,
            limit=statutory(limit) if limit else None,
            if_missed=body.if_missed,
            reports=body.reports,
            reports_to=body.reports_to,
        )

    def term(self, at: Place, body: DeadlineSource) -> tuple[Term, Extendable | None]:
        """The law's own term where a deadline names one; otherwise a policy default."""
        law = self.statute((*at, "statute"), body.statute) if body.statute else None
        if law is not None:
            return statutory(law, body.if_late), extendable(law.extension)
        length, clock = term(body.within or "1 d")  # an unknown statute has been told of, and the pack is refused
        counted = Term(
            span=length,
            clock=clock,
            end=body.end or End.ACT_BY,
            source=body.source or POLICY,
            if_late_at_birth=span(body.if_late) if body.if_late else None,
        )
        return counted, extendable(body.extension)

    def statute(self, at: Place, code: Code) -> StatuteSource | None:
        known = self.source.statute.get(code)
        if known is None:
            sv = f"lagens frist {code} finns inte i statute.toml"
            self.found.append(Fault(at, sv, f"the law's term {code} is not in statute.toml"))
        return known
