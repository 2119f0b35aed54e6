"""Which judgement counts before something is told: the last one about just this, as it was, and not used before.

A harm test is made before each disclosure (OSL 10:1, 22:1, 26:1): of what is kept now, under the mark that is known
now. One that was made of something else, or that something has been told by already, is no judgement of this.
"""

from __future__ import annotations

from collections.abc import Iterable

from models.sharing import Circumstances, Judgement, Question, Weighed
from models.words import Code

STANDS = frozenset({Weighed.EXTRAORDINARY_REASONS})
"""What has been found against telling holds until somebody finds otherwise: it is neither used up nor outlived."""
BY_ANOTHER = frozenset({Weighed.LAWYER})
"""Not by the one who tells: who wants to send does not confirm alone that the paragraph applies."""


def newest(judgements: Iterable[Judgement]) -> tuple[Judgement, ...]:
    """Of a long history, the oldest first, what can still count: the last about each thing by each who may count."""
    seen: set[tuple[object, ...]] = set()
    kept: list[Judgement] = []
    for one in reversed(tuple(judgements)):
        by = one.by if one.what in BY_ANOTHER else None
        about = {(one.what, one.ground, one.recipient, one.recipient_org, category, by) for category in one.categories}
        if not about <= seen:
            kept.append(one)
            seen |= about
    return tuple(reversed(kept))


def latest(what: Weighed, ground: Code | None, question: Question, known: Circumstances) -> Judgement | None:
    """The last one made for exactly this ground, recipient and category, if it still counts."""
    fitting = [
        one
        for one in known.judgements
        if one.what is what
        and (one.ground == ground or (one.ground is None and what is Weighed.HARM))
        and (one.recipient, one.recipient_org) == (question.recipient, question.recipient_org)
        and question.category in one.categories
        and not (what in BY_ANOTHER and one.by is not None and one.by == known.teller)
    ]
    if not fitting:
        return None
    return fitting[-1] if what in STANDS or holds(fitting[-1], question.category, known) else None


def holds(one: Judgement, category: Code, known: Circumstances) -> bool:
    """Whether it is of what is kept now, and nothing of the category has been told by it yet."""
    return (one.note, category) not in known.used and one.of.get(category) == known.held.get(category)


def relied_on(known: Circumstances, questions: Iterable[tuple[Code | None, Question]]) -> frozenset[str]:
    """The notes that telling these categories by these grounds uses up."""
    found = (
        latest(what, ground, question, known)
        for ground, question in questions
        for what in Weighed
        if what not in STANDS
    )
    return frozenset(one.note for one in found if one is not None)
