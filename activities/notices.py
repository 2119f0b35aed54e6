"""Notices: content-free messages from the register's outbox to function addresses, at least once."""

from __future__ import annotations

import asyncio
import os
import re
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import structlog

from activities.directory import Directory
from activities.register import Register
from activities.register_view import RegisterView
from models.register import OutboxRow
from rules.clocks import written_end

SENDER = "Utväg <noreply@utvag.example>"
BATCH = 100
PAUSE_SECONDS = 0.5
log = structlog.get_logger(__name__)

ABOUT = {
    "rung": ("En förfrågan väntar på svar.", "A request is waiting for an answer."),
    "late-at-birth": ("En förfrågan har kommit sent. Ny tid är satt.", "A request came late. A new time is set."),
    "assessment-lapsed": ("En bedömning har gått ut.", "An assessment has expired."),
    "answer-recorded": (
        "Ett svar från er har noterats av avsändaren. Stämmer det inte: hör av er.",
        "An answer of yours was recorded by the sender. If it is not right: get in touch.",
    ),
    "returned": (
        "En förfrågan har kommit tillbaka och väntar på er.",
        "A request has come back and waits for you.",
    ),
    "expired": ("En förfrågan gick ut utan svar.", "A request expired without an answer."),
    "measure-lapsed": (
        "En åtgärd har upphört enligt lag. Någon som får besluta behöver agera nu.",
        "A measure has lapsed by law. Somebody who may decide must act now.",
    ),
    "answered-after-expiry": (
        "En förfrågan som gått ut har ändå utförts.",
        "A request that had expired was done all the same.",
    ),
    "package-waiting": (
        "Det ni har lämnat ut har ännu inte hämtats: mottagaren kan inte nås.",
        "What you have disclosed has not been taken yet: the recipient can't be reached.",
    ),
    "package-not-taken": (
        "Det ni lämnade ut togs inte emot och är förstört. Det behöver lämnas på annat sätt, eller inte alls.",
        "What you disclosed was not taken and is destroyed. It needs another way, or none.",
    ),
    "incident": (
        "En incident har rapporterats hos er. Se ärendet vid er desk nu.",
        "An incident has been reported at your organisation. Look at the case at your desk now.",
    ),
    "break-glass": (
        "Nödåtkomst har använts hos er. Granska den i loggen vid er desk.",
        "Emergency access was used at your organisation. Review it in the log at your desk.",
    ),
    "incident-open": (
        "En incident hos er är inte avslutad. Se den vid er desk: starter.py incident.",
        "An incident at your organisation has not been dealt with. See it at your desk: starter.py incident.",
    ),
    "review-overdue": (
        "Något som en annan ska granska är försenat. Se det vid er desk: starter.py access reviews.",
        "Something that somebody else is to review is overdue. See it at your desk: starter.py access reviews.",
    ),
    "desk-unreachable": ("En mottagare kan inte nås just nu.", "A recipient can't be reached just now."),
}


def message(row: OutboxRow, address: str, zone: str) -> EmailMessage:
    """The notice as it is sent: reference, handoff and time, and nothing that says what it is about."""
    swedish, english = ABOUT[row.about]
    where = f"{row.case} {row.handoff}" if row.handoff else row.case
    time = " ".join(map(str, written_end(row.due, zone))) if row.due else None
    mail = EmailMessage(policy=SMTP)
    mail["From"] = SENDER
    mail["To"] = address
    mail["Subject"] = f"Utväg: {where}"
    mail["Message-ID"] = f"<{re.sub('[^A-Za-z0-9.-]', '.', row.id)}@utvag.example>"
    lines = [f"{swedish} Ärende: {where}."]
    lines += [f"Svar senast {time}."] if time and row.about == "rung" else []
    lines += ["Öppna ärendet i Utväg. Vid fara för någons liv: ring 112.", "", f"{english} Case: {where}."]
    lines += [f"Answer by {time}."] if time and row.about == "rung" else []
    lines += ["Open the case in Utväg. If somebody's life is in danger: call 112."]
    mail.set_content("\n".join(lines) + "\n")
    return mail


class MailFolder:
    """The embedded stack's post: one file per notice, named by its id, so that a second delivery is the same file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @staticmethod
    def file_name(notice_id: str) -> str:
        return re.sub("[^A-Za-z0-9.-]", "_", notice_id) + ".eml"

    def deliver(self, notice_id: str, mail: EmailMessage) -> None:
        path = self._folder / self.file_name(notice_id)
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            file.write(mail.as_bytes())
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)


class Outbox:
    """Takes what the register has recorded and delivers it, for as long as the plane runs."""

    def __init__(self, view: RegisterView, register: Register, directory: Directory, post: MailFolder) -> None:
        self._view, self._register, self._directory, self._post = view, register, directory, post

    def deliver_waiting(self, zone: str = "Europe/Stockholm") -> int:
        """Delivers one batch. Returns how many were delivered."""
        rows = self._view.undelivered(BATCH)
        sent = [row.id for row in rows if self._sent(row, zone)]
        if sent:
            self._register.delivered(sent)
        return len(sent)

    def _sent(self, row: OutboxRow, zone: str) -> bool:
        """Whether one notice was delivered. One that can't be stops no other, and is tried again."""
        entry = self._directory.get(row.org)
        try:
            address = entry.address(row.role) if entry else f"{row.role}@{row.org}.example"
            self._post.deliver(row.id, message(row, address, zone))
        except Exception as error:
            log.error("a notice could not be delivered", notice=row.id, reason=type(error).__name__)
            return False
        return True

    async def run(self) -> None:
        """Delivers until cancelled. A failure is logged and tried again: no notice is given up."""
        while True:
            try:
                count = await asyncio.to_thread(self.deliver_waiting)
            except Exception as error:
                log.error(
                    "notices could not be delivered", reason=type(error).__name__, at=datetime.now(UTC).isoformat()
                )
                count = 0
            if not count:
                await asyncio.sleep(PAUSE_SECONDS)
