"""Fixtures for tests of keys: `pytest_plugins = ("tests.key_fixtures",)` in the files that need them."""

from __future__ import annotations

from pathlib import Path

import pytest

from activities.case_keys import CaseKeys
from activities.outer_keys import FileKeys, KeyProvider, open_outer_keys
from models.settings import Settings
from models.words import OrgId
from tests.key_support import TransitKeys, keys_in, new_org, soft_token


@pytest.fixture(scope="session")
def token(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A real PKCS#11 token (SoftHSM), shared by the run: each test has an organisation of its own in it."""
    return soft_token(tmp_path_factory.mktemp("softhsm"))


@pytest.fixture
def org() -> OrgId:
    return new_org()


@pytest.fixture(params=["file", "pkcs11", "transit"])
def provider(request: pytest.FixtureRequest, org: OrgId, tmp_path: Path) -> KeyProvider:
    if request.param == "pkcs11":
        return open_outer_keys(request.getfixturevalue("token"), org)
    return FileKeys(org, tmp_path / "outer") if request.param == "file" else TransitKeys(org)


@pytest.fixture
def keys(provider: KeyProvider, org: OrgId, tmp_path: Path) -> CaseKeys:
    """A key store in SQLite under each kind of outer key."""
    return keys_in(f"sqlite:///{tmp_path / 'keys.db'}", org, provider)
