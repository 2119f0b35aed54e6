"""Where the plane is asked, and where it listens, are two settings; neither lets others read along by mistake."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from models.settings import Settings
from tests.support import Stack

WRONG = [
    "http://plan.example:8766",
    "http://192.0.2.1:8766",
    "http://3221225985:8766",
    "http://0xc0000201:8766",
    "http://[2001:db8::1]:8766",
    "ftp://127.0.0.1/",
    "https://",
    "plan.example",
    "https://plan.example:hemligt/",
    "https://hemligt@plan.example",
    "https://plan.example/hemligt",
    "https://plan.example?hemligt",
    "https://plan.example#hemligt",
]
RIGHT = [
    "https://plan.example",
    "https://plan.example:8443/",
    "https://192.0.2.1",
    "http://127.0.0.1:8766",
    "http://[::1]:8766",
    "http://localhost:8766",
    "http://plane:8766",
]


@pytest.mark.parametrize("wrong", WRONG)
def test_an_address_where_others_could_read_along_is_refused_and_not_repeated(
    wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UTVAG_PLANE_URL", wrong)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert "hemligt" not in str(caught.value)
    assert caught.value.errors(include_input=False)[0]["loc"] == ("plane_url",)


@pytest.mark.parametrize("right", RIGHT)
def test_https_this_machine_and_a_container_networks_own_names_will_do(
    right: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UTVAG_PLANE_URL", right)
    assert Settings().plane == right


def test_unless_told_otherwise_the_plane_is_asked_and_listens_on_this_machine_only() -> None:
    settings = Settings(plane_port=4711)
    assert (settings.plane, settings.plane_host) == ("http://127.0.0.1:4711", "127.0.0.1")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path / "var", UTVAG_PLANE_HOST="127.0.0.2", UTVAG_PLANE_URL="https://plan.example")
    stack.start()
    yield stack
    stack.stop()


def test_the_api_listens_where_it_is_told_and_not_where_it_is_asked(elsewhere: Stack) -> None:
    port = elsewhere.settings.plane_port
    with pytest.raises(urllib.error.HTTPError) as answered:
        urllib.request.urlopen(f"http://127.0.0.2:{port}/v1/ready", data=b"{}", timeout=5)
    assert json.loads(answered.value.read())["code"] == "signature-missing"
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/ready", data=b"{}", timeout=5)
