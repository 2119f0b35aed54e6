"""Sealed packages: opened by the right desk, whole, about the right case, from who it says; else refused."""

from __future__ import annotations

import json
import logging
import struct
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from activities import jws, packages
from activities.collecting import may_pass
from activities.key_directory import KnownKeys
from activities.organisation_keys import OrganisationKeys
from activities.packages import PACKAGE_TYPE, SIZES, TooLarge, binding, decrypt, encrypt, open_sealed, seal
from models.contracts import Refusal
from models.exchange import CONTENT_LIMIT, Envelope, Label
from models.plane import LARGEST_REQUEST
from models.published_keys import KeyUse
from models.words import case_reference
from tests import hpke_by_hand
from tests.exchange_support import CONTENT, NOW, OTHER, RECIPIENT, SENDER, code, current, keys_of, label, sealed
from tests.rules_support import REF

ELSEWHERE = case_reference(8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def sender(folder: Path) -> OrganisationKeys:
    return keys_of(SENDER, folder)


@pytest.fixture(scope="module")
def recipient(folder: Path) -> OrganisationKeys:
    return keys_of(RECIPIENT, folder)


@pytest.fixture(scope="module")
def other(folder: Path) -> OrganisationKeys:
    return keys_of(OTHER, folder)


@pytest.fixture(scope="module")
def directory(sender: OrganisationKeys, recipient: OrganisationKeys, other: OrganisationKeys) -> KnownKeys:
    return KnownKeys([key for keys in (sender, recipient, other) for key in keys.public().keys])


def opened(envelope: Envelope, keys: OrganisationKeys, directory: KnownKeys, **told: Any) -> bytes | Refusal:
    return open_sealed(envelope, keys, directory, **{"case": REF, "now": NOW, **told})


def changed(envelope: Envelope, ciphertext: bytes | None = None, **label: Any) -> Envelope:
    """The envelope as somebody on the way would change it, digest and all."""
    kept = envelope.sealed if ciphertext is None else ciphertext
    return envelope.model_copy(update={"sealed": kept, "digest": sha256(kept).hexdigest(), **label})


def test_a_package_is_opened_by_the_desk_that_it_is_sealed_to(
    sender: OrganisationKeys, recipient: OrganisationKeys, directory: KnownKeys
) -> None:
    assert opened(sealed(sender, recipient), recipient, directory) == CONTENT


@pytest.mark.parametrize("size", [1, 3_000, 4_000, 20_000, CONTENT_LIMIT])
def test_a_package_of_any_size_comes_through(
    sender: OrganisationKeys, recipient: OrganisationKeys, directory: KnownKeys, size: int
) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    assert opened(sealed(sender, recipient, content[:size]), recipient, directory) == content[:size]


def test_the_length_of_a_package_tells_one_of_five_sizes(sender: OrganisationKeys, recipient: OrganisationKeys) -> None:
    lengths = [len(sealed(sender, recipient, b"x" * size).sealed) for size in (1, 500, 2_500)]
    assert lengths == [SIZES[0] + 48] * 3
    largest = sealed(sender, recipient, b"x" * CONTENT_LIMIT)
    assert len(largest.sealed) == SIZES[-1] + 48
    assert len(largest.model_dump_json()) < LARGEST_REQUEST


@pytest.mark.parametrize("content", [b"", b"x" * (CONTENT_LIMIT + 1)])
def test_a_package_that_is_empty_or_too_large_is_not_sealed(
    sender: OrganisationKeys, recipient: OrganisationKeys, content: bytes
) -> None:
    with pytest.raises(TooLarge) as caught:
        sealed(sender, recipient, content)
    assert "x" * 20 not in str(caught.value)


def test_a_package_is_not_sealed_for_another_than_its_label_says(
    sender: OrganisationKeys, recipient: OrganisationKeys, other: OrganisationKeys
) -> None:
    for about, key in (
        (label(OTHER, RECIPIENT), current(recipient, KeyUse.SEALING)),
        (label(SENDER, OTHER), current(recipient, KeyUse.SEALING)),
        (label(SENDER, RECIPIENT), current(recipient, KeyUse.SIGNING)),
    ):
        with pytest.raises(ValueError, match="another's"):
            seal(CONTENT, about, sender, key)


def test_the_ciphertext_and_the_envelope_hold_nothing_of_the_content(
    sender: OrganisationKeys, recipient: OrganisationKeys
) -> None:
    envelope = sealed(sender, recipient)
    for shown in (envelope.sealed, envelope.model_dump_json().encode(), repr(envelope).encode()):
        assert CONTENT not in shown
    assert envelope.sealed != sealed(sender, recipient).sealed
    assert Envelope.model_validate_json(envelope.model_dump_json()) == envelope


def test_the_wrong_desk_opens_nothing_whatever_it_changes(
    sender: OrganisationKeys, recipient: OrganisationKeys, other: OrganisationKeys, directory: KnownKeys
) -> None:
    envelope = sealed(sender, recipient)
    assert code(opened(envelope, other, directory)) == "package-unknown"
    claimed = changed(envelope, recipient=OTHER)
    assert code(opened(claimed, other, directory)) == "package-key-gone"
    claimed = changed(envelope, recipient=OTHER, sealing_key=other.sealing_fingerprint)
    assert code(opened(claimed, other, directory)) == "package-damaged"


@pytest.mark.parametrize(
    "label_change",
    [
        {"id": "00000000-0000-4000-8000-000000000000"},
        {"handoff": "H2"},
        {"sender": OTHER},
        {"categories": ("address",)},
        {"categories": ("assessment", "address")},
        {"grounds": ("duty",)},
        {"created_at": NOW - timedelta(seconds=1)},
        {"expires_at": NOW + timedelta(days=8)},
    ],
)
def test_nobody_on_the_way_changes_what_a_package_is_said_to_be(
    sender: OrganisationKeys, recipient: OrganisationKeys, directory: KnownKeys, label_change: dict[str, Any]
) -> None:
    envelope = changed(sealed(sender, recipient), **label_change)
    assert code(opened(envelope, recipient, directory)) == "package-damaged"


def test_a_package_of_another_case_is_refused_also_when_its_label_is_changed(
    sender: OrganisationKeys, recipient: OrganisationKeys, directory: KnownKeys
) -> None:
    envelope = sealed(sender, recipient)
    assert code(opened(envelope, recipient, directory, case=ELSEWHERE)) == "package-other-case"
    moved = changed(envelope, case=ELSEWHERE)
    assert code(opened(moved, recipient, directory, case=ELSEWHERE)) == "package-damaged"


def test_truncated_lengthened_and_swapped_ciphertexts_do_not_open(
    sender: OrganisationKeys, recipient: OrganisationKeys, directory: KnownKeys
) -> None:
    envelope, another = sealed(sender, recipient), sealed(sender, recipient)
    for ciphertext in (
        b"",
        envelope.sealed[:31],
        envelope.sealed[:-1],
        envelope.sealed + b"\0",
        envelope.sealed[:48],
        another.sealed,
        another.sealed[:32] + envelope.sealed[32:],
        bytes(len(envelope.sealed)),
        b"\xff" * len(envelope.sealed),
    ):
        assert code(opened(changed(envelope, ciphertext), recipient, directory)) == "package-damaged"
    assert decrypt(b"", X25519PrivateKey.generate(), b"") is None


def test_a_digest_that_does_not_match_is_refused_before_anything_is_opened(
    sender: OrganisationKeys, recipient: OrganisationKeys, directory: KnownKeys
) -> None:
    envelope = sealed(sender, recipient).model_copy(update={"digest": sha256(b"another").hexdigest()})
    assert code(opened(envelope, recipient, directory)) == "package-damaged"


@given(place=st.integers(0, 4_143), bit=st.integers(0, 7))
@example(place=31, bit=7)
def test_every_changed_bit_is_found(
    place: int, bit: int, sender: OrganisationKeys, recipient: OrganisationKeys, directory: KnownKeys
) -> None:
    envelope = sealed(sender, recipient)
    spoiled = bytearray(envelope.sealed)
    spoiled[place] ^= 1 << bit
    found = opened(changed(envelope, bytes(spoiled)), recipient, directory)
    # X25519 takes no notice of the highest bit of the encapsulated key (RFC 7748), but HPKE's key schedule does.
    assert code(found) == "package-damaged"


def forged(
    signer: OrganisationKeys, recipient: OrganisationKeys, about: Label, said: dict[str, Any], typ: str = PACKAGE_TYPE
) -> Envelope:
    """A package as somebody would make it who knows the format and has this signing key. Base mode lets anybody."""
    statement = signer.jws(said, typ).encode()
    whole = struct.pack(">II", len(statement), len(CONTENT)) + statement + CONTENT
    return put_in(whole.ljust(SIZES[0], b"\0"), recipient, about)


def put_in(whole: bytes, recipient: OrganisationKeys, about: Label) -> Envelope:
    key = current(recipient, KeyUse.SEALING)
    ciphertext = encrypt(whole, key.raw, binding(about, key.fingerprint))
    return Envelope(
        **about.model_dump(),
        sealing_key=key.fingerprint,
        digest=sha256(ciphertext).hexdigest(),
        sealed=ciphertext,
    )


def test_anybody_can_seal_but_only_the_sender_can_have_said_it(
    sender: OrganisationKeys, recipient: OrganisationKeys, other: OrganisationKeys, directory: KnownKeys
) -> None:
    about = label()
    said = {"label": about.model_dump(mode="json"), "content": sha256(CONTENT).hexdigest()}
    assert opened(forged(sender, recipient, about, said), recipient, directory) == CONTENT
    assert code(opened(forged(other, recipient, about, said), recipient, directory)) == "package-sender-unknown"
    as_act = forged(sender, recipient, about, said, "utvag-act+jws")
    assert code(opened(as_act, recipient, directory)) == "package-damaged"


def test_a_statement_in_the_senders_name_signed_by_another_is_refused(
    recipient: OrganisationKeys, directory: KnownKeys, sender: OrganisationKeys
) -> None:
    about = label()
    said = {"label": about.model_dump(mode="json"), "content": sha256(CONTENT).hexdigest()}
    statement = jws.written(said, PACKAGE_TYPE, sender.fingerprint, Ed25519PrivateKey.generate()).encode()
    whole = struct.pack(">II", len(statement), len(CONTENT)) + statement + CONTENT
    envelope = put_in(whole.ljust(SIZES[0], b"\0"), recipient, about)
    assert code(opened(envelope, recipient, directory)) == "package-damaged"


def test_nothing_is_carried_in_what_a_package_is_filled_up_with(
    sender: OrganisationKeys, recipient: OrganisationKeys, directory: KnownKeys
) -> None:
    about = label()
    said = {"label": about.model_dump(mode="json"), "content": sha256(CONTENT).hexdigest()}
    statement = sender.jws(said, PACKAGE_TYPE).encode()
    whole = struct.pack(">II", len(statement), len(CONTENT)) + statement + CONTENT
    envelope = put_in(whole.ljust(SIZES[0] - 1, b"\0") + b"\1", recipient, about)
    assert code(opened(envelope, recipient, directory)) == "package-damaged"


def test_a_recipient_can_not_pass_a_package_on_as_if_its_sender_had_sealed_it_to_another(
    sender: OrganisationKeys, recipient: OrganisationKeys, other: OrganisationKeys, directory: KnownKeys
) -> None:
    about = label()
    statement = sender.jws(
        {"label": about.model_dump(mode="json"), "content": sha256(CONTENT).hexdigest()}, PACKAGE_TYPE
    ).encode()
    whole = struct.pack(">II", len(statement), len(CONTENT)) + statement + CONTENT
    onward = put_in(whole.ljust(SIZES[0], b"\0"), other, about.model_copy(update={"recipient": OTHER}))
    assert code(opened(onward, other, directory)) == "package-damaged"


def test_other_words_under_the_senders_signature_are_refused(
    sender: OrganisationKeys, recipient: OrganisationKeys, directory: KnownKeys
) -> None:
    about = label()
    said = {"label": about.model_dump(mode="json"), "content": sha256(b"other words").hexdigest()}
    assert code(opened(forged(sender, recipient, about, said), recipient, directory)) == "package-damaged"


@pytest.mark.parametrize(
    "whole",
    [
        bytes(SIZES[0]),
        b"\xff" * SIZES[0],
        struct.pack(">II", 5, 4_000).ljust(SIZES[0], b"x"),
        struct.pack(">II", 0, 1).ljust(SIZES[0], b"\0"),
        struct.pack(">II", 3, 1) + b"\xc3\xa5." + bytes(SIZES[0] - 11),
        struct.pack(">II", 2**32 - 1, 2**32 - 1).ljust(SIZES[0], b"\0"),
    ],
)
def test_what_is_laid_out_otherwise_is_refused(recipient: OrganisationKeys, directory: KnownKeys, whole: bytes) -> None:
    assert code(opened(put_in(whole, recipient, label()), recipient, directory)) == "package-damaged"


def test_a_package_whose_senders_key_is_unknown_or_revoked_is_not_taken(
    sender: OrganisationKeys, recipient: OrganisationKeys
) -> None:
    envelope = sealed(sender, recipient)
    public = sender.public().keys
    unknown = opened(envelope, recipient, KnownKeys([]))
    assert code(unknown) == "package-sender-unknown"
    revoked = [key.model_copy(update={"revoked_at": NOW}) for key in public]
    refused = opened(envelope, recipient, KnownKeys(revoked))
    assert code(refused) == "package-sender-unknown"
    assert [isinstance(no, Refusal) and may_pass(no) for no in (unknown, refused)] == [True, False]
    assert opened(envelope, recipient, KnownKeys(revoked), now=NOW - timedelta(seconds=1)) == CONTENT
    retired = [key.model_copy(update={"retired_at": NOW + timedelta(days=1)}) for key in public]
    assert opened(envelope, recipient, KnownKeys(retired), now=NOW + timedelta(days=6)) == CONTENT


def test_packages_under_way_survive_a_rotation_and_do_not_outlive_what_is_forgotten(tmp_path: Path) -> None:
    sender, recipient = keys_of(SENDER, tmp_path), keys_of(RECIPIENT, tmp_path)
    under_way = sealed(sender, recipient)
    recipient.rotate(NOW + timedelta(days=1))
    sender.rotate(NOW + timedelta(days=1))
    directory = KnownKeys([*sender.public().keys, *recipient.public().keys])
    assert opened(under_way, recipient, directory, now=NOW + timedelta(days=2)) == CONTENT
    recipient.forget(recipient.replaced_sealing())
    assert code(opened(under_way, recipient, directory, now=NOW + timedelta(days=4))) == "package-key-gone"


def test_an_envelope_that_is_not_one_is_refused_without_repeating_it(
    sender: OrganisationKeys, recipient: OrganisationKeys
) -> None:
    told = json.loads(sealed(sender, recipient).model_dump_json())
    for field, wrong in (
        ("sealed", "kanariefagel!"),
        ("sealed", "A" * 900_000),
        ("case", "kanariefagel"),
        ("categories", []),
        ("categories", ["Kanariefagel Fågelsson"]),
        ("digest", "kanariefagel"),
        ("sealing_key", "kanariefagel"),
        ("note", "kanariefagel"),
        ("created_at", "2027-01-05T10:00:00"),
    ):
        with pytest.raises(ValidationError) as caught:
            Envelope.model_validate_json(json.dumps({**told, field: wrong}))
        assert "anariefagel" not in str(caught.value)


def test_nothing_is_logged(
    sender: OrganisationKeys, recipient: OrganisationKeys, directory: KnownKeys, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        opened(sealed(sender, recipient), recipient, directory)
        opened(changed(sealed(sender, recipient), b"x"), recipient, directory)
    assert caplog.records == []


RFC_9180_A_1_1 = {
    "private": "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
    "encapsulated": "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
    "info": "4f6465206f6e2061204772656369616e2055726e",
    "aad": "436f756e742d30",
    "ciphertext": "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a",
}
"""RFC 9180, appendix A.1.1, first message. The RFC has no vector for X25519 with AES-256-GCM."""


def test_the_second_opinion_opens_the_rfcs_own_vector() -> None:
    vector = {name: bytes.fromhex(told) for name, told in RFC_9180_A_1_1.items()}
    found = hpke_by_hand.opened(
        vector["encapsulated"] + vector["ciphertext"], vector["private"], vector["info"], vector["aad"], key_bytes=16
    )
    assert found == b"Beauty is truth, truth beauty"


def test_what_we_seal_is_hpke_as_the_rfc_writes_it(recipient: OrganisationKeys) -> None:
    key = X25519PrivateKey.generate()
    whole = encrypt(CONTENT, key.public_key().public_bytes_raw(), b"info")
    assert hpke_by_hand.opened(whole, key.private_bytes_raw(), b"info") == CONTENT
    library = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
    smaller = library.encrypt(CONTENT, key.public_key(), b"info")
    assert hpke_by_hand.opened(smaller, key.private_bytes_raw(), b"info", key_bytes=16) == CONTENT


def test_the_suite_is_the_one_that_was_chosen() -> None:
    key = X25519PrivateKey.generate()
    chosen = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    assert chosen.decrypt(encrypt(b"x", key.public_key().public_bytes_raw(), b"i"), key, b"i") == b"x"
    assert KEM.X25519.enc_length() + 16 == packages.OVERHEAD
