"""Who may do what, written out by hand from the issue and the domain brief, and not from `rules/access.py`.

Another shape on purpose: one grid per act, a line per role and kind of organisation, a column per relation, and in
each square the categories by letter, then what it takes. What is not in a grid is denied. Kinds of organisation:
soc(ial services), pol(ice), bop(s), kri(minalvården), sis, reg(ion), ngo, hou(sing provider), tax, cou(rt), ivo.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from models.access import Action, Obligation, Purpose, Relation, Role
from models.desk import Category, ProtectionMark
from models.words import Function

LETTERS = {
    "I": Category.IDENTITY,
    "C": Category.CONTACT,
    "A": Category.ADDRESS,
    "M": Category.PROTECTION_MARK,
    "R": Category.RELATIVES,
    "N": Category.NOTE,
    "S": Category.SOCIAL_FILE,
    "T": Category.ASSESSMENT,
    "O": Category.OWN_RISK_ASSESSMENT,
    "X": Category.THREAT_SOURCE,
    "H": Category.HEALTH,
    "K": Category.CRIMINAL_RECORD,
    "P": Category.PLACEMENT,
    "E": Category.ENVIRONMENT,
    "-": None,
}
TAKES = {
    "p": Obligation.PURPOSE,
    "r": Obligation.REASON,
    "s": Obligation.STEP_UP,
    "2": Obligation.SECOND_PERSON,
    "v": Obligation.REVIEW,
    "h": Obligation.HARM_TEST,
}
KINDS = {
    "soc": Function.SOCIAL_SERVICES,
    "pol": Function.POLICE,
    "bop": Function.PERSONAL_SECURITY,
    "kri": Function.PRISON_AND_PROBATION,
    "sis": Function.STATE_CARE,
    "reg": Function.HEALTH_CARE,
    "ngo": Function.CIVIL_SOCIETY,
    "hou": Function.HOUSING_PROVIDER,
    "tax": Function.TAX_AGENCY,
    "cou": Function.COURT,
    "ivo": Function.INSPECTORATE,
}
COLUMNS = (Relation.NAMED, Relation.ON_CALL, Relation.BREAK_GLASS, Relation.OWN_ORGANISATION, Relation.NONE)

# Each square: categories, a slash, what it takes. A lone dot: denied.
GRIDS = {
    Action.VIEW_MASKED: """
        who                              named                  on duty         broken glass            own   none
        caseworker soc                   ICAMRNSTOXHKPE/        ICAMRTOP/p      ICAMRNSTOXHKPE/pv       .     .
        officer bop kri sis              ICAMRNSTOXHKPE/        ICAMRTOP/p      ICAMRNSTOXHKPE/pv       .     .
        officer pol ngo                  ICMRNSTOXHKE/          ICMRTO/p        ICMRNSTOXHKE/pv         .     .
        officer hou reg tax              ICAMRNSHKP/            ICAMRP/p        ICAMRNSHKP/pv           .     .
        officer cou ivo                  ICMRNSHK/              ICMR/p          ICMRNSHK/pv             .     .
        on-call soc pol bop kri sis      ICAMRNSTOXHKPE/        ICAMRTOP/p      ICAMRNSTOXHKPE/pv       .     .
        on-call hou reg                  ICAMRNSHKP/            ICAMRP/p        ICAMRNSHKP/pv           .     .
        on-call ngo                      ICMRNSTOXHKE/          ICMRTO/p        ICMRNSTOXHKE/pv         .     .
        decision-maker soc               ICMRNSTOXHKE/p         ICMRTO/p        ICMRNSTOXHKE/pv         .     .
        unit-manager *                   ICMRNSTOXHKE/pr        .               ICMRNSTOXHKE/pv         .     .
        manager-on-call *                ICMRNSTOXHKE/pr        ICMRTO/p        ICMRNSTOXHKE/pv         .     .
        coordinator *                    M/                     .               .                       .     .
    """,
    Action.VIEW: """
        who                              named                  on duty         broken glass            own   none
        caseworker soc                   ICMRNSTOXHKPE/p        ICMRTOP/p       ICMRNSTOXHKPE/pv        .     .
        officer bop kri sis              ICMRNSTOXHKPE/p        ICMRTOP/p       ICMRNSTOXHKPE/pv        .     .
        officer pol ngo                  ICMRNSTOXHKE/p         ICMRTO/p        ICMRNSTOXHKE/pv         .     .
        officer hou reg tax              ICMRNSHKP/p            ICMRP/p         ICMRNSHKP/pv            .     .
        officer cou ivo                  ICMRNSHK/p             ICMR/p          ICMRNSHK/pv             .     .
        on-call soc pol bop kri sis      ICMRNSTOXHKPE/p        ICMRTOP/p       ICMRNSTOXHKPE/pv        .     .
        on-call hou reg                  ICMRNSHKP/p            ICMRP/p         ICMRNSHKP/pv            .     .
        on-call ngo                      ICMRNSTOXHKE/p         ICMRTO/p        ICMRNSTOXHKE/pv         .     .
        decision-maker soc               ICMRNSTOXHKE/p         ICMRTO/p        ICMRNSTOXHKE/pv         .     .
        unit-manager *                   ICMRNSTOXHKE/pr        .               ICMRNSTOXHKE/pv         .     .
        manager-on-call *                ICMRNSTOXHKE/pr        ICMRTO/p        ICMRNSTOXHKE/pv         .     .
        system *                         TP/p                   TP/p            TP/p                    TP/p  .
    """,
    Action.VIEW_ADDRESS: """
        who                              named   on duty   broken glass   own   none
        caseworker soc                   A/ps    A/ps      A/psv          .     .
        officer bop kri sis hou reg tax  A/ps    A/ps      A/psv          .     .
        on-call soc pol bop kri sis      A/ps    A/ps      A/psv          .     .
        on-call hou reg                  A/ps    A/ps      A/psv          .     .
    """,
    Action.WRITE: """
        who                                  named            on duty          broken glass       own    none
        caseworker soc                       ICAMRNSTOXHKPE/  ICAMRNSTOXHKPE/  ICAMRNSTOXHKPE/v   .      .
        officer pol bop kri sis reg ngo hou  ICAMRNSTOXHKPE/  ICAMRNSTOXHKPE/  ICAMRNSTOXHKPE/v   .      .
        officer tax cou ivo                  ICAMRNSTOXHKPE/  ICAMRNSTOXHKPE/  ICAMRNSTOXHKPE/v   .      .
        on-call soc pol bop kri sis reg      ICAMRNSTOXHKPE/  ICAMRNSTOXHKPE/  ICAMRNSTOXHKPE/v   .      .
        on-call ngo hou                      ICAMRNSTOXHKPE/  ICAMRNSTOXHKPE/  ICAMRNSTOXHKPE/v   .      .
        decision-maker soc                   NS/              NS/              .                  .      .
        unit-manager *                       NS/              NS/              .                  .      .
        manager-on-call *                    NS/              NS/              .                  .      .
        system *                             every/           every/           every/             every/ every/
    """,
    Action.DISCLOSE: """
        who                              named           on duty    broken glass   own   none
        caseworker soc                   ICMRSTOHK/p     ICMRTO/p   ICMRTO/pv      .     .
        officer pol bop kri sis ngo      ICMRSTOHK/p     ICMRTO/p   ICMRTO/pv      .     .
        officer hou reg tax cou ivo      ICMRSHK/p       ICMR/p     ICMR/pv        .     .
        on-call soc pol bop kri sis ngo  ICMRSTOHK/p     ICMRTO/p   ICMRTO/pv      .     .
        on-call hou reg                  ICMRSHK/p       ICMR/p     ICMR/pv        .     .
    """,
    Action.RELEASE_ADDRESS: """
        who                              named     on duty   broken glass   own   none
        caseworker soc                   A/psh2    A/psh2    A/psh2v        .     .
        officer bop kri sis hou reg tax  A/psh2    A/psh2    A/psh2v        .     .
        on-call soc pol bop kri sis      A/psh2    A/psh2    A/psh2v        .     .
        on-call hou reg                  A/psh2    A/psh2    A/psh2v        .     .
    """,
    Action.RELEASE_BY_TWO: """
        who                                          named   on duty   broken glass   own    none
        caseworker soc                               -/2     -/2       -/2v           .      .
        officer pol bop kri sis reg ngo hou tax      -/2     -/2       -/2v           .      .
        officer cou ivo                              -/2     -/2       -/2v           .      .
        on-call soc pol bop kri sis reg ngo hou      -/2     -/2       -/2v           .      .
    """,
    Action.EXPORT_FILE: """
        who                              named           on duty   broken glass   own   none
        caseworker soc                   ICMRNSTOHKE/p   .         .              .     .
        officer pol bop kri sis ngo      ICMRNSTOHKE/p   .         .              .     .
        officer hou reg tax cou ivo      ICMRNSHK/p      .         .              .     .
    """,
    Action.CLOSE_CASE: """
        who                                          named   on duty   broken glass   own    none
        caseworker soc                               -/2     .         .              .      .
        officer pol bop kri sis reg ngo hou tax      -/2     .         .              .      .
        officer cou ivo                              -/2     .         .              .      .
        unit-manager *                               -/r2    -/r2      -/r2           -/r2   .
    """,
    Action.APPROVE: """
        who                                          named   on duty   broken glass   own    none
        caseworker soc                               -/s     -/s       .              .      .
        officer pol bop kri sis reg ngo hou tax      -/s     -/s       .              .      .
        officer cou ivo                              -/s     -/s       .              .      .
        on-call soc pol bop kri sis reg ngo hou      -/s     -/s       .              .      .
        unit-manager *                               -/s     -/s       -/s            -/s    .
        manager-on-call *                            -/s     -/s       -/s            -/s    .
    """,
    Action.BREAK_GLASS: """
        who                                          named   on duty   broken glass   own    none
        caseworker soc                               .       -/rsv     .              -/rsv  .
        officer pol bop kri sis reg ngo hou tax      .       -/rsv     .              -/rsv  .
        officer cou ivo                              .       -/rsv     .              -/rsv  .
        on-call soc pol bop kri sis reg ngo hou      .       -/rsv     .              -/rsv  .
        decision-maker soc                           .       -/rsv     .              -/rsv  .
        unit-manager *                               .       -/rsv     .              -/rsv  .
        manager-on-call *                            .       -/rsv     .              -/rsv  .
    """,
    Action.GRANT_ACCESS: """
        who                                          named   on duty   broken glass   own    none
        unit-manager *                               -/r     -/r       -/r            -/r    .
        manager-on-call *                            -/r     -/r       -/r            -/r    .
    """,
    Action.NAME_FIRST: """
        who                                          named   on duty   broken glass   own    none
        unit-manager *                               -/r     -/r       -/r            -/r    .
        manager-on-call *                            -/r     -/r       -/r            -/r    .
        on-call soc pol bop kri sis reg ngo hou      .       -/r       .              .      .
    """,
    Action.LIST_ACCESS: """
        who                                          named   on duty   broken glass   own    none
        caseworker soc                               -/      -/        .              .      .
        officer pol bop kri sis reg ngo hou tax      -/      -/        .              .      .
        officer cou ivo                              -/      -/        .              .      .
        on-call soc pol bop kri sis reg ngo hou      -/      -/        .              .      .
        unit-manager *                               -/      -/        -/             -/     .
        manager-on-call *                            -/      -/        -/             -/     .
        data-protection-officer *                    -/      -/        -/             -/     .
        security *                                   -/      -/        -/             -/     .
    """,
    Action.READ_AUDIT: """
        who                                          named   on duty   broken glass   own    none
        unit-manager *                               -/p     -/p       -/p            -/p    .
        data-protection-officer *                    -/p     -/p       -/p            -/p    .
        security *                                   -/p     -/p       -/p            -/p    .
    """,
    Action.DISPOSE: """
        who                                          named   on duty   broken glass   own    none
        archivist *                                  -/p     -/p       -/p            -/p    .
        system *                                     -/p     -/p       -/p            -/p    .
    """,
    Action.APPROVE_DISPOSAL: """
        who                                          named   on duty   broken glass   own    none
        archivist *                                  -/s     -/s       -/s            -/s    .
    """,
    Action.MANAGE_STAFF: """
        who                                          named   on duty   broken glass   own    none
        unit-manager *                               -/s     -/s       -/s            -/s    .
    """,
}

HANDLING = {
    Purpose.HANDLE_CASE,
    Purpose.CONTACT_PERSON,
    Purpose.ACUTE_PROTECTION,
    Purpose.ASSESS_RISK,
    Purpose.PLAN_PLACEMENT,
    Purpose.DISCLOSE,
    Purpose.FOLLOW_UP,
    Purpose.FILE_REQUEST,
    Purpose.CORRECT_DATA,
    Purpose.INCIDENT,
}
ACUTE = {Purpose.ACUTE_PROTECTION, Purpose.INCIDENT, Purpose.DISCLOSE}
ON_DUTY = ACUTE | {Purpose.CONTACT_PERSON, Purpose.ASSESS_RISK, Purpose.PLAN_PLACEMENT}
LOOKS = {Action.VIEW_MASKED, Action.VIEW, Action.VIEW_ADDRESS}
SENDS = {Action.DISCLOSE, Action.RELEASE_ADDRESS, Action.EXPORT_FILE}


class Square(NamedTuple):
    """What one square of a grid says of one category."""

    takes: frozenset[Obligation]
    purposes: frozenset[Purpose]


Key = tuple[Action, Role, Function, Relation, Category | None]


def squares() -> dict[Key, Square]:
    """Every permitted square, before what a mark and the night add."""
    found: dict[Key, Square] = {}
    for action, grid in GRIDS.items():
        for role, function, cells in lines(grid):
            for relation, cell in zip(COLUMNS, cells, strict=True):
                if cell == ".":
                    continue
                letters, _, codes = cell.partition("/")
                takes = frozenset(TAKES[code] for code in codes)
                fitting = fits(action, role, relation) if Obligation.PURPOSE in takes else set()
                for letter in "ICAMRNSTOXHKPE" if letters == "every" else letters:
                    key = (action, role, function, relation, LETTERS[letter])
                    assert key not in found, f"written twice: {key}"
                    found[key] = Square(takes, frozenset(fitting))
    return found


def lines(grid: str) -> Iterator[tuple[Role, Function, list[str]]]:
    for line in grid.strip().splitlines()[1:]:
        words = line.split()
        who, cells = words[: -len(COLUMNS)], words[-len(COLUMNS) :]
        role, kinds = Role(who[0]), who[1:]
        for function in Function if kinds == ["*"] else [KINDS[kind] for kind in kinds]:
            yield role, function, cells


def fits(action: Action, role: Role, relation: Relation) -> set[Purpose]:
    match action, relation:
        case _ if role is Role.SYSTEM and action is Action.VIEW:
            return {Purpose.ANSWER_PLANE}
        case Action.DISPOSE, _:
            return {Purpose.DISPOSAL}
        case Action.READ_AUDIT, _:
            return {Purpose.REVIEW_LOGS, Purpose.INCIDENT}
        case Action.EXPORT_FILE, _:
            return {Purpose.FILE_REQUEST}
        case _, Relation.BREAK_GLASS:
            return ACUTE
        case ((Action.VIEW | Action.VIEW_MASKED), Relation.ON_CALL):
            return ACUTE | {Purpose.ASSESS_RISK} if role in DECIDING else ON_DUTY
        case _, Relation.ON_CALL:
            return ACUTE
        case _:
            return HANDLING


DECIDING = {Role.DECISION_MAKER, Role.MANAGER_ON_CALL}


def with_mark_and_night(
    square: Square, action: Action, role: Role, mark: ProtectionMark, night: bool
) -> frozenset[Obligation]:
    """A mark warns wherever somebody looks or sends, a known one asks for harm to be weighed before it is sent; and at
    night one may release what takes two, with review the next working day."""
    takes = set(square.takes)
    if role is not Role.SYSTEM and action in LOOKS | SENDS:
        takes.add(Obligation.WARNING)
        if action in SENDS and mark is not ProtectionMark.UNKNOWN:
            takes.add(Obligation.HARM_TEST)
    if night and action in (Action.RELEASE_ADDRESS, Action.RELEASE_BY_TWO):
        takes.discard(Obligation.SECOND_PERSON)
        takes.add(Obligation.REVIEW)
    return frozenset(takes)


NEEDS_BOTH = {
    (Role.CASEWORKER, "soc"),
    (Role.OFFICER, "bop"),
    (Role.OFFICER, "kri"),
    (Role.OFFICER, "sis"),
    (Role.ON_CALL, "soc"),
    (Role.ON_CALL, "pol"),
    (Role.ON_CALL, "bop"),
    (Role.ON_CALL, "kri"),
    (Role.ON_CALL, "sis"),
    (Role.SYSTEM, "*"),
}
"""The only ones who need both where the person is and what threatens: they find the place and weigh the threat, hold
the person, or are called out. Everybody else sees one of the two at the most (invariant 6)."""
