"""The way to Temporal: one `connect`, one data converter."""

from __future__ import annotations

import asyncio
import dataclasses

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DefaultFailureConverterWithEncodedAttributes

from models.settings import Settings

CONNECT_SECONDS = 2.0

DATA_CONVERTER = dataclasses.replace(
    pydantic_data_converter, failure_converter_class=DefaultFailureConverterWithEncodedAttributes
)
"""Failure texts are carried as payloads, so that a codec covers them too."""


class Unavailable(Exception):
    """Temporal can't be reached. The text says what to do."""


async def connect(settings: Settings) -> Client:
    """A client for the namespace in `settings`.

    Raises:
        Unavailable: nothing answers within two seconds.
    """
    try:
        return await asyncio.wait_for(
            Client.connect(
                settings.temporal_address, namespace=settings.temporal_namespace, data_converter=DATA_CONVERTER
            ),
            CONNECT_SECONDS,
        )
    except (TimeoutError, RuntimeError) as error:
        raise Unavailable(
            f"Tjänsten svarar inte på {settings.temporal_address}. Starta den med `make stack` och försök igen.\n"
            f"The service does not answer at {settings.temporal_address}. Start it with `make stack` and try again."
        ) from error
