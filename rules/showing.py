"""Who sees what of a case (domain.md (c), Visibility). Unknown means no.

An organisation sees the handoffs to and from itself. The social services that act in a case, and who opened it, see
the whole of their own case: they coordinate it. The police that act in a case see its track B too, while consent
to it holds. Nobody else sees anything, not even that the case exists.
"""

from __future__ import annotations

from models.case import CaseState
from models.handoffs import EndedHandoff, Handoff
from models.packs import RulePack
from models.words import Code, ConsentTo, Function, OrgId

OPERATOR: OrgId = "plane"
"""The plane's own account: runs the machines, sees references, organisations and clocks, and no personal data."""
OF_THE_WHOLE_CASE = (
    "stay",
    "consent",
    "consents",
    "consent_until",
    "anchors",
    "needs",
    "assessment",
    "custody",
    "responsible",
    "minor",
    "answered",
    "steps",
)
"""Told to those who coordinate a case alone. Days such as `lvu-executed` say what somebody lives under, and `stay` is
whereabouts: who needs them is told by a disclosure."""
EVENTS_OF_THE_WHOLE_CASE = frozenset({"facts-recorded", "rules-adopted", "desk-answered", "desk-silent"})


def coordinates(state: CaseState, org: OrgId) -> bool:
    """Whether this is whose case it is: the acting social services, or the opener while nobody acts."""
    acting = state.acting.get(Function.SOCIAL_SERVICES)
    return org in (OPERATOR, acting) or (acting is None and org == state.opener)


def follows_track_b(state: CaseState, org: OrgId) -> bool:
    """With consent to that very thing, now: one that covers others shows the police nothing."""
    return ConsentTo.POLICE_TRACK in state.consents and org == state.acting.get(Function.POLICE)


def sees_handoff(state: CaseState, pack: RulePack, org: OrgId, kind: Code, requester: OrgId, recipient: OrgId) -> bool:
    """Whether an organisation is shown a handoff of this case."""
    if coordinates(state, org) or org in (requester, recipient):
        return True
    known = pack.kinds.get(kind)
    return known is not None and known.opens_track_b and follows_track_b(state, org)


def sees_case(state: CaseState, pack: RulePack, org: OrgId) -> bool:
    """Whether an organisation is told that this case exists: it opened it, or is shown some handoff of it."""
    if coordinates(state, org) or org == state.opener:
        return True
    every: list[Handoff | EndedHandoff] = [*state.handoffs.values(), *state.ended.values()]
    return any(sees_handoff(state, pack, org, h.kind, h.requester, h.recipient) for h in every)


def seen_by(state: CaseState, pack: RulePack, org: OrgId) -> CaseState:
    """The case as an organisation may see it. What is hidden has the value of a case just opened."""
    if coordinates(state, org):
        return state

    def mine(handoff: Handoff | EndedHandoff) -> bool:
        return sees_handoff(state, pack, org, handoff.kind, handoff.requester, handoff.recipient)

    handoffs = {
        i: h if org == h.requester else h.model_copy(update={"candidates": ()})
        for i, h in state.handoffs.items()
        if mine(h)
    }
    ended = {i: h for i, h in state.ended.items() if mine(h)}
    shown: list[Handoff | EndedHandoff] = [*handoffs.values(), *ended.values()]
    parties = {o for h in shown for o in (h.requester, h.recipient)} | {org}
    hidden = {name: CaseState.model_fields[name].get_default(call_default_factory=True) for name in OF_THE_WHOLE_CASE}
    if follows_track_b(state, org):
        hidden.pop("consent")
        hidden["consents"] = {ConsentTo.POLICE_TRACK: state.consents[ConsentTo.POLICE_TRACK]}
    else:
        hidden |= {"track_b": CaseState.model_fields["track_b"].default, "police_track_wanted": False}
        hidden |= {"police_eligible": False, "conditions_signed": False}
    return state.model_copy(
        update=hidden
        | {
            "handoffs": handoffs,
            "ended": ended,
            "organisations": {i: o for i, o in state.organisations.items() if i in parties},
            "acting": {f: o for f, o in state.acting.items() if o in parties},
            "packages": {i: p for i, p in state.packages.items() if org in (p.sender, p.recipient)},
            "desk_effects": {i: e for i, e in state.desk_effects.items() if e.task.desk == org},
            "completed_kinds": (),
            "ended_earlier": 0,
            "pending": (),
        }
    )
