"""Letters and packages as PDF: tagged, in Swedish, with exactly what they should hold and nothing of who made them."""

from __future__ import annotations

import getpass
import io
import os
import re
import secrets
import socket
import stat
import subprocess
import sys
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pypdf
import pytest

from activities import document_words
from activities.documents import (
    TEMPLATES,
    WIDER,
    CannotWrite,
    Unsaid,
    content,
    digest_of,
    file_name,
    last_day,
    printable,
    rendered,
    write_private,
)
from models.access import Role
from models.desk import Category, ProtectionMark
from models.documents import (
    AnyDocument,
    DisclosureLetter,
    FilePackage,
    Mailing,
    Receipt,
    Recipient,
    RefusedRequest,
    Section,
    Sender,
    SpokenDisclosure,
    SpokenField,
    Way,
)
from models.file_requests import Asker, Field, Harm, ItemContent, Regime
from models.words import Function
from rules.file_documents import answer
from rules.file_requests import appeal, decide, told_grounds
from rules.mailing import mailing, to_function
from tests.file_support import DAY, FRAME, SENDER, everything_in, item, request, text_of
from tests.rules_support import at
from tests.support import ROOT

SOC = Function.SOCIAL_SERVICES
FIELDS = (Field(label="Förnamn", value="Åsa Ängla Öst"), Field(label="Träff", value="tisdag 10.00, rum 3"))


def letter(*fields: Field, **more: Any) -> DisclosureLetter:
    return DisclosureLetter(**(FRAME | {"ground": "OSL 12 kap. 2 §"} | more), fields=fields or FIELDS)


def refusal(asker: Asker = Asker.PUBLIC, regime: Regime = Regime.PUBLIC) -> RefusedRequest:
    frame = FRAME | {"recipient": Recipient(asker=asker)}
    told = told_grounds(request(regime, asker), SOC)
    return RefusedRequest(**frame, regime=regime, told=told, appeal=appeal(regime, SOC))


DOCUMENTS: list[AnyDocument] = [
    letter(reservation="Får inte föras vidare (OSL 10:14)."),
    SpokenDisclosure(
        **FRAME,
        ground="OSL 10 kap. 2 §",
        spoken_at=at("2027-05-20 14:30"),
        called_back=True,
        fields=(SpokenField(label="Förnamn", said=True), SpokenField(label="Telefon", said=False)),
    ),
    FilePackage(
        **FRAME,
        regime=Regime.PARTY,
        sections=(Section(category="note", fields=FIELDS), Section(category="note", decision=True, fields=FIELDS)),
        told=told_grounds(request(), SOC),
        appeal=appeal(Regime.PARTY, SOC),
    ),
    refusal(),
    Receipt(**FRAME, regime=Regime.SUBJECT, received=DAY, answer_by=date(2027, 6, 21), number="b1234567"),
]
EACH = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.kind))


def opened(made: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(made), strict=True)


def catalogue(made: bytes) -> Any:
    return opened(made).trailer["/Root"].get_object()


@EACH
def test_a_document_is_tagged_in_swedish_and_meets_both_standards(document: AnyDocument) -> None:
    root = catalogue(rendered(document))
    assert root["/MarkInfo"]["/Marked"] == True  # noqa: E712  a PDF's own boolean
    assert root["/StructTreeRoot"]["/K"]
    assert root["/Lang"] == "sv-SE"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"] == True  # noqa: E712
    xmp = root["/Metadata"].get_object().get_data().decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in xmp
    assert "<pdfaid:part>2</pdfaid:part>" in xmp
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in xmp


@EACH
def test_its_parts_are_marked_as_what_they_are(document: AnyDocument) -> None:
    everything = everything_in(rendered(document)).decode("latin-1")
    kinds = set(re.findall(r"'/S': '/(\w+)'", everything))
    assert {"Document", "H1", "P"} <= kinds
    if hasattr(document, "fields") or hasattr(document, "sections"):
        assert {"Table", "TR", "TH", "TD"} <= kinds


@EACH
def test_metadata_say_nothing_of_who_made_it_where_or_about_what(document: AnyDocument) -> None:
    made = rendered(document)
    reader = opened(made)
    metadata: dict[str, Any] = dict(reader.metadata or {})
    assert re.fullmatch(r"Typst [0-9.]+", metadata.pop("/Creator"))
    assert metadata == {
        "/Title": "Handling",
        "/CreationDate": "D:20270520000000Z",
        "/ModDate": "D:20270520000000Z",
    }
    xmp = catalogue(made)["/Metadata"].get_object().get_data().decode()
    assert not re.search(r"<(dc:creator|pdf:Producer|dc:description|pdf:Keywords|dc:subject)", xmp)
    everything = everything_in(made)
    for machine in (str(ROOT), str(TEMPLATES), str(Path.home()), socket.gethostname(), getpass.getuser(), ".typ"):
        if len(machine) > 3:
            assert machine.encode() not in everything, machine
    assert reader.attachments == {}


@EACH
def test_the_same_document_is_the_same_bytes_and_another_copy_is_not(document: AnyDocument) -> None:
    first, again = rendered(document), rendered(document)
    assert first == again
    other = document.model_copy(update={"copy_number": 2})
    assert digest_of(rendered(other)) != digest_of(first)
    assert "ex. 2" in text_of(rendered(other))


def test_a_letter_holds_exactly_the_fields_of_the_preview_in_their_order() -> None:
    fields = tuple(Field(label=f"Uppgift {n}", value=f"värde-{secrets.token_hex(4)}") for n in range(30))
    told = text_of(rendered(letter(*fields)))
    assert re.findall(r"värde-[0-9a-f]{8}", told) == [field.value for field in fields]
    assert re.findall(r"Uppgift \d+", told) == [field.label for field in fields]


def test_a_spoken_disclosure_says_which_fields_were_said_and_not_what() -> None:
    told = text_of(rendered(DOCUMENTS[1]))
    assert "Förnamn ja Telefon nej" in told
    assert "2027-05-20 klockan 14.30" in told
    assert "katalogen" in told


def test_swedish_letters_and_other_alphabets_are_shown_as_they_are() -> None:
    for name in ("ÅÄÖ åäö É é ü", "Žofia Ştefan Łódź", "Ελένη", "Дарья", "Նարինե", "თამარ"):
        assert name in text_of(rendered(letter(Field(label="Namn", value=name))))
    assert "Åsa" in text_of(rendered(letter(Field(label="Namn", value="A\u030asa"))))


def test_a_character_that_no_font_has_is_shown_by_its_number_and_none_is_lost() -> None:
    told = text_of(rendered(letter(Field(label="Text", value="a\0b\u202ec 中 \U0001f426 d\u00ade"))))
    assert "a[U+0000]b[U+202E]c [U+4E2D] [U+1F426] d[U+00AD]e" in told


def test_every_character_that_is_said_to_be_shown_can_be_set() -> None:
    for first, last in WIDER:
        everything = " ".join(chr(number) for number in range(first, last + 1))
        assert printable(everything, WIDER).count("[U+") == 0
        data = content(letter(Field(label="Text", value=everything)))
        made = rendered(letter(Field(label="Text", value=everything)))
        assert "[U+" not in text_of(made), hex(first)
        assert data["fields"][0]["value"] == everything


def test_what_looks_like_instructions_is_only_text() -> None:
    for told in ('#read("/page.typ")', "#sys.inputs", "*fet* _kursiv_ $x^2$", '#import "@preview/x:1.0.0"', "= Rubrik"):
        assert told in text_of(rendered(letter(Field(label="Text", value=told), Field(label=told, value="x"))))


@pytest.mark.parametrize("words", ["avhoppare", "AVHOPPAREN", "enligt OSL 18:7", "fingerad"])
def test_a_letter_that_says_what_no_letter_says_is_not_made(words: str) -> None:
    for document in (letter(Field(label="Text", value=words)), letter(reservation=words), letter(ground=words)):
        with pytest.raises(Unsaid) as caught:
            rendered(document)
        assert words not in str(caught.value)


def test_the_person_s_own_file_may_say_why_the_person_is_helped() -> None:
    package = DOCUMENTS[2].model_copy(
        update={"sections": (Section(category="note", fields=(Field(label="Text", value="avhoppare"),)),)}
    )
    with pytest.raises(Unsaid):
        rendered(package)
    assert "avhoppare" in text_of(rendered(package.model_copy(update={"own": True})))


def test_no_template_and_no_sentence_says_it_either() -> None:
    written = [path.read_text() for path in TEMPLATES.glob("*.typ")]
    written.append(Path(document_words.__file__ or "").read_text())
    assert len(written) == 7
    for text in written:
        assert not re.search(r"avhopp|hotkälla|18 kap|fingera[dt]", text, re.IGNORECASE)


def test_a_guardian_who_is_a_threat_gets_the_same_letter_as_any_guardian() -> None:
    assert rendered(refusal(Asker.GUARDIAN_THREAT, Regime.PARTY)) == rendered(refusal(Asker.GUARDIAN, Regime.PARTY))
    for asker in Asker:
        assert "hot" not in document_words.ASKERS[asker]


def test_staff_are_functions_in_every_role() -> None:
    told = {role: text_of(rendered(letter(sender=Sender(name="Enhet 12", function=role)))) for role in Role}
    assert "Enhet 12, handläggare" in told[Role.CASEWORKER]
    assert "Enhet 12, handläggare" in told[Role.OFFICER]
    assert "Enhet 12, expeditionen" in told[Role.SYSTEM]


@pytest.mark.parametrize(
    ("regime", "words"),
    [
        (Regime.PUBLIC, ("Beslutet kan överklagas till kammarrätten (6 kap. 7 och 8 §§ OSL)", "inom tre veckor")),
        (Regime.PARTY, ("allmänna handlingar", "kammarrätten", "undanhålls aldrig", "det slutliga beslutet")),
        (Regime.SUBJECT, ("förvaltningsrätten (7 kap. 2 § lagen (2018:218))", "Integritetsskyddsmyndigheten")),
    ],
)
def test_a_refusal_is_a_decision_in_writing_that_says_how_to_appeal(regime: Regime, words: tuple[str, ...]) -> None:
    told = text_of(rendered(refusal(Asker.SELF, regime)))
    assert "Begäran avslås" in told
    assert "framgår inte om det finns" in told
    for each in words:
        assert each in told


@pytest.mark.parametrize("asker", [Asker.SELF, Asker.GUARDIAN, Asker.GUARDIAN_THREAT, Asker.OTHER_PARTY])
def test_a_package_holds_what_is_shown_and_no_trace_of_what_is_withheld(asker: Asker) -> None:
    marks = {category.value: f"m{secrets.token_hex(6)}" for category in Category}
    items: list[ItemContent] = [
        item(category, f"{category} {mark}", harm=harm)
        for (category, mark), harm in product(marks.items(), [Harm.NONE])
    ]
    asked = request(asker=asker)
    decision = decide(asked, items, SOC)
    made = answer(asked, decision, items, SENDER, Recipient(asker=asker), DAY, 1)
    assert isinstance(made, FilePackage)
    pdf = rendered(made)
    told, everything = text_of(pdf), everything_in(pdf).decode("latin-1")
    shown = {each.category for each in items if each.item in decision.shown}
    assert shown
    assert shown < set(marks)
    for category, mark in marks.items():
        assert (mark in told) == (category in shown), category
        if category not in shown:
            assert mark not in everything
    assert all(str(each.item) not in everything for each in items)


def test_a_file_s_name_says_neither_case_nor_kind() -> None:
    assert file_name(DAY, 3) == "handling-2027-05-20-3.pdf"


def test_24_00_belongs_to_the_day_that_it_closes() -> None:
    assert last_day(at("2027-06-22 00:00")) == date(2027, 6, 21)
    assert last_day(at("2027-05-21 09:00")) == date(2027, 5, 21)


# --- files ---


def test_a_file_is_its_owner_s_alone_and_nothing_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    before = os.umask(0)
    try:
        write_private(path, b"first")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(CannotWrite):
        write_private(path, b"second")
    assert path.read_bytes() == b"first"


def test_a_link_is_not_followed_and_a_missing_folder_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for path in (tmp_path / "link", tmp_path / "no" / "folder.pdf"):
        with pytest.raises(CannotWrite) as caught:
            write_private(path, b"x")
        assert str(tmp_path) not in str(caught.value)
    assert not (tmp_path / "elsewhere").exists()


FULL = """
import sys
from pathlib import Path
from activities.documents import CannotWrite, write_private
place = Path(sys.argv[1])
try:
    write_private(place / "a.pdf", b"x" * 500_000)
except CannotWrite as error:
    print(error.sv, "left:", [path.name for path in place.iterdir()])
"""


def test_a_full_disk_is_told_in_a_sentence_and_leaves_no_part_of_a_file(tmp_path: Path) -> None:
    small = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=64k none "$1" && shift && "$@"', "-", str(tmp_path)]
    if subprocess.run([*small, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    done = subprocess.run(
        [*small, sys.executable, "-c", FULL, str(tmp_path)],
        check=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "disken är full" in done.stdout, done.stderr
    assert "left: []" in done.stdout


# --- the mail ---


def test_mail_to_a_protected_person_goes_by_the_tax_agency_and_shows_no_address() -> None:
    for mark in (ProtectionMark.PROTECTED_REGISTRATION, ProtectionMark.SECRECY_MARKING):
        sent = mailing(mark, personnummer_known=True)
        assert isinstance(sent, Mailing)
        assert sent.outer == ("Skatteverket", "Box 2820", "403 20 Göteborg")
        assert (sent.way, sent.inner_personnummer, sent.window) == (Way.FORWARDED, True, False)
        assert not isinstance(mailing(mark, personnummer_known=False), Mailing)


def test_no_mark_is_not_unprotected_so_nothing_is_mailed() -> None:
    for known in (True, False):
        assert mailing(ProtectionMark.UNKNOWN, known) == Mailing(way=Way.SAFE_CONTACT)
    assert to_function("Region Dal").outer == ("Region Dal",)
