"""What a desk knows that its log can be held against: whose cases they were, who was named, who was at work."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from datetime import datetime
from functools import cache
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import select

from activities.stores import reading
from models.access import Hours
from models.access_tables import BreakGlassRow, CaseAccessRow, StaffRow
from models.desk_tables import InboxRow, OpeningRow
from models.log_review import Evidence, Limits, Span

LIMITS = Path(__file__).parent.parent / "rules" / "log_review.toml"


@cache
def limits(file: Path = LIMITS) -> Limits:
    return Limits.model_validate(tomllib.loads(file.read_text("utf-8")))


def evidence(engine: Engine) -> Evidence:
    """What the desk's own tables say. What was opened here stays its case; a handoff until taken back."""
    live: dict[str, list[Span]] = defaultdict(list)
    named: dict[tuple[str, str], list[Span]] = defaultdict(list)
    with reading(engine) as session:
        for opened in session.exec(select(OpeningRow)):
            live[opened.case].append(Span(opened.stored_at, None))
        for asked in session.exec(select(InboxRow)):
            live[asked.case].append(Span(asked.arrived_at, asked.taken_back_at))
        for access in session.exec(select(CaseAccessRow)):
            named[access.case, access.user].append(Span(access.since, earlier(access.until, access.ended_at)))
        for glass in session.exec(select(BreakGlassRow)):
            named[glass.case, glass.user].append(Span(glass.at, glass.until))
        staff = session.exec(select(StaffRow)).all()
        rosters = {one.user: tuple(map(Hours.model_validate, one.hours)) for one in staff if one.hours}
    return Evidence(
        {case: tuple(spans) for case, spans in live.items()},
        {who: tuple(spans) for who, spans in named.items()},
        rosters,
    )


def earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at is not None), default=None)
