"""What Temporal keeps of a case, opened: tests look into payloads that are sealed where they lie."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from google.protobuf.json_format import MessageToDict
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowHistory

from models.settings import Settings
from workflows.codec import SealingCodec, is_sealed
from workflows.key_ring import load_ring


def in_plain(history: WorkflowHistory, settings: Settings) -> Any:
    """A history as JSON with every sealed payload opened, as it was before there was a seal."""
    return opened(history.to_json_dict(), SealingCodec(load_ring(settings), settings.temporal_namespace))


def contents(history: WorkflowHistory, client: Client) -> bytes:
    """What all payloads of a history say, as bytes to search in."""
    codec = client.config()["data_converter"].payload_codec
    assert isinstance(codec, SealingCodec)
    return b"\n".join(codec.open(payload).SerializeToString() for payload in payloads_of(history.to_json_dict()))


def opened(node: Any, codec: SealingCodec) -> Any:
    if isinstance(node, list):
        return [opened(part, codec) for part in node]
    if not isinstance(node, dict):
        return node
    payload = as_payload(node)
    if payload is not None and is_sealed(payload):
        plain: dict[str, Any] = MessageToDict(codec.open(payload))
        return plain
    return {key: opened(value, codec) for key, value in node.items()}


def as_payload(node: dict[str, Any]) -> Payload | None:
    """A payload in a history's JSON; nothing when this part of it is something else."""
    if not {"metadata"} <= node.keys() <= {"metadata", "data"} or not isinstance(node["metadata"], dict):
        return None
    metadata = {key: b64decode(value) for key, value in node["metadata"].items()}
    return Payload(metadata=metadata, data=b64decode(node.get("data", "")))


def payloads_of(node: Any) -> list[Payload]:
    """Every payload in a history's JSON, sealed or plain."""
    if isinstance(node, list):
        return [payload for part in node for payload in payloads_of(part)]
    if not isinstance(node, dict):
        return []
    payload = as_payload(node)
    return [payload] if payload is not None else [found for part in node.values() for found in payloads_of(part)]
