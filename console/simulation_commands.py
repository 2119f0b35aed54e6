"""`starter.py simulate`: what would these rules do, before anyone works under them?"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from activities.rule_packs import PACKS, load_pack, pack_on
from activities.simulation_runs import Difference, Run, parts
from activities.surroundings import read_settings
from console import simulation_data, simulation_files, simulation_views, timeline_views
from console.case_commands import Json, say
from console.failures import INTERRUPTED, Fault, Invalid, NotFound, telling
from console.layout import screen
from models.packs import RulePack
from models.simulation import Planned
from rules.figures import Figures
from rules.simulation import Play, planned, reference
from rules.timelines import timeline

LONGEST = timedelta(days=3660)
GREATEST_SEED = 2**63
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def simulate(
    cases: Annotated[str, typer.Option("--cases", help="Fallen (TOML eller JSON). | The cases.", metavar="FILE|-")],
    rules: Annotated[
        Path | None, typer.Option("--rules", help="Regelpaket; dagens om det utelämnas. | Rule pack.", metavar="DIR")
    ] = None,
    compare: Annotated[
        Path | None, typer.Option("--compare", help="Ett till, att jämföra med. | One to compare.", metavar="DIR")
    ] = None,
    until: Annotated[
        str, typer.Option("--until", help="Hur länge varje fall spelas. | How long each is played.", metavar="TIME")
    ] = "90d",
    seed: Annotated[int, typer.Option("--seed", help="Samma frö, samma resultat. | Same seed, same result.")] = 1,
    one: Annotated[
        str | None,
        typer.Option("--timeline", help="Tidslinje för ett fall. | The timeline of one case.", metavar="CASE|N"),
    ] = None,
    cores: Annotated[
        int | None, typer.Option("--cores", help="Hur många kärnor. | How many cores to use.", min=1, max=256)
    ] = None,
    as_json: Json = False,
) -> None:
    """Spelar fall genom reglerna i låtsad tid. Ingenting sparas. | Plays cases through the rules in virtual time."""
    with telling(as_json):
        length = how_long(until)
        if not 0 <= seed < GREATEST_SEED:
            raise Invalid(Fault("seed", "ska vara ett heltal från noll", "should be a whole number from zero"))
        packs = tuple(pack_in(path) for path in (rules, *((compare,) if compare else ())))
        run = Run(simulation_files.read_scenario(cases, packs), packs, length, seed)
        if one is not None:
            show_timeline(run, one, as_json)
        else:
            show_figures(run, cores, as_json)


def pack_in(directory: Path | None) -> RulePack:
    """The pack in a directory; today's when none is given.

    Raises:
        BadPack: the pack can't be used.
        Invalid: the directory is not there, or holds several packs.
    """
    if directory is None:
        return pack_on(datetime.now(UTC).date(), read_settings().rule_packs or PACKS)
    if not directory.is_dir():
        raise Invalid(Fault("rules", "katalogen finns inte", "there is no such directory"))
    if not (directory / "pack.toml").exists():
        inside = sorted(path.name for path in directory.iterdir() if (path / "pack.toml").is_file())
        if inside:
            names = ", ".join(inside)
            raise Invalid(Fault("rules", f"där finns flera, välj ett: {names}", f"choose one of those: {names}"))
    try:
        return load_pack(directory)
    except (OSError, RecursionError):
        raise Invalid(Fault("rules", "kan inte läsas", "can't be read")) from None


def how_long(text: str) -> timedelta:
    """`90d`, `4h` or `26w`: more than nothing and at most ten years."""
    found = re.fullmatch(r"([0-9]{1,7}) ?([mhdw])", text.strip(), re.ASCII)
    length = timedelta(**{UNITS[found[2]]: int(found[1])}) if found else timedelta(0)
    if not timedelta(0) < length <= LONGEST:
        raise Invalid(
            Fault("until", "skriv till exempel 90d eller 26w, högst tio år", "write 90d or 26w, ten years at most")
        )
    return length


def chosen(run: Run, wanted: str) -> Planned:
    """The case that is meant: by its number in the file, or by the reference it has in the simulation."""
    cases = planned(run.scenario, run.seed)
    text = wanted.strip()
    if text.isascii() and text.isdigit():
        found = [case for case in cases if case.number == int(text[:9])]
    else:
        letters = re.sub(r"[^0-9A-Z]", "", text.upper())
        found = [case for case in cases if reference(case.number, run.seed).replace("-", "") == letters]
    if not found:
        raise NotFound(
            f"Fallet finns inte i filen. Där finns 1–{len(cases)}.",
            f"There is no such case in the file. It has 1-{len(cases)}.",
        )
    return found[0]


def show_timeline(run: Run, wanted: str, as_json: bool) -> None:
    case = chosen(run, wanted)
    told = []
    for pack in run.packs:
        moments = list(timeline(Play(case, run.scenario, pack, run.seed).until(case.opens + run.length), pack))
        told.append((pack, moments))
    name = reference(case.number, run.seed)
    if as_json:
        say(simulation_data.timeline_data(case, name, told))
        return
    for pack, moments in told:
        screen.print(timeline_views.timeline_view(case, name, pack, moments, case.opens + run.length))


def show_figures(run: Run, cores: int | None, as_json: bool) -> None:
    """Plays everything and tells what it came to; what was done so far when it is interrupted."""
    figures, different = tuple(Figures() for _ in run.packs), list[Difference]()
    total, began, interrupted = sum(group.count for group in run.scenario.case), monotonic(), False
    try:
        with progress(total) as bar:
            for part in parts(run, cores):
                for whole, some in zip(figures, part.figures, strict=True):
                    whole.add(some)
                different += part.different
                bar.advance(bar.task_ids[0], part.cases)
    except KeyboardInterrupt:
        interrupted = True
    took = monotonic() - began
    played = [simulation_data.Played(pack, one) for pack, one in zip(run.packs, figures, strict=True)]
    if as_json:
        say(simulation_data.data(run, played, different, interrupted))
    else:
        screen.print(simulation_views.view(run, played, different))
        count = figures[0].cases["played"]
        pace = f"{count / took:.0f}" if took > 0 else "–"
        events = sum(one.events for one in figures)
        typer.echo(
            f"{count} fall, {events} händelser på {took:.1f} s ({pace} fall/s). | "
            f"{count} cases, {events} events in {took:.1f} s.",
            err=True,
        )
    if interrupted:
        typer.echo(
            "Avbrutet: detta är vad som hann spelas. | Interrupted: this is what was played until then.", err=True
        )
        raise typer.Exit(INTERRUPTED)


@contextmanager
def progress(total: int) -> Iterator[Progress]:
    """A bar on standard error, where somebody can see it: only on a terminal."""
    bar = Progress(
        TextColumn("Spelar | Playing"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    bar.add_task("", total=total)
    with bar:
        yield bar
