"""The word that a person gives again before the most sensitive acts: kept as Argon2id, tried in even time."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from models.contracts import Refusal

SHORTEST, LONGEST = 12, 128
HASHER = PasswordHasher()
"""Argon2id as RFC 9106's second recommendation: 64 MiB, three passes."""
DEMO_WORD = "bara for ovning"
"""The word of every demo account: public, so it protects nothing. Refused in production."""


CLOSE_AT_HAND = ("utväg", "utvag", "avhoppare", "socialtjänst", "socialtjänsten", "polisen", "kriminalvården", "kommun")
"""What whoever guesses at somebody's word here would try first, besides the organisation and the account."""
HARD_ENOUGH = 3
"""Of zxcvbn's five steps, 0 to 4: more than a hundred million guesses."""


def unfit(word: str, *about: str) -> Refusal | None:
    """Whether a word may be somebody's own. `about`: the account and its organisation, which may not be most of it.

    Refuses `word-too-short`, `word-easily-guessed`.
    """
    if not SHORTEST <= len(normal(word)) <= LONGEST:
        return Refusal(code="word-too-short")
    from zxcvbn import zxcvbn  # its lists of words take longer to read than most commands take

    told = zxcvbn(normal(word), user_inputs=[*CLOSE_AT_HAND, *about], max_length=LONGEST)
    return None if told["score"] >= HARD_ENOUGH else Refusal(code="word-easily-guessed")


def normal(word: str) -> str:
    """The same word from every keyboard."""
    return unicodedata.normalize("NFKC", word.strip())


def hashed(word: str) -> str:
    return HASHER.hash(normal(word))


def matches(kept: str, word: str) -> bool:
    try:
        return len(normal(word)) <= LONGEST and HASHER.verify(kept, normal(word))
    except (Argon2Error, InvalidHashError):
        return False


@lru_cache(maxsize=1)
def nobodys_word() -> str:
    """Tried where there is no account, so that a wrong name takes as long as a wrong word."""
    return hashed("nobody has this word: " + "x" * SHORTEST)


@lru_cache(maxsize=1)
def demo_word() -> str:
    """Hashed once for a program: a desk is made quickly."""
    return hashed(DEMO_WORD)
