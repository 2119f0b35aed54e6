"""`starter.py demo`: the stories, played on a real stack, with a live table of what happens."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer
from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from console import deadline_views, views, words
from console.casework import Casework
from console.stories import OffScript, Play, load_stories, summary
from models.register import CaseRow, DeadlineRow
from models.settings import Settings
from models.words import CaseRef, Phase
from workflows.server import CannotStart

START_SECONDS = 40
LINES_SHOWN = 10
PAUSE_SECONDS = 0.35
"""Between steps when a person is watching."""
WORKER = Path(__file__).parent.parent / "worker.py"


class Stage:
    """The plays and the latest lines said, as one picture."""

    def __init__(self, casework: Casework) -> None:
        self.casework = casework
        self.plays = [Play(casework, story, self.tell) for story in load_stories()]
        self.lines: list[str] = []
        self.began = time.monotonic()
        self.echo: Console | None = None

    def tell(self, case: CaseRef, said: str) -> None:
        row = self.casework.view.case(case)
        offset = timedelta(seconds=row.clock_offset_seconds if row else 0)
        when = deadline_views.clock(datetime.now(UTC) + offset)
        self.lines.append(f"{case}  {when}  {said}")
        if self.echo is not None:
            self.echo.print(
                f"{time.monotonic() - self.began:6.1f} s  {self.lines[-1]}", highlight=False, soft_wrap=True
            )

    def picture(self) -> RenderableType:
        table = Table(expand=True, title="Utväg: fem påhittade fall | five synthetic cases", box=box.SIMPLE_HEAD)
        table.add_column("Ärende | Case", ratio=3)
        table.add_column("Fas | Phase", ratio=2)
        for heading in ("Öppna\nOpen", "Nästa tid\nNext due", "Sena\nLate", "▲", "Steg\nStep"):
            table.add_column(heading, no_wrap=True, justify="right")
        deadlines = self.casework.view.deadlines()
        rows = {row.ref: row for row in self.casework.view.cases()}
        for play in self.plays:
            self.add_row(table, play, rows.get(play.case or ""), deadlines)
        log = Text("\n".join(self.lines[-LINES_SHOWN:]))
        return Group(table, log)

    def add_row(self, table: Table, play: Play, row: CaseRow | None, deadlines: list[DeadlineRow]) -> None:
        script = play.story.script
        steps = f"{play.done}/{len(script.step)}" + (" ✓" if play.finished else "")
        if row is None or play.case is None:
            table.add_row(script.sv, "…", "", "", "", "", steps)
            return
        _, late, due = views.overdue_by_case([row], deadlines, datetime.now(UTC))[0]
        opened = sum(handoff.ended_at is None for handoff in self.casework.view.handoffs(play.case))
        rungs = len(self.casework.view.firings(play.case))
        name = Text.assemble((row.ref, "bold"), "\n", (script.sv, "dim"))
        phase = "\n".join(words.PHASE[Phase(row.phase)])
        when = deadline_views.end_clock(due)
        table.add_row(name, phase, str(opened), when, str(late or ""), str(rungs or ""), steps)


async def demo(settings: Settings, once: bool, as_json: bool) -> int:
    """Plays the stories. Returns the exit code: 0 when all went as written.

    Raises:
        CannotStart: the stack can't be started.
    """
    screen = Console(stderr=as_json)
    began = time.monotonic()
    async with a_stack(settings, screen):
        casework = Casework(settings)
        stage = Stage(casework)
        stage.began = began
        watched = screen.is_terminal and not as_json
        pause = PAUSE_SECONDS if watched and not once else 0.0
        if watched:
            with Live(stage.picture(), console=screen, refresh_per_second=4) as live:
                faults = await play_all(stage, pause, live)
        else:
            stage.echo = screen
            faults = await play_all(stage, pause, None)
            screen.print(stage.picture())
        seconds = round(time.monotonic() - began, 1)
        if as_json:
            cases = [summary(casework, play) for play in stage.plays]
            typer.echo(json.dumps({"cases": cases, "seconds": seconds, "faults": faults}, ensure_ascii=False))
        for fault in faults:
            screen.print(f"Fel | Fault: {fault}", style="bold red")
        if not as_json:
            screen.print(f"Spelat på {seconds} s. | Played in {seconds} s.")
        if not once:
            await stay(stage, screen)
        return 1 if faults else 0


async def play_all(stage: Stage, pause: float, live: Live | None) -> list[str]:
    """All stories side by side. Returns what went otherwise than written."""
    painting = asyncio.create_task(paint(stage, live)) if live else None
    outcomes = await asyncio.gather(*(play_one(play, pause) for play in stage.plays), return_exceptions=True)
    if painting is not None:
        painting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await painting
    if live is not None:
        live.update(stage.picture(), refresh=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, OffScript):
            raise outcome
    return [str(outcome) for outcome in outcomes if isinstance(outcome, OffScript)]


async def play_one(play: Play, pause: float) -> None:
    await play.open()
    more = True
    while more:
        more = await play.step()
        await asyncio.sleep(pause)


async def paint(stage: Stage, live: Live) -> None:
    while True:
        live.update(await asyncio.to_thread(stage.picture))
        await asyncio.sleep(0.3)


async def stay(stage: Stage, screen: Console) -> None:
    """Keeps the stack running so that a person can look around, until Ctrl-C."""
    first = next((play.case for play in stage.plays if play.case), "CASE")
    screen.print("Systemet är igång. Prova i ett annat fönster: | The system is running. Try in another window:")
    for line in (
        f"case show {first}",
        f"case history {first}",
        "handoff inbox --as soc-1280",
        "handoff waiting --as soc-0381",
    ):
        screen.print(f"  .venv/bin/python starter.py {line}", style="bold", highlight=False)
    screen.print("Avsluta med Ctrl-C. | Stop with Ctrl-C.")
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


@asynccontextmanager
async def a_stack(settings: Settings, screen: Console) -> AsyncIterator[None]:
    """The stack that already runs here, or one of our own that ends with us."""
    if healthy(settings):
        yield
        return
    screen.print("Startar Temporal, register och desk ... | Starting Temporal, register and desks ...")
    settings.var.mkdir(parents=True, exist_ok=True)
    with (settings.var / "worker.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, str(WORKER), "--all"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        for _ in range(START_SECONDS * 10):
            if healthy(settings):
                break
            if process.poll() is not None:
                tail = (settings.var / "worker.log").read_text(errors="replace").strip().splitlines()[-2:]
                raise CannotStart("\n".join(tail))
            await asyncio.sleep(0.1)
        yield
    finally:
        screen.print("Stänger ... | Closing ...")
        process.terminate()
        await asyncio.to_thread(process.wait)


def healthy(settings: Settings) -> bool:
    try:
        with urllib.request.urlopen(
            f"http://{settings.health_host}:{settings.health_port}/health", timeout=1
        ) as answer:
            return bool(json.load(answer).get("status") == "ok")
    except (urllib.error.URLError, OSError, ValueError):
        return False
