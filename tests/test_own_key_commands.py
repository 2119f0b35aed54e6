"""`key renew`, `key revoke` and `key published` as organisations and the plane's operator run them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from activities.audit import PLANE, AuditLog
from activities.stores import open_existing, register_url
from console.tending import KEPT_FOR_PACKAGES, forget_replaced_keys
from models.plane import Nothing
from models.published_keys import WhyRevoked, as_heard
from rules.showing import OPERATOR
from tests.command_line import CommandLine, intake
from tests.support import Stack

OTHER = "soc-0180"
NEXT = count(1)


@pytest.fixture
def org(stack: Stack) -> str:
    """An organisation that no other test acts for: after a revocation it can do nothing more in this stack."""
    directory = stack.casework().directory
    seldom = [entry.id for entry in directory.values() if entry.id.startswith("soc-25")]
    return seldom[next(NEXT)]


def current(cli: CommandLine, org: str) -> dict[str, str]:
    rows = cli.json("key", "published", "--as", OTHER, "--of", org)
    return {row["use"]: row["fingerprint"] for row in rows if row["state"] == "current"}


def published(cli: CommandLine, org: str, fingerprint: str) -> list[dict[str, str]]:
    rows = cli.json("key", "published", "--as", OTHER, "--of", org)
    return [row for row in rows if row["fingerprint"] == fingerprint]


def state(cli: CommandLine, org: str, fingerprint: str) -> str:
    (row,) = published(cli, org, fingerprint)
    return row["state"]


def opened_by(cli: CommandLine, org: str) -> int:
    said = intake(stay_municipality=org.removeprefix("soc-"))
    return cli("case", "open", "-", stdin=json.dumps(said)).code


def logged(stack: Stack, org: str) -> list[tuple[str, str | None]]:
    links = stack.casework().office(org).trail.links()
    return [(link.entry.action, link.entry.ground) for link in links if link.entry.action.endswith(("-keys", "-key"))]


def logged_by_the_plane(stack: Stack, org: str) -> list[tuple[str, str]]:
    links = AuditLog(open_existing(register_url(stack.settings)), PLANE).links()
    told = ("key-published", "key-revoked")
    return [
        (one.entry.org, one.entry.action) for one in links if one.entry.recipient == org and one.entry.action in told
    ]


def test_new_keys_are_believed_at_once_and_the_former_are_retired(cli: CommandLine, stack: Stack, org: str) -> None:
    assert opened_by(cli, org) == 0
    before = current(cli, org)
    renewed = cli.json("key", "renew", "--as", org)
    assert renewed["published"] is True
    assert current(cli, org) == {use: renewed[use] for use in ("signing", "sealing")}
    assert not set(before.values()) & set(current(cli, org).values())
    assert {state(cli, org, fingerprint) for fingerprint in before.values()} == {"retired"}
    assert opened_by(cli, org) == 0
    assert logged(stack, org) == [("renew-keys", None)]
    assert logged_by_the_plane(stack, org) == [(org, "key-published")] * 4


def test_new_keys_that_the_plane_could_not_be_told_of_are_published_with_the_next_question(
    cli: CommandLine, org: str
) -> None:
    assert opened_by(cli, org) == 0
    alone = cli.with_settings(UTVAG_PLANE_PORT="1")
    told = alone("key", "renew", "--as", org)
    assert (told.code, "The plane does not answer. The new keys hold here" in told.out) == (0, True), told.text
    assert opened_by(cli, org) == 0
    assert current(cli, org)["signing"] in told.out


def test_revoking_shows_first_what_it_would_do(cli: CommandLine, stack: Stack, org: str) -> None:
    assert opened_by(cli, org) == 0
    signing = current(cli, org)["signing"]
    told = cli("key", "revoke", signing, "--as", org, "--reason", "stolen")
    assert told.code == 0
    assert "Nothing has happened. Add --yes" in told.out
    assert "The organisation signs with this key now" in told.out
    assert state(cli, org, signing) == "current"
    assert opened_by(cli, org) == 0
    assert logged(stack, org) == []


def test_an_organisation_revokes_its_signing_key_and_can_do_nothing_until_the_next_is_accepted(
    cli: CommandLine, stack: Stack, org: str
) -> None:
    assert opened_by(cli, org) == 0
    signing = current(cli, org)["signing"]
    done = cli.json("key", "revoke", signing, "--as", org, "--reason", "suspected", "--yes")
    assert (done["revoked"], done["stops"]) == (True, True)
    assert done["signing"] != signing
    assert state(cli, org, signing) == "revoked"
    told = cli("case", "open", "-", stdin=json.dumps(intake(stay_municipality=org.removeprefix("soc-"))))
    assert told.code == 3
    assert done["signing"] in told.text  # the fingerprint that the operator is to compare
    assert logged(stack, org) == [("revoke-key", "suspected")]
    assert (org, "key-revoked") in logged_by_the_plane(stack, org)
    renewed = cli("key", "renew", "--as", org)
    assert (renewed.code, done["signing"] in renewed.text) == (3, True), "the one to accept, and none beside it"
    again = cli("key", "revoke", signing, "--as", org, "--reason", "lost", "--operator", "--yes")
    assert again.code == 0
    assert [row["revoked_for"] for row in published(cli, org, signing)] == ["suspected"]


def test_the_operator_revokes_for_an_organisation_and_nobody_else_does(
    cli: CommandLine, stack: Stack, org: str
) -> None:
    assert opened_by(cli, org) == 0
    signing = current(cli, org)["signing"]
    stranger = cli("key", "revoke", signing, "--as", OTHER, "--reason", "lost", "--yes")
    assert (stranger.code, "No key with that fingerprint" in stranger.text) == (4, True)
    plane = stack.casework().plane
    refused = plane.revoke_key(org, as_heard(signing), WhyRevoked.LOST, OTHER)
    assert refused is not None
    assert refused.code == "key-unknown"
    assert state(cli, org, signing) == "current"
    assert cli("key", "revoke", signing, "--as", org, "--reason", "stolen", "--operator", "--yes").code == 0
    assert state(cli, org, signing) == "revoked"
    assert opened_by(cli, org) == 3
    assert (OPERATOR, "key-revoked") in logged_by_the_plane(stack, org)
    told = cli("key", "renew", "--as", org)
    assert told.code == 0, told.text
    assert "Nothing vouches for the new one" in told.out
    assert signing not in told.out
    assert opened_by(cli, org) == 3, "until the operator has accepted it"


def test_a_revocation_that_was_interrupted_after_the_plane_knew_is_finished_by_the_same_command(
    cli: CommandLine, stack: Stack, org: str
) -> None:
    assert opened_by(cli, org) == 0
    signing = current(cli, org)["signing"]
    assert stack.casework().plane.revoke_key(org, as_heard(signing), WhyRevoked.STOLEN, org) is None
    done = cli.json("key", "revoke", signing, "--as", org, "--reason", "stolen", "--yes")
    assert done["signing"] != signing
    rows = cli.json("key", "status", "--as", org)["organisation"]
    assert {row["state"] for row in rows if row["fingerprint"] == signing} == {"revoked"}


def test_a_revoked_sealing_key_is_replaced_and_published_at_once(cli: CommandLine, org: str) -> None:
    assert opened_by(cli, org) == 0
    before = current(cli, org)
    done = cli.json("key", "revoke", before["sealing"], "--as", org, "--reason", "suspected", "--yes")
    assert done["stops"] is False
    after = current(cli, org)
    assert (after["signing"], after["sealing"]) == (before["signing"], done["sealing"])
    assert done["sealing"] != before["sealing"]
    assert opened_by(cli, org) == 0


@pytest.mark.parametrize("said", ["", "ABCD", "A" * 53, "å" * 52])
def test_what_is_no_fingerprint_is_a_sentence_and_not_repeated(cli: CommandLine, said: str) -> None:
    told = cli("key", "revoke", said, "--as", OTHER, "--reason", "lost", "--yes")
    assert told.code == 2
    assert "13 groups" in told.text
    assert not said or said not in told.text


def test_a_replaced_sealing_key_is_destroyed_when_no_package_can_be_sealed_to_it(stack: Stack, org: str) -> None:
    casework = stack.casework()
    office, way = casework.office(org), casework.plane
    before = office.signing.sealing_fingerprint
    way.ask(org, "/v1/ready", Nothing())
    office.signing.rotate(datetime.now(UTC))
    forget_replaced_keys(office, way, datetime.now(UTC))
    assert office.signing.opener(before) is not None
    told = datetime.now(UTC)
    assert office.signing.sealing_fingerprint in {key.fingerprint for key in way.published_by(org)}
    forget_replaced_keys(office, way, told - timedelta(minutes=1) + KEPT_FOR_PACKAGES)
    assert office.signing.opener(before) is not None
    forget_replaced_keys(office, way, datetime.now(UTC) + KEPT_FOR_PACKAGES)
    assert office.signing.opener(before) is None
    assert office.signing.opener(office.signing.sealing_fingerprint) is not None
