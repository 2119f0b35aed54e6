"""What a simulation came to, as plain data: for `--json`, and the rows that tables are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from activities.simulation_runs import Difference, Run
from models.handoffs import DeadlineName
from models.packs import RulePack
from models.simulation import Moment, Planned
from rules.figures import Figures, percentile

JUDGEMENTS = ("met", "missed", "running", "moot")
OUTCOMES = (
    "created",
    "completed",
    "rejected",
    "failed",
    "withdrawn",
    "expired",
    "lapsed",
    "another-way",
    "done-away-with",
    "entered-in-error",
)
COMPARED = ("deadlines", "ends", "rungs", "alarms", "work", "cases", "refused")


class Played(NamedTuple):
    """One rule pack, and what the cases came to under it."""

    pack: RulePack
    figures: Figures


def data(run: Run, played: Sequence[Played], different: Iterable[Difference], interrupted: bool) -> dict[str, Any]:
    """Everything, without any clock of ours: the same run gives the same JSON."""
    found: dict[str, Any] = {
        "cases": sum(group.count for group in run.scenario.case),
        "days": run.length / timedelta(days=1),
        "seed": run.seed,
        "interrupted": interrupted,
        "rules": [pack_data(one) for one in played],
    }
    if len(played) == 2:
        first, second = played
        found["difference"] = [
            {"figure": name, "row": list(row), "first": a, "second": b, "change": b - a}
            for name in COMPARED
            for row, a, b in differences(getattr(first.figures, name), getattr(second.figures, name))
        ]
        found["cases_that_end_differently"] = [different_data(one) for one in different]
    return found


def differences(first: Counter[Any], second: Counter[Any]) -> list[tuple[tuple[str, ...], int, int]]:
    """The rows in which two counts differ."""
    rows = sorted({*first, *second}, key=str)
    named = ((row if isinstance(row, tuple) else (row,), first[row], second[row]) for row in rows)
    return [(tuple(map(str, row)), a, b) for row, a, b in named if a != b]


def different_data(one: Difference) -> dict[str, Any]:
    changes = {}
    for where in one.where:
        a, b = (
            getattr(end, where) if where in ("closed", "phase") else end.handoffs.get(where)
            for end in (one.first, one.second)
        )
        changes[where] = {"first": a or None, "second": b or None}
    return {"case": one.number, "differs": changes}


def pack_data(played: Played) -> dict[str, Any]:
    pack, figures = played
    return {
        "name": pack.name,
        "digest": pack.digest,
        "cases": dict(sorted(figures.cases.items())),
        "events": figures.events,
        "desk_silences": figures.ends["desk", "silent"],
        "deadlines": [{"kind": kind, "deadline": name, **figures_of} for kind, name, figures_of in deadlines(played)],
        "kinds": [kind_data(played, kind) for kind in kinds(played)],
        "rungs": [
            {"role": role, "rungs": figures.rungs[role, "rung"], "repeats": figures.rungs[role, "repeat"]}
            for role in roles(played)
        ],
        "load": [load_data(played, org, role) for org, role in receivers(played)],
        "refused": [
            {"tried": tried, "code": code, "times": times} for (tried, code), times in sorted(figures.refused.items())
        ],
    }


def kinds(played: Played) -> list[str]:
    """The kinds that occurred, in the pack's order."""
    return [kind for kind in played.pack.kinds if played.figures.ends[kind, "created"]]


def deadlines(played: Played) -> list[tuple[str, str, dict[str, int]]]:
    """Kind, deadline and how often it was met, missed and so on; in the pack's order."""
    figures = played.figures.deadlines
    rows = {(kind, name) for kind, name, _ in figures}
    return [
        (kind, str(name), {judgement: figures[kind, name, judgement] for judgement in JUDGEMENTS})
        for kind in played.pack.kinds
        for name in DeadlineName
        if (kind, name) in rows
    ]


def kind_data(played: Played, kind: str) -> dict[str, Any]:
    figures = played.figures
    return {
        "kind": kind,
        **{outcome.replace("-", "_"): figures.ends[kind, outcome] for outcome in OUTCOMES},
        "minutes_to_acceptance": times(figures.accepted, kind),
        "minutes_to_completion": times(figures.completed, kind),
    }


def times(counts: Counter[tuple[str, int]], kind: str) -> dict[str, int | None]:
    """Median and 95th percentile, in whole minutes of real time."""
    mine = [(value, occurs) for (of, value), occurs in counts.items() if of == kind]
    return {"median": percentile(mine, 50), "p95": percentile(mine, 95)}


def roles(played: Played) -> list[str]:
    """The roles that were alarmed, in the order in which ladders climb."""
    found = {role for role, _ in played.figures.rungs}
    return [role for role in LADDER_ORDER if role in found] + sorted(found - set(LADDER_ORDER))


LADDER_ORDER = (
    "officer",
    "manager",
    "head",
    "director",
    "on-call",
    "manager-on-call",
    "regional-coordinator",
    "national-coordinator",
)


def receivers(played: Played) -> list[tuple[str, str]]:
    """Who got alarms or handoffs: organisation and role, the most burdened first."""
    burden: Counter[tuple[str, str]] = Counter()
    for counts in (played.figures.alarms, played.figures.work):
        for (org, role, _), times_ in counts.items():
            burden[org, role] += times_
    return sorted(burden, key=lambda one: (-burden[one], one))


def load_data(played: Played, org: str, role: str) -> dict[str, Any]:
    alarms, work = (weekly(counts, org, role) for counts in (played.figures.alarms, played.figures.work))
    busiest = max(sorted({*alarms, *work}), key=lambda week: alarms[week] + work[week])
    return {
        "organisation": org,
        "role": role,
        "alarms": dict(sorted(alarms.items())),
        "handoffs": dict(sorted(work.items())),
        "busiest_week": {"week": busiest, "alarms": alarms[busiest], "handoffs": work[busiest]},
    }


def weekly(counts: Counter[tuple[str, str, str]], org: str, role: str) -> Counter[str]:
    return Counter({week: times_ for (o, r, week), times_ in counts.items() if (o, r) == (org, role)})


def weeks(played: Played) -> dict[str, dict[str, tuple[int, int]]]:
    """For each week and role over all organisations: alarms, and new handoffs."""
    found: dict[str, dict[str, list[int]]] = {}
    for place, counts in enumerate((played.figures.alarms, played.figures.work)):
        for (_, role, week), times_ in counts.items():
            found.setdefault(week, {}).setdefault(role, [0, 0])[place] += times_
    return {week: {role: (a, w) for role, (a, w) in mine.items()} for week, mine in sorted(found.items())}


def timeline_data(case: Planned, name: str, told: Sequence[tuple[RulePack, Sequence[Moment]]]) -> dict[str, Any]:
    return {
        "number": case.number,
        "case": name,
        "rules": [
            {
                "name": pack.name,
                "digest": pack.digest,
                "timeline": [moment.model_dump(mode="json", exclude_defaults=True) for moment in moments],
            }
            for pack, moments in told
        ],
    }
