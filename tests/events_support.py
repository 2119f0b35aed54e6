"""Cases with many events, and another organisation's system that takes them over HTTP: a real server here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from sqlalchemy import Engine

from activities.register_view import RegisterView
from models.contracts import Recording
from models.handoffs import Act
from models.words import Consent, Need, OrgId, Urgency
from tests.rules_support import BED_1, NGO, POLICE, REF, SOC_A, Case, at, later

NIGHT = at("2027-01-05 22:46")
Answer = Callable[["Receiver", BaseHTTPRequestHandler, int], int | None]
"""What is answered to the request of this number (from 1): a status, or None when it has seen to that itself."""


class Receiver:
    """What has been posted to it, in order; `taken` is what it has answered with 2xx."""

    def __init__(self, answer: Answer | None) -> None:
        self.posted: list[HTTPMessage] = []
        self.taken: list[BaseCloudEvent] = []
        self.arrived = threading.Condition()
        self.over = threading.Event()
        """Set when the test is over: whoever is being silent may stop."""
        self.answer = answer
        self.url = ""

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        message = HTTPMessage(headers=dict(handler.headers.items()), body=body)
        with self.arrived:
            self.posted.append(message)
            number = len(self.posted)
        status = 204 if self.answer is None else self.answer(self, handler, number)
        if status is None:
            return
        with self.arrived:
            if 200 <= status < 300:
                self.taken.append(from_http_event(message))
            self.arrived.notify_all()
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def ids(self) -> list[str]:
        return [event.get_id() for event in self.taken]

    def has(self, count: int, seconds: float = 20) -> bool:
        """Whether it has taken at least so many events, waiting for them if need be."""
        with self.arrived:
            return self.arrived.wait_for(lambda: len(self.taken) >= count, seconds)


@contextmanager
def receiving(answer: Answer | None = None) -> Iterator[Receiver]:
    receiver = Receiver(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            receiver.take(self)

        def log_message(self, *_: Any) -> None:
            """Requests are kept, not printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_port}/events?for=us"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def busy_case(training: bool = False) -> Case:
    """An acute night: the police accept, hold and go on, a bed is asked for and declined, an intervention begins."""
    case = Case(training=training).opens(
        NIGHT, urgency=Urgency.ACUTE, consent=Consent.GIVEN, police_track_wanted=True, needs=(Need.PROTECTED_HOUSING,)
    )
    asked = case.one("threat-assessment")
    for minutes, act, reason in (
        (5, Act.ACKNOWLEDGE, None),
        (10, Act.ACCEPT, None),
        (15, Act.HOLD, "awaiting-information"),
        (20, Act.RESUME, None),
    ):
        assert (
            case.acts(case.state.handoffs[asked.id], act, POLICE, later(NIGHT, minutes=minutes), reason=reason) is None
        )
    assert case.sends("intervention", SOC_A, NGO, later(NIGHT, minutes=25)) is None
    assert case.sends("protected-bed", SOC_A, BED_1, later(NIGHT, minutes=26), Urgency.ACUTE) is None
    bed = case.one("protected-bed")
    assert case.acts(bed, Act.WITHDRAW, SOC_A, later(NIGHT, minutes=30), reason="no-longer-needed") is None
    return case


def batch(case: Case, first: int = 1, last: int | None = None) -> Recording:
    entries = tuple(e for e in case.entries if first <= e.revision <= (last or len(case.entries)))
    return Recording(case=REF, pack_digest=entries[0].pack, entries=entries, snapshot=case.state)


def expected(case: Case, org: OrgId | None = None) -> list[str]:
    """The ids of all events of a case, or of those that an organisation is a party to; in order within a revision."""
    ids = []
    for entry in case.entries:
        mine = [c for c in entry.changes if org is None or org in (c.requester, c.recipient)]
        ids += [f"{REF}/{entry.revision}/{c.handoff}" for c in mine]
    return ids


def unread(engine: Engine, org: OrgId) -> list[str]:
    return [row.id for row in RegisterView(engine).waiting_events(org, 1_000)]
