"""The way to Temporal: one `connect`, one data converter."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.converter import DataConverter

from models.settings import Settings
from workflows.codec import SealingCodec
from workflows.key_ring import load_ring
from workflows.unreadable import Failures, Payloads

CONNECT_SECONDS = 2.0


@dataclass(frozen=True)
class OwnPayloads(DataConverter):
    """Keeps every payload where it is: we use no external storage, and what claims to lie there fails no task.

    The SDK looks for references to such storage before any codec, and an error there would hold up a whole case as a
    payload that can't be opened would: see `workflows.unreadable`. These two methods are the SDK's own; the version is
    pinned, and `tests/test_codec_attacks.py` notices when they are called something else.
    """

    async def _decode_reference_payload_sequence(self, payloads: Sequence[Payload]) -> list[Payload]:
        return list(payloads)

    async def _external_retrieve_payload_sequence(self, payloads: Sequence[Payload]) -> list[Payload]:
        return list(payloads)


PLAIN = OwnPayloads(payload_converter_class=Payloads, failure_converter_class=Failures)
"""Without the seal: for replaying recorded histories, which are kept in plain to be read by people."""


def sealed(settings: Settings) -> DataConverter:
    """What everything that talks to Temporal uses: nothing leaves this process that is not sealed.

    Raises:
        BadRing: the key ring is missing or can't be used.
    """
    return replace(PLAIN, payload_codec=SealingCodec(load_ring(settings), settings.temporal_namespace))


class Unavailable(Exception):
    """Temporal can't be reached. The text says what to do."""


async def connect(settings: Settings) -> Client:
    """A client for the namespace in `settings`.

    Raises:
        Unavailable: nothing answers within two seconds.
        BadRing: the key ring is missing or can't be used.
    """
    converter = sealed(settings)
    try:
        return await asyncio.wait_for(
            Client.connect(settings.temporal_address, namespace=settings.temporal_namespace, data_converter=converter),
            CONNECT_SECONDS,
        )
    except (TimeoutError, RuntimeError) as error:
        raise Unavailable(
            f"Tjänsten svarar inte på {settings.temporal_address}. Starta den med `make stack` och försök igen.\n"
            f"The service does not answer at {settings.temporal_address}. Start it with `make stack` and try again."
        ) from error
