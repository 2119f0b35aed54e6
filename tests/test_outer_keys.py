"""Outer keys: what every provider does, and what files and a PKCS#11 token do besides."""

from __future__ import annotations

import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from activities.outer_keys import FileKeys, KeyProvider, open_outer_keys
from models.keys import CannotOpen, KeyMissing, Wrapped
from models.settings import Settings
from tests.key_support import new_org
from tests.support import ROOT

pytest_plugins = ("tests.key_fixtures",)


def test_a_provider_gives_a_data_key_back_in_its_own_context_only(provider: KeyProvider) -> None:
    with pytest.raises(KeyMissing):
        provider.current()
    assert provider.rotate() == 1
    data_key = secrets.token_bytes(32)
    wrapped = provider.wrap(data_key, b"here")
    assert data_key not in wrapped.blob
    assert provider.unwrap(wrapped, b"here") == data_key
    for spoilt, context in (
        (wrapped, b"there"),
        (Wrapped(1, wrapped.blob[:-1]), b"here"),
        (Wrapped(1, b""), b"here"),
        (Wrapped(1, wrapped.blob[:-1] + bytes([wrapped.blob[-1] ^ 1])), b"here"),
    ):
        with pytest.raises(CannotOpen):
            provider.unwrap(spoilt, context)


def test_versions_grow_earlier_ones_open_and_a_destroyed_one_opens_nothing(provider: KeyProvider) -> None:
    wrapped = [provider.wrap(bytes([provider.rotate()]) * 32, b"c") for _ in range(3)]
    assert provider.versions() == (1, 2, 3)
    assert [each.version for each in wrapped] == [1, 2, 3]
    assert [provider.unwrap(each, b"c")[0] for each in wrapped] == [1, 2, 3]
    assert len({provider.fingerprint(version) for version in (1, 2, 3)}) == 3
    provider.destroy(1)
    provider.destroy(1)
    assert provider.versions() == (2, 3)
    for ask in (lambda: provider.unwrap(wrapped[0], b"c"), lambda: provider.fingerprint(1)):
        with pytest.raises(KeyMissing):
            ask()
    assert provider.unwrap(wrapped[1], b"c")[0] == 2


def test_a_wrapped_key_of_one_organisation_is_nothing_to_another(provider: KeyProvider, tmp_path: Path) -> None:
    provider.rotate()
    other = FileKeys("polisen-mitt", tmp_path / "other")
    other.rotate()
    with pytest.raises(CannotOpen):
        other.unwrap(provider.wrap(bytes(32), b"c"), b"c")


def test_an_outer_key_file_is_the_accounts_own_and_is_gone_when_destroyed(tmp_path: Path) -> None:
    keys = FileKeys("soc-0381", tmp_path / "soc-0381")
    keys.rotate()
    path = tmp_path / "soc-0381" / "outer-1.key"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    raw = path.read_bytes()
    hold = tmp_path / "another-name"
    hold.hardlink_to(path)
    keys.destroy(1)
    assert not path.exists()
    assert hold.read_bytes() != raw, "it was overwritten before it was removed"
    assert list((tmp_path / "soc-0381").iterdir()) == []


def test_a_token_never_gives_its_key_away(token: Settings) -> None:
    import pkcs11

    from activities.token_keys import the_token

    org = new_org()
    open_outer_keys(token, org).rotate()
    assert token.pkcs11_pin is not None

    def look(session: pkcs11.Session) -> None:
        (key,) = session.get_objects({pkcs11.Attribute.LABEL: f"utvag:{org}:1"})
        assert (key[pkcs11.Attribute.SENSITIVE], key[pkcs11.Attribute.EXTRACTABLE]) == (True, False)
        with pytest.raises(pkcs11.exceptions.AttributeSensitive):
            key[pkcs11.Attribute.VALUE]

    the_token(str(token.pkcs11_module), str(token.pkcs11_token), token.pkcs11_pin).do(look)


@pytest.mark.parametrize(
    "changed",
    [
        {"pkcs11_token": "another"},
        {"pkcs11_pin": "000000"},
        {"pkcs11_module": Path("/nowhere/module.so")},
        {"pkcs11_pin": None},
    ],
)
def test_a_token_that_is_not_there_is_a_sentence(changed: dict[str, object], token: Settings) -> None:
    values = token.model_dump() | changed
    wrong = Settings(**values)
    if changed.get("pkcs11_pin") == "000000":  # a login is the whole process's, so in one of its own
        told = subprocess.run(
            [sys.executable, "-c", WRONG_PIN, str(token.pkcs11_module), str(token.pkcs11_token)],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert told.stdout.strip() == "KeyMissing", told.stderr
        return
    with pytest.raises(KeyMissing) as caught:
        open_outer_keys(wrong, "soc-0381").versions()
    assert "UTVAG_PKCS11" in caught.value.sv
    assert "UTVAG_PKCS11" in caught.value.en


WRONG_PIN = """
import sys
from activities.outer_keys import open_outer_keys
from models.keys import KeyMissing
from models.settings import Settings
try:
    settings = Settings(key_provider="pkcs11", pkcs11_module=sys.argv[1], pkcs11_token=sys.argv[2], pkcs11_pin="000000")
    open_outer_keys(settings, "soc-0381").versions()
except KeyMissing as error:
    assert "000000" not in str(error)
    print("KeyMissing")
"""
