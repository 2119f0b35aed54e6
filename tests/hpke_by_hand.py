"""HPKE's base mode written from RFC 9180 (sections 4 and 5), for X25519 and HKDF-SHA256: a second opinion in tests."""

from __future__ import annotations

import hmac
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEM, KDF = (0x0020).to_bytes(2, "big"), (0x0001).to_bytes(2, "big")


def extract(suite: bytes, salt: bytes, what: bytes, secret: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + what + secret, sha256)


def expand(suite: bytes, key: bytes, what: bytes, info: bytes, length: int) -> bytes:
    labelled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + what + info
    made, block = b"", b""
    while len(made) < length:
        block = hmac.digest(key, block + labelled + bytes([len(made) // 32 + 1]), sha256)
        made += block
    return made[:length]


def opened(sealed: bytes, private: bytes, info: bytes, aad: bytes = b"", key_bytes: int = 32) -> bytes:
    """What was sealed with AES-GCM: 16 bytes of key are AES-128 (AEAD 1), 32 are AES-256 (AEAD 2)."""
    own = X25519PrivateKey.from_private_bytes(private)
    encapsulated, ciphertext = sealed[:32], sealed[32:]
    shared = own.exchange(X25519PublicKey.from_public_bytes(encapsulated))
    kem = b"KEM" + KEM
    inner = extract(kem, b"", b"eae_prk", shared)
    secret = expand(kem, inner, b"shared_secret", encapsulated + own.public_key().public_bytes_raw(), 32)
    suite = b"HPKE" + KEM + KDF + (1 if key_bytes == 16 else 2).to_bytes(2, "big")
    schedule = b"\0" + extract(suite, b"", b"psk_id_hash", b"") + extract(suite, b"", b"info_hash", info)
    root = extract(suite, secret, b"secret", b"")
    key = expand(suite, root, b"key", schedule, key_bytes)
    nonce = expand(suite, root, b"base_nonce", schedule, 12)
    return AESGCM(key).decrypt(nonce, ciphertext, aad)
