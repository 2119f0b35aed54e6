"""The words of sealing: what is bound to what, what a sealed thing looks like, and how opening it can fail."""

from __future__ import annotations

from typing import NamedTuple

from models.desk import Compartment
from models.words import CaseRef, OrgId


class Wrapped(NamedTuple):
    """A data key that only the outer key of this version gives back."""

    version: int
    blob: bytes


class Sealed(NamedTuple):
    """Something kept, as it lies in the desk's database."""

    key_version: int
    content: bytes


class Cell(NamedTuple):
    """The place that something sealed belongs to. In any other place it does not open."""

    table: str
    column: str
    row: str
    case: CaseRef
    compartment: Compartment


class OuterVersion(NamedTuple):
    """An outer key as `key status` shows it: never the key, nor anything that it could be guessed from."""

    version: int
    fingerprint: str
    seals: int
    """How many data keys (and other secrets of the desk) only this version opens."""
    stands: bool
    """Whether the provider still has it."""


class KeyStatus(NamedTuple):
    org: OrgId
    provider: str
    current: int
    outer: tuple[OuterVersion, ...]
    cases: int
    destroyed_cases: int

    @property
    def outdated(self) -> int:
        """How much is still wrapped by an earlier version than the current one."""
        return sum(each.seals for each in self.outer if each.version != self.current)

    @property
    def old_stand(self) -> tuple[int, ...]:
        """Earlier versions that have not been destroyed: with them, an old copy of the key store opens."""
        return tuple(each.version for each in self.outer if each.stands and each.version != self.current)


class KeyFault(Exception):
    """Something kept can't be sealed or opened. Says so in Swedish and English, and nothing of what it was."""

    def __init__(self, sv: str, en: str) -> None:
        super().__init__(f"{sv}\n{en}")
        self.sv, self.en = sv, en


class CannotOpen(KeyFault):
    """What is sealed does not open in this place. Why is not told: it would help whoever changed it."""

    def __init__(self) -> None:
        super().__init__(
            "Uppgiften går inte att öppna: den är skadad, ändrad eller flyttad, eller så är det inte er nyckel. "
            "Inget har lämnats ut. Anmäl det till driften.",
            "This can't be opened: it is damaged, changed or moved, or the key is not yours. Nothing was shown. "
            "Tell your operator.",
        )


class KeyMissing(KeyFault):
    """A key that is needed is not there, or is another than it was. Says what to do."""


class KeyDestroyed(KeyFault):
    """The case's keys have been destroyed: what was kept can't be read, and nothing more is kept under it."""

    def __init__(self) -> None:
        super().__init__(
            "Ärendets nycklar är förstörda: uppgifterna är gallrade och inga nya kan sparas i ärendet.",
            "The keys of this case are destroyed: its data has been disposed of, and nothing new can be kept in it.",
        )
