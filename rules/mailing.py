"""How a letter to the person is sent: never so that an envelope, a register or a sender's name tells where or why."""

from __future__ import annotations

from models.contracts import Refusal
from models.desk import ProtectionMark
from models.documents import Mailing, Way
from models.file_requests import Asker
from models.marks import Mail

FORWARDING = ("Skatteverket", "Box 2820", "403 20 Göteborg")
"""Forwarding of mail to people with protected personal data (domain.md section 3)."""


TO_THE_PERSON = frozenset({Asker.SELF, Asker.GUARDIAN})
"""Who is reached as the person is: a guardian lives where the child does, and one who is a threat does not."""


def mailed(asker: Asker, mark: ProtectionMark, route: Mail, personnummer_known: bool) -> Mailing | Refusal | None:
    """How the answer to a request is sent; None where it does not go to the person, and no mark says how.

    Refuses as `mailing`.
    """
    return mailing(mark, personnummer_known, route.outer or FORWARDING) if asker in TO_THE_PERSON else None


def mailing(mark: ProtectionMark, personnummer_known: bool, outer: tuple[str, ...] = FORWARDING) -> Mailing | Refusal:
    """How to send a letter to a person with this mark. No mark is never the same as unprotected: then it is handed over
    in the way that was agreed with the person.

    Refuses `personnummer-needed`: the inner envelope carries nothing else, and no address stands in for it.
    """
    match mark:
        case ProtectionMark.PROTECTED_REGISTRATION | ProtectionMark.SECRECY_MARKING:
            if not personnummer_known:
                return Refusal(code="personnummer-needed")
            return Mailing(way=Way.FORWARDED, outer=outer, inner_personnummer=True)
        case ProtectionMark.UNKNOWN:
            return Mailing(way=Way.SAFE_CONTACT)


def to_function(name: str) -> Mailing:
    """A letter to an organisation: to its function, with nothing on the outside but the name from the directory."""
    return Mailing(way=Way.TO_FUNCTION, outer=(name,))
