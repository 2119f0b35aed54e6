"""Canaries: unique words go in wherever a person can write; afterwards only the desk that holds them knows them."""

from __future__ import annotations

import base64
import json
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session, select

from activities.desks import open_desk
from activities.stores import desk_url, open_database
from console.casework import Casework
from models.desk_tables import ItemRow
from models.words import CaseRef
from tests.command_line import CommandLine, Starter, intake, synthetic_personnummer
from tests.support import Stack, running_stack, settled

SOCIAL, POLICE = "soc-0381", "polisen-mitt"
PHONE = {
    "channel": "phone",
    "answered_by": "officer",
    "answered_at": "2027-01-05T22:46:00+01:00",
    "verified": "called-back-directory-number",
}


def word(what: str) -> str:
    """A word that occurs nowhere else. Not ASCII alone, so that every way of writing it down differs."""
    return f"{what}-å{secrets.token_hex(6)}ö"


def code(what: str) -> str:
    """A word that looks like a code."""
    return f"{what}-{secrets.token_hex(6)}"


def digits(count: int) -> str:
    return "".join(secrets.choice("0123456789") for _ in range(count))


class Canaries:
    """What goes in. `held` may be found at one desk each; `misplaced` nowhere at all."""

    def __init__(self) -> None:
        self.personnummer = synthetic_personnummer()
        self.phone = f"076-{digits(8)}"
        self.email = f"{secrets.token_hex(8)}@kanarie.example"
        rightly = ("name", "street", "town", "mail", "relative", "hours", "code-word", "note", "filled-in", "late-note")
        self.at_social = {what: word(what) for what in (*rightly, "act-note", "phone-note", "phone-advice")}
        self.at_police = {what: word(what) for what in ("advice", "instrument", "police-note")}
        self.level = code("level")
        wrongly = ("reason", "answer", "key", "value", "field", "argument", "as", "to", "path", "refused", "stranger")
        self.misplaced = {what: word(what) for what in (*wrongly, "invalid", "command", "by-phone", "assessment")}
        self.misplaced |= {what: code(what) for what in ("reason-code", "answered-by", "option", "assessor")}
        self.misplaced["wrong-personnummer"] = synthetic_personnummer()[:-4] + digits(8)

    @property
    def other_spellings(self) -> list[str]:
        """Of the personnummer; none of them is kept, but any could leak."""
        number = self.personnummer
        return [f"{number[:8]}-{number[8:]}", f"{number[2:8]}-{number[8:]}", number[2:]]

    @property
    def held(self) -> dict[str, list[str]]:
        social = [*self.at_social.values(), self.phone, self.email, self.personnummer, *self.other_spellings]
        return {SOCIAL: social, POLICE: [*self.at_police.values(), self.level]}


def ways_of_writing(marker: str) -> set[bytes]:
    """The bytes that a marker may have become on its way, in small letters."""
    found: set[bytes] = set()
    for text in (marker, marker.upper()):
        plain = text.encode()
        found |= {
            plain,
            text.encode("utf-16-le"),
            text.encode("utf-16-be"),
            text.encode("latin-1"),
            plain.hex().encode(),
        }
        found |= {json.dumps(text)[1:-1].encode(), json.dumps(json.dumps(text))[3:-3].encode()}
        for before in range(3):
            left = -(len(plain) + before) % 3
            whole = base64.b64encode(b"\0" * before + plain + b"\0" * left)[-(-before * 4 // 3) : -4 if left else None]
            found |= {whole, whole.translate(bytes.maketrans(b"+/", b"-_"))}
    return {written.lower() for written in found}


def contents(path: Path) -> Iterator[bytes]:
    """A file's bytes; of a database also every value, which a page boundary could have cut in two."""
    yield path.read_bytes()
    if path.suffix == ".db":
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            database.text_factory = bytes
            for (table,) in database.execute("select name from sqlite_master where type = 'table'").fetchall():
                for row in database.execute(f'select * from "{table.decode()}"'):  # noqa: S608
                    for value in row:
                        if isinstance(value, bytes):
                            yield value


def opened_at(stack: Stack, org: str) -> list[bytes]:
    """Everything that a desk keeps, opened with its keys."""
    desk = open_desk(stack.settings, org)
    engine = open_database(desk_url(stack.settings, org))
    with Session(engine.execution_options(reading=True)) as session:
        opened = [json.dumps(desk.opened(row)).encode() for row in session.exec(select(ItemRow))]
    engine.dispose()
    desk.close()
    return opened


class Search:
    """Looks for every canary in everything that it is given, and counts what it has looked through."""

    def __init__(self, markers: list[str]) -> None:
        self._written = {marker: ways_of_writing(marker) for marker in markers}
        self.bytes = 0

    def found_in(self, pieces: Iterator[bytes]) -> set[str]:
        found = set()
        for piece in pieces:
            self.bytes += len(piece)
            low = piece.lower()
            found |= {marker for marker, ways in self._written.items() if any(way in low for way in ways)}
        return found


def test_a_search_finds_a_marker_however_it_is_written() -> None:
    marker = word("found")
    search = Search([marker])
    message = f"Hej {marker}!"
    for form in (
        message.encode(),
        message.upper().encode(),
        message.encode("utf-16"),
        json.dumps({"x": message}).encode(),
        json.dumps(json.dumps({"x": message})).encode(),
        base64.b64encode(message.encode()),
        base64.b64encode(b"." + message.encode()),
        base64.urlsafe_b64encode(b".." + message.encode()),
        message.encode().hex().encode(),
    ):
        assert search.found_in(iter([form])) == {marker}
    assert search.found_in(iter([marker[:-2].encode()])) == set()


class Journey:
    """A case in which a person writes canaries wherever anything can be written."""

    def __init__(self, cli: CommandLine, stack: Stack, birds: Canaries, folder: Path) -> None:
        self.cli, self.stack, self.birds, self.folder = cli, stack, birds, folder
        self.case = ""

    def file(self, name: str, content: Any) -> str:
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False))
        return str(path)

    def act(self, kind: str, action: str, org: str, *options: str, stdin: str | None = None) -> Any:
        handoff = self.cli.handoffs(self.case)[kind]["id"]
        return self.cli.json("handoff", "act", self.case, handoff, action, "--as", org, *options, stdin=stdin)

    def open(self) -> None:
        held, birds = self.birds.at_social, self.birds
        self.case = self.cli.open_case(
            urgency="acute",
            opened_at="2027-01-05T22:46:00+01:00",
            needs=["protected-housing"],
            consent="given",
            police_track_wanted=True,
            safe_contact={
                "channel": "phone",
                "value": birds.phone,
                "hours": held["hours"],
                "code_word": held["code-word"],
            },
            person={"name": held["name"], "personnummer": birds.personnummer},
            addresses=[{"purpose": "stay", "lines": [held["street"], held["town"]]}],
            relatives=[held["relative"]],
            note=held["note"],
            placement={"excluded": ["0380"]},
            environment="honour",
        )

    def fill_in(self) -> None:
        held = self.birds.at_social
        filling: dict[str, Any] = {
            "safe_contact": {"channel": "e-mail", "value": self.birds.email},
            "note": held["filled-in"],
        }
        filling["addresses"] = [{"purpose": "mail", "lines": [held["mail"]]}]
        self.cli.json("case", "record", self.case, self.file("filling.json", filling), "--as", SOCIAL)

    def write_it_in_wrong_places(self) -> None:
        """Every one of these is refused, in text and in JSON."""
        wrong, case = self.birds.misplaced, self.case
        act = ("handoff", "act", case, "H1")
        as_social = ("--as", SOCIAL)
        bad_intake = intake(
            urgency=wrong["invalid"], note=wrong["refused"], person={"personnummer": wrong["wrong-personnummer"]}
        )
        bad_phone = PHONE | {"answered_by": wrong["answered-by"], "note": wrong["by-phone"]}
        bad_assessment = {"level": wrong["assessment"], "assessor": wrong["assessor"], "advice": wrong["assessment"]}
        commands: list[tuple[tuple[str, ...], str | None]] = [
            ((*act, "hold", *as_social, "--reason", wrong["reason"]), None),
            ((*act, "hold", *as_social, "--reason", wrong["reason-code"]), None),
            ((*act, "complete", *as_social, "--answer", wrong["answer"]), None),
            ((*act, "accept", *as_social, "--key", wrong["key"]), None),
            ((*act, "accept", "--as", wrong["as"]), None),
            ((*act, "accept", *as_social, wrong["argument"]), None),
            ((*act, "accept", *as_social, f"--{wrong['option']}"), None),
            ((*act, wrong["argument"], *as_social), None),
            (("handoff", "act", case, wrong["argument"], "accept", *as_social), None),
            (("handoff", "act", wrong["argument"], "H1", "accept", *as_social), None),
            ((*act, "accept", *as_social, "--note-file", f"/nowhere/{wrong['path']}"), None),
            ((*act, "accept", *as_social, "--by-phone", "-"), json.dumps(bad_phone)),
            ((*act, "accept", *as_social, "--assessment", "-"), json.dumps(bad_assessment)),
            ((*act, "accept", "--as", "soc-1880", "--note-file", "-"), wrong["stranger"]),
            ((*act, "resume", *as_social, "--note-file", "-"), wrong["refused"]),
            (("handoff", "send", case, wrong["argument"], *as_social, "--to", POLICE), None),
            (("handoff", "send", case, "intervention", *as_social, "--to", wrong["to"]), None),
            (("handoff", "send", case, "intervention", *as_social, "--to", "sis", "--date", wrong["argument"]), None),
            (("case", "open", "-"), json.dumps(bad_intake)),
            (("case", "open", "-"), json.dumps(intake(**{wrong["field"]: 1, "nickname": wrong["value"]}))),
            (("case", "open", "-"), f"{wrong['invalid']} is not JSON"),
            (("case", "open", f"/nowhere/{wrong['path']}"), None),
            (("case", "record", case, "-", *as_social), json.dumps({"person": {wrong["field"]: wrong["value"]}})),
            (("case", "record", case, "-", "--as", "soc-1880"), json.dumps({"person": {"name": wrong["stranger"]}})),
            (("case", "show", wrong["argument"]), None),
            (("case", "close", case, *as_social, "--code", wrong["argument"]), None),
            (("case", "list", "--org", wrong["as"]), None),
            (("advance", case, wrong["argument"]), None),
            ((wrong["command"],), None),
        ]
        for arguments, stdin in commands:
            for extra in ((), ("--json",)):
                told = self.cli(*arguments, *extra, stdin=stdin)
                assert told.code in (2, 3, 4), (arguments, told)

    def be_answered(self) -> None:
        held, police = self.birds.at_social, self.birds.at_police
        note = self.file("note.txt", held["act-note"])
        self.act("support-request", "accept", SOCIAL, "--note-file", note)
        self.act("threat-assessment", "accept", POLICE, "--note-file", "-", stdin=police["police-note"])
        first = {"level": self.birds.level, "assessor": "officer", "advice": police["advice"]}
        self.act("threat-assessment", "complete", POLICE, "--assessment", self.file("first.json", first))
        self.cli.json("handoff", "send", self.case, "intervention", "--as", SOCIAL, "--to", "ngo-passagen")
        self.act("intervention", "acknowledge", "ngo-passagen")
        by_phone = PHONE | {"note": held["phone-note"]}
        self.act("protected-bed", "accept", SOCIAL, "--by-phone", "-", stdin=json.dumps(by_phone))

    def be_assessed_again(self) -> None:
        record = {"level": "high", "assessor": "officer", "instrument": self.birds.at_police["instrument"]}
        self.cli.json("handoff", "send", self.case, "threat-assessment", "--as", SOCIAL, "--to", POLICE, "--acute")
        self.act("threat-assessment", "accept", POLICE)
        self.act("threat-assessment", "complete", POLICE, "--assessment", "-", stdin=json.dumps(record))

    def be_assessed_by_phone(self) -> None:
        told = {"level": "acute", "assessor": "officer", "advice": self.birds.at_social["phone-advice"]}
        self.cli.json("handoff", "send", self.case, "threat-assessment", "--as", SOCIAL, "--to", POLICE, "--acute")
        answer = json.dumps(PHONE | {"assessment": told})
        self.act("threat-assessment", "accept", SOCIAL, "--by-phone", "-", stdin=json.dumps(PHONE))
        self.act("threat-assessment", "complete", SOCIAL, "--by-phone", "-", stdin=answer)

    def lose_the_worker(self) -> None:
        """kill -9 while a person is writing; the same request again, when the worker is back, is taken once."""
        handoff = self.cli.handoffs(self.case)["initial-assessment"]["id"]
        arguments = ("handoff", "act", self.case, handoff, "acknowledge", "--as", SOCIAL, "--note-file", "-")
        key = ("--key", str(uuid4()))
        self.stack.kill()
        told = self.cli(*arguments, *key, stdin=self.birds.at_social["late-note"])
        assert told.code == 5, told
        self.stack.start()
        self.cli.json(*arguments, *key, stdin=self.birds.at_social["late-note"])

    def look_at_everything(self) -> None:
        for extra in ((), ("--json",)):
            for arguments in (
                ("case", "list"),
                ("case", "show", self.case),
                ("case", "history", self.case),
                ("case", "watch", self.case, "--seconds", "1"),
                ("handoff", "list", self.case),
                ("handoff", "inbox", "--as", POLICE),
                ("directory", "list"),
            ):
                assert self.cli(*arguments, *extra).code == 0


@pytest.mark.timeout(180)
async def test_what_a_person_writes_is_found_at_the_desk_that_holds_it_and_nowhere_else(
    tmp_path: Path, starter: Starter
) -> None:
    birds = Canaries()
    with running_stack(tmp_path / "var") as stack:
        begun = len(starter.transcript)
        journey = Journey(CommandLine(starter, stack), stack, birds, tmp_path)
        journey.open()
        journey.write_it_in_wrong_places()
        journey.fill_in()
        journey.be_answered()
        journey.lose_the_worker()
        journey.be_assessed_again()
        journey.be_assessed_by_phone()
        journey.cli.json("advance", journey.case, "6d")
        journey.look_at_everything()
        await settled(Casework(stack.settings), CaseRef(journey.case))
        transcript = [told.text.encode() for told in starter.transcript[begun:]]
        stack.stop()

        held = birds.held
        everything = [*birds.misplaced.values(), *(marker for markers in held.values() for marker in markers)]
        search = Search(everything)
        files = [path for path in sorted(stack.var.rglob("*")) if path.is_file()]
        hits = {str(path.relative_to(stack.var)): search.found_in(contents(path)) for path in files}
        assert {where: found for where, found in hits.items() if found} == {}, (
            "it can be read in no file, a desk's either"
        )
        for org, markers in held.items():
            at_desk = search.found_in(iter(opened_at(stack, org)))
            assert at_desk - set(markers) == set(), f"at {org}'s desk: what was refused, or is another's"
            assert set(markers) - at_desk <= set(birds.other_spellings), "the search finds what is there"
        assert search.found_in(iter(transcript)) == set()

        mails = sum(path.suffix == ".eml" for path in files)
        seen = {path.name for path in files}
        print(f"{len(files)} files ({mails} notices), {len(transcript)} answers, {search.bytes:,} bytes searched")
        assert mails > 10
        assert {"temporal.db", "temporal.log", "register.db", "worker.log"} <= seen
        assert {path.stem for path in (stack.var / "desks").glob("*.db")} - held.keys()
