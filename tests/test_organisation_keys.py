"""An organisation's own keys: made once, wrapped, replaced without losing what is under way, and never readable."""

from __future__ import annotations

import json
import stat
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from activities.organisation_keys import OrganisationKeys, key_rows
from activities.outer_keys import FileKeys
from models.keys import CannotOpen, KeyFault, KeyMissing
from models.published_keys import KeyUse, as_heard, as_said, decoded, fingerprint_of
from tests.exchange_support import NOW, OTHER, SENDER, current, keys_of
from tests.programs import Program

ENSURING = (
    "import sys, pathlib; from tests.exchange_support import keys_of; "
    "print(keys_of('soc-0381', pathlib.Path(sys.argv[1])).fingerprint)"
)
ROTATING = (
    "import sys, pathlib; from tests.exchange_support import keys_of, NOW; "
    "keys_of('soc-0381', pathlib.Path(sys.argv[1])).rotate(NOW)"
)


def key_files(folder: Path, org: str = SENDER) -> list[Path]:
    return sorted((folder / org).glob("s*ing-*.json"))


def test_keys_are_made_once_and_are_the_same_for_every_program_that_opens_them(tmp_path: Path) -> None:
    keys = keys_of(SENDER, tmp_path)
    first = keys.public()
    assert keys.ensure(NOW + timedelta(days=1)) == first
    assert keys_of(SENDER, tmp_path).public() == first
    assert [key.use for key in first.keys] == [KeyUse.SIGNING, KeyUse.SEALING]


def test_key_files_are_for_their_owner_only_and_hold_no_private_key(tmp_path: Path) -> None:
    keys = keys_of(SENDER, tmp_path)
    private = keys._private(keys._must(KeyUse.SIGNING)).private_bytes_raw()
    for path in key_files(tmp_path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert private not in path.read_bytes()
        assert private.hex() not in path.read_text()
        wrapped = json.loads(path.read_text())["wrapped"]
        assert private not in decoded(wrapped)
    assert len(key_files(tmp_path)) == 2
    assert not [path for path in (tmp_path / SENDER).iterdir() if path.name.startswith(".s")]


def test_a_fingerprint_is_the_whole_digest_and_survives_being_read_aloud(tmp_path: Path) -> None:
    key = current(keys_of(SENDER, tmp_path), KeyUse.SIGNING)
    assert key.fingerprint == fingerprint_of(decoded(key.public))
    assert len(key.fingerprint) * 5 >= len(sha256().digest()) * 8
    said = as_said(key.fingerprint)
    assert [len(group) for group in said.split("-")] == [4] * 13
    assert as_heard(f" {said.lower().replace('-', ' ')} ") == key.fingerprint


def test_what_is_signed_is_verified_with_the_published_key(tmp_path: Path) -> None:
    keys = keys_of(SENDER, tmp_path)
    signature = keys.sign(b"checkpoint")
    public = Ed25519PublicKey.from_public_bytes(current(keys, KeyUse.SIGNING).raw)
    public.verify(signature, b"checkpoint")
    assert keys.fingerprint == current(keys, KeyUse.SIGNING).fingerprint


def test_a_rotation_makes_new_keys_and_still_opens_with_the_old_ones(tmp_path: Path) -> None:
    keys = keys_of(SENDER, tmp_path)
    old_signing, old_sealing = keys.fingerprint, keys.sealing_fingerprint
    keys.rotate(NOW + timedelta(days=30))
    assert keys.fingerprint != old_signing
    assert keys.sealing_fingerprint != old_sealing
    assert keys.opener(old_sealing) is not None
    retired = {key.fingerprint: key.retired_at for key in keys.public().keys if key.retired_at}
    assert retired == {old_signing: NOW + timedelta(days=30), old_sealing: NOW + timedelta(days=30)}


def test_a_rotation_with_the_clock_set_back_still_comes_after(tmp_path: Path) -> None:
    keys = keys_of(SENDER, tmp_path)
    old = current(keys, KeyUse.SIGNING)
    keys.rotate(NOW - timedelta(days=30))
    new = current(keys, KeyUse.SIGNING)
    assert (new.number, new.made_at > old.made_at) == (2, True)


def test_a_rotation_in_another_program_is_seen_at_once(tmp_path: Path) -> None:
    here, there = keys_of(SENDER, tmp_path), keys_of(SENDER, tmp_path)
    before = here.fingerprint
    there.rotate(NOW + timedelta(days=1))
    assert here.fingerprint == there.fingerprint != before


def test_a_revoked_key_signs_nothing_more_and_no_older_one_takes_its_place(tmp_path: Path) -> None:
    keys = keys_of(SENDER, tmp_path)
    oldest = keys.fingerprint
    keys.rotate(NOW + timedelta(days=1))
    newest = keys.fingerprint
    assert keys.revoke(newest, "stolen", NOW + timedelta(days=2))
    with pytest.raises(KeyMissing):
        keys.sign(b"x")
    keys.revoke(newest, "another-reason", NOW + timedelta(days=3))
    keys.ensure(NOW + timedelta(days=3))
    assert keys.fingerprint not in (oldest, newest)
    revoked = {key.fingerprint: (key.revoked_at, key.revoked_for) for key in keys.public().keys if key.revoked_at}
    assert revoked == {newest: (NOW + timedelta(days=2), "stolen")}
    assert not keys.revoke("A" * 52, "stolen", NOW)


def test_forgotten_sealing_keys_open_nothing_and_the_current_one_is_never_forgotten(tmp_path: Path) -> None:
    keys = keys_of(SENDER, tmp_path)
    old = keys.sealing_fingerprint
    keys.rotate(NOW + timedelta(days=1))
    assert keys.replaced_sealing() == [old]
    assert keys.forget([]) == []
    assert keys.opener(old) is not None
    assert keys.forget([old, keys.sealing_fingerprint]) == [old]
    assert keys.opener(old) is None
    assert keys_of(SENDER, tmp_path).opener(old) is None
    assert keys.replaced_sealing() == keys.forget([old, keys.sealing_fingerprint]) == []
    assert keys.opener(keys.sealing_fingerprint) is not None


def test_a_new_outer_key_wraps_them_anew_and_the_old_one_can_go(tmp_path: Path) -> None:
    keys, outer = keys_of(SENDER, tmp_path), FileKeys(SENDER, tmp_path / SENDER)
    before = keys.public()
    outer.rotate()
    assert keys.rewrap() == 2
    outer.destroy(1)
    assert keys_of(SENDER, tmp_path).public() == before
    assert keys_of(SENDER, tmp_path).sign(b"x")


@pytest.mark.parametrize("spoil", ["cut", "swapped", "another-org", "wrapped-of-another", "not-json", "renamed"])
def test_a_spoiled_key_file_is_refused_with_a_sentence_that_tells_nothing(tmp_path: Path, spoil: str) -> None:
    keys_of(SENDER, tmp_path)
    keys_of(OTHER, tmp_path)
    ours, theirs = key_files(tmp_path)[1], key_files(tmp_path, OTHER)[1]
    said = json.loads(ours.read_text())
    if spoil == "cut":
        ours.write_bytes(ours.read_bytes()[:-40])
    elif spoil == "swapped":
        ours.write_bytes(theirs.read_bytes())
    elif spoil == "another-org":
        ours.write_text(json.dumps({**said, "statement": {**said["statement"], "org": OTHER}}))
    elif spoil == "wrapped-of-another":
        ours.write_text(json.dumps({**said, "wrapped": json.loads(theirs.read_text())["wrapped"]}))
    elif spoil == "not-json":
        ours.write_text("\0")
    else:
        ours.rename(ours.with_name("signing-another.json"))
    with pytest.raises(KeyFault) as caught:
        OrganisationKeys(SENDER, tmp_path / SENDER, FileKeys(SENDER, tmp_path / SENDER)).sign(b"x")
    assert isinstance(caught.value, CannotOpen)
    assert said["wrapped"] not in str(caught.value)


def test_without_the_outer_key_nothing_is_signed(tmp_path: Path) -> None:
    keys_of(SENDER, tmp_path)
    FileKeys(SENDER, tmp_path / SENDER).destroy(1)
    with pytest.raises(KeyMissing):
        OrganisationKeys(SENDER, tmp_path / SENDER, FileKeys(SENDER, tmp_path / SENDER)).sign(b"x")


def test_programs_that_start_together_make_one_pair(tmp_path: Path) -> None:
    FileKeys(SENDER, tmp_path / SENDER).rotate()
    programs = [Program("-c", ENSURING, str(tmp_path)) for _ in range(3)]
    told = {program.communicate(timeout=60)[0].strip() for program in programs}
    assert (len(told), len(key_files(tmp_path))) == (1, 2)


def test_rotations_at_the_same_time_come_one_after_the_other(tmp_path: Path) -> None:
    keys = keys_of(SENDER, tmp_path)
    programs = [Program("-c", ROTATING, str(tmp_path)) for _ in range(3)]
    told = [program.communicate(timeout=60)[1] for program in programs]
    assert [program.returncode for program in programs] == [0, 0, 0], told
    numbers = sorted(key.number for key in keys.public().keys if key.use is KeyUse.SIGNING)
    assert numbers == [1, 2, 3, 4]


def test_status_shows_what_stands_and_nothing_secret(tmp_path: Path) -> None:
    keys = keys_of(SENDER, tmp_path)
    keys.rotate(NOW + timedelta(days=1))
    keys.revoke(keys.sealing_fingerprint, "lost", NOW + timedelta(days=2))
    rows = key_rows(keys)
    assert sorted((row["use"], row["number"], row["state"]) for row in rows) == [
        ("sealing", 1, "retired"),
        ("sealing", 2, "revoked"),
        ("signing", 1, "retired"),
        ("signing", 2, "current"),
    ]
    assert as_said(keys.fingerprint) in [row["fingerprint"] for row in rows]
    assert set(rows[0]) == {
        *("org", "use", "number", "fingerprint", "state", "made_at", "retired_at", "revoked_at", "revoked_for")
    }


def test_an_organisation_without_keys_has_none_to_publish(tmp_path: Path) -> None:
    outer = FileKeys(SENDER, tmp_path / SENDER)
    outer.rotate()
    keys = OrganisationKeys(SENDER, tmp_path / SENDER, outer)
    assert keys.public().keys == ()
    assert keys.replaced_sealing() == []
