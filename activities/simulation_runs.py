"""Many simulated cases, over the cores of this computer. The result is the same on one core and on many."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import timedelta
from itertools import islice
from typing import NamedTuple

from models.packs import RulePack
from models.simulation import Planned, Scenario
from rules.figures import Ending, Figures, Ledger, differs
from rules.simulation import Play, planned

WORTH_MORE_CORES = 200
"""Cases. Fewer are played before other processes would have started."""
CHUNK = 10
AHEAD = 3
"""Chunks per core that are handed out before their turn: enough to keep each busy, few to drop when interrupted."""


class Run(NamedTuple):
    """All that a simulation is made of: the same run gives the same result."""

    scenario: Scenario
    packs: tuple[RulePack, ...]
    """One, or two to be compared."""
    length: timedelta
    seed: int


class Difference(NamedTuple):
    """A case that ends differently under the two packs."""

    number: int
    where: tuple[str, ...]
    first: Ending
    second: Ending


class Part(NamedTuple):
    """What some of the cases came to: figures for each pack, and the cases that differ."""

    cases: int
    figures: tuple[Figures, ...]
    different: tuple[Difference, ...]


def parts(run: Run, cores: int | None = None) -> Iterator[Part]:
    """Plays every case, some at a time, in order. `cores`: how many to use; what is worth while, if left out."""
    few = cores is None and sum(group.count for group in run.scenario.case) * len(run.packs) < WORTH_MORE_CORES
    cases = planned(run.scenario, run.seed)
    chunks = [cases[start : start + CHUNK] for start in range(0, len(cases), CHUNK)]
    cores = min(cores or available_cores(), len(chunks))
    if cores < 2 or few:
        yield from (played(run, chunk) for chunk in chunks)
        return
    yield from _on_many(run, chunks, cores)


def _on_many(run: Run, chunks: list[list[Planned]], cores: int) -> Iterator[Part]:
    """In processes of their own, started afresh. One that breaks down leaves the rest to be played here."""
    left, under_way = iter(chunks), deque[tuple[list[Planned], Future[Part]]]()
    fresh = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(cores, mp_context=fresh, initializer=_begin, initargs=(run,))
    try:
        for chunk in islice(left, cores * AHEAD):
            under_way.append((chunk, pool.submit(_play, chunk)))
        while under_way:
            chunk, future = under_way[0]
            part = future.result()
            under_way.popleft()
            for following in islice(left, 1):
                under_way.append((following, pool.submit(_play, following)))
            yield part
    except (BrokenProcessPool, OSError):
        yield from (played(run, chunk) for chunk, _ in under_way)
        yield from (played(run, chunk) for chunk in left)
    finally:
        pool.shutdown(cancel_futures=True)


_run: Run | None = None


def _begin(run: Run) -> None:
    """In each process, once. An interruption is the business of the one who started it."""
    global _run  # noqa: PLW0603 - a process pool has no other way to give its workers something once
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # what was imported stays: looking through it again and again took a tenth of the time
    _run = run


def _play(chunk: list[Planned]) -> Part:
    if _run is None:
        raise RuntimeError("this process was not told what to play")
    return played(_run, chunk)


def played(run: Run, chunk: list[Planned]) -> Part:
    """Plays these cases here, under each pack."""
    figures = tuple(Figures() for _ in run.packs)
    different: list[Difference] = []
    for case in chunk:
        endings = []
        for pack, total in zip(run.packs, figures, strict=True):
            one, ending = case_figures(run, case, pack)
            total.add(one)
            endings.append(ending)
        if len(endings) == 2 and (where := differs(*endings)):
            different.append(Difference(case.number, where, *endings))
    return Part(len(chunk), figures, tuple(different))


def case_figures(run: Run, case: Planned, pack: RulePack) -> tuple[Figures, Ending]:
    end = case.opens + run.length
    ledger = Ledger(pack)
    for step in Play(case, run.scenario, pack, run.seed).until(end):
        ledger.enter(step)
    return ledger.close(end)


def available_cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux tells
        return os.cpu_count() or 1
