"""Reads the dated TOML packs and compiles one into the immutable `RulePack` that cases carry."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import holidays
from pydantic import ValidationError

from models.packs import Clock, RulePack, Unit
from rules.checks import faults

PACKS = Path(__file__).parent.parent / "rules" / "packs"
ENGINE = 1
"""The generation of rule code in this checkout. A pack written for another one is refused."""

UNITS = {
    "s": (Unit.SECONDS, Clock.AROUND_THE_CLOCK),
    "min": (Unit.MINUTES, Clock.AROUND_THE_CLOCK),
    "h": (Unit.HOURS, Clock.AROUND_THE_CLOCK),
    "wd": (Unit.WORKING_DAYS, Clock.OFFICE),
    "d": (Unit.DAYS, Clock.CALENDAR),
    "w": (Unit.WEEKS, Clock.CALENDAR),
    "m": (Unit.MONTHS, Clock.CALENDAR),
}
REAL = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}
DEADLINES = ("acknowledgement", "decision", "completion", "hold")
HOLD_REVIEW = {"within": "5 wd", "met": "completed", "ladder": "ordinary"}
"""Nothing rests unwatched: a hold is itself on a clock."""
HOLIDAYS = ("public", "de_facto")
"""`de_facto` adds midsommarafton, julafton and nyårsafton, which the public list alone calls working days."""


class BadPack(Exception):
    """A rule pack can't be used. Says which file, which rule and what is wrong."""


def load_pack(directory: Path) -> RulePack:
    """Compiles the pack in `directory` (pack.toml, kinds.toml, journey.toml).

    Raises:
        BadPack: a file is missing, is not TOML, or says something that can't be a rule.
    """
    general, kinds, journey = (read(directory / name) for name in ("pack.toml", "kinds.toml", "journey.toml"))
    try:
        pack = RulePack.model_validate(compiled(general, kinds, journey))
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False)]
        raise BadPack(f"{directory}: " + "; ".join(lines)) from None
    except BadPack as error:
        raise BadPack(f"{directory}: {error}") from None
    except KeyError as error:
        raise BadPack(f"{directory}: {error} is missing") from None
    except RecursionError:
        raise BadPack(f"{directory}: kinds.toml: a kind is like itself, by way of others perhaps") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise BadPack(f"{directory}: {error}") from error
    if pack.engine != ENGINE:
        raise BadPack(f"{directory}: written for engine {pack.engine}, this program is engine {ENGINE}")
    if found := faults(pack):
        raise BadPack(f"{directory}: " + "; ".join(found))
    return pack


def pack_on(day: date, root: Path = PACKS) -> RulePack:
    """The newest pack in force on `day`; the oldest one for a day before them all (training on past dates)."""
    packs = sorted((load_pack(path) for path in root.iterdir() if path.is_dir()), key=lambda p: p.effective_from)
    if not packs:
        raise BadPack(f"{root}: there is no rule pack here")
    in_force = [pack for pack in packs if pack.effective_from <= day]
    return in_force[-1] if in_force else packs[0]


def pack_now(root: Path = PACKS) -> RulePack:
    return pack_on(datetime.now(UTC).date(), root)


def read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise BadPack(f"{path}: the file is missing or can't be read") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadPack(f"{path}: {error}") from None


def compiled(general: dict[str, Any], kinds: dict[str, Any], journey: dict[str, Any]) -> dict[str, Any]:
    start: date = general["effective_from"]
    years = range(start.year - 1, start.year + general["calendar_years"])
    return {
        "name": general["name"],
        "effective_from": start,
        "engine": general["engine"],
        "zone": general["zone"],
        "office": general["office"],
        "closed_days": closed_days(years),
        "closed_until": date(years[-1], 12, 31),
        "kinds": {code: kind(code, resolved(code, kinds), general["reasons"]) for code in kinds},
        "ladders": {code: ladder(code, body) for code, body in general["ladders"].items()},
        "steps": [step(body) for body in journey["step"]],
        "phases": journey["phase"],
        "threat_levels": general["threat_levels"],
        "desk": {name: real_time(value) for name, value in general["desk"].items()},
        "keys_kept": real_time(general["request_keys_kept"]),
    }


def closed_days(years: range) -> list[date]:
    """Every holiday that falls on Monday to Friday, for the years asked for."""
    swedish = holidays.country_holidays("SE", years=years, categories=HOLIDAYS)
    return sorted(day for day in swedish if day.weekday() < 5)


def resolved(code: str, kinds: dict[str, Any]) -> dict[str, Any]:
    """A kind with what it takes over by `like`; its own words win, urgency by urgency."""
    own = kinds[code]
    if "like" not in own:
        return dict(own)
    if own["like"] not in kinds:
        raise BadPack(f"kinds.toml: {code} is like {own['like']}, which is not there")
    base = resolved(own["like"], kinds)
    urgencies = ("ordinary", "acute")
    if any(urgency in own for urgency in urgencies):
        base = {name: value for name, value in base.items() if name not in urgencies}
    return base | {name: value for name, value in own.items() if name != "like"}


def kind(code: str, body: dict[str, Any], reasons: dict[str, list[str]]) -> dict[str, Any]:
    may_hold = body.get("may_hold", True)
    own = reasons | body.pop("reasons", {})
    urgencies = {u: deadlines(code, body.pop(u), may_hold) for u in ("ordinary", "acute") if u in body}
    return {
        "code": code,
        "sender": body.pop("from"),
        "recipient": body.pop("to"),
        "may_hold": may_hold,
        "reasons": own,
        "answers": body.pop("answers", {}),
        "deadlines": urgencies,
        **{name: value for name, value in body.items() if name != "may_hold"},
    }


def deadlines(code: str, body: dict[str, Any], may_hold: bool) -> dict[str, Any]:
    default_ladder = body["ladder"]
    rules = {name: deadline(body[name], default_ladder) for name in DEADLINES if name in body}
    if may_hold and "hold" not in rules:
        rules["hold"] = deadline(HOLD_REVIEW, default_ladder)
    if unknown := set(body) - set(DEADLINES) - {"ladder"}:
        raise BadPack(f"kinds.toml: {code} has a deadline called {', '.join(sorted(unknown))}")
    return rules


def deadline(body: dict[str, Any], default_ladder: str) -> dict[str, Any]:
    body = dict(body)
    span, clock = term(body.pop("within"))
    late = body.pop("if_late", None)
    rule = {
        "term": {
            "span": span,
            "clock": clock,
            "end": body.pop("end", "act-by"),
            "source": body.pop("source", "policy default"),
            "statutory": body.pop("statutory", False),
            "if_late_at_birth": term(late)[0] if late else None,
        },
        "met": body.pop("met"),
        "ladder": body.pop("ladder", default_ladder),
        "source_instant": body.pop("counted_from", "requested"),
    }
    return rule | body  # what is left is unknown, and the model says so by name


def ladder(code: str, body: dict[str, Any]) -> dict[str, Any]:
    rungs = [r | {"after": term(r["after"])[0]} if "after" in r else r for r in body["rungs"]]
    recurs = [r | {"every": term(r["every"])[0]} for r in body["recurs"]]
    if not rungs:
        raise BadPack(f"pack.toml: the ladder {code} has no rungs")
    return body | {"rungs": rungs, "recurs": recurs}


def step(body: dict[str, Any]) -> dict[str, Any]:
    renamed = {"from": "sender", "to": "recipient"}
    return {renamed.get(name, name): value for name, value in body.items()}


def term(text: str) -> tuple[dict[str, Any], Clock]:
    """`"5 wd"` as a span and the clock it runs on."""
    found = re.fullmatch(r"(\d{1,4}) (s|min|h|wd|d|w|m)", text)
    if found is None:
        raise BadPack(f'"{text}" is not a length of time: write a number and min, h, wd, d, w or m')
    unit, clock = UNITS[found[2]]
    return {"amount": int(found[1]), "unit": unit}, clock


def real_time(text: str) -> timedelta:
    span, _ = term(text)
    return timedelta(**{REAL[text.split()[1]]: span["amount"]})
