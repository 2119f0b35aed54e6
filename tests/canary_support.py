"""Canaries: unique words for wherever a person can write, every way they may have been written down, and the search."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from pypdf import PdfReader
from pypdf.generic import StreamObject
from sqlmodel import Session, select

from activities import case_links, vault
from activities.desks import open_desk
from activities.disclosures import consent_cell, disclosure_cell, package_cell
from activities.stores import desk_url, open_database
from models.access_tables import CaseLinkRow
from models.desk_tables import ItemRow
from models.disclosure_tables import ConsentRow, DisclosureRow, PackageRow
from models.keys import Cell, Sealed
from models.settings import Settings
from models.words import CaseRef, OrgId
from tests.command_line import synthetic_personnummer

LETTERS = "bcdfghjkmnpqrstvwxz"
"""No vowels: a token is no word of any language. No digits: a long number in an address is looked for elsewhere."""


def digits(count: int) -> str:
    return "".join(secrets.choice("0123456789") for _ in range(count))


class Canaries:
    """What goes in, by what it is. All but a few numbers begin with one token, by which any of them is soon found."""

    def __init__(self) -> None:
        self.token = "".join(secrets.choice(LETTERS) for _ in range(12))
        self._known: dict[str, str] = {}
        number = synthetic_personnummer()
        self.add("personnummer", number)
        for spelt in (f"{number[:8]}-{number[8:]}", f"{number[2:8]}-{number[8:]}", number[2:]):
            self.add(f"personnummer as {len(spelt)}", spelt)
        self.add("phone", f"076-{digits(8)}")
        self.add("born", f"{number[:4]}-{number[4:6]}-{number[6:8]}")

    def add(self, what: str, marker: str) -> str:
        return self._known.setdefault(what, marker)

    def __call__(self, what: str) -> str:
        """A word that occurs nowhere else. Not ASCII alone, so that every way of writing it down differs."""
        return self.add(what, f"å{self.token}{secrets.token_hex(2)}ö")

    def code(self, what: str) -> str:
        """A word that looks like a code."""
        return self.add(what, f"k{self.token}{secrets.token_hex(2)}")

    @property
    def all(self) -> dict[str, str]:
        return dict(self._known)


def ways_of_writing(marker: str) -> set[bytes]:
    """The bytes that a marker may have become on its way, in small letters."""
    found: set[bytes] = set()
    for text in {marker, marker.upper()}:
        plain = text.encode()
        found |= {plain, text.encode("utf-16-le"), text.encode("utf-16-be"), text.encode("latin-1")}
        found |= {plain.hex().encode(), json.dumps(text)[1:-1].encode(), json.dumps(json.dumps(text))[3:-3].encode()}
        for before in range(3):
            left = -(len(plain) + before) % 3
            whole = base64.b64encode(b"\0" * before + plain + b"\0" * left)[-(-before * 4 // 3) : -4 if left else None]
            found |= {whole, whole.translate(bytes.maketrans(b"+/", b"-_"))}
    return {written.lower() for written in found}


def unkeyed(text: str) -> set[bytes]:
    """Digests that anybody could make: of a number or a date they are as good as the thing itself."""
    made = [hashlib.new(name, text.encode()).digest() for name in ("sha256", "sha1", "md5")]
    return {way.lower() for one in made for way in (one, one.hex().encode(), base64.b64encode(one).rstrip(b"="))}


class Search:
    """Looks for every canary in everything that it is given, and counts what it has looked through."""

    def __init__(self, birds: Canaries) -> None:
        self._written = {what: ways_of_writing(marker) for what, marker in birds.all.items()}
        for what, marker in birds.all.items():
            if birds.token not in marker:
                self._written[what] |= unkeyed(marker)
        self._any = ways_of_writing(birds.token).union(
            *(self._written[what] for what, marker in birds.all.items() if birds.token not in marker)
        )
        self.bytes = 0

    def found_in(self, pieces: Iterable[bytes]) -> set[str]:
        """What is in there, by name. A part of a canary that can't be told from another's is `a part`."""
        found: set[str] = set()
        for piece in pieces:
            self.bytes += len(piece)
            low = piece.lower()
            if any(way in low for way in self._any):
                here = {what for what, ways in self._written.items() if any(way in low for way in ways)}
                found |= here or {"a part"}
        return {what.partition(" as ")[0] for what in found}


def file_pieces(path: Path) -> Iterator[bytes]:
    """A file's bytes; of a database also every value, which a page boundary could have cut in two; of a PDF its all."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:  # a journal that a checkpoint has taken away meanwhile
        return
    yield path.name.encode()
    yield raw
    if path.suffix == ".db":
        yield from values(path)
    if raw.startswith(b"%PDF"):
        yield from pdf_pieces(raw)


def values(path: Path) -> Iterator[bytes]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        database.text_factory = bytes
        for (table,) in database.execute("select name from sqlite_master where type = 'table'").fetchall():
            for row in database.execute(f'select * from "{table.decode()}"'):  # noqa: S608
                yield b"\n".join(value for value in row if isinstance(value, bytes))


def pdf_pieces(raw: bytes) -> Iterator[bytes]:
    """What a PDF says of itself, what it shows (as it stands, and with its lines joined), and every stream opened."""
    reader = PdfReader(io.BytesIO(raw))
    yield pdf_metadata(reader)
    shown = "\n".join(page.extract_text() for page in reader.pages)
    yield shown.encode()
    yield "".join(shown.split()).replace("-", "").encode()
    for number in range(1, len(reader.xref_objStm) + sum(map(len, reader.xref.values())) + 1):
        stored = reader.get_object(number)
        if isinstance(stored, StreamObject):
            yield stored.get_data()
        yield repr(stored).encode()


def pdf_metadata(reader: PdfReader) -> bytes:
    """The document's information and its XMP packet."""
    xmp = reader.xmp_metadata
    return repr(reader.metadata).encode() + (xmp.stream.get_data() if xmp is not None else b"")


def opened_at(settings: Settings, org: OrgId) -> dict[str, list[bytes]]:
    """Everything sealed that a desk keeps, opened with its keys, by table."""
    desk, engine = open_desk(settings, org), open_database(desk_url(settings, org))
    found: dict[str, list[bytes]] = {}

    def opened(table: str, cell: Cell, key_version: int, content: bytes) -> None:
        found.setdefault(table, []).append(desk.keys.open(cell, Sealed(key_version, content)))

    with Session(engine.execution_options(reading=True)) as session:
        for item in session.exec(select(ItemRow)):
            opened("items", vault.cell_of(item), item.key_version, item.content)
        for said in session.exec(select(ConsentRow)):
            opened("consents", consent_cell(said), said.key_version, said.content)
        for told in session.exec(select(DisclosureRow)):
            opened("disclosures", disclosure_cell(told), told.key_version, told.content)
        for given in session.exec(select(PackageRow)):
            if given.content is not None:
                opened("packages", package_cell(given), given.key_version, given.content)
        for tie in session.exec(select(CaseLinkRow)):
            opened("case_links", case_links.cell_of(tie.id, CaseRef(tie.case)), tie.key_version, tie.content)
    engine.dispose()
    desk.close()
    return found


# --- what can be written ------------------------------------------------------------------------------------


def written_fields(schema: dict[str, Any]) -> set[str]:
    """Every place in a form where somebody writes words or numbers of their own, as dotted paths."""
    return set(_written(schema, schema.get("$defs", {}), ()))


def _written(schema: dict[str, Any], known: dict[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    if "$ref" in schema:
        schema = known[schema["$ref"].rpartition("/")[2]]
    for one in schema.get("anyOf", ()):
        yield from _written(one, known, path)
    for name, part in schema.get("properties", {}).items():
        yield from _written(part, known, (*path, name))
    if schema.get("type") == "array":
        yield from _written(schema.get("items", {}), known, path)
    elif schema.get("type") in ("string", "integer") and not schema.keys() & {"enum", "const"}:
        yield ".".join(path)


def filled_fields(form: Any, markers: set[str], path: tuple[str, ...] = ()) -> Iterator[str]:
    """The places in a filled-in form that hold a canary."""
    if isinstance(form, dict):
        for name, part in form.items():
            yield from filled_fields(part, markers, (*path, name))
    elif isinstance(form, list | tuple):
        for part in form:
            yield from filled_fields(part, markers, path)
    elif str(form) in markers:
        yield ".".join(path)
