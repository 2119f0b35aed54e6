"""Protection marks: which is the strictest, what follows, where mail goes, what is watched.

There is no more than three values. What the law wants told to nobody has no value here, no link and no end of its own:
such a case ends neutrally (`EndCode.ENDED`), and what comes after it is an ordinary new case.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from models.desk import ProtectionMark
from models.marks import Consequences, Mail, MarkRules
from models.words import Code

BY_STRICTNESS = (ProtectionMark.UNKNOWN, ProtectionMark.SECRECY_MARKING, ProtectionMark.PROTECTED_REGISTRATION)


def strictest(marks: Iterable[ProtectionMark]) -> ProtectionMark:
    """The strictest of these; of none at all it is `unknown`, which is never the same as unprotected."""
    return max(marks, key=BY_STRICTNESS.index, default=ProtectionMark.UNKNOWN)


def counted_as(own: ProtectionMark, household: Iterable[ProtectionMark], minor: bool | None) -> ProtectionMark:
    """The mark that counts for somebody. A child's is the strictest of the household; of unknown age, likewise.

    An adult's own mark counts as it is, at the least as strict as what is known of them.
    """
    return own if minor is False else strictest((own, *household))


def follows(mark: ProtectionMark | None, rules: MarkRules) -> Consequences:
    """What follows from a mark. That none has been recorded means that it is not known."""
    return rules.of(mark or ProtectionMark.UNKNOWN)


def may_be_kept(purpose: str, mark: ProtectionMark, rules: MarkRules) -> bool:
    """Whether an address of this purpose (`stay`, `registered`, `mail`) may be asked for and kept."""
    return purpose != "registered" or follows(mark, rules).kept.registered_address != "never"


def mail_route(mark: ProtectionMark, rules: MarkRules) -> Mail:
    """How a letter reaches the person. Where it is forwarded, no other way is permitted."""
    return follows(mark, rules).mail


def watched(mark: ProtectionMark, ends: date | None, rules: MarkRules) -> dict[Code, date]:
    """The days that the case is to watch: the mark's last day, under the code of the rule pack's instant."""
    instant = follows(mark, rules).expiry.instant
    return {instant: ends} if instant and ends else {}


def warning(mark: ProtectionMark, rules: MarkRules) -> tuple[str, str]:
    """The sentence that stands beside everything that is shown, in Swedish and English."""
    found = follows(mark, rules)
    return found.warning_sv, found.warning_en
