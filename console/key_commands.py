"""`starter.py key ...`: the keys of one desk: what stands, and changing the outer key.

Another part with keys of its own (a payload codec, say) is shown by a further entry in `PARTS`. If its keys are wrapped
by the outer key, it also goes among `CaseKeys.others` in `open_case_keys`, so that it is wrapped anew with the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.progress import Progress

from activities.case_keys import CaseKeys, open_case_keys
from activities.key_store import Outer
from activities.organisation_keys import key_rows, open_keys
from activities.stores import BadDatabase
from activities.surroundings import read_settings
from console.case_commands import As, Json, say
from console.casework import Casework
from console.failures import UNAVAILABLE, NotFound, fail, told
from console.layout import both, screen, table_of
from models.keys import KeyFault, KeyStatus
from models.settings import Settings
from models.words import OrgId
from rules.showing import OPERATOR

app = typer.Typer(help="Nycklar | Keys", no_args_is_help=True)

NONE_YET = (
    "Inga nycklar ännu: de görs när desken först sparar något.",
    "No keys yet: they are made when the desk first keeps something.",
)
STATES = {
    "current": ("gäller", "current"),
    "retired": ("ersatt", "retired"),
    "revoked": ("återkallad", "revoked"),
}
USES = {"signing": ("underskrift", "signing"), "sealing": ("mottagning", "sealing")}
PARTS: dict[str, Callable[[Settings, OrgId, CaseKeys], list[dict[str, Any]]]] = {
    "organisation": lambda settings, org, keys: key_rows(open_keys(settings, org, Outer(keys))),
}


@contextmanager
def told_faults(as_json: bool) -> Iterator[None]:
    """A key that is missing or does not open is a sentence, and exit code 5: the service is not there."""
    try:
        yield
    except KeyFault as fault:
        fail(UNAVAILABLE, fault.sv, fault.en, as_json)


def holder(casework: Casework, org: OrgId) -> OrgId:
    """Whose keys: an organisation of the directory, or the plane itself."""
    return org if org == OPERATOR else casework.organisation(org).id


def existing_keys(settings: Settings, org: OrgId) -> CaseKeys | None:
    """None when the desk has no key store yet: looking makes none."""
    try:
        return open_case_keys(settings, org, existing=True)
    except BadDatabase:
        return None


@app.command("status", short_help="Visa nycklar | Show keys")
@told
async def status(org: As, as_json: Json = False) -> None:
    """Visar nycklarna: versioner, fingeravtryck, vad de skyddar. Aldrig nycklarna själva. | Shows what keys stand."""
    casework = Casework(read_settings())
    whose = holder(casework, org)
    with told_faults(as_json):
        keys = existing_keys(casework.settings, whose)
        found = keys.status() if keys else None
        parts = {name: rows(casework.settings, whose, keys) for name, rows in PARTS.items()} if keys else {}
    if as_json:
        parts = {
            name: [{key: shown(value) for key, value in row.items()} for row in parts.get(name, [])] for name in PARTS
        }
        say(status_data(found, whose, casework.settings.key_provider) | parts)
    elif found is None or not found.outer:
        typer.echo(both(NONE_YET))
    else:
        show(found, parts["organisation"])


def shown(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def status_data(found: KeyStatus | None, org: OrgId, provider: str) -> dict[str, Any]:
    if found is None:
        return {"organisation": org, "provider": provider, "current": None, "outer": [], "outdated": 0, "old_stand": []}
    return {
        "organisation": org,
        "provider": found.provider,
        "current": found.current or None,
        "outer": [each._asdict() for each in found.outer],
        "cases": found.cases,
        "destroyed_cases": found.destroyed_cases,
        "outdated": found.outdated,
        "old_stand": list(found.old_stand),
    }


def show(found: KeyStatus, organisation: list[dict[str, Any]]) -> None:
    table = table_of(
        ("Yttre nyckel", "Outer key", 5), ("Fingeravtryck", "Fingerprint", 16), ("Slår in", "Wraps", 6), ("", "", 0)
    )
    for each in found.outer:
        state = ("gäller", "current") if each.version == found.current else ("står kvar", "still stands")
        state = state if each.stands else ("förstörd", "destroyed")
        table.add_row(str(each.version), each.fingerprint, str(each.seals), both(state))
    screen.print(f"{found.org}, {found.provider}")
    screen.print(table)
    screen.print(
        f"Ärenden med nycklar: {found.cases}, gallrade: {found.destroyed_cases}. | "
        f"Cases with keys: {found.cases}, disposed of: {found.destroyed_cases}."
    )
    if organisation:
        own = table_of(("Egen nyckel", "Own key", 8), ("Fingeravtryck", "Fingerprint", 16), ("", "", 0))
        for row in organisation:
            own.add_row(both(USES[row["use"]]), row["fingerprint"], both(STATES[row["state"]]))
        screen.print(own)
    for sentence in advice(found):
        typer.echo("\n".join(sentence))


def advice(found: KeyStatus) -> list[tuple[str, str]]:
    """What is left to do, in two languages."""
    if found.outdated:
        return [
            (
                f"Ett nyckelbyte är inte klart: {found.outdated} är ännu inslagna i en äldre. Kör `key rotate`.",
                f"A change of key is not finished: an earlier one still wraps {found.outdated}. Run `key rotate`.",
            )
        ]
    if found.old_stand:
        which = ", ".join(map(str, found.old_stand))
        return [
            (
                f"Äldre yttre nyckel står kvar: {which}. Med den kan en gammal kopia av nyckellagret läsas, även det "
                "som gallrats. `key rotate --destroy-old` förstör den.",
                f"An earlier outer key still stands: {which}. With it an old copy of the key store can be read, also "
                "what has been disposed of. `key rotate --destroy-old` destroys it.",
            )
        ]
    return []


@app.command("rotate", short_help="Byt yttre nyckel | Change the outer key")
@told
async def rotate(
    org: As,
    destroy_old: Annotated[
        bool,
        typer.Option("--destroy-old", help="Förstör de äldre: gamla kopior går inte att läsa. | Destroy earlier ones."),
    ] = False,
    index: Annotated[
        bool, typer.Option("--index", help="Byt även sökindexets nyckel. | Change the index key as well.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Byter yttre nyckel. Det som sparats rörs inte. Ett avbrutet byte görs klart. | Changes the outer key."""
    casework = Casework(read_settings())
    whose = holder(casework, org)
    with told_faults(as_json):
        keys = existing_keys(casework.settings, whose)
        before = keys.status() if keys else None
        if keys is None or before is None or not before.outer:
            raise NotFound(*NONE_YET)
        resumed = before.outdated > 0
        version = before.current if resumed else keys.rotate()
        rewrapped = rewrap(keys, quietly=as_json)
        destroyed = keys.destroy_outdated() if destroy_old else ()
        indexed = casework.desk(whose).reindex() if index else None
        after = keys.status()
    if as_json:
        done = {"resumed": resumed, "version": version, "rewrapped": rewrapped, "destroyed": list(destroyed)}
        say({"organisation": whose, **done, "indexed": indexed, "old_stand": list(after.old_stand)})
        return
    if resumed:
        typer.echo("Ett byte som hade avbrutits är nu klart. | A change that had been interrupted is now finished.")
    typer.echo(f"Yttre nyckel {version} gäller, {rewrapped} nycklar är inslagna i den. Det som sparats är orört.")
    typer.echo(f"Outer key {version} is current and wraps {rewrapped} keys. What is kept was not touched.")
    if destroyed:
        which = ", ".join(map(str, destroyed))
        typer.echo(f"Förstörd: {which}. Äldre kopior av nyckellagret går inte att läsa.")
        typer.echo(f"Destroyed: {which}. Earlier copies of the key store can't be read.")
    if indexed is not None:
        typer.echo(f"Sökindexet har ny nyckel: {indexed} ärenden. | The index has a new key: cases as counted.")
    for sentence in advice(after):
        typer.echo("\n".join(sentence))


def rewrap(keys: CaseKeys, *, quietly: bool) -> int:
    if quietly:
        return keys.rewrap()
    with Progress(console=screen, transient=True) as progress:
        task = progress.add_task("Slår in nycklarna | Wrapping the keys", total=None)
        return keys.rewrap(lambda done, of: progress.update(task, completed=done, total=of))
