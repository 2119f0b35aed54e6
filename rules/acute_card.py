"""The card for an acute night: in three lines, what social services may tell whom without consent. From the rules."""

from __future__ import annotations

from datetime import datetime

from models.calendars import Name
from models.preview import AcuteCard, CardLine, Text
from models.sharing import CellKey, Ground, Need, Question, Recipient, SharingRules
from models.words import Code, Function
from rules.sharing import default_secrecy, grounds_of, in_force, local_day

HEADING = Text(
    sv="Fara för liv: ring 112 först. Detta får sägas utan samtycke i natt; fråga om samtycke när det är säkert.",
    en="Danger to life: call 112 first. This may be told without consent tonight; ask for consent when it is safe.",
)
CATEGORIES: tuple[Code, ...] = ("identity", "contact", "address", "own-risk-assessment", "social-file")
LINES: tuple[tuple[Code, Text], ...] = (
    (Recipient.POLICE, Text(sv="Polisen", en="The police")),
    (Recipient.SOCIAL_SERVICES, Text(sv="Annan kommuns socialtjänst", en="Another municipality's social services")),
    (Recipient.HOUSING_PROVIDER, Text(sv="Boende eller utförare", en="A provider")),
)
BOPS = Text(sv="Bops även", en="Bops too")
NOTHING = Text(sv="inget som pekar ut personen", en="nothing that points to the person")
CODED = Text(sv="Fråga om plats utan namn.", en="Ask for a bed without a name.")
MOST_WORDS = 3


def acute_card(rules: SharingRules | None, now: datetime) -> AcuteCard:
    """Three lines, also when no rules are in force: then each says that nothing may be told."""
    lines = tuple(CardLine(recipient=recipient, text=line(rules, recipient, who, now)) for recipient, who in LINES)
    return AcuteCard(heading=HEADING, lines=lines, rules=rules.name if rules else None)


def line(rules: SharingRules | None, recipient: Code, who: Text, now: datetime) -> Text:
    """One recipient: each ground that needs no consent, with what it opens. Bops is told more than the coordinator."""
    opened = without_consent(rules, recipient, now) if rules else {}
    said = [told(rules, code, categories) for code, categories in opened.items()] if rules else []
    whole = stated(who, said or [NOTHING])
    if recipient == Recipient.POLICE and rules:
        more = beyond(without_consent(rules, Recipient.PERSONAL_SECURITY, now), opened)
        if more:
            whole = after(whole, stated(BOPS, [told(rules, code, categories) for code, categories in more.items()]))
    return after(whole, CODED) if recipient == Recipient.HOUSING_PROVIDER else whole


def beyond(wider: dict[Code, list[Code]], known: dict[Code, list[Code]]) -> dict[Code, list[Code]]:
    """What is opened by each ground besides what is known already."""
    more = {code: [one for one in every if one not in known.get(code, [])] for code, every in wider.items()}
    return {code: every for code, every in more.items() if every}


def stated(who: Text, said: list[Text]) -> Text:
    sv, en = "; ".join(one.sv for one in said), "; ".join(one.en for one in said)
    return Text(sv=f"{who.sv}: {sv}.", en=f"{who.en}: {en}.")


def after(first: Text, then: Text) -> Text:
    return Text(sv=f"{first.sv} {then.sv}", en=f"{first.en} {then.en}")


def told(rules: SharingRules, code: Code, categories: list[Code]) -> Text:
    """A ground and what it opens. A long list is what the reader needs to know least at night.

    Of a ground that reaches a few fields only, each of them is named: SoL 15:7 p. 1 asks whether somebody is in care,
    and whoever reads *address* tells where.
    """
    ground = rules.grounds[code]
    night = ground.night or ground.name
    words = [rules.categories[category].name for category in categories if category in rules.categories]
    part = [] if ground.only is None else part_of(rules, ground.only, categories)
    words = part if 0 < len(part) <= MOST_WORDS else words
    sv, en = ", ".join(one.sv.lower() for one in words), ", ".join(one.en.lower() for one in words)
    if words is part:
        sv, en = f"bara {sv}", f"only {en}"
    elif len(words) > MOST_WORDS:
        sv, en = "det som behövs", "what is needed"
    return Text(sv=f"{night.sv} ({ground.paragraph}): {sv}", en=f"{night.en} ({ground.paragraph}): {en}")


def part_of(rules: SharingRules, part: Code, categories: list[Code]) -> list[Name]:
    """The names of the fields that a part leaves of these categories."""
    reached = ((category, field) for category in categories for field in rules.extents[part].get(category, ()))
    return [rules.categories[category].fields[field] for category, field in reached]


def without_consent(rules: SharingRules, recipient: Code, now: datetime) -> dict[Code, list[Code]]:
    """Each ground that opens something to the recipient without consent, and what. In the rules' own order."""
    day = local_day(now)
    found: dict[Code, list[Code]] = {}
    for category in CATEGORIES if in_force(rules, day) else ():
        for ground in open_grounds(rules, category, recipient, now):
            if Need.CONSENT not in ground.needs and ground.night is not None:
                found.setdefault(ground.code, []).append(category)
    return found


def open_grounds(rules: SharingRules, category: Code, recipient: Code, now: datetime) -> list[Ground]:
    holder: Code = Function.SOCIAL_SERVICES
    secrecy = default_secrecy(rules, holder) or "unknown"
    key = CellKey(holder=holder, secrecy=secrecy, category=category, recipient=recipient)
    cell = rules.by_key.get((key.holder, key.secrecy, key.category, key.recipient))
    if cell is None:
        return []
    question = Question(**key.model_dump(), purpose="protection")
    return grounds_of(rules, cell, question, local_day(now))
