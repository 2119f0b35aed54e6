"""What a person says when acting on a handoff: the coded part that travels, and the words that stay at the desk."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from console.coding import item_id
from console.failures import Fault, Invalid, Refused
from models.contracts import Refusal
from models.desk import AssessmentRecord, Category
from models.directory import DirectoryEntry
from models.events import Acted, Actor
from models.handoffs import ANSWERERS, Act, Extension
from models.intake import PhoneAnswer
from models.packs import RulePack
from models.published_keys import CLOCKS_DIFFER
from models.words import HandoffId, ItemId, OrgId, RequestKey, Word
from rules.transitions import OTHER


class Answer(Word):
    """Everything an act may say besides itself. Codes are as people wrote them, and looked up before they travel."""

    reason: str | None = None
    answer: str | None = None
    note: str | None = None
    assessment: AssessmentRecord | None = None
    by_phone: PhoneAnswer | None = None
    to: str | None = None
    """Rerouting and forwarding: to whom. Not responsible: which authority is."""
    paragraph: str | None = None
    extension: Extension | None = None


NOTHING_MORE = Answer()


def kept_words(said: Answer, handoff: HandoffId, key: RequestKey) -> dict[str, tuple[ItemId, Category, Any]]:
    """The words that stay at the desk, each with the id that travels in their place."""
    kept: dict[str, tuple[ItemId, Category, Any]] = {}
    note = said.note or (said.by_phone.note if said.by_phone else None)
    assessment = said.assessment or (said.by_phone.assessment if said.by_phone else None)
    if note is not None:
        kept["note"] = (item_id(key, "note"), Category.NOTE, {"handoff": handoff, "text": note})
    if assessment is not None:
        content = assessment.model_dump(mode="json", exclude_none=True)
        kept["assessment"] = (item_id(key, "assessment"), Category.ASSESSMENT, content)
    return kept


def refuse_what_has_not_been(said: Answer, now: datetime) -> None:
    """Raises: Invalid: an assessment is dated after the case's own now."""
    for made in (said.assessment, said.by_phone.assessment if said.by_phone else None):
        if made is not None and made.assessed_at is not None and made.assessed_at > now + CLOCKS_DIFFER:
            raise Invalid(Fault("assessment.assessed_at", "har inte varit ännu", "has not been yet"))


def acted(handoff: HandoffId, act: Act, org: OrgId, said: Answer, to: DirectoryEntry | None, key: RequestKey) -> Acted:
    """The act as it travels: ids and codes only."""
    kept = kept_words(said, handoff, key)
    return Acted(
        key=key,
        by=Actor(org=org),
        handoff=handoff,
        act=act,
        reason=said.reason,
        answer=said.answer,
        note=kept["note"][0] if "note" in kept else None,
        assessment=kept["assessment"][0] if "assessment" in kept else None,
        by_phone=said.by_phone.coded() if said.by_phone else None,
        to=to.organisation() if to else None,
        paragraph=said.paragraph,
        extension=said.extension,
    )


def refuse_unknown_codes(pack: RulePack, act: Act, said: Answer) -> None:
    """A code that is in no list may be free text: it is stopped here, before it goes anywhere.

    Raises:
        Refused, Invalid: with the codes that there are.
    """
    kinds = pack.kinds.values()
    reasons = {code for kind in kinds for code in kind.reasons.get(act, ())}
    answers = {code for kind in kinds for code in kind.answers.get(act, ())}
    paragraphs = {paragraph for kind in kinds for paragraph in kind.disclaims}
    if said.reason is not None and said.reason not in reasons | {OTHER}:
        code = "reason-needed" if reasons else "no-reason-here"
        raise Refused(Refusal(code=code, possible=(*sorted(reasons), OTHER) if reasons else ()))
    if said.answer is not None and said.answer not in answers:
        raise Refused(Refusal(code="unknown-answer" if answers else "no-answer-here"))
    if said.paragraph is not None and said.paragraph not in paragraphs:
        raise Refused(Refusal(code="paragraph-needed", possible=tuple(sorted(paragraphs))))
    if said.by_phone is not None and said.by_phone.answered_by not in ANSWERERS:
        functions = ", ".join(sorted(ANSWERERS))
        raise Invalid(Fault("answered_by", f"ange en funktion: {functions}", f"state a function: {functions}"))
    refuse_unknown_grounds(pack, said)


def refuse_unknown_grounds(pack: RulePack, said: Answer) -> None:
    extension = said.extension
    if extension is None:
        return
    rules = [rule for kind in pack.kinds.values() for named in kind.deadlines.values() for rule in named.values()]
    known = [rule.extension for rule in rules if rule.extension is not None]
    grounds, deciders = {g for each in known for g in each.grounds}, {by for each in known for by in each.by}
    if extension.ground not in grounds:
        raise Refused(Refusal(code="ground-needed", possible=tuple(sorted(grounds))))
    if extension.by not in deciders:
        raise Refused(Refusal(code="decider-needed", possible=tuple(sorted(deciders))))
