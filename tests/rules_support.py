"""Builders for tests of the pure core: a pack, local instants, organisations, and a case that events are done to."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from activities.rule_packs import pack_on
from models.case import CaseState, Entry
from models.contracts import Refusal
from models.desk_work import Collect, ConcludeAssessment, DeskTask, FindCandidates
from models.events import (
    Acted,
    Actor,
    CandidatesFound,
    Closed,
    Concluded,
    DeskAnswer,
    DeskAnswered,
    DeskSilent,
    Event,
    Facts,
    FactsRecorded,
    Opened,
    Organisation,
    Sent,
    TimePassed,
)
from models.handoffs import Act, ByPhone, Deadline, DeadlineName, Firing, Handoff
from models.packs import RulePack
from models.words import Code, Consent, ConsentTo, EndCode, Function, OrgId, Phase, TrackB, Urgency, case_reference
from rules.case import decide, wake_at

STOCKHOLM = ZoneInfo("Europe/Stockholm")
PACK = pack_on(date(2027, 1, 5))
REF = case_reference(7)


def at(text: str) -> datetime:
    """The instant of a local time in Sweden: `at("2027-01-05 22:46")`. In UTC, as instants are kept."""
    return datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM).astimezone(UTC)


def shown(instant: datetime | None) -> str | None:
    """An instant as people in Sweden read it: `Tue 5 Jan 2027 22:46`."""
    if instant is None:
        return None
    here = instant.astimezone(STOCKHOLM)
    return f"{here:%a} {here.day} {here:%b %Y %H:%M}"


def org(name: OrgId, function: Function, desk: bool = True) -> Organisation:
    return Organisation(id=name, function=function, desk=desk)


SOC_A = org("soc-a", Function.SOCIAL_SERVICES)
SOC_B = org("soc-b", Function.SOCIAL_SERVICES)
SOC_C = org("soc-c", Function.SOCIAL_SERVICES)
SOC_D = org("soc-d", Function.SOCIAL_SERVICES, desk=False)
POLICE = org("police", Function.POLICE)
BOPS = org("bops", Function.PERSONAL_SECURITY)
PRISON = org("prison", Function.PRISON_AND_PROBATION)
SIS = org("sis", Function.STATE_CARE)
REGION = org("region", Function.HEALTH_CARE)
NGO = org("ngo", Function.CIVIL_SOCIETY)
TAX = org("tax", Function.TAX_AGENCY)
COURT = org("court", Function.COURT, desk=False)
IVO = org("ivo", Function.INSPECTORATE, desk=False)
BED_1 = org("bed-1", Function.HOUSING_PROVIDER, desk=False)
BED_2 = org("bed-2", Function.HOUSING_PROVIDER)
ACTING = (SOC_A, POLICE, BOPS, PRISON, SIS, REGION, NGO, TAX)
EVERYBODY = {o.id: o for o in (*ACTING, COURT, IVO, SOC_B, SOC_C, SOC_D, BED_1, BED_2)}

PHONED = ByPhone(
    channel="phone",
    answered_by="duty-commander",
    answered_at=at("2027-01-05 23:05"),
    verified="called-back-directory-number",
)
NOTE = str(UUID(int=4))


CONSENTS = dict.fromkeys(ConsentTo, at("2099-01-01 00:00"))
"""Consent to everything that a case asks, for longer than any test."""


def said(facts: dict[str, Any]) -> Facts:
    """Coded facts. A consent of which no more is said covers everything that a case asks."""
    whole = facts.get("consent") is Consent.GIVEN and "consents" not in facts
    return Facts(**(facts | ({"consents": CONSENTS} if whole else {})))


class Case:
    """A case that things are done to, one after another; keeps what the register would keep."""

    def __init__(self, training: bool = False, pack: RulePack = PACK) -> None:
        self.pack = pack
        self.state = CaseState(case=REF)
        self.training = training
        self.entries: list[Entry] = []
        self.keys = 0

    def key(self) -> str:
        self.keys += 1
        return str(UUID(int=1000 + self.keys))

    def tried(self, event: Event, now: datetime, newer: RulePack | None = None) -> Refusal | None:
        """Does `event` at `now`; answers with the refusal, if that is what came of it."""
        outcome = decide(self.state, event, now, self.pack, newer)
        if isinstance(outcome, Refusal):
            return outcome
        self.entries.extend(outcome.pending)
        self.state = outcome.model_copy(update={"pending": ()})
        return None

    def does(self, event: Event, now: datetime) -> None:
        refusal = self.tried(event, now)
        assert refusal is None, refusal

    def opens(
        self, now: datetime, by: Organisation = SOC_A, acting: tuple[Organisation, ...] = ACTING, **facts: Any
    ) -> Case:
        opened = Opened(
            key=self.key(),
            by=Actor(org=by.id),
            opener=by,
            facts=said(facts),
            organisations=acting,
            training=self.training,
        )
        self.does(opened, now)
        return self

    def learns(self, now: datetime, by: Organisation = SOC_A, key: str | None = None, **facts: Any) -> Refusal | None:
        return self.tried(FactsRecorded(key=key or self.key(), by=Actor(org=by.id), facts=said(facts)), now)

    def sends(
        self,
        kind: Code,
        sender: Organisation,
        recipient: Organisation,
        now: datetime,
        urgency: Urgency = Urgency.ORDINARY,
        **more: Any,
    ) -> Refusal | None:
        return self.tried(
            Sent(
                key=self.key(),
                by=Actor(org=sender.id),
                handoff_kind=kind,
                recipient=recipient,
                sender=sender,
                urgency=urgency,
                **more,
            ),
            now,
        )

    def acts(self, handoff: Handoff, act: Act, by: Organisation, now: datetime, **more: Any) -> Refusal | None:
        event = Acted(key=self.key(), by=Actor(org=by.id), handoff=handoff.id, act=act, **more)
        return self.tried(event, now)

    def closes(self, by: Organisation, now: datetime, code: EndCode = EndCode.ENDED) -> Refusal | None:
        return self.tried(Closed(key=self.key(), by=Actor(org=by.id), code=code), now)

    def waits(self, until: datetime) -> list[Firing]:
        """Lets time pass as the shell does: woken at each wake-up. What fired since, in order."""
        before = len(self.firings())
        while (wake := wake_at(self.state)) is not None and wake <= until:
            self.does(TimePassed(), wake)
        return self.firings()[before:]

    def sleeps(self, until: datetime) -> list[Firing]:
        """Lets time pass while nobody is awake, and wakes once at `until`."""
        before = len(self.firings())
        self.does(TimePassed(), until)
        return self.firings()[before:]

    def asked(self, work: type[FindCandidates | ConcludeAssessment | Collect]) -> DeskTask:
        """The one question of this sort that stands open to a desk."""
        (task,) = (e.task for e in self.state.desk_effects.values() if isinstance(e.task.question, work))
        return task

    def desk_says(self, task: DeskTask, answer: DeskAnswer, now: datetime) -> None:
        self.does(DeskAnswered(effect=task.id, answer=answer), now)

    def desk_is_silent(self, task: DeskTask, now: datetime) -> None:
        self.does(DeskSilent(effect=task.id), now)

    def finds(self, now: datetime, *candidates: Organisation) -> None:
        self.desk_says(self.asked(FindCandidates), CandidatesFound(candidates=candidates), now)

    def concludes(self, now: datetime, valid_until: datetime, needs_protection: bool = True) -> None:
        said = Concluded(needs_protection=needs_protection, structured=True, valid_until=valid_until)
        self.desk_says(self.asked(ConcludeAssessment), said, now)

    def one(self, kind: Code) -> Handoff:
        """The only open handoff of this kind."""
        (handoff,) = self.all(kind)
        return handoff

    def all(self, kind: Code) -> list[Handoff]:
        return [handoff for handoff in self.state.handoffs.values() if handoff.kind == kind]

    def handoffs_ever(self) -> list[Handoff]:
        """Every handoff that the register has been told of, as it last was."""
        last = {handoff.id: handoff for entry in self.entries for handoff in entry.handoffs}
        return list(last.values())

    def kinds(self) -> list[Code]:
        return [handoff.kind for handoff in self.state.handoffs.values()]

    def deadline(self, kind: Code, name: DeadlineName) -> Deadline:
        (deadline,) = (d for d in self.one(kind).deadlines if d.name is name)
        return deadline

    def due(self, kind: Code, name: DeadlineName) -> str | None:
        return shown(self.deadline(kind, name).due)

    def track_b(self) -> TrackB:
        return self.state.track_b

    def phase(self) -> Phase:
        return self.state.phase

    def firings(self) -> list[Firing]:
        return [firing for entry in self.entries for firing in entry.firings]

    def notices(self, about: str) -> list[tuple[str, str]]:
        """Who has been told of something: organisation and role, in order."""
        return [(n.org, n.role) for entry in self.entries for n in entry.notices if n.about == about]


def rungs(firings: list[Firing], handoff: Handoff, name: DeadlineName) -> list[tuple[int, int, str | None]]:
    """The rungs fired for one deadline: number, repeat, and when."""
    return [(f.rung, f.recurrence, shown(f.at)) for f in firings if f.handoff == handoff.id and f.deadline is name]


def later(instant: datetime, **span: float) -> datetime:
    return instant + timedelta(**span)
