"""The whole table of who may do what, written by hand, and what each refusal offers instead."""

from __future__ import annotations

from typing import Any

import pytest

from models.contracts import Refusal
from models.events import Acted, Actor, Custody
from models.handoffs import OPEN, Act, DeadlineName, Extension, Handoff, Party, Status
from models.packs import Mode, Overlay, RulePack
from models.words import Consent, CustodyPlace, Urgency
from rules import transitions
from tests.changed_rules import extendable, span, with_kind, with_rule
from tests.rules_support import (
    NOTE,
    PACK,
    PHONED,
    POLICE,
    PRISON,
    REGION,
    SOC_A,
    SOC_C,
    SOC_D,
    Case,
    at,
)

ACK, DECISION = DeadlineName.ACKNOWLEDGEMENT, DeadlineName.DECISION
MONDAY = at("2027-02-01 10:00")
SOON = at("2027-02-01 11:00")

# One line for each act and party: where it may be done, and where it leads. `!`: a reason must be stated.
# `open` is every status in which somebody still owes something; `same`: the status stays as it is.
WHO_MAY_DO_WHAT = """
acknowledge        recipient    requested>received
accept             recipient    requested>accepted received>accepted
decline!           recipient    requested>rejected received>rejected
not-responsible    recipient    requested>on-hold received>on-hold accepted>on-hold in-progress>on-hold
return!            recipient    requested>on-hold received>on-hold accepted>on-hold in-progress>on-hold
supply             requester    on-hold>back
start              recipient    accepted>in-progress
hold!              recipient    accepted>on-hold in-progress>on-hold
resume             recipient    on-hold>back
complete           recipient    accepted>completed in-progress>completed cancelled>completed
fail!              recipient    accepted>failed in-progress>failed on-hold>failed
forward            recipient    accepted>in-progress in-progress>in-progress
withdraw!          requester    open>cancelled
reroute!           requester    open>cancelled
enter-in-error     requester    open>entered-in-error
extend             recipient    open>same
escalate!          requester    open>same
escalate!          coordinator  open>same
acknowledge-alarm  requester    open>same
acknowledge-alarm  recipient    open>same
acknowledge-alarm  coordinator  open>same
reopen!            recipient    completed>back failed>back rejected>back
reopen!            requester    cancelled>back
expire             system       open>cancelled
lapse              system       open>failed
cancel             system       open>cancelled
settle             system       open>completed
"""


def by_hand() -> set[tuple[str, str, str, str, bool]]:
    found = set()
    for act, by, *moves in (line.split() for line in WHO_MAY_DO_WHAT.strip().splitlines()):
        for source, target in (move.split(">") for move in moves):
            for status in sorted(OPEN) if source == "open" else (source,):
                to = status if target == "same" else target
                found.add((str(status), act.rstrip("!"), by, str(to), act.endswith("!")))
    return found


def test_the_table_is_the_one_written_by_hand_and_no_row_is_there_twice() -> None:
    rows = transitions.rows()
    assert {(row.source, row.act, row.by, row.target, row.reasons) for row in rows} == by_hand()
    assert len({(row.source, row.act, row.by) for row in rows}) == len(rows)
    assert rows == transitions.TABLE


def plain(pack: RulePack, code: str) -> RulePack:
    """The pack in which no deadline of this kind may be extended."""
    named = pack.kinds[code].deadlines
    rules = {
        urgency: {name: rule.model_copy(update={"extension": None}) for name, rule in of.items()}
        for urgency, of in named.items()
    }
    return with_kind(pack, code, deadlines=rules)


PLAIN = plain(plain(PACK, "placement-question"), "police-track")


def asked(pack: RulePack = PACK) -> tuple[Case, Handoff]:
    """A asks C about a placement on Monday 1 February at 10."""
    case = Case(pack=pack).opens(MONDAY)
    assert case.sends("placement-question", SOC_A, SOC_C, MONDAY) is None
    return case, case.one("placement-question")


def said(act: Act, by: str, handoff: Handoff, **more: Any) -> Acted:
    return Acted(key=NOTE, by=Actor(org=by), handoff=handoff.id, act=act, **more)


def one_more_day(name: DeadlineName = DECISION) -> Extension:
    return Extension(deadline=name, by="manager", ground="staff-shortage", span=span("1 wd"))


def test_what_rested_goes_back_to_where_it_was_and_what_ended_too() -> None:
    case, handoff = asked()
    assert case.acts(handoff, Act.ACCEPT, SOC_C, MONDAY) is None
    assert case.acts(handoff, Act.START, SOC_C, MONDAY) is None
    assert case.acts(handoff, Act.HOLD, SOC_C, MONDAY, reason="awaiting-decision") is None
    resting = case.one("placement-question")
    assert transitions.target(resting, Act.RESUME, Party.RECIPIENT) is Status.IN_PROGRESS
    assert case.acts(handoff, Act.FAIL, SOC_C, SOON, reason="not-possible") is None
    assert case.acts(handoff, Act.REOPEN, SOC_C, SOON, reason="ended-by-mistake") is None
    assert case.one("placement-question").status is Status.IN_PROGRESS


def test_one_who_is_no_party_coordinates_only_when_said_to() -> None:
    case = Case().opens(MONDAY, custody=Custody(place=CustodyPlace.REMAND))
    assert case.sends("threat-assessment", PRISON, POLICE, MONDAY) is None
    threat = case.one("threat-assessment")
    escalates = said(Act.ESCALATE, "soc-a", threat, reason="no-answer")
    assert transitions.refused(threat, escalates, PACK) == Refusal(code="not-your-handoff")
    assert transitions.refused(threat, escalates, PACK, coordinates=True) is None
    assert transitions.possible(threat, "soc-a", PACK) == ()
    assert transitions.possible(threat, "soc-a", PACK, coordinates=True) == (Act.ESCALATE,)


def test_what_the_status_allows_but_the_handoff_lacks_is_named_to_each_party() -> None:
    case, handoff = asked(PLAIN)
    offered = ("withdraw", "reroute", "enter-in-error", "escalate")
    alarm = case.acts(handoff, Act.ACKNOWLEDGE_ALARM, SOC_A, SOON)
    assert alarm == Refusal(code="no-alarm", possible=offered, detail="requested")
    # A who answers for C by phone is told what C would be told; A alone may not give C more time at all.
    heard = PHONED.model_copy(update={"answered_at": SOON})
    phoned = case.acts(handoff, Act.EXTEND, SOC_A, SOON, extension=one_more_day(), by_phone=heard)
    assert phoned is not None
    assert (phoned.code, phoned.detail) == ("nothing-to-extend", "requested")
    alone = case.acts(handoff, Act.EXTEND, SOC_A, SOON, extension=one_more_day())
    assert alone == Refusal(code="not-allowed-in-status", possible=offered, detail="requested")


def test_one_who_coordinates_is_told_that_no_alarm_sounds() -> None:
    case = Case().opens(MONDAY, custody=Custody(place=CustodyPlace.REMAND))
    assert case.sends("threat-assessment", PRISON, POLICE, MONDAY) is None
    refusal = case.acts(case.one("threat-assessment"), Act.ACKNOWLEDGE_ALARM, SOC_A, SOON)
    assert refusal == Refusal(code="no-alarm", possible=("escalate",), detail="requested")
    case.waits(at("2027-02-02 10:00"))
    assert case.acts(case.one("threat-assessment"), Act.ACKNOWLEDGE_ALARM, SOC_A, at("2027-02-02 10:05")) is None


def test_what_one_has_asked_of_oneself_is_not_returned_to_oneself() -> None:
    case = Case().opens(MONDAY)
    own = case.one("support-request")
    assert own.requester == own.recipient
    refusal = case.acts(own, Act.RETURN, SOC_A, SOON, reason="date-missing")
    assert refusal is not None
    assert (refusal.code, refusal.detail) == ("not-allowed-in-status", "requested")
    assert {"acknowledge", "accept"} <= set(refusal.possible)
    assert "return" not in refusal.possible


def test_own_work_is_neither_returned_nor_sent_on_but_withdrawn() -> None:
    pack = with_kind(plain(PACK, "execute-decision"), "execute-decision", may_hold=True)
    case = Case(pack=pack).opens(MONDAY)
    assert case.sends("execute-decision", SOC_A, SOC_A, MONDAY) is None
    work = case.one("execute-decision")
    assert pack.kinds["execute-decision"].mode is Mode.ASSIGNMENT
    assert transitions.possible(work, "soc-a", pack) == (
        Act.ACKNOWLEDGE,
        Act.ACCEPT,
        Act.WITHDRAW,
        Act.ENTER_IN_ERROR,
        Act.ESCALATE,
    )
    accepted = work.model_copy(update={"status": Status.ACCEPTED})
    assert set(transitions.possible(accepted, "soc-a", pack)) == {
        Act.START,
        Act.HOLD,
        Act.COMPLETE,
        Act.WITHDRAW,
        Act.ENTER_IN_ERROR,
        Act.ESCALATE,
    }


@pytest.mark.parametrize(
    ("rule", "act"),
    [("may_decline", Act.DECLINE), ("may_return", Act.RETURN), ("may_hold", Act.HOLD), ("may_fail", Act.FAIL)],
)
def test_each_of_four_acts_is_open_to_the_recipient_just_when_the_kind_says_so(rule: str, act: Act) -> None:
    _, handoff = asked()
    accepted = act in (Act.HOLD, Act.FAIL)
    handoff = handoff.model_copy(update={"status": Status.ACCEPTED if accepted else Status.REQUESTED})
    offered = {
        yes: set(transitions.possible(handoff, "soc-c", with_kind(PACK, "placement-question", **{rule: yes})))
        for yes in (True, False)
    }
    assert offered[True] - offered[False] == {act}
    assert offered[False] <= offered[True]


def test_more_time_is_offered_for_a_running_deadline_whose_own_rule_gives_it() -> None:
    pack = with_rule(PLAIN, "placement-question", DECISION, extension=extendable("5 wd"))
    case, handoff = asked(pack)
    assert Act.EXTEND in transitions.possible(handoff, "soc-c", pack)
    assert Act.EXTEND not in transitions.possible(handoff, "soc-a", pack)
    # Taken on, it has only its completion left, and no rule gives that more time.
    assert case.acts(handoff, Act.ACCEPT, SOC_C, MONDAY) is None
    assert Act.EXTEND not in transitions.possible(case.one("placement-question"), "soc-c", pack)


def test_more_time_by_an_organisations_own_rule_is_offered_to_it_alone() -> None:
    rules = PLAIN.kinds["placement-question"].deadlines[Urgency.ORDINARY]
    own = rules[DECISION].model_copy(update={"extension": extendable("5 wd")})
    overlay = Overlay(
        organisation="soc-c",
        calendar=PACK.calendar,
        deadlines={"placement-question": {Urgency.ORDINARY: {DECISION: own}}},
    )
    pack = PLAIN.model_copy(update={"overlays": {"soc-c": overlay}})
    case, to_c = asked(pack)
    assert case.sends("placement-question", SOC_A, SOC_D, MONDAY) is None
    to_d = next(h for h in case.all("placement-question") if h.id != to_c.id)
    assert Act.EXTEND in transitions.possible(to_c, "soc-c", pack)
    assert Act.EXTEND not in transitions.possible(to_d, "soc-d", pack)


def test_where_no_alarm_is_set_there_is_no_next_level_to_tell() -> None:
    _, handoff = asked()
    silent = handoff.model_copy(update={"deadlines": ()})
    assert Act.ESCALATE in transitions.possible(handoff, "soc-a", PACK)
    assert Act.ESCALATE not in transitions.possible(silent, "soc-a", PACK)


def test_a_clock_that_stands_and_the_watch_over_it_are_not_extended() -> None:
    pack = with_rule(PLAIN, "placement-question", DECISION, extension=extendable("5 wd"))
    pack = with_rule(pack, "placement-question", DeadlineName.SUPPLEMENT, extension=extendable("5 wd"))
    case, handoff = asked(pack)
    assert case.acts(handoff, Act.RETURN, SOC_C, SOON, reason="date-missing") is None
    assert Act.EXTEND not in transitions.possible(case.one("placement-question"), "soc-c", pack)


def test_an_act_is_told_which_reasons_answers_and_acts_there_are() -> None:
    case = Case(pack=PLAIN).opens(MONDAY, consent=Consent.GIVEN, police_track_wanted=True)
    track = case.one("police-track")
    assert case.acts(track, Act.ACCEPT, POLICE, SOON) is None
    refusal = case.acts(track, Act.COMPLETE, POLICE, SOON)
    assert refusal == Refusal(code="answer-needed", possible=("eligible", "not-eligible"))
    # What is offered when an act says too much: everything that the police can do with it now.
    everything = ("return", "start", "complete", "forward", "escalate")
    refusal = case.acts(track, Act.COMPLETE, POLICE, SOON, answer="eligible", reason="not-possible")
    assert refusal == Refusal(code="no-reason-here", possible=everything)
    refusal = case.acts(track, Act.START, POLICE, SOON, answer="eligible")
    assert refusal == Refusal(code="no-answer-here", possible=everything)
    case, handoff = asked()
    refusal = case.acts(handoff, Act.DECLINE, SOC_C, SOON, reason="other")
    assert refusal == Refusal(code="note-needed", possible=("no-capacity", "not-suitable", "wrong-recipient"))


def test_an_assessment_that_is_missing_is_asked_for_beside_what_else_can_be_done() -> None:
    case = Case(pack=plain(PACK, "threat-assessment")).opens(MONDAY, urgency=Urgency.ACUTE)
    threat = case.one("threat-assessment")
    assert case.acts(threat, Act.ACCEPT, POLICE, SOON) is None
    refusal = case.acts(threat, Act.COMPLETE, POLICE, SOON)
    can = ("return", "start", "hold", "complete", "fail", "forward")
    assert refusal == Refusal(code="assessment-needed", possible=can)
    assert case.acts(threat, Act.START, POLICE, SOON) is None


def test_a_list_of_reasons_for_an_act_that_needs_none_asks_for_none() -> None:
    listed = PACK.kinds["placement-question"].reasons | {Act.ACCEPT: ("no-capacity",)}
    case, handoff = asked(with_kind(PACK, "placement-question", reasons=listed))
    refusal = case.acts(handoff, Act.ACCEPT, SOC_C, SOON, reason="no-capacity")
    assert refusal is not None
    assert refusal.code == "no-reason-here"
    assert case.acts(handoff, Act.ACCEPT, SOC_C, SOON) is None


@pytest.mark.parametrize(
    ("act", "more", "code"),
    [
        (Act.EXTEND, {}, "extension-needed"),
        (Act.ACCEPT, {"extension": one_more_day()}, "no-extension-here"),
        (Act.ACCEPT, {"paragraph": "SoL 29:4"}, "no-paragraph-here"),
        (Act.ACCEPT, {"to": SOC_D}, "nobody-to-name-here"),
        (Act.NOT_RESPONSIBLE, {"paragraph": "SoL 29:4"}, "authority-needed"),
    ],
)
def test_an_act_names_what_belongs_to_it_and_nothing_else(act: Act, more: dict[str, Any], code: str) -> None:
    pack = with_kind(PACK, "placement-question", disclaims=("SoL 29:4",))
    case, handoff = asked(with_rule(pack, "placement-question", DECISION, extension=extendable("5 wd")))
    before = case.state
    assert case.acts(handoff, act, SOC_C, SOON, **more) == Refusal(code=code)
    assert case.state == before


def test_one_who_is_not_responsible_is_shown_the_paragraphs_that_say_so() -> None:
    paragraphs = ("SoL 29:2", "SoL 29:4")
    case, handoff = asked(with_kind(PACK, "placement-question", disclaims=paragraphs))
    refusal = case.acts(handoff, Act.NOT_RESPONSIBLE, SOC_C, SOON, to=SOC_D, paragraph="SoL 29:3")
    assert refusal == Refusal(code="paragraph-needed", possible=paragraphs)


def test_rerouting_and_forwarding_name_somebody() -> None:
    case, handoff = asked()
    refusal = case.acts(handoff, Act.REROUTE, SOC_A, SOON, reason="moved")
    assert refusal == Refusal(code="authority-needed")
    assert case.acts(handoff, Act.ACCEPT, SOC_C, SOON) is None
    assert case.acts(handoff, Act.FORWARD, SOC_C, SOON) == Refusal(code="authority-needed")


def test_an_organisation_outside_can_do_nothing_and_is_offered_nothing() -> None:
    _, handoff = asked()
    assert transitions.possible(handoff, REGION.id, PACK) == ()
    assert transitions.possible(handoff, REGION.id, PACK, by_phone=True) == ()
    assert transitions.parties(handoff, "soc-a", by_phone=True) == (Party.RECIPIENT, Party.REQUESTER)
    assert transitions.parties(handoff, "soc-c", by_phone=False) == (Party.RECIPIENT,)
