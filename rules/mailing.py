"""How a letter to the person is sent: never so that an envelope, a register or a sender's name tells where or why."""

from __future__ import annotations

from models.contracts import Refusal
from models.desk import ProtectionMark
from models.documents import Mailing, Way

FORWARDING = ("Skatteverket", "Box 2820", "403 20 Göteborg")
"""Forwarding of mail to people with protected personal data (domain.md section 3)."""


def mailing(mark: ProtectionMark, personnummer_known: bool) -> Mailing | Refusal:
    """How to send a letter to a person with this mark. No mark is never the same as unprotected: then it is handed over
    in the way that was agreed with the person.

    Refuses `personnummer-needed`: the inner envelope carries nothing else, and no address stands in for it.
    """
    match mark:
        case ProtectionMark.PROTECTED_REGISTRATION | ProtectionMark.SECRECY_MARKING:
            if not personnummer_known:
                return Refusal(code="personnummer-needed")
            return Mailing(way=Way.FORWARDED, outer=FORWARDING, inner_personnummer=True)
        case ProtectionMark.UNKNOWN:
            return Mailing(way=Way.SAFE_CONTACT)


def to_function(name: str) -> Mailing:
    """A letter to an organisation: to its function, with nothing on the outside but the name from the directory."""
    return Mailing(way=Way.TO_FUNCTION, outer=(name,))
