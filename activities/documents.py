"""Letters, protocols and packages as tagged PDF (PDF/UA-1, PDF/A-2a), made from templates and never from earlier files.

What a document says goes in as JSON in memory and is only ever shown as text. Fonts are those inside the typesetter
(Libertinus Serif, OFL; DejaVu Sans Mono, Bitstream Vera): the machine's own are not looked at. The only date in a
file's metadata is the document's day, so the same document is the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import typst

from activities import document_words as words
from models.documents import AnyDocument, DisclosureLetter, FilePackage, Receipt, RefusedRequest, SpokenDisclosure
from models.words import Digest
from rules.unsaid import is_unsaid

TEMPLATES = Path(__file__).parent / "templates"
STANDARDS: list[typst.PDFStandard] = ["a-2a", "ua-1"]
STOCKHOLM = ZoneInfo("Europe/Stockholm")
LATIN = ((0x20, 0x7E), (0xA0, 0xAC), (0xAE, 0x377), (0x38E, 0x3A1), (0x3A3, 0x4FF), (0x1E00, 0x1EFF), (0x2010, 0x2026))
"""Letters of Latin, Greek and Cyrillic, and punctuation: no shaping, always shown."""
WIDER = (
    *LATIN,
    (0x531, 0x556),
    (0x561, 0x586),
    (0x5D0, 0x5EA),
    (0x621, 0x63A),
    (0x640, 0x655),
    (0x660, 0x66D),
    (0x67E, 0x67E),
    (0x686, 0x686),
    (0x698, 0x698),
    (0x6A9, 0x6A9),
    (0x6AF, 0x6AF),
    (0x6CC, 0x6CC),
    (0x10D0, 0x10FF),
    (0x2030, 0x2040),
    (0x20A0, 0x20C0),
    (0x2190, 0x2199),
)
"""Also Armenian, Hebrew, Arabic with Persian, and Georgian: what the fonts have and a name may be written in."""


class Unsaid(Exception):
    """A document holds words that no document says. Which ones is not repeated."""


class CannotRender(Exception):
    """A document can't be set. The typesetter's own message is left out: it repeats what it could not set."""


class CannotWrite(Exception):
    """A file could not be written; there is none, nor a part of one. Carries a sentence in Swedish and in English."""

    def __init__(self, sv: str, en: str) -> None:
        super().__init__(f"{sv}\n{en}")
        self.sv, self.en = sv, en


def rendered(document: AnyDocument) -> bytes:
    """A document as PDF.

    Raises:
        Unsaid: it says what documents never say.
        CannotRender: it can't be set.
    """
    own = isinstance(document, FilePackage) and document.own
    data = content(document)
    if any(is_unsaid(text, to_others=not own) for text in texts(data)):
        raise Unsaid("the document holds words that no document says")
    for ranges in (WIDER, LATIN):
        with suppress(typst.TypstError):
            return typeset(document.kind, printable(data, ranges))
    raise CannotRender("the document can't be set")


def typeset(kind: str, data: Any) -> bytes:
    return typst.compile(
        TEMPLATES / f"{kind}.typ",
        root=TEMPLATES,
        font_paths=fonts(),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False, sort_keys=True)},
        pdf_standards=STANDARDS,
        package_path=TEMPLATES / "none",  # nothing is fetched
        package_cache_path=TEMPLATES / "none",
    )


@cache
def fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)


def content(document: AnyDocument) -> dict[str, Any]:
    """What a template is given: text and lists of text."""
    frame: dict[str, Any] = {
        "name": words.NEUTRAL,
        "title": words.TITLES[document.kind],
        "sender": document.sender.name,
        "function": words.function_name(document.sender.function),
        "recipient": words.recipient_name(document.recipient),
        "mark": words.mark(document),
        "mailing": words.mailing_lines(document.mailing),
        "date": document.day.isoformat(),
        "year": document.day.year,
        "month": document.day.month,
        "day": document.day.day,
    }
    match document:
        case DisclosureLetter():
            rows = [field.model_dump() for field in document.fields]
            return frame | {"ground": document.ground, "fields": rows, "reservation": document.reservation}
        case SpokenDisclosure():
            return frame | spoken(document)
        case FilePackage():
            sections = [
                {"heading": words.heading(section), "fields": [field.model_dump() for field in section.fields]}
                for section in document.sections
            ]
            return frame | decided(document, words.GIVEN) | {"sections": sections}
        case RefusedRequest():
            return frame | decided(document, words.REFUSED)
        case Receipt():
            return frame | {"opening": received(document)}


def spoken(document: SpokenDisclosure) -> dict[str, Any]:
    when = document.spoken_at.astimezone(STOCKHOLM)
    rows = [{"label": field.label, "value": "ja" if field.said else "nej"} for field in document.fields]
    return {
        "ground": document.ground,
        "spoken": f"{when:%Y-%m-%d} klockan {when:%H.%M}",
        "verified": words.CALLED_BACK[document.called_back],
        "fields": rows,
        "reservation": document.reservation,
    }


def decided(document: FilePackage | RefusedRequest, outcome: str) -> dict[str, Any]:
    return {
        "opening": [words.ASKED[document.regime], outcome],
        "withheld": words.withheld(document),
        "appeal": words.appeal_lines(document.appeal),
    }


def received(document: Receipt) -> list[str]:
    return [
        words.ASKED[document.regime],
        f"Den kom in {document.received} och har nummer {document.number}.",
        f"Svar lämnas senast {document.answer_by}.",
        "Av kvittensen framgår inte om det finns någon sådan handling eller uppgift.",
    ]


def texts(data: Any) -> Iterator[str]:
    """Every text in what a template is given."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for part in data.values() if isinstance(data, dict) else data:
            yield from texts(part)


def printable(data: Any, ranges: tuple[tuple[int, int], ...]) -> Any:
    """The same with every character that can't be shown written as its number, `[U+4E2D]`, so that none is lost."""
    if isinstance(data, str):
        return "".join(shown(letter, ranges) for letter in unicodedata.normalize("NFC", data.replace("\r\n", "\n")))
    if isinstance(data, dict):
        return {key: printable(value, ranges) for key, value in data.items()}
    return [printable(part, ranges) for part in data] if isinstance(data, list) else data


def shown(letter: str, ranges: tuple[tuple[int, int], ...]) -> str:
    if letter in "\n\t" or any(first <= ord(letter) <= last for first, last in ranges):
        return letter
    return f"[U+{ord(letter):04X}]"


def digest_of(made: bytes) -> Digest:
    return hashlib.sha256(made).hexdigest()


def file_name(day: date, copy_number: int) -> str:
    """What to call a document in a folder: no case, no name, no kind."""
    return f"handling-{day}-{copy_number}.pdf"


def write_private(path: Path, made: bytes) -> None:
    """Writes a new file that only its owner can read, and on disk before this returns. None is written over.

    Raises:
        CannotWrite: there is a file already, or the disk is full or refuses; no part of a file is left.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise CannotWrite("Det finns redan en fil med det namnet.", "There is a file of that name already.") from None
    except OSError:
        raise CannotWrite("Filen kan inte skapas där.", "The file can't be made there.") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(made)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            path.unlink()
        raise CannotWrite(
            "Filen kunde inte skrivas: disken är full eller svarar inte. Inget är sparat.",
            "The file could not be written: the disk is full or fails. Nothing was kept.",
        ) from None


def sweden_day(instant: datetime) -> date:
    return instant.astimezone(STOCKHOLM).date()


def last_day(due: datetime) -> date:
    """The day on which a deadline ends: 24:00 belongs to the day that it closes."""
    return sweden_day(due - timedelta(microseconds=1))
