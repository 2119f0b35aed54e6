"""Canaries: unique words go in wherever a person can write; afterwards only the desk that holds them knows them, and a
desk that was told: there exactly what the recorded disclosure says.

Searched: what Temporal stores, as it lies and with every payload opened; the register with the exchange; every desk's
database, key store and checkpoints, as they lie; every desk opened with its own keys; logs; mail; events; everything
that commands say; documents; what the HTTP servers answer. There is no endpoint for metrics or traces yet: whoever
makes one adds it here.
"""

from __future__ import annotations

import base64
import io
import json
import subprocess
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pypdf import PdfReader

from console.casework import Casework
from models.desk import Category
from models.intake import Intake
from models.words import CaseRef
from tests.canary_doors import knock, write_in_wrong_places, wrong_commands, wrong_commands_about_people
from tests.canary_form import KEPT, TOLD_TO_ASSESS, filled_in
from tests.canary_journey import (
    FORMS,
    NGO,
    OTHER_SOCIAL,
    PHONE,
    POLICE,
    SHELTER,
    SMALL_DISK,
    SOCIAL,
    STRANGER,
    WORD,
    Journey,
    impatient_rules,
    write_lock,
)
from tests.canary_support import (
    Canaries,
    Search,
    file_pieces,
    filled_fields,
    opened_at,
    pdf_metadata,
    pdf_pieces,
    written_fields,
)
from tests.command_line import Starter
from tests.sealed_histories import contents
from tests.support import Stack, running_stack, settled, temporal_of

CODES_ONLY = {
    "stay_municipality",
    "registered_municipality",
    "responsible.municipality",
    "placement.excluded",
    "placement.municipalities",
    "social_file.persons",
    "own_risk_assessment.assessed_at",
    "person.protection_ends",
    "custody.ends",
    "consents.giver",
    "consents.organisations",
    "consents.until",
    "opened_at",
    "opened_by",
    "request_key",
}
"""What is one of few values, or a day that a case counts from: nothing in it is somebody's alone."""


def test_every_field_that_somebody_writes_in_holds_a_canary() -> None:
    birds = Canaries()
    form = filled_in(birds)
    Intake.model_validate(form)
    filled = set(filled_fields(form, set(birds.all.values())))
    assert written_fields(Intake.model_json_schema()) - CODES_ONLY == filled


def test_a_search_finds_a_marker_however_it_is_written() -> None:
    birds = Canaries()
    marker, number = birds("found"), birds.all["personnummer"]
    search = Search(birds)
    for text, what in ((f"Hej {marker}!", "found"), (f"Hej {number}!", "personnummer")):
        for form in (
            text.encode(),
            text.upper().encode(),
            text.encode("utf-16"),
            json.dumps({"x": text}).encode(),
            json.dumps(json.dumps({"x": text})).encode(),
            base64.b64encode(text.encode()),
            base64.b64encode(b"." + text.encode()),
            base64.urlsafe_b64encode(b".." + text.encode()),
            text.encode().hex().encode(),
        ):
            assert what in search.found_in([form])
    assert search.found_in([f"{number[2:8]}-{number[8:]}".encode()]) == {"personnummer"}
    assert search.found_in([marker[:-3].encode()]) == {"a part"}
    assert search.found_in([marker[:9].encode(), number[:7].encode()]) == set()


ITEMS = 'select id, category from items where "case" = ?'


class WholeJourney(Journey):
    def answer(self) -> None:
        birds = self.birds
        note = self.file("note.txt", birds("act-note"))
        self.act("support-request", "accept", SOCIAL, "--note-file", note)
        self.act("threat-assessment", "accept", POLICE, "--note-file", "-", stdin=birds("police-note"))

    def assess(self) -> None:
        birds = self.birds
        first = {"level": birds.code("level"), "assessor": birds.code("police-assessor"), "advice": birds("advice")}
        first |= {"instrument": birds("instrument"), "version": birds("version")}
        self.act("threat-assessment", "complete", POLICE, "--assessment", self.file("first.json", first))
        self.cli.json("handoff", "send", self.case, "threat-assessment", "--as", SOCIAL, "--to", POLICE, "--acute")
        self.act("threat-assessment", "accept", POLICE)
        number = self.handoff("threat-assessment")
        told = ("disclosure", "preview", self.case, number)
        self.weigh(POLICE, number, "weighing", ["assessment"], "--ground", "general-clause")
        self.weigh(POLICE, number, "harm", ["assessment"])
        self.shown({"level", "advice", "instrument", "version"}, POLICE, *told)
        self.at(POLICE, "disclosure", "send", self.case, number)
        shown = {"level", "advice", "instrument", "version", "police-assessor"}
        show = ("person", "show", self.case, "--category", "assessment", "--purpose", "assess-risk")
        self.shown(shown, POLICE, *show)

    def answer_by_phone(self) -> None:
        birds = self.birds
        by_phone = PHONE | {"note": birds("phone-note")}
        self.act("protected-bed", "accept", SOCIAL, "--by-phone", "-", stdin=json.dumps(by_phone))
        record = {"level": "high", "assessor": "officer", "instrument": birds("instrument-2")}
        self.act("threat-assessment", "complete", POLICE, "--assessment", "-", stdin=json.dumps(record))
        told = {"level": "acute", "assessor": "officer", "advice": birds("phone-advice")}
        self.cli.json("handoff", "send", self.case, "threat-assessment", "--as", SOCIAL, "--to", POLICE, "--acute")
        self.act("threat-assessment", "accept", SOCIAL, "--by-phone", "-", stdin=json.dumps(PHONE))
        answer = json.dumps(PHONE | {"assessment": told})
        self.act("threat-assessment", "complete", SOCIAL, "--by-phone", "-", stdin=answer)

    def tell_the_shelter(self) -> None:
        """No desk: a letter with exactly what was previewed, one that there is no room for, and a spoken disclosure."""
        self.cli.json("handoff", "send", self.case, "protected-bed", "--as", SOCIAL, "--to", SHELTER, "--acute")
        handoff = self.handoff("protected-bed")
        told, weighed = ("disclosure", "send", self.case, handoff), ("identity", "social-file", "own-risk-assessment")
        facts = {"recipient_professional": True, "recipient": SHELTER}
        self.at(SOCIAL, "disclosure", "circumstances", self.case, self.file("facts.json", facts))
        self.weigh(SOCIAL, handoff, "harm", weighed)
        expected = {"given-name", "need", "own-advice"}
        seen = self.shown(expected, SOCIAL, "disclosure", "preview", self.case, handoff).data
        self.at(SOCIAL, *told, code=3)  # there is no desk to seal it to
        letter = self.folder / "brev.pdf"
        self.at(SOCIAL, *told, "--letter", str(letter), "--seen", seen["digest"])
        self.only_shown_in(letter, expected)
        self.at(SOCIAL, *told, "--letter", str(letter), code=2)
        self.weigh(SOCIAL, handoff, "harm", weighed)
        self.no_room_for_a_letter(told)
        self.at(SOCIAL, *told, "--spoken")

    def no_room_for_a_letter(self, told: tuple[str, ...]) -> None:
        small = self.folder / "small"
        small.mkdir()
        before = ["unshare", "-rm", "sh", "-c", SMALL_DISK, "-", str(small)]
        if subprocess.run([*before, "true"], check=False, capture_output=True).returncode:
            return  # this machine lets nobody mount a small disk; tests/test_documents.py says so
        arguments = (*told, "--as", SOCIAL, "--user", "handl-01", "--letter", str(small / "brev.pdf"))
        assert self.outside(arguments, before=before).returncode == 3

    def only_shown_in(self, path: Path, expected: set[str]) -> None:
        """A document shows exactly this, and nothing of it where nobody looks for it: its name, its metadata."""
        raw = path.read_bytes()
        search = Search(self.birds)
        assert search.found_in(pdf_pieces(raw)) == expected
        assert search.found_in([pdf_metadata(PdfReader(io.BytesIO(raw))), path.name.encode(), raw]) == set()

    def tell_an_organisation(self) -> None:
        """First name and meeting place, sealed; the word of it is all that the case knows."""
        self.cli.json("handoff", "send", self.case, "intervention", "--as", SOCIAL, "--to", NGO)
        handoff = self.handoff("intervention")
        facts = {"recipient_professional": True, "recipient": NGO}
        self.at(SOCIAL, "disclosure", "circumstances", self.case, self.file("facts.json", facts))
        self.weigh(SOCIAL, handoff, "harm", ("identity", "social-file"))
        self.shown({"given-name", "meeting-place"}, SOCIAL, "disclosure", "preview", self.case, handoff)
        self.at(SOCIAL, "disclosure", "send", self.case, handoff)
        self.act("intervention", "acknowledge", NGO)

    def release_an_address(self) -> None:
        """With the own word, and by two persons; at night one may, and somebody looks at it afterwards."""
        self.cli.json("handoff", "send", self.child, "case-transfer", "--as", SOCIAL, "--to", OTHER_SOCIAL)
        told = (self.child, self.handoff("case-transfer", self.child), "--fulfil", "address")
        for act in ("acknowledge", "accept"):
            self.cli.json("handoff", "act", *told[:2], act, "--as", OTHER_SOCIAL)
        harm = ("disclosure", "weigh", *told[:2], "harm", "--category", "address", "--note-file", "-")
        self.at(SOCIAL, *harm, stdin=self.birds("weighed-address"))
        self.at(SOCIAL, "disclosure", "preview", *told, code=3)
        self.shown({"child-street"}, SOCIAL, "disclosure", "preview", *told, "--step-up", stdin=WORD)
        send = ("disclosure", "send", *told, "--step-up", "--key", str(uuid4()), "--json")
        sent = self.cli(*send, "--as", SOCIAL, "--user", "handl-01", stdin=WORD)
        if sent.code:
            assert sent.error["code"] == "second-person-needed", sent.text
            self.at(SOCIAL, "access", "approve", sent.error["detail"], user="chef-01", stdin=WORD)
            self.at(SOCIAL, *send, stdin=WORD)

    def ask_to_see_the_file(self) -> None:
        request = str(uuid4())
        items = self.rows(self.desk(SOCIAL), ITEMS, self.case)
        who = next(item for item, category in items if category == Category.IDENTITY)
        self.at_file("request", self.case, "--regime", "subject", "--from", "self", "--proven", "--key", request,
                     "--asker-item", who)  # fmt: skip
        self.at_file("receipt", request, "--out", str(self.folder / "kvittens.pdf"))
        own = (Category.IDENTITY, Category.CONTACT, Category.SOCIAL_FILE, Category.HEALTH, Category.CRIMINAL_RECORD)
        for item, category in items:
            if category not in own:
                self.at_file("test", request, item, "harm")
        self.at_file("decide", request)
        self.at_file("list")
        out = self.folder / "akt.pdf"
        self.at_file("package", request, "--out", str(out))
        self.at_file("package", request, "--out", str(out), code=2)
        self.only_shown_in(self.folder / "kvittens.pdf", set())
        self.only_shown_in(out, set().union(*(KEPT[category] for category in own)))

    def at_file(self, *arguments: str, code: int = 0) -> Any:
        told = self.cli("file", *arguments, "--as", SOCIAL)
        assert told.code == code, (arguments, told.text)
        return told

    def something_happens(self) -> None:
        note = self.file("incident.txt", self.birds("incident-note-2"))
        self.at(SOCIAL, "incident", self.case, "leak", "--note-file", note)
        self.at(SOCIAL, "incident", self.case, "somebody-asks", "--json")
        assert self.cli("key", "rotate", "--as", SOCIAL, "--index").code == 0
        self.cli.json("advance", self.case, "6d")

    def look_at_everything(self) -> None:
        looks: list[tuple[str, ...]] = [("case", "list"), ("case", "show", self.case), ("case", "history", self.case)]
        for org, forms in (("", FORMS), (SOCIAL, FORMS[:1]), (STRANGER, FORMS[1:])):
            cli = self.cli.with_settings(UTVAG_ORG=org) if org else self.cli
            for look in looks:
                assert all(cli(*look, *form).code in (0, 4) for form in forms), look
        looks = [("handoff", "inbox"), ("retention", "list"), ("key", "status"), ("audit", "verify")]
        for look in (*looks, ("retention", "status"), ("audit", "checkpoint")):
            assert self.cli(*look, "--as", SOCIAL).code == 0, look
        for look in (("who-read", self.case), ("reads-by", "handl-01", "--json"), ("review",)):
            self.at(SOCIAL, "audit", *look, user="chef-01")
        self.at(POLICE, "audit", "who-read", self.case, "--json", user="chef-01")
        self.at(SOCIAL, "disclosure", "list", self.case)
        looks = [("audit", "verify", "--plane"), ("audit", "checkpoint", "--plane"), ("handoff", "list", self.case)]
        for look in (*looks, ("disclosure", "card"), ("codec", "keys"), ("case", "watch", self.case, "--seconds", "1")):
            assert self.cli(*look).code == 0, look


def held(birds: Canaries) -> dict[str, set[str]]:
    """Which canaries each desk may know: its own, and what a recorded disclosure has told it."""
    own = set().union(*KEPT.values()) | {"street", "town", "mail", "relative-2", "note-2", "note-3", "act-note"}
    own |= {"child", "child-contact", "child-street", "child-guardian", "phone-note", "phone-advice"}
    own |= {"weighed-address", "incident-note-2"}
    own |= {what for what in birds.all if what.startswith(f"weighed-{SOCIAL}") or what.startswith("contact-")}
    assessed = {"level", "advice", "instrument", "version"}
    police = {"police-note", "police-assessor", "instrument-2", *assessed}
    police |= {what for what in birds.all if what.startswith(f"weighed-{POLICE}")}
    return {
        SOCIAL: own | assessed,
        POLICE: police | TOLD_TO_ASSESS | {"phone", "contact-2", "contact-3", "contact-4"},
        NGO: {"given-name", "meeting-place"},
        OTHER_SOCIAL: {"child-street"},
    }


RECORDED = {
    (SOCIAL, POLICE): {"identity", "contact", "own-risk-assessment", "protection-mark"},
    (SOCIAL, NGO): {"identity", "social-file", "protection-mark"},
    (SOCIAL, SHELTER): {"identity", "social-file", "own-risk-assessment", "protection-mark"},
    (SOCIAL, OTHER_SOCIAL): {"address"},
    (POLICE, SOCIAL): {"assessment"},
}
"""What each has told each other, as the teller's own record has it."""


def recorded(journey: Journey) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for org in (path.stem for path in (journey.stack.var / "desks").glob("*.db")):
        query = "select recipient, categories from disclosures where state in ('sent', 'taken')"
        for recipient, categories in journey.rows(journey.desk(org), query):
            found.setdefault((org, recipient), set()).update(json.loads(categories))
    return found


async def histories(stack: Stack) -> list[bytes]:
    """Every run of every workflow, with its payloads opened."""
    client = await temporal_of(Casework(stack.settings))
    found = []
    async for run in client.list_workflows():
        history = await client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history()
        found += [contents(history, client), json.dumps(history.to_json_dict()).encode()]
    return found


@pytest.mark.timeout(300)
async def test_what_a_person_writes_is_found_at_the_desk_that_holds_it_and_nowhere_else(
    tmp_path: Path, starter: Starter
) -> None:
    birds = Canaries()
    rules = str(impatient_rules(tmp_path))
    with running_stack(tmp_path / "var", UTVAG_RULE_PACKS=rules) as stack:
        begun = len(starter.transcript)
        journey = WholeJourney(starter, stack, birds, tmp_path)
        for step in (
            journey.open,
            lambda: write_in_wrong_places(journey, wrong_commands(journey)),
            journey.look_at_the_person,
            journey.fill_in,
            journey.break_the_glass,
            journey.ask_to_see_the_file,
            journey.consent,
            lambda: write_in_wrong_places(journey, wrong_commands_about_people(journey)),
            journey.answer,
            journey.tell_the_police,
            journey.recall_under_way,
            journey.lose_the_worker_before_delivery,
            journey.lose_the_worker_while_collecting,
            journey.fill_the_disk,
            journey.release_an_address,
            journey.assess,
            journey.tell_an_organisation,
            journey.tell_the_shelter,
            journey.answer_by_phone,
            journey.something_happens,
            journey.look_at_everything,
        ):
            step()
        answers = await knock(journey)
        await settled(Casework(stack.settings), CaseRef(journey.case))
        journey.another_contact()
        with write_lock(journey.desk(POLICE)):
            journey.send()
            journey.wait_for_lease()
            kept = await histories(stack)
            stack.kill()
            stack.kill_temporal()
        told = [told.text.encode() for told in starter.transcript[begun:]] + journey.quiet

        search = Search(birds)
        files = [path for path in sorted(stack.var.rglob("*")) if path.is_file()]
        hits = {str(path.relative_to(stack.var)): search.found_in(file_pieces(path)) for path in files}
        hits |= {"histories, opened": search.found_in(kept), "commands": search.found_in(told)}
        hits |= {"http": search.found_in(answers)}
        assert {where: found for where, found in hits.items() if found} == {}, "no file tells, a desk's either"
        assert recorded(journey) == RECORDED
        known = {path.stem: opened_at(stack.settings, path.stem) for path in (stack.var / "desks").glob("*.db")}
        found = {org: search.found_in(piece for pieces in tables.values() for piece in pieces)
                 for org, tables in known.items()}  # fmt: skip
        expected = held(birds)
        assert {org: found[org] for org in expected} == expected
        assert {org: what for org, what in found.items() if org not in expected and what} == {}

        seen, mails = {path.name for path in files}, sum(path.suffix == ".eml" for path in files)
        print(f"{len(birds.all)} canaries, {len(files)} files ({mails} notices), {len(kept) // 2} histories opened,")
        print(f"{len(told)} + {journey.meant} answers, {search.bytes:,} bytes searched")
        assert mails > 10
        assert {"temporal.db", "temporal.log", "register.db", "worker.log", f"{SOCIAL}.db", "keys.db"} <= seen
        places = {path.relative_to(stack.var).parts[0] for path in files}
        assert places >= {"desks", "keys", "mail", "events", "checkpoints"}
        under_way = "select count(*) from packages where state = 'leased' and sealed is not null"
        assert journey.rows(journey.register, under_way) == [(1,)], "the exchange had something to search in"
