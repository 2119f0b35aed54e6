"""Signed checkpoints in another place: what the owner of the database can't rewrite, and what is told when they try."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from activities.audit import AuditLog
from activities.checkpoints import Checkpoints
from activities.stores import open_database, writing
from rules.audit import Break, Kept, linked
from tests.audit_support import ORG, FileSigner, an_entry, entries, random_digest, unguard
from tests.databases import Databases


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param, "desk"))
    yield opened
    opened.dispose()


@pytest.fixture
def signer(tmp_path: Path) -> FileSigner:
    return FileSigner(tmp_path / "key")


@pytest.fixture
def checkpoints(tmp_path: Path, signer: FileSigner) -> Checkpoints:
    return Checkpoints(tmp_path / "elsewhere", ORG, signer.published, signer, every=10)


@pytest.fixture
def log(engine: Engine, checkpoints: Checkpoints) -> AuditLog:
    return AuditLog(engine, ORG, checkpoints)


def rewritten(engine: Engine, kept: list[Kept]) -> None:
    """The whole table, as its owner would have it."""
    unguard(engine)
    with engine.begin() as connection:
        connection.execute(text("delete from audit"))
        for link in kept:
            connection.execute(
                text("insert into audit values (:seq, :at, :user, :case, :content, :previous, :digest)"),
                link._asdict(),
            )


def chain_without(log: AuditLog, seq: int) -> list[Kept]:
    """The chain computed anew, as if this entry had never been."""
    kept: list[Kept] = []
    for link in log.links():
        if link.seq != seq:
            kept += linked(link.entry, kept[-1] if kept else None, ORG)
    return kept


def lines(checkpoints: Checkpoints) -> list[bytes]:
    return checkpoints.path.read_bytes().splitlines(keepends=True)


def test_a_checkpoint_is_made_every_so_many_links_and_the_chain_says_so(
    log: AuditLog, checkpoints: Checkpoints
) -> None:
    for entry in entries(35):
        log.write(entry)
    signed = [json.loads(line) for line in lines(checkpoints)]
    assert [one["seq"] for one in signed] == [10, 20, 30]
    links = {link.seq: link for link in log.links()}
    assert [one["digest"] for one in signed] == [links[seq].digest for seq in (10, 20, 30)]
    said = {link.seq: link.entry.subject for link in links.values() if link.entry.action == "checkpoint"}
    assert said == {seq + 1: links[seq].digest for seq in (10, 20, 30)}
    verdict = log.verify()
    assert (verdict.breaks, verdict.links, verdict.checkpoints, verdict.covered) == ((), 38, 3, 30)
    assert verdict.head == links[38].digest
    assert oct(checkpoints.path.stat().st_mode)[-3:] == "600"


def test_a_checkpoint_is_made_of_what_is_committed_and_never_of_what_was_given_up(
    log: AuditLog, checkpoints: Checkpoints, engine: Engine
) -> None:
    for entry in entries(9):
        log.write(entry)
    try:
        with writing(engine) as session:
            for entry in entries(5):
                log.append(session, entry)
            assert not checkpoints.path.exists()
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    assert not checkpoints.path.exists()
    with writing(engine) as session:
        for entry in entries(5):
            log.append(session, entry)
    assert [json.loads(line)["seq"] for line in lines(checkpoints)] == [14]
    assert log.broken() is None


def test_on_demand_a_checkpoint_is_made_once_of_the_same_chain(log: AuditLog, checkpoints: Checkpoints) -> None:
    assert log.checkpoint() is None
    log.write(an_entry())
    made = log.checkpoint()
    assert made is not None
    assert made.seq == 1
    assert log.checkpoint() == log.checkpoint() == made
    assert len(lines(checkpoints)) == 1
    log.write(an_entry())
    again = log.checkpoint()
    assert again is not None
    assert again.seq == 3
    assert log.verify().breaks == ()


def test_a_chain_that_its_owner_has_computed_anew_is_told_as_rewritten(log: AuditLog, engine: Engine) -> None:
    for entry in entries(25):
        log.write(entry)
    rewritten(engine, chain_without(log, 14))
    assert AuditLog(engine, ORG).broken() is None  # without checkpoints nobody would know
    assert log.broken() == Break("rewritten", 20)


def test_a_cut_off_end_is_told_as_cut_off(log: AuditLog, engine: Engine) -> None:
    for entry in entries(25):
        log.write(entry)
    rewritten(engine, [kept for kept in chain_without(log, 0) if kept.seq <= 16])
    assert log.broken() == Break("cut-off", 17)
    rewritten(engine, [])
    assert log.broken() == Break("cut-off", 1)


def test_what_was_written_after_the_last_checkpoint_is_not_yet_covered_and_that_is_said(
    log: AuditLog, engine: Engine
) -> None:
    """The limit of this: up to `every` links can be taken away by the database's owner, until the next one is made."""
    for entry in entries(18):
        log.write(entry)
    rewritten(engine, [kept for kept in chain_without(log, 0) if kept.seq <= 15])
    verdict = log.verify()
    assert (verdict.breaks, verdict.links, verdict.covered) == ((), 15, 10)


def test_a_missing_file_and_a_missing_checkpoint_are_told_apart(log: AuditLog, checkpoints: Checkpoints) -> None:
    for entry in entries(35):
        log.write(entry)
    whole = lines(checkpoints)
    checkpoints.path.write_bytes(b"".join([whole[0], whole[2]]))
    assert log.verify().breaks == (Break("checkpoint-missing", 21),)
    checkpoints.path.write_bytes(whole[0])
    assert log.verify().breaks == (Break("checkpoint-missing", 21),)
    checkpoints.path.unlink()
    assert log.verify().breaks == (Break("checkpoints-missing", None),)


def test_a_chain_without_a_word_of_checkpoints_is_told_too_when_it_should_have_had_some(
    log: AuditLog, engine: Engine, checkpoints: Checkpoints
) -> None:
    bare = AuditLog(engine, ORG)
    for entry in entries(19):
        bare.write(entry)
    assert log.verify().breaks == ()
    bare.write(an_entry())
    assert log.verify().breaks == (Break("checkpoints-missing", None),)


def test_wrong_key_changed_line_other_chain_and_rubbish_are_told_apart(
    log: AuditLog, checkpoints: Checkpoints, tmp_path: Path, signer: FileSigner
) -> None:
    for entry in entries(15):
        log.write(entry)
    (good,) = lines(checkpoints)
    told = json.loads(good)
    stranger = FileSigner(tmp_path / "other-key")
    head = max(log.links(), key=lambda link: link.seq)
    (tmp_path / "forger").mkdir()
    Checkpoints(tmp_path / "forger", ORG, stranger.published, stranger).add(head.seq, head.digest, head.entry.at)
    by_stranger = (tmp_path / "forger" / f"{ORG}.jsonl").read_bytes()
    dressed = json.loads(by_stranger) | {"key": signer.fingerprint}
    Checkpoints(tmp_path / "forger", "soc-0180", signer.published, signer).add(3, random_digest(), head.entry.at)
    others = (tmp_path / "forger" / "soc-0180.jsonl").read_bytes()
    for line, code in (
        (by_stranger, "checkpoint-by-unknown-key"),
        (json.dumps(dressed).encode() + b"\n", "checkpoint-forged"),
        (json.dumps(told | {"digest": random_digest()}).encode() + b"\n", "checkpoint-forged"),
        (json.dumps(told | {"seq": 9}).encode() + b"\n", "checkpoint-forged"),
        (json.dumps(told | {"signature": "x"}).encode() + b"\n", "checkpoint-forged"),
        (json.dumps(told | {"signature": "å"}).encode() + b"\n", "checkpoint-forged"),
        (others, "checkpoint-of-another-chain"),
        (b"rubbish\n", "checkpoint-unreadable"),
        (b'{"chain": 1}\n', "checkpoint-unreadable"),
        (b"\xff\xfe\n", "checkpoint-unreadable"),
    ):
        checkpoints.path.write_bytes(good + line)
        verdict = log.verify()
        assert verdict.breaks == (Break(code, 2),), line  # type: ignore[arg-type]
        assert verdict.covered == 10
    checkpoints.path.write_bytes(good)
    assert log.verify().breaks == ()


def test_every_single_byte_of_a_checkpoint_is_covered(log: AuditLog, checkpoints: Checkpoints) -> None:
    for entry in entries(12):
        log.write(entry)
    (good,) = lines(checkpoints)
    for place in range(len(good) - 1):
        changed = bytearray(good)
        changed[place] ^= 1
        checkpoints.path.write_bytes(changed)
        proven = checkpoints.read()
        # base64 ends in two bits that say nothing: the signature is then the same
        same = proven.checkpoints and link_signed(proven.checkpoints[0].model_dump()) == link_signed(json.loads(good))
        assert proven.breaks or (same and place > len(good) - 6), place


def link_signed(told: dict[str, object]) -> tuple[object, ...]:
    return told["chain"], told["seq"], told["digest"], told["key"]


@pytest.mark.parametrize("torn", [lambda good: good + good[:57], lambda good: good[:-1], lambda good: good + b"{"])
def test_a_line_torn_off_when_the_machine_stopped_is_mended_and_is_no_break(
    log: AuditLog, checkpoints: Checkpoints, torn: Callable[[bytes], bytes]
) -> None:
    for entry in entries(12):
        log.write(entry)
    (good,) = lines(checkpoints)
    checkpoints.path.write_bytes(torn(good))
    assert log.verify().breaks == ()
    assert log.checkpoint() is not None
    first, second = lines(checkpoints)
    assert (first, json.loads(second)["seq"]) == (good, 13)
    assert log.verify().breaks == ()


def test_when_the_other_place_can_not_be_written_the_entry_stands_and_the_operator_is_told(
    engine: Engine, tmp_path: Path, signer: FileSigner
) -> None:
    (tmp_path / "file").write_text("not a folder")
    log = AuditLog(engine, ORG, Checkpoints(tmp_path / "file", ORG, signer.published, signer, every=3))
    with capture_logs() as logged:
        for entry in entries(4):
            log.write(entry)
    assert log.count() == 4
    assert {line["event"] for line in logged} == {"a checkpoint of the audit could not be made"}
    with pytest.raises(OSError, match="file"):
        log.checkpoint()


def test_keys_that_were_replaced_still_prove_what_they_signed(
    engine: Engine, tmp_path: Path, signer: FileSigner
) -> None:
    newer = FileSigner(tmp_path / "newer")

    def published(fingerprint: str) -> bytes | None:
        return signer.published(fingerprint) or newer.published(fingerprint)

    for key in (signer, newer):
        log = AuditLog(engine, ORG, Checkpoints(tmp_path / "elsewhere", ORG, published, key))
        log.write(an_entry())
        log.checkpoint()
    verdict = AuditLog(engine, ORG, Checkpoints(tmp_path / "elsewhere", ORG, published)).verify()
    assert (verdict.breaks, verdict.checkpoints) == ((), 2)
