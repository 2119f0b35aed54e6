"""The second layer: what Temporal stores is sealed, although by design it holds codes only.

One sealed payload: `nonce (12) || AES-256-GCM(content, associated data)`. The content is the whole payload, metadata
too, compressed when that makes it smaller, and padded to full steps. The associated data are the scheme, the id of the
key, the namespace and the workflow that it belongs to. A payload cut off, changed, or moved to another case, namespace
or scheme does not open.

Compressed: a rule pack goes with every case, and again with each run. Compression lets the length tell of the content,
which does harm where an attacker's text is compressed together with a secret; here there is neither free text nor a
secret beside what a caller chooses. Padded: otherwise the length alone would tell *eligible* from *not eligible*.

Not hidden: ids, types, task queues, error types, times, and lengths in steps. A nonce is drawn at random, so a key
should seal less than 2**32 payloads: turn the ring once a year.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec, SerializationContext, WithSerializationContext

from workflows.key_ring import KeyRing
from workflows.unreadable import Reason, Unreadable, unreadable

SEALED = "binary/utvag-sealed-1"
KEY, CASE = "utvag-key", "utvag-case"
NONCE_BYTES, TAG_BYTES, HEAD_BYTES = 12, 16, 5
STEP = 256
"""Bytes. The content is padded to a multiple of this."""
WORTH_COMPRESSING = 512
LEVEL = 6
MOST_SEALED = 2 * 1024 * 1024 - 16 * 1024
"""Bytes. Temporal ends a workflow that hands it more than two megabytes; an error here is tried again instead."""
MOST_OPENED = 16 * 1024 * 1024


class TooLarge(Exception):
    """A payload is larger than Temporal takes. Carries its size."""


class SealingCodec(PayloadCodec, WithSerializationContext):
    """Seals what goes to Temporal and opens what comes from it, for one namespace and (in context) one workflow.

    Opening never raises: see `workflows.unreadable`. Plaintext is not opened.
    """

    def __init__(self, ring: KeyRing, namespace: str, workflow: str = "") -> None:
        self._ring, self._namespace, self._workflow = ring, namespace, workflow

    def with_context(self, context: SerializationContext) -> SealingCodec:
        """For the payloads of one workflow, and of the activities that it asks for."""
        return SealingCodec(self._ring, self._namespace, getattr(context, "workflow_id", None) or "")

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Raises: TooLarge."""
        return [self.seal(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._opened(payload) for payload in payloads]

    def _opened(self, payload: Payload) -> Payload:
        try:
            if payload.metadata.get(CASE, b"").decode(errors="replace") != self._workflow:
                raise Unreadable(Reason.NOT_GENUINE if is_sealed(payload) else Reason.NOT_SEALED)
            return self.open(payload)
        except Unreadable as refused:
            return unreadable(refused.reason)

    def seal(self, payload: Payload) -> Payload:
        """Raises: TooLarge."""
        key, cipher = self._ring.sealing()
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + cipher.encrypt(nonce, packed(payload), self._bound_to(key, self._workflow))
        if len(sealed) > MOST_SEALED:
            raise TooLarge(f"a payload of {len(sealed)} bytes is more than Temporal takes")
        known = {"encoding": SEALED, KEY: key, CASE: self._workflow}
        return Payload(metadata={name: value.encode() for name, value in known.items()}, data=sealed)

    def open(self, payload: Payload) -> Payload:
        """Opens a payload of whichever workflow it says it belongs to, as someone who looks at many does.

        Raises:
            Unreadable: plain, under a key that is not here, not genuine, or larger than anything that we seal.
        """
        if not is_sealed(payload):
            raise Unreadable(Reason.NOT_SEALED)
        if len(payload.data) > MOST_SEALED:
            raise Unreadable(Reason.TOO_LARGE)
        key, workflow = (payload.metadata.get(name, b"").decode(errors="replace") for name in (KEY, CASE))
        cipher = self._ring.opening(key)
        if cipher is None:
            raise Unreadable(Reason.KEY_MISSING)
        nonce, sealed = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        if len(sealed) < TAG_BYTES:
            raise Unreadable(Reason.NOT_GENUINE)
        try:
            return unpacked(cipher.decrypt(nonce, sealed, self._bound_to(key, workflow)))
        except (InvalidTag, DecodeError, zlib.error):
            raise Unreadable(Reason.NOT_GENUINE) from None

    def _bound_to(self, key: str, workflow: str) -> bytes:
        return json.dumps([SEALED, key, self._namespace, workflow]).encode()


def is_sealed(payload: Payload) -> bool:
    return payload.metadata.get("encoding") == SEALED.encode()


def workflow_of(payload: Payload) -> str:
    """Which workflow a sealed payload says that it belongs to; true of every payload that opens."""
    return payload.metadata.get(CASE, b"").decode(errors="replace")


def packed(payload: Payload) -> bytes:
    """How it is written (1 byte), how long it is (4), the payload, and nulls up to a full step."""
    plain = payload.SerializeToString(deterministic=True)
    small = zlib.compress(plain, LEVEL) if len(plain) >= WORTH_COMPRESSING else plain
    how, content = (1, small) if len(small) < len(plain) else (0, plain)
    whole = bytes([how]) + len(content).to_bytes(4) + content
    return whole + bytes(-len(whole) % STEP)


def unpacked(whole: bytes) -> Payload:
    """What `packed` was given.

    Raises:
        Unreadable: it would grow beyond what we open.
    """
    how, length = whole[0], int.from_bytes(whole[1:HEAD_BYTES])
    content = whole[HEAD_BYTES : HEAD_BYTES + length]
    if how == 1:
        growing = zlib.decompressobj()
        content = growing.decompress(content, MOST_OPENED)
        if not growing.eof:
            raise Unreadable(Reason.TOO_LARGE)
    return Payload.FromString(content)
