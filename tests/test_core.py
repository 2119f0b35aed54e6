"""The core under random events in random order: what must hold whatever people, desks and clocks do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from models.calendars import Clock, Span, Unit
from models.case import CaseState, Notice
from models.contracts import Refusal
from models.desk_work import ConcludeAssessment, FindCandidates, Receive, TakeBack
from models.events import (
    Acted,
    Actor,
    CandidatesFound,
    ClockMoved,
    Closed,
    Concluded,
    Custody,
    DeskAnswer,
    DeskAnswered,
    DeskSilent,
    Event,
    Facts,
    FactsRecorded,
    NotPossible,
    Opened,
    Received,
    RulesAdopted,
    Sent,
    TimePassed,
)
from models.handoffs import WATCHES, Act, Deadline, DeadlineName, EndedHandoff, Extension, Handoff, Status
from models.packs import DeadlineRule, RulePack
from models.words import Consent, ConsentTo, CustodyPlace, EndCode, Function, Need, TrackB, Urgency
from rules import clocks
from rules.acts import may_do
from rules.case import decide, fold, recorded, wake_at
from rules.deadlines import nominal
from rules.transitions import NEEDS_REASON
from tests.rules_support import ACTING, BED_1, BED_2, EVERYBODY, NOTE, PACK, PHONED, REF, SOC_C, SOC_D, at

LARGEST_STATE = 128 * 1024
SYSTEM = (Act.EXPIRE, Act.LAPSE, Act.CANCEL, Act.SETTLE)
STATED_WRONG = {
    "too-late-to-extend",
    "extended-already",
    "beyond-statute",
    "extension-too-long",
    "recipient-is-sender",
    "recipient-has-it-already",
    "recipient-cannot-take-this",
    "too-late-to-reopen",
    "asked-elsewhere",
    "already-asked",
    "too-many-open",
    "begun-by-law",
    "consent-needed",
}
"""What an act that is offered may still be refused for: what it says, or when; never for who or in which status."""


def slower() -> RulePack:
    """Newer rules: every policy deadline in working days has three days more, and its ladder one rung less."""
    kinds = {}
    for code, kind in PACK.kinds.items():
        rules: dict[Urgency, dict[DeadlineName, DeadlineRule]] = {}
        for urgency, named in kind.deadlines.items():
            rules[urgency] = {}
            for name, told in named.items():
                span = told.term.span
                if span.unit is Unit.WORKING_DAYS and not told.term.statutory:
                    span = span.model_copy(update={"amount": span.amount + 3})
                term = told.term.model_copy(update={"span": span})
                rules[urgency][name] = told.model_copy(update={"term": term})
        kinds[code] = kind.model_copy(update={"deadlines": rules})
    ordinary = PACK.ladders["ordinary"]
    ladders = PACK.ladders | {"ordinary": ordinary.model_copy(update={"rungs": ordinary.rungs[1:]})}
    return PACK.model_copy(update={"name": "slower", "kinds": kinds, "ladders": ladders})


SLOWER = slower()
CALENDAR_ENDS = at("2036-01-01 00:00")

somebody = st.sampled_from(list(EVERYBODY.values()))
spans = st.one_of(
    st.just(timedelta(0)),
    st.integers(1, 180).map(lambda minutes: timedelta(minutes=minutes)),
    st.integers(1, 100).map(lambda hours: timedelta(hours=hours)),
    st.integers(1, 60).map(lambda days: timedelta(days=days, seconds=1)),
)


def told(consent: Consent | None, covers: dict[ConsentTo, datetime], ends: datetime | None, **more: Any) -> Facts:
    """Facts, in which only a consent that is given covers anything."""
    given: dict[str, Any] = {"consents": covers, "consent_until": ends} if consent is Consent.GIVEN else {}
    return Facts(consent=consent, **given, **more)


maybe = st.none() | st.booleans()
instants = st.integers(0, 4 * 365 * 24).map(lambda hours: at("2026-01-01 09:00") + timedelta(hours=hours))
MISTYPED = (at("1906-05-01 10:00"), at("2199-12-31 12:00"))
mistyped = st.sampled_from(MISTYPED)
ends = st.one_of(st.none(), instants, instants, instants, instants, mistyped)
custodies = st.builds(Custody, place=st.sampled_from(CustodyPlace), ends_at=ends)
facts = st.builds(
    told,
    urgency=st.none() | st.sampled_from(Urgency),
    consent=st.none() | st.sampled_from(Consent),
    covers=st.dictionaries(st.sampled_from(ConsentTo), instants, max_size=3),
    ends=st.none() | instants,
    police_track_wanted=maybe,
    conditions_signed=maybe,
    custody=st.none() | custodies,
    released=st.none() | st.none() | st.booleans(),
    minor=maybe,
    needs=st.none() | st.lists(st.sampled_from(Need), unique=True, max_size=4).map(tuple),
)
codes = st.none() | st.sampled_from(
    sorted(
        {c for kind in PACK.kinds.values() for words in (*kind.reasons.values(), *kind.answers.values()) for c in words}
    )
)
assessments = st.builds(Concluded, needs_protection=st.booleans(), structured=st.booleans(), valid_until=instants)
candidates = st.lists(st.sampled_from([BED_1, BED_2, SOC_C, SOC_D]), unique=True).map(
    lambda found: CandidatesFound(candidates=tuple(found))
)


class AnyCase(RuleBasedStateMachine):
    """One case, its register, and a world that does anything at any time."""

    steps_taken = 0

    def __init__(self) -> None:
        super().__init__()
        self.empty = CaseState(case=REF)
        self.state = self.empty
        self.wall = at("2027-01-05 22:46")
        self.keys: Iterator[int] = count(1)
        self.log: list[tuple[Event, datetime]] = []
        self.submitted: list[Event] = []
        self.fired: set[str] = set()
        self.told: set[str] = set()
        self.pack = PACK

    @property
    def now(self) -> datetime:
        return self.wall + self.state.clock_offset

    def key(self) -> str:
        return str(UUID(int=next(self.keys)))

    def does(self, event: Event) -> Refusal | None:
        """Decides as the shell does, records, and checks what every revision must keep to."""
        type(self).steps_taken += 1
        before, now, digest = self.state, self.now, self.state.digest()
        newer = {pack.digest: pack for pack in (PACK, SLOWER)}.get(getattr(event, "pack", ""))
        outcome = decide(before, event, now, self.pack, newer)
        assert before.digest() == digest, "an event changed the state it was given"
        assert outcome == decide(before, event, now, self.pack, newer), "the same arguments gave another answer"
        if isinstance(outcome, Refusal):
            return outcome
        if outcome is not before:
            self.pack = newer or self.pack
            self.record(before, outcome, event, now)
        return None

    def record(self, before: CaseState, after: CaseState, event: Event, now: datetime) -> None:
        (entry,) = after.pending
        assert entry.revision == before.revision + 1 == after.revision
        assert entry.digest == after.digest()
        identities = [firing.identity for firing in entry.firings]
        assert len(set(identities)) == len(identities)
        assert self.fired.isdisjoint(identities), "a rung fired twice"
        self.fired.update(identities)
        ids = [notice.id for notice in entry.notices]
        assert self.told.isdisjoint(ids), "somebody was told the same thing twice"
        self.told.update(ids)
        hurried_on = isinstance(event, Acted) and event.act is Act.ESCALATE
        for firing in entry.firings:
            assert firing.due <= firing.at or hurried_on, "a rung fired before its time"
        for change in entry.changes:
            assert change.before is not change.after
        for notice in entry.notices:
            self.carries_only_ids(notice)
        self.log.append((event, now))
        self.state = recorded(after, [entry.revision])
        assert self.state.pending == ()

    def carries_only_ids(self, notice: Notice) -> None:
        assert set(notice.model_dump()) == {"id", "org", "role", "about", "handoff", "due"}
        assert notice.org in self.state.organisations or notice.org in EVERYBODY
        assert " " not in notice.id
        assert notice.id.startswith(f"{REF}/{notice.about}/")

    def submits(self, event: Event) -> Refusal | None:
        refusal = self.does(event)
        if refusal is None:
            self.submitted.append(event)
        return refusal

    @initialize(
        by=somebody,
        said=facts.filter(lambda said: said.custody is None or said.custody.ends_at not in MISTYPED),
        known=st.just(ACTING) | st.just(ACTING) | st.lists(st.sampled_from(ACTING), unique=True),
    )
    def a_case_is_opened(self, by, said, known):  # type: ignore[no-untyped-def]
        assert not self.submits(
            Opened(
                key=self.key(),
                by=Actor(org=by.id),
                opener=by,
                facts=said,
                organisations=tuple(known),
                training=True,
            )
        )

    @rule(span=spans)
    def time_passes(self, span: timedelta) -> None:
        """The shell's timer: woken at each wake-up, or late when the machine was down."""
        self.wall = min(self.wall + span, CALENDAR_ENDS - self.state.clock_offset)
        assert self.does(TimePassed()) is None
        wake = wake_at(self.state)
        assert wake is None or wake > self.now, "time has passed, yet something is due"

    @rule(by=somebody, said=facts, usual=st.booleans())
    def facts_are_recorded(self, by, said, usual):  # type: ignore[no-untyped-def]
        if usual:
            by = EVERYBODY[self.state.acting.get(Function.SOCIAL_SERVICES) or self.state.opener or by.id]
        self.submits(FactsRecorded(key=self.key(), by=Actor(org=by.id), facts=said))

    @rule(
        kind=st.sampled_from(sorted(PACK.kinds)),
        sender=somebody,
        recipient=somebody,
        urgency=st.sampled_from(Urgency),
        anchor=st.none() | instants | mistyped,
        fits=st.booleans(),
        data=st.data(),
    )
    def somebody_asks(self, kind, sender, recipient, urgency, anchor, fits, data):  # type: ignore[no-untyped-def]
        wanted = PACK.kinds[kind]
        if fits:
            sender = data.draw(
                st.sampled_from([o for o in EVERYBODY.values() if o.function in wanted.sender] or [sender])
            )
            able = [o for o in EVERYBODY.values() if o.function in wanted.recipient]
            recipient = data.draw(st.sampled_from(able or [recipient]))
        parents = [None, *self.state.handoffs, *self.state.ended]
        self.submits(
            Sent(
                key=self.key(),
                by=Actor(org=sender.id),
                sender=sender,
                recipient=recipient,
                handoff_kind=kind,
                urgency=urgency,
                anchor=anchor,
                parent=data.draw(st.sampled_from(parents)),
            )
        )

    @precondition(lambda self: self.state.handoffs or self.state.ended)
    @rule(act=st.sampled_from(Act), by=somebody, phone=st.booleans(), reason=codes, answer=codes, data=st.data())
    def anybody_acts(self, act, by, phone, reason, answer, data):  # type: ignore[no-untyped-def]
        every = [*self.state.handoffs.values(), *self.state.ended.values()]
        handoff = data.draw(st.sampled_from(every))
        refusal = self.submits(self.acted(handoff, act, by.id, phone, reason, answer))
        assert refusal or act not in SYSTEM, "a person did what only the system does"

    @precondition(lambda self: self.state.handoffs)
    @rule(data=st.data(), phone=st.booleans(), times=st.integers(1, 8))
    def the_parties_do_what_they_may(self, data, phone, times):  # type: ignore[no-untyped-def]
        """What `possible` offers is never refused when its reason and answer come from the lists."""
        for _ in range(times):
            live = list(self.state.handoffs.values())
            if live and not self.state.closed:
                handoff = data.draw(st.sampled_from(live))
                by = handoff.requester if phone else data.draw(st.sampled_from([handoff.requester, handoff.recipient]))
                acts = may_do(self.state, handoff, by, self.pack, phone)
                ends = (Act.WITHDRAW, Act.FAIL, Act.REROUTE, Act.ENTER_IN_ERROR, Act.ESCALATE)
                forward = [act for act in acts if act not in ends]
                if acts:
                    act = data.draw(st.sampled_from([*forward, *forward, *acts]))
                    self.does_as_offered(handoff, act, by, phone, data)

    def does_as_offered(self, handoff: Handoff, act: Act, by: str, phone: bool, data: st.DataObject) -> None:
        kind = PACK.kinds[handoff.kind]
        reason = data.draw(st.sampled_from(kind.reasons[act])) if act in NEEDS_REASON else None
        answer = data.draw(st.sampled_from(kind.answers.get(act) or (None,)))
        refusal = self.submits(self.acted(handoff, act, by, phone, reason, answer, **self.details(handoff, act, data)))
        assert refusal is None or refusal.code in STATED_WRONG, refusal

    def details(self, handoff: Handoff, act: Act, data: st.DataObject) -> dict[str, object]:
        """What else an act must say: to whom, by which paragraph, how much longer."""
        kind = PACK.kinds[handoff.kind]
        if act in (Act.REROUTE, Act.FORWARD):
            able = [o for o in EVERYBODY.values() if o.function in kind.recipient]
            return {"to": data.draw(st.sampled_from(able))}
        if act is Act.NOT_RESPONSIBLE:
            others = [o for o in EVERYBODY.values() if o.id != handoff.recipient]
            return {"to": data.draw(st.sampled_from(others)), "paragraph": data.draw(st.sampled_from(kind.disclaims))}
        if act is Act.EXTEND:
            rules = PACK.kinds[handoff.kind].deadlines[handoff.urgency]
            able_to = [
                d for d in handoff.deadlines if d.name not in WATCHES and rules[d.name].extension and not d.stands
            ]
            deadline = data.draw(st.sampled_from(able_to))
            more = rules[deadline.name].extension
            assert more is not None
            span = Span(amount=1, unit=more.most.unit)
            return {"extension": Extension(deadline=deadline.name, by=more.by[0], ground=more.grounds[0], span=span)}
        return {}

    def acted(
        self,
        handoff: Handoff | EndedHandoff,
        act: Act,
        by: str,
        phone: bool,
        reason: str | None,
        answer: str | None,
        **details: object,
    ) -> Acted:
        said = Acted(
            key=self.key(),
            by=Actor(org=by),
            handoff=handoff.id,
            act=act,
            reason=reason,
            answer=answer,
            assessment=NOTE if act is Act.COMPLETE else None,
            by_phone=PHONED.model_copy(update={"answered_at": self.now}) if phone else None,
        )
        return said.model_copy(update=details)

    @precondition(lambda self: self.state.ended)
    @rule(data=st.data(), act=st.sampled_from([Act.REOPEN, Act.REOPEN, Act.COMPLETE]))
    def somebody_comes_back_to_what_has_ended(self, data, act):  # type: ignore[no-untyped-def]
        ended = data.draw(st.sampled_from(list(self.state.ended.values())))
        by = data.draw(st.sampled_from([ended.requester, ended.recipient]))
        reason = "new-information" if act is Act.REOPEN else None
        answer = data.draw(st.sampled_from(PACK.kinds[ended.kind].answers.get(act) or (None,)))
        refusal = self.submits(self.acted(ended, act, by, False, reason, answer))
        if refusal is None and act is Act.COMPLETE:
            assert ended.business_status == "expired"

    @rule(data=st.data())
    def newer_rules_are_adopted(self, data):  # type: ignore[no-untyped-def]
        by = self.state.acting.get(Function.SOCIAL_SERVICES) or self.state.opener or "soc-a"
        newer = SLOWER if self.pack is PACK else PACK
        before = {(h.id, d.name): d for h in self.state.handoffs.values() for d in h.deadlines}
        refusal = self.submits(RulesAdopted(key=self.key(), by=Actor(org=by), pack=newer.digest))
        if refusal is None:
            for handoff in self.state.handoffs.values():
                for deadline in handoff.deadlines:
                    old = before.get((handoff.id, deadline.name))
                    assert old is None or old.stands == deadline.stands

    @precondition(lambda self: self.state.desk_effects)
    @rule(said=assessments, found=candidates, silent=st.booleans(), unable=st.booleans(), data=st.data())
    def a_desk_answers_or_is_silent(self, said, found, silent, unable, data):  # type: ignore[no-untyped-def]
        effect = data.draw(st.sampled_from(list(self.state.desk_effects.values())))
        answer: DeskAnswer = Received()
        if isinstance(effect.task.question, FindCandidates):
            answer = found
        if isinstance(effect.task.question, ConcludeAssessment):
            answer = said
        if unable and not isinstance(effect.task.question, TakeBack):
            answer = NotPossible(code="nothing-written")
        event = DeskSilent(effect=effect.task.id) if silent else DeskAnswered(effect=effect.task.id, answer=answer)
        assert self.does(event) is None
        if not silent:
            state = self.state
            assert self.does(event) is None
            assert self.state is state, "a desk that answered twice had two effects"

    @rule(span=spans.filter(bool), by=somebody)
    def the_training_clock_is_moved(self, span, by):  # type: ignore[no-untyped-def]
        if self.now + span < CALENDAR_ENDS:
            self.submits(ClockMoved(key=self.key(), by=Actor(org=by.id), forward=span))

    @precondition(lambda self: self.submitted)
    @rule(data=st.data())
    def a_request_is_repeated(self, data):  # type: ignore[no-untyped-def]
        event = data.draw(st.sampled_from(self.submitted))
        receipt = self.state.answered.get(event.key)
        if receipt is not None:
            state = self.state
            assert self.does(event) is None
            assert self.state is state, "the same request key had two effects"
            assert self.state.answered[event.key] == receipt

    @precondition(lambda self: len(self.state.handoffs) < 3)
    @rule(by=somebody, code=st.sampled_from(EndCode))
    def somebody_closes(self, by, code):  # type: ignore[no-untyped-def]
        refusal = self.submits(Closed(key=self.key(), by=Actor(org=by.id), code=code))
        assert refusal or not self.state.handoffs

    @invariant()
    def nothing_stalls_in_silence(self) -> None:
        for handoff in self.state.handoffs.values():
            assert handoff.is_open
            assert any(deadline.next_at for deadline in handoff.deadlines), f"{handoff.kind} {handoff.status} is silent"
            if handoff.status is not Status.ON_HOLD:
                assert all(deadline.next_at for deadline in handoff.deadlines)
            assert all((deadline.next_at is None) == deadline.stands for deadline in handoff.deadlines)
        if self.state.opened_at and not self.state.closed:
            reachable = [e for e in self.state.desk_effects.values() if not e.unreachable]
            asked = [e for e in reachable if not isinstance(e.task.question, Receive | TakeBack)]
            assert self.state.handoffs or asked, "an open case without anybody who is to do anything"
        if self.state.closed:
            assert not self.state.handoffs
            assert wake_at(self.state) is None

    @invariant()
    def what_is_used_and_what_is_left_make_up_the_budget(self) -> None:
        where = PACK.calendar
        for deadline in (d for h in self.state.handoffs.values() for d in h.deadlines):
            assert deadline.budget >= timedelta(0) or deadline.clock is Clock.CALENDAR
            if deadline.clock is Clock.CALENDAR:
                self.ends_on_its_day_or_where_that_shifts_to(deadline)
            elif not deadline.stands:
                assert clocks.measured(deadline.started, deadline.due, deadline.clock, where) == deadline.budget

    def ends_on_its_day_or_where_that_shifts_to(self, deadline: Deadline) -> None:
        if not deadline.stands:
            day, written = nominal(deadline, PACK.calendar), clocks.written_end(deadline.due, PACK.calendar.zone)
            assert written[1] == "24:00"
            assert abs((written[0] - day).days) <= 5

    @invariant()
    def the_police_track_needs_consent(self) -> None:
        covered = self.state.consents
        assert not covered or self.state.consent is Consent.GIVEN
        assert all(until > self.now for until in covered.values()) or self.state.closed is not None
        if ConsentTo.POLICE_TRACK not in covered:
            assert self.state.track_b in (TrackB.NOT_TRIED, TrackB.ENDED)
        kinds = [PACK.kinds[h.kind] for h in self.state.handoffs.values()]
        assert all(kind.needs_consent is None or kind.needs_consent in covered for kind in kinds)

    @invariant()
    def the_state_is_small_and_survives_being_stored(self) -> None:
        stored = self.state.model_dump_json()
        assert len(stored.encode()) < LARGEST_STATE
        assert CaseState.model_validate_json(stored).digest() == self.state.digest()

    def teardown(self) -> None:
        """The log alone, read back from storage, gives the same state under the pack read back from storage."""
        pack = RulePack.model_validate_json(PACK.model_dump_json())
        assert pack.digest == PACK.digest
        assert len(self.log) == self.state.revision
        replayed = fold(self.empty, self.log, [pack, SLOWER, PACK])
        assert replayed.digest() == self.state.digest()
        assert [entry.revision for entry in replayed.pending] == list(range(1, self.state.revision + 1))


@pytest.mark.timeout(300)
def test_whatever_happens_no_handoff_is_lost_no_effect_doubled_and_the_log_tells_it_all() -> None:
    AnyCase.steps_taken = 0
    run_state_machine_as_test(
        AnyCase,
        settings=settings(
            max_examples=60,
            stateful_step_count=60,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],  # shrinking a failure takes minutes: add Phase.shrink to have it done
        ),
    )
    assert AnyCase.steps_taken >= 2_000
