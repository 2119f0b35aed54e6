"""Rule packs for tests: the shipped one with something in it changed, said by name."""

from __future__ import annotations

from typing import Any

from activities.rule_packs import term
from models.calendars import Span, Term
from models.handoffs import DeadlineName
from models.packs import DeadlineRule, Extendable, RulePack
from models.words import Code, Urgency


def span(text: str) -> Span:
    """`"5 wd"` as the rule files write it."""
    return Span.model_validate(term(text)[0])


def length(text: str, **more: Any) -> Term:
    told, clock = term(text)
    return Term.model_validate({"span": told, "clock": clock, "source": "policy default"} | more)


def with_kind(pack: RulePack, code: Code, **fields: Any) -> RulePack:
    """The pack with fields of one kind changed."""
    return pack.model_copy(update={"kinds": pack.kinds | {code: pack.kinds[code].model_copy(update=fields)}})


def with_rule(
    pack: RulePack, code: Code, name: DeadlineName, urgency: Any = Urgency.ORDINARY, **fields: Any
) -> RulePack:
    """The pack with fields of one deadline changed; `within="5 wd"` changes its length."""
    deadlines = pack.kinds[code].deadlines
    rule: DeadlineRule = deadlines[urgency][name]
    if within := fields.pop("within", None):
        end = {"end": rule.term.end, "source": rule.term.source, "statutory": rule.term.statutory}
        fields["term"] = length(within, **end)
    changed = deadlines[urgency] | {name: rule.model_copy(update=fields)}
    return with_kind(pack, code, deadlines=deadlines | {urgency: changed})


def extendable(most: str, by: str = "manager", times: int = 1) -> Extendable:
    return Extendable(by=(by,), grounds=("staff-shortage",), most=span(most), times=times)
