"""What can't be opened, carried on instead of raised: one forged payload must not hold up a case.

The SDK decodes everything that a workflow task brings before any of it is looked at. An error there fails the whole
task, which the server then tries again, for as long as the caller of the forged Update waits. So the codec hands on a
payload that says only why it could not be opened, and the error comes where that one payload is used: the Update is
refused, the query fails, and the case goes on.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DefaultFailureConverterWithEncodedAttributes,
    EncodingPayloadConverter,
    PayloadConverter,
)

UNREADABLE = "binary/utvag-unreadable"


class Reason(StrEnum):
    """Why a payload can't be opened. Says nothing about what it holds."""

    NOT_SEALED = "not-sealed"
    """Plain, or sealed by something else."""
    KEY_MISSING = "key-missing"
    """Sealed under a key that this process does not have. Of a genuine payload, the only reason that can pass."""
    NOT_GENUINE = "not-genuine"
    """Not what was sealed: cut off, changed, or moved here from another case or namespace."""
    TOO_LARGE = "too-large"


class Unreadable(Exception):
    """A payload can't be opened. Carries why, and nothing of it."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"a payload can't be opened: {reason}")
        self.reason = reason


def unreadable(reason: Reason) -> Payload:
    """What stands in for a payload that can't be opened."""
    return Payload(metadata={"encoding": UNREADABLE.encode(), "reason": reason.encode()})


class UnreadablePayloads(EncodingPayloadConverter):
    """Raises, once the payload is used, what the codec could not."""

    @property
    def encoding(self) -> str:
        return UNREADABLE

    def to_payload(self, value: Any) -> Payload | None:  # noqa: ARG002
        return None

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:  # noqa: ARG002
        raise Unreadable(Reason(payload.metadata["reason"].decode()))


class Payloads(CompositePayloadConverter):
    """The words of models/ as JSON; what could not be opened as an error."""

    def __init__(self) -> None:
        super().__init__(*PydanticPayloadConverter().converters.values(), UnreadablePayloads())


class Failures(DefaultFailureConverterWithEncodedAttributes):
    """Messages, stack traces and details go as payloads. A failure stays one also when what it says can't be opened."""

    def from_failure(self, failure: Failure, payload_converter: PayloadConverter) -> BaseException:
        try:
            return super().from_failure(failure, payload_converter)
        except Unreadable:
            bare = Failure()
            bare.CopyFrom(failure)
            told = getattr(bare, bare.WhichOneof("failure_info") or "cause")
            for name in ("details", "last_heartbeat_details"):
                if name in told.DESCRIPTOR.fields_by_name:
                    told.ClearField(name)
            return super().from_failure(bare, payload_converter)
