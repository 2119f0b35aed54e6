"""The command line for caseworkers, coordinators and operators."""

from __future__ import annotations

import gc

gc.disable()  # what is imported is there to stay: looking through it again and again takes a tenth of the start

import os
from datetime import timedelta
from typing import Annotated

import typer

from activities.surroundings import OWNER_ONLY, configure_logs, read_settings
from console import (
    access_commands,
    adoption_commands,
    audit_commands,
    case_commands,
    codec_commands,
    consent_commands,
    deadline_commands,
    deadline_views,
    demand_commands,
    disclosure_commands,
    doors,
    file_commands,
    handoff_commands,
    handoff_views,
    incident_commands,
    link_commands,
    own_key_commands,
    person_commands,
    reading,
    retention_commands,
    rule_commands,
    staff_commands,
    views,
)
from console.case_commands import Case, Json, say
from console.casework import Casework
from console.failures import run_program, told
from console.layout import screen
from console.log_room import LogRoom
from console.simulation_commands import simulate
from models.words import Function

gc.enable()
gc.freeze()
app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Utväg: en persons väg ut, samordnad. Vid fara för liv: ring 112. | One person's way out, coordinated.",
)
app.add_typer(case_commands.app, name="case")
adopt = case_commands.app.command("adopt-rules", short_help="Gå över till nyare regler | Adopt newer rules")
adopt(adoption_commands.adopt_rules)
app.add_typer(handoff_commands.app, name="handoff")
app.add_typer(deadline_commands.app, name="deadline")
app.add_typer(rule_commands.app, name="rules")
for tie in (link_commands.link, link_commands.unlink, link_commands.links):
    person_commands.app.command(tie.__name__, short_help=link_commands.SHORT[tie.__name__])(tie)
app.add_typer(person_commands.app, name="person")
app.add_typer(consent_commands.app, name="consent")
demand_commands.add_to(disclosure_commands.app)
app.add_typer(disclosure_commands.app, name="disclosure")
incident = app.command("incident", short_help="Någon frågar efter personen, eller läcka | Somebody asks, or a leak")
incident(incident_commands.incident)
app.add_typer(access_commands.app, name="access")
app.add_typer(staff_commands.app, name="staff")
app.add_typer(audit_commands.app, name="audit")
app.add_typer(own_key_commands.app, name="key")
app.add_typer(codec_commands.app, name="codec")
app.add_typer(file_commands.commands(lambda org: doors.file_desks(Casework(read_settings(), org))(org)), name="file")
app.command("simulate", short_help="Pröva regler i låtsad tid | Try rules in virtual time")(simulate)


@audit_commands.app.callback()
def open_log_room(context: typer.Context) -> None:
    if context.find_object(LogRoom) is None:
        context.obj = doors.log_room(Casework(read_settings()))


directory_app = typer.Typer(help="Katalogen över organisationer | The directory", no_args_is_help=True)
app.add_typer(retention_commands.commands(), name="retention")
app.add_typer(directory_app, name="directory")


@app.callback()
def prepare() -> None:
    """Utväg. Personuppgifter skrivs aldrig på kommandoraden. | Personal data never goes on the command line."""
    os.umask(OWNER_ONLY)
    configure_logs(read_settings().model_copy(update={"log_level": "ERROR"}))


@app.command("advance", short_help="Flytta övningstid | Move training time")
@told
async def advance(
    case: Case,
    time: Annotated[str, typer.Argument(help="Hur långt, som 30m, 4h, 3d eller 2w. | How far.", metavar="TIME")],
    as_json: Json = False,
) -> None:
    """Flyttar ett övningsärendes tid framåt. | Moves a training case's time forward."""
    casework = Casework(read_settings())
    reference = reading.case_reference(case)
    length: timedelta = reading.duration(time)
    before = len(casework.view.firings(reference))
    await casework.advance(reference, length)
    standing = await casework.at_rest(reference)
    fired = len(casework.view.firings(reference)) - before
    if as_json:
        now = standing.now.isoformat()
        say({"case": reference, "now": now, "revision": standing.state.revision, "rungs_fired": fired})
    else:
        now = deadline_views.clock(standing.now)
        typer.echo(f"Ärendets tid är nu {now}. | The case's time is now {now}.")
        screen.print(handoff_views.handoff_table(standing, casework.pack(reference)))
        typer.echo(f"Nya påminnelser | New rungs fired: {fired}")


@app.command("demo", short_help="Spela upp exempelfallen | Play the example cases")
@told
async def play_demo(
    once: Annotated[
        bool, typer.Option("--once", help="Spela till slutet och avsluta. | Play to the end and stop.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Avsluta med ett JSON-objekt. | End with one JSON object.")
    ] = False,
) -> None:
    """Spelar upp de fem exempelfallen. | Plays the five example cases."""
    from console.demo import demo

    if code := await demo(read_settings(), once, as_json):
        raise typer.Exit(code)


@directory_app.command("list", short_help="Visa organisationer | List organisations")
@told
async def list_directory(
    function: Annotated[Function | None, typer.Option("--function", help="Bara denna sort. | Only this kind.")] = None,
    as_json: Json = False,
) -> None:
    """Visar organisationerna och vad de kallas här. | Shows the organisations and their ids."""
    directory = Casework(read_settings()).directory
    entries = [e for e in directory.values() if function is None or e.function is function]
    if as_json:
        say([entry.model_dump(mode="json", exclude={"signing_key", "sealing_key"}) for entry in entries])
        return
    screen.print(views.directory_table(entries))


if __name__ == "__main__":
    run_program(app)
