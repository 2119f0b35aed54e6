"""Outer keys for tests: files, a real PKCS#11 token, and what a key service answers like."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from activities.case_keys import CaseKeys
from activities.outer_keys import FileKeys, KeyProvider, missing
from activities.stores import migrate, open_database
from models.keys import CannotOpen, Wrapped
from models.settings import Settings
from models.words import OrgId

MODULES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/pkcs11/libsofthsm2.so"),
    Path("/opt/homebrew/lib/softhsm/libsofthsm2.so"),
)
TOKEN, PIN = "utvag-test", "487215"


class TransitKeys:
    """A provider as a key service would be one: text ciphertexts with their version, keys that never leave it."""

    kind = "transit"

    def __init__(self, org: OrgId) -> None:
        self._org = org
        self._keys: dict[int, bytes] = {}
        self._latest = 0

    def current(self) -> int:
        if not self._latest:
            raise missing(self._org)
        return self._latest

    def versions(self) -> tuple[int, ...]:
        return tuple(self._keys)

    def fingerprint(self, version: int) -> str:
        if version not in self._keys:
            raise missing(self._org, version)
        return f"{id(self)}-{version}"

    def wrap(self, data_key: bytes, context: bytes) -> Wrapped:
        version, nonce = self.current(), os.urandom(12)
        answer = base64.b64encode(nonce + AESGCM(self._keys[version]).encrypt(nonce, data_key, context)).decode()
        return Wrapped(version, f"vault:v{version}:{answer}".encode())

    def unwrap(self, wrapped: Wrapped, context: bytes) -> bytes:
        try:
            service, version, answer = wrapped.blob.decode().split(":")
            raw = base64.b64decode(answer, validate=True)
            if service != "vault" or version != f"v{wrapped.version}":
                raise CannotOpen
            if wrapped.version not in self._keys:
                raise missing(self._org, wrapped.version)
            return AESGCM(self._keys[wrapped.version]).decrypt(raw[:12], raw[12:], context)
        except (ValueError, InvalidTag):
            raise CannotOpen from None

    def rotate(self) -> int:
        self._latest += 1
        self._keys[self._latest] = AESGCM.generate_key(256)
        return self._latest

    def destroy(self, version: int) -> None:
        self._keys.pop(version, None)


def soft_token(folder: Path) -> Settings:
    """A fresh token in a folder of its own, and the settings that find it.

    Debian's softhsm2 is a requirement of these tests: it is installed where that can be done, and else they fail.
    """
    module = next((path for path in MODULES if path.exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        if os.geteuid() == 0 and shutil.which("apt-get"):
            for command in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", "softhsm2"]):
                subprocess.run(["apt-get", *command], check=False, capture_output=True, timeout=300)
        module = next((path for path in MODULES if path.exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        pytest.fail("softhsm2 is not installed: the PKCS#11 tests need it (Debian: apt-get install softhsm2).")
    tokens = folder / "tokens"
    tokens.mkdir(parents=True)
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(configuration)  # read once, when the module is first loaded
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", "90817263"],
        check=True,
        capture_output=True,
    )
    return Settings(key_provider="pkcs11", pkcs11_module=module, pkcs11_token=TOKEN, pkcs11_pin=PIN)  # type: ignore[arg-type]


def new_org() -> OrgId:
    """An organisation that no other test has used: a token is shared by all of a process's tests."""
    return f"soc-{uuid4().hex[:12]}"


def keys_in(url: str, org: OrgId, provider: KeyProvider) -> CaseKeys:
    engine = open_database(url)
    migrate(engine, "keys")
    return CaseKeys(org, engine, provider)


def file_keys(folder: Path, org: OrgId) -> CaseKeys:
    """A key store in SQLite with outer keys in files: for tests that are about something else."""
    return keys_in(f"sqlite:///{folder / org / 'keys.db'}", org, FileKeys(org, folder / org))
