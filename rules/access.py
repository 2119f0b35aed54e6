"""Who may do what with what is protected at a desk: one table, total. What no row permits is denied.

How to read it. A row permits the roles it names, standing to the case as it says, to do what it says, with what it
names, if the row's obligations are met. Three things are added to every row: nobody sees a compartment that the role
has no need of (`NEEDS`), the person's protection mark adds its own obligations (`rules/marks.toml`), and what is shown
for a purpose takes one that fits (`PURPOSES`). The table says nothing of grounds for disclosure: that is `sharing`.

Sources: domain brief sections 3, 4 and (c); OSL 10:1-3, 22:1, 26:1; lag 2001:454 10 § (log review); the routine of few
named staff, restricted authorisations and after-the-fact review.
"""

from __future__ import annotations

from typing import NamedTuple

from models.access import Action, Asked, Decision, Given, Obligation, Purpose, Relation, Role
from models.contracts import Refusal
from models.desk import Category, Compartment, compartment_of
from models.marks import MarkRules
from models.words import Function

EVERYTHING = frozenset(Category)
NOTHING: frozenset[Category | None] = frozenset({None})
"""For what is not about a category of data."""
BOTH = frozenset({Compartment.LOCATION, Compartment.THREAT})
LOCATION, THREAT = frozenset({Compartment.LOCATION}), frozenset({Compartment.THREAT})
NEITHER: frozenset[Compartment] = frozenset()

# --- Who needs what: location and threat apart ---------------------------------------------------------------------

NEEDS: dict[Role, dict[Function, frozenset[Compartment]]] = {
    # The handler of the case at the social services finds the place and weighs the threat: both, each on its own read.
    Role.CASEWORKER: {Function.SOCIAL_SERVICES: BOTH},
    Role.OFFICER: {
        # The police assess the threat. A patrol is sent by whoever is on call, who then needs to know where.
        Function.POLICE: THREAT,
        # Bops assesses and protects; the prison service and SiS hold the person, let out and move: both.
        Function.PERSONAL_SECURITY: BOTH,
        Function.PRISON_AND_PROBATION: BOTH,
        Function.STATE_CARE: BOTH,
        # Who houses the person, treats them, or registers where they live needs no threat.
        Function.HOUSING_PROVIDER: LOCATION,
        Function.HEALTH_CARE: LOCATION,
        Function.TAX_AGENCY: LOCATION,
        # A voluntary organisation gets advice, with consent; the person comes to a meeting place.
        Function.CIVIL_SOCIETY: THREAT,
        Function.COURT: NEITHER,
        Function.INSPECTORATE: NEITHER,
    },
    # At night somebody must know where the person is and what threatens, to get them out.
    Role.ON_CALL: {
        Function.SOCIAL_SERVICES: BOTH,
        Function.POLICE: BOTH,
        Function.PERSONAL_SECURITY: BOTH,
        Function.PRISON_AND_PROBATION: BOTH,
        Function.STATE_CARE: BOTH,
        Function.HOUSING_PROVIDER: LOCATION,
        Function.HEALTH_CARE: LOCATION,
        Function.CIVIL_SOCIETY: THREAT,
    },
    # Who decides weighs the threat. Decisions are public (OSL 26:7) and name no place: the place is not needed.
    Role.DECISION_MAKER: {Function.SOCIAL_SERVICES: THREAT},
    Role.UNIT_MANAGER: dict.fromkeys(Function, THREAT),
    Role.MANAGER_ON_CALL: dict.fromkeys(Function, THREAT),
    # These follow, advise, guard, keep or run, and see nothing of what is kept.
    Role.COORDINATOR: dict.fromkeys(Function, NEITHER),
    Role.DATA_PROTECTION_OFFICER: dict.fromkeys(Function, NEITHER),
    Role.SECURITY: dict.fromkeys(Function, NEITHER),
    Role.ARCHIVIST: dict.fromkeys(Function, NEITHER),
    Role.OPERATOR: dict.fromkeys(Function, NEITHER),
    # The desk's own programs filter places and conclude assessments; what they answer says neither.
    Role.SYSTEM: dict.fromkeys(Function, BOTH),
}
"""A role that is not named for a kind of organisation does not exist there."""

ACUTE = frozenset(
    {
        Category.IDENTITY,
        Category.CONTACT,
        Category.PROTECTION_MARK,
        Category.RELATIVES,
        Category.ADDRESS,
        Category.PLACEMENT,
        Category.ASSESSMENT,
        Category.OWN_RISK_ASSESSMENT,
    }
)
"""What acute protection needs: who, how to reach them, who else is in danger, where, where not, how dangerous."""
SENT_BY_NOBODY = frozenset({Category.NOTE, Category.THREAT_SOURCE, Category.PLACEMENT, Category.ENVIRONMENT})
SENDABLE = EVERYTHING - SENT_BY_NOBODY - {Category.ADDRESS}
"""What may leave, if the sharing rules find a ground. The address has an act of its own."""
EXPORTABLE = EVERYTHING - {Category.ADDRESS, Category.PLACEMENT, Category.THREAT_SOURCE}
"""What may be part of a file that somebody is given: never whereabouts, nor who threatens (OSL 10:3, 12:3, 26:2)."""
WRITTEN_BY_DECIDERS = frozenset({Category.NOTE, Category.SOCIAL_FILE})
FOR_THE_PLANE = frozenset({Category.ASSESSMENT, Category.PLACEMENT})
ADDRESS = frozenset({Category.ADDRESS})

# --- The table -----------------------------------------------------------------------------------------------------

HANDLERS = (Role.CASEWORKER, Role.OFFICER, Role.ON_CALL)
DECIDERS = (Role.DECISION_MAKER, Role.UNIT_MANAGER, Role.MANAGER_ON_CALL)
NAMED = (Relation.NAMED,)
ON_DUTY = (Relation.ON_CALL,)
GLASS = (Relation.BREAK_GLASS,)
NOT_LISTED = (Relation.OWN_ORGANISATION, Relation.ON_CALL)
AT_THE_DESK = (Relation.NAMED, Relation.ON_CALL, Relation.BREAK_GLASS, Relation.OWN_ORGANISATION)
READING = (Action.VIEW_MASKED, Action.VIEW)
PURPOSE, REASON, STEP_UP = Obligation.PURPOSE, Obligation.REASON, Obligation.STEP_UP
SECOND_PERSON, REVIEW, HARM_TEST = Obligation.SECOND_PERSON, Obligation.REVIEW, Obligation.HARM_TEST
TWO_PERSONS = (PURPOSE, STEP_UP, HARM_TEST, SECOND_PERSON)


class Row(NamedTuple):
    code: str
    """What the audit says it was permitted by."""
    roles: tuple[Role, ...]
    relations: tuple[Relation, ...]
    actions: tuple[Action, ...]
    categories: frozenset[Category] | frozenset[Category | None]
    takes: tuple[Obligation, ...] = ()


TABLE = (
    # Named on the case: masked first; more for a purpose; one address at a time, after one's own word again.
    Row("named", HANDLERS, NAMED, (Action.VIEW_MASKED,), EVERYTHING),
    Row("named", HANDLERS, NAMED, (Action.VIEW,), EVERYTHING - ADDRESS, (PURPOSE,)),
    Row("named-one-address", HANDLERS, NAMED, (Action.VIEW_ADDRESS,), ADDRESS, (PURPOSE, STEP_UP)),
    # On duty: what acute protection needs, each time for a purpose.
    Row("on-duty", HANDLERS, ON_DUTY, (Action.VIEW_MASKED,), ACUTE, (PURPOSE,)),
    Row("on-duty", HANDLERS, ON_DUTY, (Action.VIEW,), ACUTE - ADDRESS, (PURPOSE,)),
    Row("on-duty-one-address", HANDLERS, ON_DUTY, (Action.VIEW_ADDRESS,), ADDRESS, (PURPOSE, STEP_UP)),
    # Who decides, when named on the case or called out for it. A manager who looks says why a manager must.
    Row("decides", (Role.DECISION_MAKER,), NAMED, READING, EVERYTHING - ADDRESS, (PURPOSE,)),
    Row("decides-acutely", (Role.DECISION_MAKER, Role.MANAGER_ON_CALL), ON_DUTY, READING, ACUTE - ADDRESS, (PURPOSE,)),
    Row(
        "overrides",
        (Role.UNIT_MANAGER, Role.MANAGER_ON_CALL),
        NAMED,
        READING,
        EVERYTHING - ADDRESS,
        (PURPOSE, REASON),
    ),
    # A coordinator who is named on a case sees that there is a mark, and nothing else.
    Row("sees-the-flag", (Role.COORDINATOR,), NAMED, (Action.VIEW_MASKED,), frozenset({Category.PROTECTION_MARK})),
    # Glass that has been broken: as if named, for three hours, and looked at afterwards. Nothing is ended through it.
    Row("broken-glass", HANDLERS + DECIDERS, GLASS, READING, EVERYTHING - ADDRESS, (PURPOSE, REVIEW)),
    Row("broken-glass", HANDLERS, GLASS, (Action.VIEW_MASKED,), ADDRESS, (PURPOSE, REVIEW)),
    Row("broken-glass", HANDLERS, GLASS, (Action.VIEW_ADDRESS,), ADDRESS, (PURPOSE, STEP_UP, REVIEW)),
    # What one learns must have its right place, or it ends up in a wrong one: writing shows nothing.
    Row("keeps-what-is-learnt", HANDLERS, (*NAMED, *ON_DUTY), (Action.WRITE,), EVERYTHING),
    Row("keeps-what-is-learnt", HANDLERS, GLASS, (Action.WRITE,), EVERYTHING, (REVIEW,)),
    Row("keeps-the-decision", DECIDERS, (*NAMED, *ON_DUTY), (Action.WRITE,), WRITTEN_BY_DECIDERS),
    # Out of the desk, where the sharing rules find a ground.
    Row("discloses", HANDLERS, NAMED, (Action.DISCLOSE,), SENDABLE, (PURPOSE,)),
    Row("discloses-acutely", HANDLERS, ON_DUTY, (Action.DISCLOSE,), SENDABLE & ACUTE, (PURPOSE,)),
    Row("discloses-acutely", HANDLERS, GLASS, (Action.DISCLOSE,), SENDABLE & ACUTE, (PURPOSE, REVIEW)),
    # An own case's address: always with harm weighed and the own word; then two persons, at night one (`at_night`).
    Row("releases-the-address", HANDLERS, NAMED, (Action.RELEASE_ADDRESS,), ADDRESS, TWO_PERSONS),
    Row("releases-it-acutely", HANDLERS, (*ON_DUTY, *GLASS), (Action.RELEASE_ADDRESS,), ADDRESS, TWO_PERSONS),
    # Whatever else the sharing rules want two persons for, beside the row of each category that it is about.
    Row("releases-by-two", HANDLERS, (*NAMED, *ON_DUTY, *GLASS), (Action.RELEASE_BY_TWO,), NOTHING, (SECOND_PERSON,)),
    # Somebody asks to see the file. Only who is named puts it together; whereabouts are no part of it.
    Row("answers-a-request", (Role.CASEWORKER, Role.OFFICER), NAMED, (Action.EXPORT_FILE,), EXPORTABLE, (PURPOSE,)),
    # A case is closed by two.
    Row("closes", (Role.CASEWORKER, Role.OFFICER), NAMED, (Action.CLOSE_CASE,), NOTHING, (SECOND_PERSON,)),
    Row("closes", (Role.UNIT_MANAGER,), AT_THE_DESK, (Action.CLOSE_CASE,), NOTHING, (REASON, SECOND_PERSON)),
    # The second person proves to be somebody else. A manager approves without seeing what it is about.
    Row("second-person", HANDLERS, (*NAMED, *ON_DUTY), (Action.APPROVE,), NOTHING, (STEP_UP,)),
    Row(
        "second-person", (Role.UNIT_MANAGER, Role.MANAGER_ON_CALL), AT_THE_DESK, (Action.APPROVE,), NOTHING, (STEP_UP,)
    ),
    Row("breaks-the-glass", HANDLERS + DECIDERS, NOT_LISTED, (Action.BREAK_GLASS,), NOTHING, (REASON, STEP_UP, REVIEW)),
    # Who is named is for the managers, and for whoever is on duty when nobody is named yet. Never oneself (`Staff`).
    Row(
        "names-staff",
        (Role.UNIT_MANAGER, Role.MANAGER_ON_CALL),
        AT_THE_DESK,
        (Action.GRANT_ACCESS, Action.NAME_FIRST),
        NOTHING,
        (REASON,),
    ),
    Row("names-the-first", (Role.ON_CALL,), ON_DUTY, (Action.NAME_FIRST,), NOTHING, (REASON,)),
    Row("sees-who-is-named", HANDLERS, (*NAMED, *ON_DUTY), (Action.LIST_ACCESS,), NOTHING),
    Row(
        "sees-who-is-named",
        (Role.UNIT_MANAGER, Role.MANAGER_ON_CALL, Role.DATA_PROTECTION_OFFICER, Role.SECURITY),
        AT_THE_DESK,
        (Action.LIST_ACCESS,),
        NOTHING,
    ),
    # The log: the unit manager reviews it, the data protection officer advises on it, security guards it.
    Row(
        "reviews-logs",
        (Role.UNIT_MANAGER, Role.DATA_PROTECTION_OFFICER, Role.SECURITY),
        AT_THE_DESK,
        (Action.READ_AUDIT,),
        NOTHING,
        (PURPOSE,),
    ),
    # The archive role approves, and disposes of, what it does not see. Programs carry out what has been approved.
    Row("approves-disposal", (Role.ARCHIVIST,), AT_THE_DESK, (Action.APPROVE_DISPOSAL,), NOTHING, (STEP_UP,)),
    Row("disposes", (Role.ARCHIVIST, Role.SYSTEM), AT_THE_DESK, (Action.DISPOSE,), NOTHING, (PURPOSE,)),
    Row("manages-staff", (Role.UNIT_MANAGER,), AT_THE_DESK, (Action.MANAGE_STAFF,), NOTHING, (STEP_UP,)),
    # The desk's own programs: what they must know to answer the plane, and storing what has been sent here.
    Row("answers-the-plane", (Role.SYSTEM,), AT_THE_DESK, (Action.VIEW,), FOR_THE_PLANE, (PURPOSE,)),
    Row("stores-what-came", (Role.SYSTEM,), (*AT_THE_DESK, Relation.NONE), (Action.WRITE,), EVERYTHING),
)

SHOWING = frozenset({Action.VIEW_MASKED, Action.VIEW, Action.VIEW_ADDRESS})
SENDING = frozenset({Action.DISCLOSE, Action.RELEASE_ADDRESS, Action.EXPORT_FILE})
ABOUT_NO_CATEGORY = frozenset(action for row in TABLE for action in row.actions if row.categories is NOTHING)
RELEASES = frozenset({Action.RELEASE_ADDRESS, Action.RELEASE_BY_TWO})
CATEGORY_OF = {Action.VIEW_ADDRESS: Category.ADDRESS, Action.RELEASE_ADDRESS: Category.ADDRESS}
"""Acts that are about one category by their nature."""
BY_TWO = frozenset(action for row in TABLE for action in row.actions if SECOND_PERSON in row.takes)
NO_NEED = {
    Compartment.LOCATION: "role-needs-no-location",
    Compartment.THREAT: "role-needs-no-threat",
}
HANDLING = frozenset(
    {
        Purpose.HANDLE_CASE,
        Purpose.CONTACT_PERSON,
        Purpose.ACUTE_PROTECTION,
        Purpose.ASSESS_RISK,
        Purpose.PLAN_PLACEMENT,
        Purpose.FOLLOW_UP,
        Purpose.FILE_REQUEST,
        Purpose.CORRECT_DATA,
        Purpose.INCIDENT,
        Purpose.DISCLOSE,
    }
)
NOW_OR_NEVER = frozenset({Purpose.ACUTE_PROTECTION, Purpose.INCIDENT, Purpose.DISCLOSE})
PURPOSES: dict[str, frozenset[Purpose]] = {
    "on-duty": NOW_OR_NEVER | {Purpose.CONTACT_PERSON, Purpose.ASSESS_RISK, Purpose.PLAN_PLACEMENT},
    "on-duty-one-address": NOW_OR_NEVER,
    "decides-acutely": NOW_OR_NEVER | {Purpose.ASSESS_RISK},
    "broken-glass": NOW_OR_NEVER,
    "discloses-acutely": NOW_OR_NEVER,
    "releases-it-acutely": NOW_OR_NEVER,
    "answers-a-request": frozenset({Purpose.FILE_REQUEST}),
    "reviews-logs": frozenset({Purpose.REVIEW_LOGS, Purpose.INCIDENT}),
    "disposes": frozenset({Purpose.DISPOSAL}),
    "answers-the-plane": frozenset({Purpose.ANSWER_PLANE}),
}
"""The purposes that fit, by row; where a row is not named, any purpose of handling a case."""


def decide(asked: Asked, marks: MarkRules) -> Decision:
    """Whether this is permitted, and what it takes. Total: whatever no row permits is denied, with the reason."""
    row = next((row for row in TABLE if permits(row, asked)), None)
    if row is None:
        return Decision(False, why_not(asked))
    if asked.function not in NEEDS[asked.role]:
        return Decision(False, "role-not-at-this-desk")
    if outside_needs(asked):
        return Decision(False, NO_NEED[compartment(asked)])
    takes = at_night(frozenset(row.takes), asked) | of_mark(asked, marks)
    fitting = PURPOSES.get(row.code, HANDLING) if PURPOSE in takes else frozenset()
    return Decision(True, row.code, takes, fitting)


def permits(row: Row, asked: Asked) -> bool:
    return (
        asked.action in row.actions
        and asked.role in row.roles
        and asked.relation in row.relations
        and asked.category in row.categories
    )


def compartment(asked: Asked) -> Compartment:
    return Compartment.RECORD if asked.category is None else compartment_of(asked.category)


def outside_needs(asked: Asked) -> bool:
    """Whether this would show, or send, from a compartment that the role has no need of. Keeping shows nothing."""
    needed = NEEDS[asked.role].get(asked.function, NEITHER)
    return asked.action is not Action.WRITE and compartment(asked) not in {Compartment.RECORD, *needed}


def at_night(takes: frozenset[Obligation], asked: Asked) -> frozenset[Obligation]:
    """Outside office hours one person may release what takes two, and another looks at it on the next working day."""
    if asked.night and asked.action in RELEASES:
        return takes - {SECOND_PERSON} | {REVIEW}
    return takes | ({REVIEW} if asked.action in RELEASES and asked.relation in GLASS else frozenset())


def of_mark(asked: Asked, marks: MarkRules) -> frozenset[Obligation]:
    """What the protection mark asks for, wherever people see or send something. Programs have no eyes to warn."""
    if asked.role is Role.SYSTEM:
        return frozenset()
    follows = marks.of(asked.mark)
    found = {Obligation.WARNING} if asked.action in SHOWING | SENDING and follows.shown.warning else set()
    return frozenset(found | ({HARM_TEST} if asked.action in SENDING and follows.sent.harm_test else set()))


def why_not(asked: Asked) -> str:
    """The nearest reason for which no row permits it: what the person who asks can do something about, if there is."""
    if asked.relation is Relation.NONE:
        return "not-this-desks-case"
    if asked.function not in NEEDS[asked.role]:
        return "role-not-at-this-desk"
    if (asked.category is None) != (asked.action in ABOUT_NO_CATEGORY):
        return "category-needed" if asked.category is None else "no-category-here"
    if told := about_category(asked):
        return told
    could = [row for row in TABLE if asked.action in row.actions and asked.role in row.roles]
    could = [row for row in could if asked.category in row.categories]
    if not could:
        return "not-for-this-role"
    if asked.action is Action.BREAK_GLASS:
        return "glass-not-needed"
    if asked.relation is Relation.BREAK_GLASS:
        return "not-through-broken-glass"
    return "not-for-acute-protection" if asked.relation is Relation.ON_CALL else "not-on-the-list"


def about_category(asked: Asked) -> str | None:
    """What lies in the category itself, whoever asks."""
    match asked.action, asked.category:
        case Action.VIEW, Category.ADDRESS:
            return "one-address-at-a-time"
        case ((Action.VIEW_ADDRESS | Action.RELEASE_ADDRESS), category) if category is not Category.ADDRESS:
            return "not-an-address"
        case ((Action.DISCLOSE | Action.EXPORT_FILE), Category.ADDRESS):
            return "address-has-its-own-act"
        case Action.DISCLOSE, category if category in SENT_BY_NOBODY:
            return "sent-by-nobody"
        case Action.EXPORT_FILE, category if category not in EXPORTABLE:
            return "no-part-of-a-file"
        case _:
            return None


NEEDED = {
    REASON: "access-reason-needed",
    STEP_UP: "step-up-needed",
    HARM_TEST: "harm-test-needed",
    SECOND_PERSON: "second-person-needed",
}


def unmet(decision: Decision, given: Given) -> Refusal | None:
    """Why the act can't be done now: it is denied, or something that it takes has not been done. None: go ahead.

    What is shown as a warning, and what is reviewed afterwards, the caller does with the decision in hand.
    """
    if not decision.permitted:
        return Refusal(code=decision.reason)
    takes = decision.obligations
    if PURPOSE in takes and given.purpose not in decision.purposes:
        fitting = tuple(sorted(decision.purposes))
        return Refusal(code="purpose-needed" if given.purpose is None else "purpose-does-not-fit", possible=fitting)
    done = {
        REASON: given.reason is not None,
        STEP_UP: given.stepped_up,
        HARM_TEST: given.harm_test,
        SECOND_PERSON: given.approved,
    }
    missing = next((each for each, met in done.items() if each in takes and not met), None)
    return Refusal(code=NEEDED[missing]) if missing else None


def may_be_combined(roles: frozenset[Role], function: Function) -> bool:
    """Whether one account may have all of these roles: together they see no more than one of them needs.

    Who follows, guards, keeps or runs has no other role; and no account sees location by one role and threat by
    another.
    """
    needs = [NEEDS[role].get(function) for role in roles]
    known = [each for each in needs if each is not None]
    apart = roles & ALONE
    if not roles or Role.SYSTEM in roles or len(known) != len(needs) or (apart and len(roles) > 1):
        return False
    return frozenset().union(*known) in known


ALONE = frozenset(
    {Role.COORDINATOR, Role.DATA_PROTECTION_OFFICER, Role.SECURITY, Role.ARCHIVIST, Role.OPERATOR, Role.SYSTEM}
)
