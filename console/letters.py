"""A letter to whoever has no desk: made and on disk before the case is told, and in its place only afterwards.

In between it lies beside its place, under a name that says that it is not finished: the same request again finishes
it, and a letter that nothing came of is taken away.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from activities.documents import CannotRender, CannotWrite, Unsaid, rendered, sweden_day, write_private
from activities.sharing_rules import sharing_at
from console import demanding
from console.as_whom import Worker
from console.casework import Casework
from console.failures import Refused
from models.contracts import Refusal
from models.documents import DisclosureLetter, Recipient, Sender
from models.file_requests import Field
from models.preview import Package
from models.words import Code

NO_LETTER: dict[type[Exception], Code] = {
    CannotWrite: "cannot-write",
    CannotRender: "cannot-render",
    Unsaid: "unsaid",
}


def unfinished(path: Path) -> Path:
    """Where a letter lies until the case has been told of it."""
    return path.with_name(f"{path.name}.ej-klar")


def write(casework: Casework, worker: Worker, package: Package, recipient: Code, path: Path) -> None:
    """The letter that says exactly what was previewed, made anew from its template, beside its place.

    Raises:
        Refused: it could not be made or written, and no part of it is left.
    """
    try:
        made = rendered(letter(casework, worker, package, recipient))
        taken_away(path)
        write_private(unfinished(path), made)
    except (CannotWrite, CannotRender, Unsaid) as problem:
        raise Refused(Refusal(code=NO_LETTER[type(problem)])) from None


def letter(casework: Casework, worker: Worker, package: Package, recipient: Code) -> DisclosureLetter:
    now = datetime.now(UTC)
    rules = sharing_at(now)
    if rules is None:
        raise Refused(Refusal(code="no-sharing-rules"))
    return DisclosureLetter(
        sender=Sender(name=worker.office.entry.name, function=worker.by.role),
        recipient=Recipient(organisation=demanding.name_of(casework, recipient)),
        day=sweden_day(now),
        ground="; ".join(dict.fromkeys(section.paragraph for section in package.sections)),
        fields=tuple(
            Field(label=rules.categories[section.category].fields[one.field].sv, value=one.value)
            for section in package.sections
            for one in section.fields
        ),
        reservation=package.reservation,
    )


def finished(path: Path) -> None:
    """Puts the letter in its place. Nothing is written over; doing it again changes nothing.

    Raises:
        Refused: it can't be put there. It lies beside, whole.
    """
    try:
        path.hardlink_to(unfinished(path))
    except OSError:
        raise Refused(Refusal(code="letter-beside", detail=unfinished(path).name)) from None
    taken_away(path)


def taken_away(path: Path) -> None:
    with suppress(OSError):
        unfinished(path).unlink()
