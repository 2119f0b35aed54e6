"""Builders for tests of requests to see a file, and a reader of PDFs that looks under every compression."""

from __future__ import annotations

import io
import re
from datetime import date
from typing import Any
from uuid import uuid4

import pypdf
from pypdf.generic import StreamObject

from models.access import Reader, Role
from models.documents import Recipient, Sender
from models.file_requests import About, Asker, Field, FileRequest, Harm, ItemContent, Regime
from models.words import case_reference
from tests.rules_support import at

ORG = "soc-0381"
CASE = case_reference(7)
SENDER = Sender(name="Enhet 12", function=Role.CASEWORKER)
READER = Reader(org=ORG, user="handl-07", role=Role.CASEWORKER)
RECEIVED = at("2027-05-20 09:00")
DAY = date(2027, 5, 20)
FRAME: dict[str, Any] = {"sender": SENDER, "recipient": Recipient(asker=Asker.GUARDIAN_THREAT), "day": DAY}


def request(regime: Regime = Regime.PARTY, asker: Asker = Asker.SELF, **more: Any) -> FileRequest:
    told: dict[str, Any] = {"case": CASE, "proven": True, "received_at": RECEIVED} | more
    return FileRequest(id=str(uuid4()), org=ORG, regime=regime, asker=asker, **told)


def item(category: str, *values: str, **more: Any) -> ItemContent:
    fields = tuple(Field(label="Uppgift", value=value) for value in values)
    return ItemContent(item=str(uuid4()), category=category, fields=fields, **more)


def about(whom: About, category: str, harm: Harm = Harm.NOT_TESTED) -> ItemContent:
    return item(category, "värde", about=whom, harm=harm)


def text_of(made: bytes) -> str:
    """The text of all pages, lines joined: one long line."""
    pages = pypdf.PdfReader(io.BytesIO(made)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


def everything_in(made: bytes) -> bytes:
    """The file as it is, every stream of it without its compression, and every text of its objects."""
    reader = pypdf.PdfReader(io.BytesIO(made))
    found = [made]
    for number in range(1, int(str(reader.trailer["/Size"]))):
        thing = reader.get_object(number)
        if isinstance(thing, StreamObject):
            found.append(thing.get_data())
        found.append(repr(thing).encode())
    return b"\n".join(found)
