"""Signed JSON (JWS, RFC 7515): one algorithm, one form of header, and canonical payloads only."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from models.published_keys import Fingerprint

ALGORITHM = "Ed25519"
"""EdDSA with its curve named (RFC 9864): the older name `EdDSA` leaves the curve open and is deprecated there."""
REGISTRY = jws.JWSRegistry(algorithms=[ALGORITHM])
FINGERPRINT = re.compile(r"[A-Z2-7]{51}[AQ]")


class Told(NamedTuple):
    """What a JWS says, not yet proven."""

    kid: Fingerprint
    payload: dict[str, Any]
    signature: jws.CompactSignature


def canonical(content: Any) -> bytes:
    """Canonical JSON (RFC 8785): the same content is the same bytes everywhere.

    Raises:
        ValueError: something that JSON has no exact form for, as a number beyond 2**53.
    """
    return rfc8785.dumps(content)


def written(payload: dict[str, Any], typ: str, kid: Fingerprint, key: Ed25519PrivateKey) -> str:
    """The payload in canonical JSON, signed, in compact form."""
    header = {"alg": ALGORITHM, "kid": kid, "typ": typ}
    return jws.serialize_compact(header, canonical(payload), OKPKey.import_key(key), registry=REGISTRY)


def told(text: str, typ: str) -> Told | None:
    """What a JWS of this type says; None for anything else.

    The header must be exactly `alg`, `kid` and `typ`: nothing in it may name a key, a place to fetch one or another
    way to read the payload. The payload must be canonical, so that no two readers can read it differently.
    """
    try:
        signature = jws.extract_compact(text.encode("ascii"), registry=REGISTRY)
        header = signature.headers()
        kid = header.get("kid")
        if header != {"alg": ALGORITHM, "kid": kid, "typ": typ} or not isinstance(kid, str):
            return None
        payload = json.loads(signature.payload)
        if FINGERPRINT.fullmatch(kid) is None or not isinstance(payload, dict):
            return None
        return Told(kid, payload, signature) if canonical(payload) == signature.payload else None
    except (JoseError, ValueError, RecursionError):
        return None


def proven(said: Told, public: bytes) -> bool:
    """Whether it was signed with the key that this raw public key belongs to."""
    try:
        key = OKPKey.import_key(Ed25519PublicKey.from_public_bytes(public))
        return jws.validate_compact(said.signature, key, registry=REGISTRY)
    except (JoseError, ValueError):
        return False
