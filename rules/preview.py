"""Puts together exactly what a recipient will see, and says what stays behind. The same function previews and sends.

What is sent of a category: the fields that this kind of handoff needs, that the ground reaches, and that are kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from models.consent import ConsentQuestion, ConsentRecord, History, PersonFacts
from models.desk import Category, ProtectionMark
from models.preview import (
    Held,
    Package,
    Preview,
    Section,
    Sending,
    SentField,
    ShownField,
    Text,
    Warned,
    WhyWithheld,
    Withheld,
)
from models.sharing import Answer, Circumstances, FieldName, Need, Question, SharingRules, Verdict
from models.words import Code
from rules.addresses import IN_CARE
from rules.consent import valid
from rules.sharing import SAME_AGENCY, STAYS, answer, default_secrecy
from rules.sharing_checks import STAFF
from rules.sharing_words import ALWAYS, MARK, REASON, WITHHELD, lacking, text_of
from rules.unsaid import is_unsaid

ONE_AT_A_TIME = frozenset({Category.ADDRESS})
CHOOSE, REMOVE = "--address", "person remove --number"


def wanted(rules: SharingRules, sending: Sending) -> Mapping[Code, tuple[FieldName, ...]]:
    """The fields of each category that this kind of handoff needs, this way; none for a kind nobody wrote."""
    kind = rules.kinds.get(sending.kind)
    return {} if kind is None else kind.request if sending.way == "request" else kind.answer


def verdicts(
    rules: SharingRules,
    sending: Sending,
    holder: Code,
    circumstances: Circumstances,
    now: datetime,
    by: Mapping[Code, Code] | None = None,
) -> dict[Code, Verdict]:
    """The verdict on each category that the kind needs. `by`: the ground that the sender would rather use, if any."""
    kind, found = rules.kinds.get(sending.kind), {}
    for category in wanted(rules, sending):
        question = Question(
            holder=holder,
            holder_org=sending.sender,
            secrecy=default_secrecy(rules, holder) or "unknown",
            category=category,
            recipient=sending.recipient,
            recipient_org=sending.recipient_org,
            purpose=kind.purpose if kind else "unknown",
        )
        found[category] = answer(rules, question, circumstances, now, (by or {}).get(category))
    return found


def assemble(
    rules: SharingRules,
    sending: Sending,
    held: Iterable[Held],
    found: Mapping[Code, Verdict],
    decided: Collection[Code] = (),
    marks: Collection[ProtectionMark] = (ProtectionMark.UNKNOWN,),
    reservation: str | None = None,
) -> Preview:
    """What will be sent and what will not. `decided`: the duties (by category) that a person has decided to fulfil.

    A category without a verdict for this very recipient is withheld. What never leaves the desk is not mentioned.
    """
    order = {category: number for number, category in enumerate(rules.categories)}
    items = sorted(
        (one for one in held if one.category not in STAYS), key=lambda one: order.get(one.category, len(order))
    )
    sections: list[Section] = []
    withheld: list[Withheld] = []
    for item in items:
        why = kept_whole(rules, sending, item, items, found, decided)
        if why is not None:
            withheld.append(why)
            continue
        verdict = found[item.category]
        section, rest = divided(rules, sending, item, verdict)
        withheld += rest
        if section.fields:
            sections.append(section)
    package = Package(sending=sending, sections=tuple(sections), reservation=reservation)
    used = [found[section.category] for section in sections]
    return Preview(
        package=package,
        shown=tuple(shown(rules, package)),
        withheld=tuple(dict.fromkeys(withheld)),
        always=text_of(ALWAYS),
        warnings=tuple(Warned(code=mark, text=text_of(MARK[mark])) for mark in sorted(marks)),
        harm_test_needed=bool(marks),
        review_after=any(verdict.review_after for verdict in used),
        by_consent=any(on_consent(rules, verdict) for verdict in used),
        digest=package.digest,
        rules=rules.name,
    )


def kept_whole(
    rules: SharingRules,
    sending: Sending,
    item: Held,
    items: list[Held],
    found: Mapping[Code, Verdict],
    decided: Collection[Code],
) -> Withheld | None:
    """Why nothing of an item goes; None when something may."""
    category = item.category
    if category not in wanted(rules, sending):
        return withheld_for(category, WhyWithheld.NOT_NEEDED)
    if item.not_kept:
        return withheld_for(category, WhyWithheld.NOT_KEPT, numbered(item, REMOVE))
    verdict = found.get(category)
    if verdict is None or not about(verdict, sending, category):
        return withheld_for(category, WhyWithheld.NOT_ALLOWED)
    if verdict.answer is Answer.NEEDS:
        return withheld_for(category, WhyWithheld.LACKING, lacking(verdict.needs))
    if verdict.answer is Answer.MUST_NOT:
        reason = text_of(REASON[verdict.reason]) if verdict.reason else None
        return withheld_for(category, WhyWithheld.NOT_ALLOWED, reason)
    if verdict.needs:
        return withheld_for(category, WhyWithheld.STEPS_LEFT, lacking(verdict.needs))
    if verdict.answer is Answer.MUST and category not in decided:
        return withheld_for(category, WhyWithheld.PERSON_DECIDES)
    if is_a_place(item) and sum(is_a_place(one) and not one.not_kept for one in items) > 1:
        return withheld_for(category, WhyWithheld.ONE_AT_A_TIME, numbered(item, CHOOSE))
    return None


def is_a_place(item: Held) -> bool:
    return item.category in ONE_AT_A_TIME and item.fields.keys() != {IN_CARE}


def numbered(item: Held, how: str) -> Text | None:
    """What to write to mean just this one. Of an address nothing but its number and purpose is said."""
    if item.number is None:
        return None
    said = f"{how} {item.number}"
    purpose = item.fields.get("purpose")
    said = f"{said} ({purpose})" if purpose else said
    return Text(sv=said, en=said)


def about(verdict: Verdict, sending: Sending, category: Code) -> bool:
    """Whether a verdict answers for this sender, recipient and category, and not for another."""
    question = verdict.question
    return (question.category, question.holder_org, question.recipient, question.recipient_org) == (
        category,
        sending.sender,
        sending.recipient,
        sending.recipient_org,
    )


def divided(rules: SharingRules, sending: Sending, item: Held, verdict: Verdict) -> tuple[Section, list[Withheld]]:
    """The fields of an item that go, in the rules' order, and why each of the others stays."""
    words, needed = rules.categories.get(item.category), wanted(rules, sending)[item.category]
    reached = [rules.extents.get(part, {}).get(item.category, ()) for part in verdict.only]
    known = words.fields if words else {}
    going, staying = [], []
    for field in (*(f for f in known if f in item.fields), *sorted(set(item.fields) - set(known))):
        why = kept_field(field, item.fields[field], known, needed, reached)
        if why is None:
            going.append(SentField(field=field, value=item.fields[field]))
        else:
            staying.append(withheld_for(item.category, why, field=field))
    section = Section(
        category=item.category,
        ground=verdict.ground or SAME_AGENCY,
        paragraph=verdict.paragraph or "",
        fields=tuple(going),
    )
    return section, staying


def kept_field(
    field: FieldName,
    value: str,
    known: Collection[FieldName],
    needed: Collection[FieldName],
    reached: list[tuple[FieldName, ...]],
) -> WhyWithheld | None:
    if STAFF.search(field):
        return WhyWithheld.NAMES_STAFF
    if field not in known:
        return WhyWithheld.UNKNOWN_FIELD
    if field not in needed:
        return WhyWithheld.NOT_NEEDED
    if not all(field in part for part in reached):
        return WhyWithheld.ONLY_A_PART
    if is_unsaid(value, to_others=False):
        return WhyWithheld.UNSAID
    return None if value.strip() else WhyWithheld.EMPTY


def withheld_for(
    category: Code, code: WhyWithheld, detail: Text | None = None, field: FieldName | None = None
) -> Withheld:
    plain = text_of(WITHHELD[code])
    why = plain if detail is None else Text(sv=f"{plain.sv}: {detail.sv}", en=f"{plain.en}: {detail.en}")
    return Withheld(category=category, field=field, code=code, why=why)


def shown(rules: SharingRules, package: Package) -> Iterator[ShownField]:
    """The package as people read it: each field with its name, in order."""
    for section in package.sections:
        words = rules.categories[section.category]
        for sent in section.fields:
            yield ShownField(
                category=section.category,
                category_name=words.name,
                field=sent.field,
                name=words.fields[sent.field],
                value=sent.value,
            )


def by_two(rules: SharingRules, package: Package) -> bool:
    """Whether two persons release it: for a category that the rules name, or a ground that needs a second one."""
    grounds = (rules.grounds.get(section.ground) for section in package.sections)
    needed = any(ground is not None and Need.SECOND_REVIEWER in ground.needs for ground in grounds)
    return needed or not set(rules.two_persons).isdisjoint(package.categories)


def on_consent(rules: SharingRules, verdict: Verdict) -> bool:
    ground = rules.grounds.get(verdict.ground or "")
    return ground is not None and Need.CONSENT in ground.needs


def unsaid(shown: Preview, to_others: bool = False) -> tuple[str, ...]:
    """The fields that say what nothing that is told says, or what no letter does (`to_others`); never which words."""
    back = (f"{one.category}.{one.field}" for one in shown.withheld if one.code is WhyWithheld.UNSAID)
    going = (f"{one.category}.{one.field}" for one in shown.shown if is_unsaid(one.value, to_others))
    kept = shown.package.reservation
    return (*back, *going, *(("reservation",) if kept and is_unsaid(kept, to_others) else ()))


def consent_stands(rules: SharingRules, package: Package, history: History, person: PersonFacts, now: datetime) -> bool:
    """Whether each part of a package that stands on consent still has one: for this recipient, category and purpose."""
    sending, kind = package.sending, rules.kinds.get(package.sending.kind)
    for section in package.sections:
        ground = rules.grounds.get(section.ground)
        if ground is not None and Need.CONSENT not in ground.needs:
            continue
        question = ConsentQuestion(
            recipient=sending.recipient,
            recipient_org=sending.recipient_org,
            category=section.category,
            purpose=kind.purpose if kind else "unknown",
            person=person,
        )
        if not isinstance(valid(history, question, now), ConsentRecord):
            return False
    return True


def text_fields(content: Mapping[str, Any]) -> dict[FieldName, str]:
    """What a vault item holds, as text: lists line by line, yes and no in words. What is nested is left out."""
    found: dict[FieldName, str] = {}
    for field, value in content.items():
        if isinstance(value, bool):
            found[field] = "ja | yes" if value else "nej | no"
        elif isinstance(value, str | int):
            found[field] = str(value)
        elif isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
            found[field] = "\n".join(value)
    return found
