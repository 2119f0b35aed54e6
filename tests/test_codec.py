"""The seal on what Temporal stores: it opens for whom and where it was made, and for nobody and nowhere else."""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as some
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.converter import ActivitySerializationContext, WorkflowSerializationContext
from temporalio.exceptions import ApplicationError

from models.settings import Settings
from workflows import codec as codec_module
from workflows.codec import CASE, KEY, MOST_OPENED, SEALED, STEP, SealingCodec, TooLarge, is_sealed
from workflows.key_ring import KeyRing, add_key, load_ring, ring_path, rotate_ring, use_key
from workflows.unreadable import UNREADABLE, Failures, Payloads, Reason, Unreadable, unreadable

NAMESPACE, MINE, OTHER = "utvag", "U-7K3M-Q2P7", "U-0000-0000"
ANSWER = Payload(metadata={"encoding": b"json/plain"}, data=b'{"answer":"not-eligible"}')


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(var=tmp_path)


@pytest.fixture
def codec(settings: Settings) -> SealingCodec:
    return SealingCodec(load_ring(settings), NAMESPACE, MINE)


async def reason(codec: SealingCodec, payload: Payload) -> str:
    """Why the codec does not open this; the empty word when it does."""
    (told,) = await codec.decode([payload])
    return told.metadata["reason"].decode() if told.metadata["encoding"] == UNREADABLE.encode() else ""


def changed(payload: Payload, **metadata: str) -> Payload:
    other = Payload()
    other.CopyFrom(payload)
    for name, value in metadata.items():
        other.metadata[name.replace("_", "-")] = value.encode()
    return other


@given(data=some.binary(max_size=3_000), metadata=some.dictionaries(some.text(max_size=9), some.binary(max_size=40)))
def test_what_is_sealed_opens_as_it_was(tmp_path_factory: pytest.TempPathFactory, data: bytes, metadata: dict) -> None:  # type: ignore[type-arg]
    codec = SealingCodec(load_ring(Settings(var=tmp_path_factory.getbasetemp() / "same")), NAMESPACE, MINE)
    payload = Payload(metadata=metadata, data=data)
    assert codec.open(codec.seal(payload)) == payload


async def test_several_payloads_keep_their_order_and_are_sealed_each_by_itself(codec: SealingCodec) -> None:
    payloads = [Payload(data=bytes([number])) for number in range(5)]
    sealed = await codec.encode(payloads)
    assert await codec.decode(sealed) == payloads
    assert all(map(is_sealed, sealed))
    assert len({bytes(payload.data) for payload in await codec.encode([ANSWER] * 50)}) == 50


def test_nothing_of_a_payload_is_left_outside_the_seal(codec: SealingCodec) -> None:
    sealed = codec.seal(changed(ANSWER, messageType="models.desk.Assessment"))
    assert set(sealed.metadata) == {"encoding", KEY, CASE}
    for part in (b"eligible", b"answer", b"json", b"Assessment", b"messageType"):
        assert part not in sealed.SerializeToString()


async def test_every_single_changed_byte_is_noticed(codec: SealingCodec) -> None:
    sealed, chance = codec.seal(ANSWER), random.Random(4)
    for place in [*range(len(sealed.data)), *(chance.randrange(len(sealed.data)) for _ in range(1_000))]:
        spoiled = bytearray(sealed.data)
        spoiled[place] ^= 1 << chance.randrange(8)
        assert await reason(codec, Payload(metadata=sealed.metadata, data=bytes(spoiled))) == Reason.NOT_GENUINE
    assert await reason(codec, sealed) == ""


async def test_what_is_cut_off_or_added_to_is_noticed(codec: SealingCodec) -> None:
    sealed = codec.seal(ANSWER)
    for length in range(len(sealed.data)):
        assert await reason(codec, Payload(metadata=sealed.metadata, data=sealed.data[:length])) == Reason.NOT_GENUINE
    assert await reason(codec, Payload(metadata=sealed.metadata, data=sealed.data + b"\0")) == Reason.NOT_GENUINE


@pytest.mark.parametrize(
    ("moved", "expected"),
    [
        pytest.param(lambda sealed: changed(sealed, utvag_case=OTHER), Reason.NOT_GENUINE, id="said to be of another"),
        pytest.param(lambda sealed: changed(sealed, utvag_case=""), Reason.NOT_GENUINE, id="said to be of none"),
        pytest.param(lambda sealed: changed(sealed, utvag_key="0" * 16), Reason.KEY_MISSING, id="unknown key"),
        pytest.param(lambda sealed: changed(sealed, utvag_key=""), Reason.KEY_MISSING, id="no key"),
        pytest.param(lambda sealed: changed(sealed, encoding="binary/utvag-sealed-2"), Reason.NOT_SEALED, id="scheme"),
        pytest.param(lambda sealed: changed(sealed, encoding="json/plain"), Reason.NOT_SEALED, id="said to be plain"),
        pytest.param(lambda sealed: Payload(data=sealed.data), Reason.NOT_SEALED, id="without metadata"),
        pytest.param(lambda sealed: Payload(metadata=sealed.metadata), Reason.NOT_GENUINE, id="without content"),
    ],
)
async def test_swapped_metadata_do_not_open(
    codec: SealingCodec, moved: Callable[[Payload], Payload], expected: Reason
) -> None:
    assert await reason(codec, moved(codec.seal(ANSWER))) == expected


async def test_metadata_that_are_no_text_do_not_open(codec: SealingCodec) -> None:
    sealed = codec.seal(ANSWER)
    for name in ("encoding", KEY, CASE):
        spoiled = changed(sealed)
        spoiled.metadata[name] = b"\xff\xfe"
        assert await reason(codec, spoiled) in set(Reason)


async def test_a_payload_of_one_case_does_not_open_in_another(codec: SealingCodec, settings: Settings) -> None:
    of_another = codec.with_context(WorkflowSerializationContext(namespace=NAMESPACE, workflow_id=OTHER))
    assert await reason(codec, of_another.seal(ANSWER)) == Reason.NOT_GENUINE
    assert await reason(of_another, of_another.seal(ANSWER)) == ""
    elsewhere = SealingCodec(load_ring(settings), "another-namespace", MINE)
    assert await reason(elsewhere, codec.seal(ANSWER)) == Reason.NOT_GENUINE


async def test_the_activities_of_a_case_open_what_it_seals(codec: SealingCodec) -> None:
    of_activity = codec.with_context(
        ActivitySerializationContext(
            namespace=NAMESPACE,
            workflow_id=MINE,
            workflow_type="case",
            activity_id="1",
            activity_type="record-revisions",
            activity_task_queue="plane",
            is_local=False,
        )
    )
    assert await of_activity.decode([codec.seal(ANSWER)]) == [ANSWER]


@pytest.mark.parametrize(
    "plain",
    [
        ANSWER,
        Payload(),
        Payload(metadata={"encoding": b"binary/null"}),
        Payload(metadata={"encoding": b"binary/encrypted"}, data=b"x" * 200),
        changed(unreadable(Reason.KEY_MISSING)),
        Payload(metadata={"encoding": b"json/plain", CASE: MINE.encode(), KEY: b"0" * 16}, data=b"{}"),
    ],
)
async def test_plaintext_is_not_accepted(codec: SealingCodec, plain: Payload) -> None:
    assert await reason(codec, plain) == Reason.NOT_SEALED


def test_a_yes_and_a_no_are_equally_long(codec: SealingCodec) -> None:
    yes = Payload(metadata=ANSWER.metadata, data=b'{"answer":"eligible"}')
    assert len(codec.seal(yes).data) == len(codec.seal(ANSWER).data)
    assert {len(codec.seal(Payload(data=b"x" * size)).data) % STEP for size in range(0, 2_000, 7)} == {28}


def test_what_is_compressed_is_smaller_and_what_does_not_shrink_is_left_alone(codec: SealingCodec) -> None:
    repeated, noise = Payload(data=b"initial-assessment " * 5_000), Payload(data=random.Random(1).randbytes(90_000))
    assert len(codec.seal(repeated).data) < 2_000
    assert 90_000 < len(codec.seal(noise).data) < 90_600
    assert [codec.open(codec.seal(one)) for one in (repeated, noise)] == [repeated, noise]


def test_more_than_temporal_takes_is_refused_before_it_is_sent(codec: SealingCodec) -> None:
    with pytest.raises(TooLarge, match="bytes is more than Temporal takes"):
        codec.seal(Payload(data=random.Random(1).randbytes(2 * 1024 * 1024)))


async def test_a_sealed_bomb_is_not_unpacked(codec: SealingCodec, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zlib.compress(bytes(MOST_OPENED + 1_000))
    whole = b"\1" + len(bomb).to_bytes(4) + bomb
    monkeypatch.setattr(codec_module, "packed", lambda _: whole)
    assert await reason(codec, codec.seal(ANSWER)) == Reason.TOO_LARGE
    oversize = Payload(metadata=codec.seal(ANSWER).metadata, data=bytes(3 * 1024 * 1024))
    assert await reason(codec, oversize) == Reason.TOO_LARGE


async def test_genuine_nonsense_does_not_raise(codec: SealingCodec, monkeypatch: pytest.MonkeyPatch) -> None:
    for whole in (b"\0\xff\xff\xff\xff", b"\1\0\0\0\4abcd", b"\0\0\0\0\3\xff\xff\xff", b"\1\0\0\0\0", b"\0"):
        monkeypatch.setattr(codec_module, "packed", lambda _, whole=whole: whole)
        assert await reason(codec, codec.seal(ANSWER)) in {"", Reason.NOT_GENUINE, Reason.TOO_LARGE}


def test_what_stands_in_raises_where_it_is_used_and_tells_nothing_else() -> None:
    for why in Reason:
        with pytest.raises(Unreadable, match=f"^a payload can't be opened: {why}$"):
            Payloads().from_payload(unreadable(why), dict)


def test_a_failure_whose_details_cannot_be_opened_is_still_a_failure() -> None:
    failure = Failure(message="Encoded failure")
    failure.application_failure_info.type = "Refused"
    failure.application_failure_info.details.payloads.append(unreadable(Reason.NOT_SEALED))
    failure.encoded_attributes.CopyFrom(unreadable(Reason.NOT_SEALED))
    failure.cause.ParseFromString(failure.SerializeToString())
    error = Failures().from_failure(failure, Payloads())
    assert isinstance(error, ApplicationError)
    assert (error.type, error.details, error.message) == ("Refused", (), "Encoded failure")
    assert isinstance(error.__cause__, ApplicationError)


# --- turning the ring -------------------------------------------------------------------------------


async def test_a_turned_ring_opens_what_was_sealed_before_and_seals_anew(
    codec: SealingCodec, settings: Settings
) -> None:
    before = codec.seal(ANSWER)
    ring = rotate_ring(settings)
    after = codec.seal(ANSWER)
    assert after.metadata[KEY] == ring.current.encode() != before.metadata[KEY]
    assert await codec.decode([before, after]) == [ANSWER, ANSWER]


async def test_a_key_is_handed_out_before_it_seals(codec: SealingCodec, settings: Settings, tmp_path: Path) -> None:
    """Two machines, each with its copy of the file: at no moment does one seal what the other can't open."""
    other = Settings(var=tmp_path / "other")
    ring_path(other).parent.mkdir(parents=True)

    def hand_out() -> None:
        ring_path(other).write_bytes(ring_path(settings).read_bytes())
        ring_path(other).chmod(0o600)

    hand_out()
    there = SealingCodec(KeyRing(ring_path(other)), NAMESPACE, MINE)
    key = add_key(settings).keys[-1].id
    assert await there.decode([codec.seal(ANSWER)]) == [ANSWER]
    hand_out()
    use_key(settings, key)
    assert codec.seal(ANSWER).metadata[KEY] == key.encode()
    assert await there.decode([codec.seal(ANSWER)]) == [ANSWER]
    assert await codec.decode([there.seal(ANSWER)]) == [ANSWER]


async def test_a_process_without_the_new_key_says_so_until_it_has_it(
    codec: SealingCodec, settings: Settings, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "copy.json"
    elsewhere.write_bytes(ring_path(settings).read_bytes())
    there = SealingCodec(KeyRing(elsewhere), NAMESPACE, MINE)
    rotate_ring(settings)
    sealed = codec.seal(ANSWER)
    assert await reason(there, sealed) == Reason.KEY_MISSING
    elsewhere.write_bytes(ring_path(settings).read_bytes())
    assert await there.decode([sealed]) == [ANSWER]


async def test_the_same_id_with_another_key_opens_nothing(codec: SealingCodec, settings: Settings) -> None:
    sealed = codec.seal(ANSWER)
    told = json.loads(ring_path(settings).read_bytes())
    told["keys"][0]["secret"] = "A" * 43 + "="
    ring_path(settings).write_text(json.dumps(told))
    assert await reason(SealingCodec(load_ring(settings), NAMESPACE, MINE), sealed) == Reason.NOT_GENUINE


def test_it_is_aes_with_256_bits_and_binds_scheme_key_namespace_and_case(
    codec: SealingCodec, settings: Settings
) -> None:
    """Worked out once more, by hand, from the file and the payload."""
    from base64 import b64decode

    sealed = codec.seal(ANSWER)
    (kept,) = json.loads(ring_path(settings).read_bytes())["keys"]
    secret = b64decode(kept["secret"])
    assert len(secret) == 32
    bound = json.dumps([SEALED, kept["id"], NAMESPACE, MINE]).encode()
    whole = AESGCM(secret).decrypt(sealed.data[:12], sealed.data[12:], bound)
    assert whole[5 : 5 + int.from_bytes(whole[1:5])] == ANSWER.SerializeToString(deterministic=True)
