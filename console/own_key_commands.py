"""`starter.py key make|renew|revoke|published`: the keys that an organisation acts with, and what others know."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from activities.case_keys import open_case_keys
from activities.key_store import Outer
from activities.organisation_keys import OrganisationKeys, open_keys
from activities.surroundings import read_settings
from console.case_commands import As, Json, say
from console.casework import Casework
from console.deadline_views import clock
from console.failures import Fault, Invalid, NotFound, Refused, told
from console.key_commands import STATES, USES, app, holder, told_faults
from console.layout import both, screen, table_of
from console.plane_client import NotTaken
from models.access import the_system
from models.audit import AuditEntry
from models.contracts import Refusal
from models.plane import AboutOrganisation, Nothing, Published
from models.published_keys import Fingerprint, KeyUse, PublishedKey, WhyRevoked, as_heard, as_said
from models.words import Code, OrgId
from rules.showing import OPERATOR
from workflows.connection import Unavailable

__all__ = ["app"]
FINGERPRINT: TypeAdapter[str] = TypeAdapter(Fingerprint)
Yes = Annotated[bool, typer.Option("--yes", help="Gör det; utan den visas bara vad som skulle hända. | Do it.")]
Operator = Annotated[
    bool,
    typer.Option("--operator", help="Ni är planets drift, inte organisationen själv. | You are the plane's operator."),
]
NO_SUCH_KEY = (
    "Ingen nyckel med det fingeravtrycket är organisationens: `key published` visar dem som är.",
    "No key with that fingerprint is the organisation's: `key published` shows those that are.",
)
TO_ACCEPT = (
    "Säg organisationens id och fingeravtrycket till planets drift, som godtar dem ihop: UTVAG_ACCEPTED_KEYS.",
    "Say the organisation's id and the fingerprint to the plane's operator, who accepts them as one.",
)
TO_TRUST = (
    "De som skickar till er jämför det också: UTVAG_TRUSTED_KEYS. Innan det är godtaget kan ni varken göra eller se "
    "något genom planet.",
    "Those who send to you compare it too: UTVAG_TRUSTED_KEYS. Until it is accepted you can neither do nor see "
    "anything through the plane.",
)
STOPS = (
    "Det är den nyckel som organisationen skriver under med nu. Efteråt kan den inget förrän en ny är godtagen.",
    "The organisation signs with this key now. Afterwards it can do nothing until a new one is accepted.",
)
NOT_TOLD_YET = (
    "Planet svarar inte. De nya nycklarna gäller här, och publiceras vid er nästa fråga till det.",
    "The plane does not answer. The new keys hold here, and are published with your next question to it.",
)
REVOKED_ELSEWHERE = (
    "Er nyckel är återkallad av planets drift. Den nya intygas av ingen.",
    "Your key has been revoked by the plane's operator. Nothing vouches for the new one.",
)
RENEWED = (
    "De förra är ersatta och intygar de nya: ingen behöver få veta något. Den förra mottagningsnyckeln förstörs om "
    "femton dagar, när inget kan vara på väg till den.",
    "The former are retired and vouch for the new: nobody need be told. The former sealing key is destroyed in fifteen "
    "days, when nothing can be under way to it.",
)
NOTHING_YET = ("Inget har hänt. Lägg till --yes för att göra det.", "Nothing has happened. Add --yes to do it.")


@app.command("make", short_help="Gör de första nycklarna | Make the first keys")
@told
async def make(org: As, as_json: Json = False) -> None:
    """Gör de nycklar som organisationen verkar med, där de saknas. | Makes the keys an organisation acts with."""
    casework = Casework(read_settings())
    whose = holder(casework, org)
    with told_faults(as_json):
        own = open_keys(casework.settings, whose, Outer(open_case_keys(casework.settings, whose)))
        own.ensure(datetime.now(UTC))
        fingerprint = own.fingerprint
    if as_json:
        say({"organisation": whose, "fingerprint": as_said(fingerprint)})
        return
    typer.echo(f"{whose}: {as_said(fingerprint)}")
    typer.echo("\n".join(TO_ACCEPT))


@app.command("renew", short_help="Byt egna nycklar | Change the own keys")
@told
async def renew(org: As, as_json: Json = False) -> None:
    """Gör nya egna nycklar; de förra intygar dem. Det som är på väg går fram. | The former vouch for the new."""
    casework = Casework(read_settings())
    whose = holder(casework, org)
    with told_faults(as_json):
        own = casework.keys(whose)
        stopped = await asyncio.to_thread(is_revoked_elsewhere, casework, whose)
        if not stopped:  # what nobody has accepted yet is not vouched for by one more key
            await published_now(casework, own)
        with logged(casework, whose, "renew-keys"):
            if stopped:
                start_anew(own, WhyRevoked.SUSPECTED)
            else:
                own.rotate(datetime.now(UTC))
        published = None if stopped else await published_now(casework, own)
    if as_json:
        say({"organisation": whose, **in_force(own), "published": bool(published), "to_accept": stopped})
        return
    for use, fingerprint in in_force(own).items():
        typer.echo(f"{both(USES[use])}: {fingerprint}")
    if not stopped:
        typer.echo("\n".join(RENEWED))
    if stopped:
        typer.echo("\n".join((*REVOKED_ELSEWHERE, *TO_ACCEPT, *TO_TRUST)))
    elif not published:
        typer.echo("\n".join(NOT_TOLD_YET))


@app.command("revoke", short_help="Återkalla en egen nyckel | Revoke an own key")
@told
async def revoke(
    fingerprint: Annotated[str, typer.Argument(help="Nyckelns fingeravtryck, helt. | Whole.", metavar="FINGERPRINT")],
    org: As,
    reason: Annotated[WhyRevoked, typer.Option("--reason", help="Varför. | Why.")],
    operator: Operator = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Återkallar en nyckel: inget tros längre på grund av den. Går inte att ångra. | Nothing is believed because of it.

    De nycklar som den har intygat står kvar; återkalla dem var för sig om de kan vara någon annans.
    """
    casework = Casework(read_settings())
    whose, which = holder(casework, org), read_fingerprint(fingerprint)
    asking = OPERATOR if operator else whose
    with told_faults(as_json):
        own = None if operator and whose != OPERATOR else casework.keys(whose)
        key = await asyncio.to_thread(known_key, casework, whose, which, asking, own)
        stops = key.use is KeyUse.SIGNING and key.retired_at is None and key.revoked_at is None
        if yes:
            await asyncio.to_thread(revoked, casework, whose, key, reason, asking, own)
    if as_json:
        now = in_force(own) if own and yes else {}
        say({"organisation": whose, "fingerprint": as_said(which), "revoked": yes, "stops": stops, **now})
        return
    typer.echo(f"{whose}, {both(USES[key.use])}: {as_said(which)}")
    if stops:
        typer.echo("\n".join(STOPS))
    if not yes:
        typer.echo("\n".join(NOTHING_YET))
        return
    typer.echo("Återkallad: inget tros längre på grund av den. | Revoked: nothing is believed because of it.")
    if stops and own:
        typer.echo(f"Ny nyckel | New key: {in_force(own)[KeyUse.SIGNING]}")
        typer.echo("\n".join((*TO_ACCEPT, *TO_TRUST)))


@app.command("published", short_help="Visa publicerade nycklar | Show published keys")
@told
async def published(
    org: As,
    of: Annotated[str | None, typer.Option("--of", help="Bara denna organisation. | Only this one.")] = None,
    as_json: Json = False,
) -> None:
    """Visar de nycklar som planet tror på, att jämföra på telefon. | The keys that the plane believes, to compare."""
    casework = Casework(read_settings())
    whose, about = holder(casework, org), of and holder(casework, of)
    with told_faults(as_json):
        keys = await asyncio.to_thread(published_keys, casework, whose, about)
    if as_json:
        say([row_of(key) for key in keys])
    elif keys:
        table = table_of(
            ("Organisation", "", 12), ("Nyckel", "Key", 8), ("Fingeravtryck", "Fingerprint", 16), ("", "", 0)
        )
        for row in map(row_of, keys):
            table.add_row(row["org"], both(USES[row["use"]]), row["fingerprint"], both(STATES[row["state"]]))
        screen.print(table)
    else:
        typer.echo("Inga nycklar är publicerade. | No keys are published.")


def read_fingerprint(said: str) -> Fingerprint:
    try:
        return FINGERPRINT.validate_python(as_heard(said))
    except ValidationError:
        raise Invalid(
            Fault("FINGERPRINT", "är inget helt fingeravtryck: tretton grupper", "is no whole fingerprint: 13 groups")
        ) from None


def known_key(
    casework: Casework, org: OrgId, fingerprint: Fingerprint, asking: OrgId, own: OrganisationKeys | None
) -> PublishedKey:
    """The key as it stands here, or as the plane knows it.

    Raises:
        NotFound: it is not the organisation's.
    """
    here = own.public().keys if own else ()
    if key := next((one for one in here if one.fingerprint == fingerprint), None):
        return key
    for key in published_keys(casework, asking, org):
        if (key.org, key.fingerprint) == (org, fingerprint):
            return key
    raise NotFound(*NO_SUCH_KEY)


def published_keys(casework: Casework, asking: OrgId, org: OrgId | None) -> tuple[PublishedKey, ...]:
    return casework.plane.told(asking, "/v1/keys/published", AboutOrganisation(org=org), Published).keys


def revoked(
    casework: Casework, org: OrgId, key: PublishedKey, reason: WhyRevoked, asking: OrgId, own: OrganisationKeys | None
) -> None:
    """First where others look, while there is still a key to say it with; then here, and a new key in its place.

    Begun again after it was interrupted anywhere it ends in the same way: a plane that believes the organisation's
    signing key no more has been told already.
    """
    if own is None:
        told_the_plane(casework, org, key, reason, asking)
        return
    with logged(casework, org, "revoke-key", key.fingerprint, reason.value):
        stopped = is_revoked_elsewhere(casework, org)
        if stopped:
            start_anew(own, reason)
        else:
            told_the_plane(casework, org, key, reason, asking)
        own.revoke(key.fingerprint, reason.value, datetime.now(UTC))
        own.ensure(datetime.now(UTC))
    if key.use is KeyUse.SEALING and not stopped:
        casework.plane.publish(own.public())


def told_the_plane(casework: Casework, org: OrgId, key: PublishedKey, reason: WhyRevoked, asking: OrgId) -> None:
    """Raises: Refused: the plane does not do it. One that it never knew of needs no telling."""
    refusal = casework.plane.revoke_key(org, key.fingerprint, reason, asking)
    if refusal is not None and refusal.code != "key-unknown":
        raise Refused(refusal)


def is_revoked_elsewhere(casework: Casework, org: OrgId) -> bool:
    """Whether the plane believes the organisation's signing key no more. False where the plane can't be asked."""
    try:
        casework.plane.ask(org, "/v1/ready", Nothing())
    except NotTaken as no:
        return no.code == "key-revoked"
    except Unavailable:
        return False
    return False


def start_anew(own: OrganisationKeys, reason: WhyRevoked) -> None:
    """A signing key that nobody vouches for, in place of one that has been revoked elsewhere, and a sealing key."""
    now = datetime.now(UTC)
    for fingerprint in (own.fingerprint, own.sealing_fingerprint):
        own.revoke(fingerprint, reason.value, now)
    own.ensure(now)


async def published_now(casework: Casework, own: OrganisationKeys) -> bool:
    """False when the plane can't be reached now.

    Raises:
        Refused: the plane does not believe them.
    """
    try:
        await asyncio.to_thread(casework.plane.publish, own.public())
    except Unavailable:
        return False
    except NotTaken as no:
        raise Refused(Refusal(code="not-trusted", detail=no.detail or no.code)) from None
    return True


@contextmanager
def logged(
    casework: Casework, org: OrgId, action: Code, subject: str | None = None, why: Code | None = None
) -> Iterator[None]:
    """What is done within stands in the desk's own log, or is not done. The plane's own is logged by the plane."""
    if org == OPERATOR:
        yield
        return
    trail = casework.office(org).trail
    with trail.writing() as session:
        entry = AuditEntry(at=datetime.now(UTC), **dict(the_system(org)), action=action, subject=subject, ground=why)
        trail.append(session, entry)
        yield


def in_force(own: OrganisationKeys) -> dict[str, str]:
    """The fingerprints of the keys that hold now, by use."""
    return {KeyUse.SIGNING: as_said(own.fingerprint), KeyUse.SEALING: as_said(own.sealing_fingerprint)}


def row_of(key: PublishedKey) -> dict[str, Any]:
    state = "revoked" if key.revoked_at else "retired" if key.retired_at else "current"
    when = {name: at and clock(at) for name, at in (("since", key.valid_from), ("revoked_at", key.revoked_at))}
    return {
        "org": key.org,
        "use": key.use.value,
        "fingerprint": as_said(key.fingerprint),
        "state": state,
        "revoked_for": key.revoked_for,
        **when,
    }
