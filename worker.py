"""Runs workers: the coordination plane, any agency desks, or all of it with an embedded Temporal server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import structlog
import typer
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.audit import AuditLog
from activities.desks import desk_activities, disposal_activities
from activities.directory import BadDirectory, Directory, load_directory
from activities.exchange import Exchange
from activities.key_directory import KeyDirectory
from activities.notices import MailFolder, Outbox
from activities.offices import Office
from activities.organisation_keys import OrganisationKeys
from activities.register import Register
from activities.register_view import RegisterView
from activities.replies import Replies, SignsReplies
from activities.retention_rules import load_retention
from activities.rule_packs import PACKS, BadPack, pack_now
from activities.signatures import SeenRequests
from activities.stores import BadDatabase, migrate, open_database, register_url
from activities.subscriptions import Subscriptions, subscribed
from activities.surroundings import OWNER_ONLY, BadSettings, configure_logs, read_settings
from activities.trails import plane_trail
from console.acting_keys import ActingKeys
from console.failures import Refused
from console.http_server import BadCertificate, CannotListen, Certificate, served
from console.pace import Pace
from console.plane import Plane
from console.plane_api import Doors, plane_api
from console.plane_client import NotTaken, PlaneClient
from console.plane_reads import PlaneReads
from console.running import health_endpoint, only_one
from console.tending import tend
from models.contracts import PLANE_QUEUE, desk_queue
from models.keys import KeyFault
from models.settings import Settings
from models.words import CaseRef, OrgId
from rules.showing import OPERATOR
from workflows.case import CaseWorkflow
from workflows.connection import Unavailable, connect
from workflows.disposals import start_retention
from workflows.key_ring import BadRing
from workflows.retention import RetentionWorkflow
from workflows.server import CannotStart, EmbeddedServer

DRAIN = timedelta(seconds=10)
LOOK_AROUND_SECONDS = 0.25
TRY_DESK_AGAIN_SECONDS = 30.0
OVERSLEPT = timedelta(minutes=2)
"""How long after its instant a rung may be missing from the register before the case is said to stand still."""
RECONCILE_EVERY = 120
"""Rounds of looking around between two reconcilings of the desks: half a minute."""
PLANE_THREADS = 4
TEND_SECONDS = 30.0
TEMPORAL_ANSWERS_WITHIN = timedelta(seconds=2)
log = structlog.get_logger("utvag.worker")
app = typer.Typer(add_completion=False, help="Kör Utvägs arbetare. | Runs Utväg's workers.", rich_markup_mode=None)


class Running:
    """What this process runs right now; the health endpoint tells it."""

    def __init__(self, settings: Settings, directory: Directory, client: Client) -> None:
        self.settings, self.directory, self.client = settings, directory, client
        self.desks: dict[OrgId, Office] = {}
        self.plane = False
        self.view: RegisterView | None = None
        self.events: Subscriptions | None = None
        self.failure: str | None = None
        self.shut_desks: dict[OrgId, float] = {}
        self.unpublished: dict[OrgId, Office] = {}
        self.overslept: list[CaseRef] = []
        self.server: EmbeddedServer | None = None
        self.temporal = True
        self.keys = ActingKeys(settings)
        self.way = PlaneClient(settings, self.keys.of)
        self._workers: list[asyncio.Task[None]] = []

    def health(self) -> dict[str, Any]:
        register = self.view is None or reachable(self.view)
        good = register and self.temporal and self.failure is None and not self.shut_desks and not self.overslept
        parts = {"plane": self.plane, "desks": sorted(self.desks), "register": register, "temporal": self.temporal}
        parts |= {"desks_that_do_not_open": sorted(self.shut_desks), "cases_that_overslept": self.overslept}
        if self.unpublished:  # the plane is away: this desk goes on, and others can't seal to it yet
            parts["desks_without_published_keys"] = sorted(self.unpublished)
        if self.events is not None and self.events.failing:
            parts["receivers_that_take_no_events"] = self.events.failing  # another's fault: this process is well
        return {"status": "ok" if good else "failing", **parts}

    async def try_desk(self, org: OrgId, stack: AsyncExitStack) -> None:
        """Opens a desk. One that can't be opened stops no other: it is told of, and tried again after a while."""
        now = asyncio.get_running_loop().time()
        if self.shut_desks.get(org, now) > now:
            return
        try:
            await self.serve_desk(org, stack)
        except (SQLAlchemyError, BadDatabase, KeyFault) as problem:
            log.error("a desk could not be opened", desk=org, reason=type(problem).__name__)
            self.shut_desks[org] = now + TRY_DESK_AGAIN_SECONDS
        else:
            self.shut_desks.pop(org, None)

    async def watch_over_cases(self) -> None:
        """Looks for cases whose next rung should have fired by now: one that stands still must not do so in silence."""
        if self.view is not None:
            found = await asyncio.to_thread(self.view.overslept, datetime.now(UTC), OVERSLEPT)
            if found and found != self.overslept:
                log.error("cases stand still: their next rung is past and has not fired", cases=found)
            self.overslept = found

    async def serve_plane(self, stack: AsyncExitStack) -> None:
        """Takes on the coordination plane: the cases, the register, the notices and the events."""
        engine = open_database(register_url(self.settings))
        await asyncio.to_thread(migrate, engine, "register")
        trail = plane_trail(self.settings, engine, await asyncio.to_thread(keys_to_act_with, self.keys, OPERATOR))
        register, self.view = (
            Register(engine, self.settings.event_source, trail, signed_only=self.settings.mode == "production"),
            RegisterView(engine),
        )
        keys = KeyDirectory(engine, first_use=self.settings.mode == "embedded", audit=trail.append)
        await asyncio.to_thread(self.take_in_own_key, keys)
        replies = Replies(keys, self.directory, self.settings.event_source)
        await asyncio.to_thread(register.keep_directory, self.directory.values())
        threads = stack.enter_context(ThreadPoolExecutor(PLANE_THREADS))
        plane = Worker(
            self.client,
            task_queue=PLANE_QUEUE,
            workflows=[CaseWorkflow, RetentionWorkflow],
            activities=[register.record, replies.check],
            activity_executor=threads,
            workflow_runner=sandbox(),
            graceful_shutdown_timeout=DRAIN,
        )
        await self._run(stack, plane)
        self.plane = True
        outbox = Outbox(self.view, register, self.directory, MailFolder(self.settings.mail))
        await stack.enter_async_context(background(outbox.run()))
        self.events = subscribed(self.settings, self.view, register)
        await stack.enter_async_context(background(self.events.run()))
        await self.serve_api(stack, engine, trail, keys)
        log.info("the plane is served", mail=str(self.settings.mail))

    def take_in_own_key(self, keys: KeyDirectory) -> None:
        """The plane's own key is taken in here and nowhere else: nobody publishes one for the operator."""
        own = keys_to_act_with(self.keys, OPERATOR)
        if refusal := keys.publish(own.public(), datetime.now(UTC), [own.fingerprint]):
            log.error("the plane's own key is not believed", code=refusal.code)

    async def serve_api(self, stack: AsyncExitStack, engine: Engine, trail: AuditLog, keys: KeyDirectory) -> None:
        """Takes on the plane's API: the one way in for organisations, and the exchange behind it."""
        settings, view = self.settings, RegisterView(engine)
        exchange = Exchange(engine, keys)
        plane = Plane(settings, self.client, PlaneReads(view), exchange, self.directory)
        doors = Doors(settings, plane, keys, exchange, trail, SeenRequests(), Pace(settings.plane_requests_per_minute))
        chain, key = settings.plane_certificate, settings.plane_certificate_key
        tls = Certificate(chain, key) if chain and key else None
        try:
            api = served(plane_api(doors), settings.plane_host, settings.plane_port, tls)
            port = await stack.enter_async_context(api)
        except CannotListen:
            raise CannotStart(
                f"Porten {settings.plane_port} för planets API används redan. Välj en annan med UTVAG_PLANE_PORT.\n"
                f"The port {settings.plane_port} of the plane's API is in use. Choose another with UTVAG_PLANE_PORT."
            ) from None
        except BadCertificate:
            raise CannotStart(
                "Certifikatet i UTVAG_PLANE_CERTIFICATE, eller dess nyckel, går inte att använda.\n"
                "The certificate in UTVAG_PLANE_CERTIFICATE, or its key, can't be used."
            ) from None
        await stack.enter_async_context(background(tend_exchange(exchange)))
        log.info("the plane's API is served", host=settings.plane_host, port=port, tls=tls is not None)

    async def serve_desk(self, org: OrgId, stack: AsyncExitStack) -> None:
        """Takes on one organisation's desk: its store and its task queue."""
        calendar = pack_now(self.settings.rule_packs or PACKS).calendar_of(org)
        office = await asyncio.to_thread(Office, self.settings, self.directory[org], calendar)
        threads = stack.enter_context(ThreadPoolExecutor(1))
        desk = Worker(
            self.client,
            task_queue=desk_queue(org),
            activities=[
                *desk_activities(office, self.directory.values(), self.way),
                *disposal_activities(office, lambda case: self.way.closure(case, org)),
            ],
            activity_executor=threads,
            interceptors=[SignsReplies(office.signing, self.settings.event_source)],
            max_concurrent_activities=1,
            max_concurrent_activity_task_polls=1,
            graceful_shutdown_timeout=DRAIN,
        )
        await self.publish_keys(office)
        await self._run(stack, desk)
        self.desks[org] = office
        await self.begin_disposal(org)
        log.info("a desk is served", desk=org)

    async def begin_disposal(self, org: OrgId) -> None:
        try:
            await start_retention(self.client, org, load_retention().pace)
        except Unavailable:
            log.warning("the disposal of a desk is not started", desk=org)

    async def publish_keys(self, office: Office) -> None:
        """Lets others seal to this desk and know its hand, before it counts as served: what it is then asked may be
        followed by a package at once. Without an answer it is served all the same, and this is tried again."""
        try:
            await asyncio.to_thread(self.way.publish, office.signing.public())
        except (Unavailable, NotTaken) as problem:
            log.warning("the keys of a desk are not published", desk=office.org, reason=type(problem).__name__)
            self.unpublished[office.org] = office
        else:
            self.unpublished.pop(office.org, None)

    async def publish_what_was_not(self) -> None:
        for office in list(self.unpublished.values()):
            await self.publish_keys(office)

    async def _run(self, stack: AsyncExitStack, worker: Worker) -> None:
        task = asyncio.create_task(worker.run())
        self._workers.append(task)

        async def drain() -> None:
            await worker.shutdown()
            with contextlib.suppress(Exception):
                await task

        stack.push_async_callback(drain)

    async def ask_temporal(self) -> None:
        """Whether Temporal answers; the health endpoint tells it."""
        try:
            self.temporal = await self.client.service_client.check_health(timeout=TEMPORAL_ANSWERS_WITHIN)
        except RPCError:
            self.temporal = False

    def raise_if_failed(self) -> None:
        for worker in self._workers:
            if worker.done() and worker.exception() is not None:
                self.failure = "a worker has stopped"
                raise CannotStart(f"En arbetare har stannat. | A worker has stopped. ({worker.exception()})")


async def tend_exchange(exchange: Exchange) -> None:
    """Destroys what nobody has fetched in time or been told of, and empties what the database keeps of it."""
    began = datetime.now(UTC)
    while True:
        now = datetime.now(UTC)
        try:
            await asyncio.to_thread(exchange.tend, now, now - began)
        except SQLAlchemyError as problem:
            log.error("the exchange could not be tended", reason=type(problem).__name__)
        await asyncio.sleep(TEND_SECONDS)


def keys_to_act_with(keys: ActingKeys, org: OrgId) -> OrganisationKeys:
    """Raises: CannotStart: in production keys are made on purpose, and this organisation has none here."""
    try:
        return keys.of(org)
    except Refused:
        raise CannotStart(
            f"Här finns inga nycklar för {org}. Gör dem med: starter.py key make --as {org}\n"
            f"There are no keys for {org} here. Make them with: starter.py key make --as {org}"
        ) from None


def reachable(view: RegisterView) -> bool:
    try:
        return view.is_reachable()
    except Exception:
        return False


def sandbox() -> SandboxedWorkflowRunner:
    """Workflows are sandboxed; the words and the rules are pure and shared, which saves most of a second per run."""
    shared = SandboxRestrictions.default.with_passthrough_modules("models", "rules", "pydantic", "zoneinfo", "tzdata")
    return SandboxedWorkflowRunner(restrictions=shared)


@asynccontextmanager
async def background(work: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def tend_desks(running: Running) -> None:
    """Each desk's own reconciling. What goes wrong at one is no other's trouble: it is logged, and tried again
    in half a minute."""
    await running.publish_what_was_not()
    for org, office in list(running.desks.items()):
        try:
            await tend(office, running.way)
        except Exception as problem:
            log.error("a desk could not be reconciled", desk=org, reason=type(problem).__name__)


async def look_around(running: Running, stack: AsyncExitStack, stop: asyncio.Event, everything: bool) -> None:
    """Until told to stop: restarts an embedded server that died, opens desks that cases need, mends openings."""
    rounds = 0
    while not stop.is_set():
        running.raise_if_failed()
        if running.server is not None and not running.server.is_running:
            running.temporal = False
            log.error("the Temporal server has died; starting it again on its database")
            await running.server.start()
        await running.ask_temporal()
        if everything:
            await open_desks_that_cases_need(running, stack)
        if rounds % RECONCILE_EVERY == 0 and running.temporal:
            await tend_desks(running)
            await running.watch_over_cases()
        rounds += 1
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK_AROUND_SECONDS)


async def open_desks_that_cases_need(running: Running, stack: AsyncExitStack) -> None:
    try:
        needed = await asyncio.to_thread(running.view.working_desks) if running.view else set()
    except SQLAlchemyError as problem:
        log.error("the register does not tell which desks to open", reason=type(problem).__name__)
        return
    for org in sorted(needed - running.desks.keys()):
        await running.try_desk(org, stack)


async def run(settings: Settings, everything: bool, plane: bool, desks: list[OrgId]) -> None:
    """Runs what was asked for until SIGINT or SIGTERM, then drains.

    Raises:
        CannotStart: something is missing or in the way; the text says what to do.
    """
    directory = load_directory(settings.directory)
    for org in (*desks, *settings.event_sinks):
        if org not in directory:
            raise CannotStart(f"Organisationen {org} finns inte i katalogen. | {org} is not in the directory.")
    pack = pack_now(settings.rule_packs or PACKS)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        server = None
        if everything:
            stack.enter_context(only_one(settings))
            server = EmbeddedServer(settings)
            stack.push_async_callback(server.stop)
            await server.start()
        client = await connect(settings)
        running = Running(settings, directory, client)
        running.server = server
        stack.callback(running.keys.close)
        workers = await stack.enter_async_context(AsyncExitStack())
        if everything or plane:
            await running.serve_plane(workers)
        kept = [path.stem for path in (settings.var / "desks").glob("*.db")] if everything else []
        for org in desks:
            await asyncio.to_thread(keys_to_act_with, running.keys, org)
            await running.serve_desk(org, workers)
        for org in sorted({org for org in kept if org in directory} - set(desks)):
            await running.try_desk(org, workers)
        port = stack.enter_context(health_endpoint(settings, running.health))
        log.info(
            "ready",
            rules=pack.name,
            temporal=settings.temporal_address,
            health=f"http://{settings.health_host}:{port}/health",
        )
        await look_around(running, workers, stop, everything)
        log.info("stopping: finishing what is in hand")
    log.info("stopped")


@app.command()
def main(
    everything: Annotated[
        bool, typer.Option("--all", help="Allt på denna dator, även Temporal. | All of it here, Temporal too.")
    ] = False,
    plane: Annotated[bool, typer.Option("--plane", help="Samordningsplanet. | The coordination plane.")] = False,
    desk: Annotated[
        list[str] | None, typer.Option("--desk", help="En organisations desk, kan upprepas. | A desk; repeatable.")
    ] = None,
) -> None:
    """Kör arbetare tills Ctrl-C. | Runs workers until Ctrl-C."""
    if not (everything or plane or desk):
        typer.echo("Ange --all, --plane eller --desk ORG. | Give --all, --plane or --desk ORG.", err=True)
        raise typer.Exit(2)
    os.umask(OWNER_ONLY)
    try:
        settings = read_settings()
        configure_logs(settings)
        asyncio.run(run(settings, everything, plane, desk or []))
    except OSError as problem:
        where = problem.filename or "UTVAG_VAR"
        typer.echo(f"{where} kan inte läsas eller skrivas. | {where} cannot be read or written.", err=True)
        sys.exit(2)
    except SQLAlchemyError as problem:
        typer.echo(f"En databas kan inte användas ({type(problem).__name__}). | A database can't be used.", err=True)
        sys.exit(2)
    except (CannotStart, Unavailable, BadPack, BadDirectory, BadSettings, BadDatabase, BadRing, KeyFault) as problem:
        typer.echo(str(problem), err=True)
        sys.exit(5 if isinstance(problem, Unavailable) else 2)


if __name__ == "__main__":
    app()
