"""A case in which a person writes canaries wherever anything can be written, by every way there is, wrong ones too."""

from __future__ import annotations

import json
import resource
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from activities.rule_packs import PACKS
from models.desk import Category
from models.words import OrgId
from tests.canary_form import KEPT, TOLD_TO_ASSESS, filled_in
from tests.canary_support import Canaries, Search
from tests.command_line import CommandLine, Starter, Told
from tests.support import ROOT, Stack

SOCIAL, POLICE, OTHER_SOCIAL, STRANGER = "soc-0381", "polisen-mitt", "soc-1880", "soc-0180"
NGO, SHELTER = "ngo-passagen", "boende-almen"
WORD = "bara for ovning\n"
PHONE = {
    "channel": "phone",
    "answered_by": "officer",
    "answered_at": "2027-01-05T22:46:00+01:00",
    "verified": "called-back-directory-number",
}
FORMS: tuple[tuple[str, ...], ...] = ((), ("--json",))
PATIENCE = 30.0
ROOM_FOR_A_LOG = 32 * 1024
"""Bytes: less than any database has, so that a disk with no more room still takes what is said about that."""
SMALL_DISK = 'mount -t tmpfs -o size=4k none "$1" && shift && "$@"'


def wait_until(good: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not good():
        assert time.monotonic() < end, f"still not so after {PATIENCE} s: {what}"
        time.sleep(0.05)


def impatient_rules(folder: Path) -> Path:
    """The shipped rules, but a desk that does not answer is asked again after a second: nobody waits for minutes."""
    packs = folder / "packs"
    shutil.copytree(PACKS, packs)
    for general in packs.glob("*/pack.toml"):
        text = general.read_text(encoding="utf-8")
        for was, now in (
            ('offered_for = "10 s"', 'offered_for = "3 s"'),
            ('retry_first = "1 min"', 'retry_first = "1 s"'),
        ):
            assert was in text
            text = text.replace(was, now)
        general.write_text(text, encoding="utf-8")
    return packs


@contextmanager
def write_lock(database: Path) -> Iterator[None]:
    """Nobody else writes to this database until the block is left; who tries waits, half a minute at the most."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("begin immediate")
        try:
            yield
        finally:
            connection.execute("rollback")


class Journey:
    def __init__(self, starter: Starter, stack: Stack, birds: Canaries, folder: Path) -> None:
        self.cli, self.starter, self.stack = CommandLine(starter, stack), starter, stack
        self.birds, self.folder = birds, folder
        self.case, self.child = "", ""
        self.contacts = 0
        self.quiet: list[bytes] = []
        """What commands told that are run outside the warm one."""
        self.meant = 0
        """How many answers were there to show something, and have shown that and nothing else."""

    # --- how it is told ------------------------------------------------------------------------------

    def file(self, name: str, content: Any) -> str:
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False))
        return str(path)

    def at(self, org: OrgId, *arguments: str, user: str = "handl-01", stdin: str | None = None, code: int = 0) -> Told:
        told = self.cli(*arguments, "--as", org, "--user", user, stdin=stdin)
        assert told.code == code, (arguments, told.text)
        return told

    def shown(
        self,
        expected: Iterable[str],
        org: OrgId,
        *arguments: str,
        user: str = "handl-01",
        stdin: str | None = None,
        forms: tuple[tuple[str, ...], ...] = FORMS,
    ) -> Told:
        """A command that is there to show something protected shows exactly that, in text and in JSON."""
        answers = [self.at(org, *arguments, *extra, user=user, stdin=stdin) for extra in forms]
        for told in answers:
            self.starter.transcript.remove(told)
            found = Search(self.birds).found_in([told.text.encode()])
            assert found == set(expected), (arguments, found ^ set(expected))
        self.meant += len(answers)
        if arguments[1] == "preview":  # what anybody could make from the content is as good as that, when it is short
            self.birds.add(f"digest {self.meant}", answers[-1].data["digest"])
        return answers[-1]

    def handoff(self, kind: str, case: str | None = None) -> str:
        number: str = self.cli.handoffs(case or self.case)[kind]["id"]
        return number

    def act(self, kind: str, action: str, org: str, *options: str, stdin: str | None = None) -> Any:
        handoff = self.handoff(kind)
        return self.cli.json("handoff", "act", self.case, handoff, action, "--as", org, *options, stdin=stdin)

    def rows(self, database: Path, query: str, *given: str) -> list[Any]:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return connection.execute(query, given).fetchall()

    @property
    def register(self) -> Path:
        return self.stack.var / "register.db"

    def desk(self, org: OrgId) -> Path:
        return self.stack.var / "desks" / f"{org}.db"

    # --- opening and filling in ----------------------------------------------------------------------

    def open(self) -> None:
        self.case = self.cli.open_case(**filled_in(self.birds))
        birds = self.birds
        self.child = self.cli.open_case(
            stay_municipality="0381",
            person={"name": birds("child"), "born": "2013-02-03"},
            safe_contact={"channel": "through-somebody", "value": birds("child-contact")},
            addresses=[{"purpose": "stay", "lines": [birds("child-street")]}],
            guardians=[{"id": birds.code("child-guardian")}],
        )
        self.at(SOCIAL, "person", "link", self.case, self.child, "--tie", "child")
        self.at(SOCIAL, "person", "links", self.case, "--purpose", "handle-case")

    def fill_in(self) -> None:
        filling = {"relatives": [self.birds("relative-2")], "note": self.birds("note-2")}
        self.cli.json("case", "record", self.case, self.file("filling.json", filling), "--as", SOCIAL)
        self.cli("case", "record", self.case, "-", "--as", SOCIAL, stdin=json.dumps({"note": self.birds("note-3")}))

    def another_contact(self) -> str:
        """A new safe contact: whoever has this one has been told since."""
        self.contacts += 1
        what = f"contact-{self.contacts}"
        contact = {"channel": "phone", "value": self.birds(what), "hours": "alltid", "code_word": "inget"}
        arguments = ("case", "record", self.case, "-", "--as", SOCIAL)
        self.cli.json(*arguments, stdin=json.dumps({"safe_contact": contact}))
        self.weigh_for_the_police()  # of what is kept now, before each telling
        return what

    # --- looking -------------------------------------------------------------------------------------

    def look_at_the_person(self) -> None:
        """Masked, in full by category, one address at a time; and refused, which shows nothing."""
        show = ("person", "show", self.case)
        self.at(SOCIAL, *show)
        self.at(SOCIAL, *show, "--category", "identity", code=3)
        self.at(SOCIAL, *show, "--json", user="handl-02", code=3)
        for user in ("handl-02", "chef-01", "arkiv-01", "samordnare-01"):
            self.at(SOCIAL, *show, "--category", "identity", "--purpose", "handle-case", user=user, code=3)
        for number, (category, known) in enumerate(KEPT.items()):
            chosen = ("--category", category.value, "--purpose", "handle-case")
            self.shown(known, SOCIAL, *show, *chosen, forms=FORMS[number % 2 :][:1])
        for number, lines in ((1, {"street", "town"}), (2, {"mail"})):
            asked = (*show, "--number", str(number), "--purpose", "contact-person")
            self.at(SOCIAL, *asked, code=3)
            self.at(SOCIAL, *asked, "--step-up", stdin=f"{self.birds('wrong-word')}\n", code=3)
            self.shown(lines, SOCIAL, *asked, "--step-up", stdin=WORD, forms=FORMS[number % 2 :][:1])

    def break_the_glass(self) -> None:
        glass = ("access", "break-glass", self.case, "--reason")
        self.at(SOCIAL, *glass, self.birds("glass-reason"), user="handl-02", stdin=WORD, code=3)
        self.at(SOCIAL, *glass, "life-in-danger", user="handl-02", stdin=WORD)
        asked = ("person", "show", self.case, "--category", "contact", "--purpose", "acute-protection")
        self.shown(KEPT[Category.CONTACT], SOCIAL, *asked, user="handl-02")
        grant = ("access", "grant", self.case, "jour-01", "--reason")
        self.at(SOCIAL, *grant, self.birds("grant-reason"), user="chef-01", code=3)
        self.at(SOCIAL, *grant, "acute", user="chef-01")
        self.at(SOCIAL, "access", "list", self.case)
        self.at(SOCIAL, "access", "reviews", user="chef-01")

    # --- telling -------------------------------------------------------------------------------------

    def consent(self) -> None:
        birds = self.birds
        form = {"functions": ["police", "civil-society", "housing-provider"], "until": "2027-06-01"}
        form |= {"categories": ["identity", "contact", "own-risk-assessment", "social-file"]}
        form |= {"purposes": ["protection", "assessment", "open-intervention"]}
        wrong = form | {"giver": birds("giver"), "categories": [birds("consent-category")], birds("consent-field"): 1}
        self.at(SOCIAL, "consent", "give", self.case, self.file("wrong.json", wrong), code=2)
        self.at(SOCIAL, "consent", "give", self.case, self.file("consent.json", form))
        self.at(SOCIAL, "consent", "show", self.case)
        guardian = form | {"giver": birds.all["child-guardian"]}
        self.at(SOCIAL, "consent", "give", self.child, self.file("guardian.json", guardian))
        self.shown({"child-guardian"}, SOCIAL, "consent", "show", self.child)
        self.at(SOCIAL, "consent", "withdraw", self.child, "--giver", birds.all["child-guardian"])

    def weigh(self, org: OrgId, handoff: str, what: str, categories: Iterable[str], *options: str) -> None:
        note = self.birds(f"weighed-{org}-{handoff}-{what}")
        named = [word for category in categories for word in ("--category", category)]
        self.at(org, "disclosure", "weigh", self.case, handoff, what, *named, *options, "--note-file", "-", stdin=note)

    def weigh_for_the_police(self) -> None:
        weighed = ("identity", "contact", "own-risk-assessment")
        self.weigh(SOCIAL, self.handoff("threat-assessment"), "harm", weighed)

    def tell_the_police(self) -> None:
        """Previewed, refused, and then sent sealed and collected: what the police know is what was previewed."""
        told = (self.case, self.handoff("threat-assessment"))
        self.weigh_for_the_police()
        seen = self.shown({*TOLD_TO_ASSESS, "phone"}, SOCIAL, "disclosure", "preview", *told)
        self.at(SOCIAL, "disclosure", "preview", *told, user="beslut-01", code=3)
        self.at(SOCIAL, "disclosure", "send", *told, user="chef-01", code=3)
        self.at(SOCIAL, "disclosure", "send", *told, "--seen", "0" * 64, code=3)
        self.at(SOCIAL, "disclosure", "send", *told, "--seen", seen.data["digest"])
        self.wait_for_packages(1)

    def send(self, *options: str) -> Told:
        told = self.cli(*self.sending(), *options, "--json")
        assert told.code == 0, told.text
        return told

    def sending(self) -> tuple[str, ...]:
        told = (self.case, self.handoff("threat-assessment"))
        return ("disclosure", "send", *told, "--as", SOCIAL, "--user", "handl-01")

    def wait_for_packages(self, number: int) -> None:
        query = "select count(*) from packages where state = 'taken'"
        wait_until(lambda: self.rows(self.desk(POLICE), query) == [(number,)], f"{number} packages taken")

    def wait_for_lease(self) -> None:
        query = "select count(*) from packages where state = 'leased'"
        wait_until(lambda: self.rows(self.register, query) == [(1,)], "the desk has fetched it")

    def recall_under_way(self) -> None:
        """Taken back after the desk has fetched it, before it could keep it: it is thrown away there."""
        self.another_contact()
        with write_lock(self.desk(POLICE)):
            package = self.send().data["package"]
            self.wait_for_lease()
            assert self.cli.json("disclosure", "recall", package, "--as", SOCIAL, "--user", "handl-01")["became"]
        wait_until(lambda: not self.rows(self.desk(POLICE), "select 1 from packages where state = 'held'"), "thrown")

    def lose_the_worker_before_delivery(self) -> None:
        """kill -9 between what was prepared and its delivery; the same request again delivers it."""
        self.another_contact()
        asked, answers = (*self.sending(), "--key", str(uuid4()), "--json"), []
        sending = threading.Thread(target=lambda: answers.append(self.cli(*asked)))
        with write_lock(self.register):
            sending.start()
            query = "select count(*) from disclosures where state = 'prepared'"
            wait_until(lambda: self.rows(self.desk(SOCIAL), query) == [(1,)], "it is prepared")
            self.stack.kill()
            sending.join(PATIENCE)
        assert answers[0].code == 5, answers
        self.stack.start()
        assert self.cli(*asked).code == 0
        self.wait_for_packages(2)

    def lose_the_worker_while_collecting(self) -> None:
        self.another_contact()
        with write_lock(self.desk(POLICE)):
            self.send()
            self.wait_for_lease()
            self.stack.kill()
        self.stack.start()
        self.wait_for_packages(3)

    def fill_the_disk(self) -> None:
        """No room at the desk, for the letter, and for the worker that collects: nothing is half done."""
        birds = self.birds
        record = ("case", "record", self.case, "-", "--as", SOCIAL)
        for extra in ((), ("--json",)):
            full = self.outside((*record, *extra), json.dumps({"note": birds("full-desk")}), largest=512)
            assert full.returncode == 5, (full.stdout, full.stderr)
        self.another_contact()
        process = self.stack.process
        assert process is not None
        before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        with write_lock(self.desk(POLICE)):
            self.send()
            self.wait_for_lease()
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (ROOM_FOR_A_LOG, before[1]))
        log = self.stack.var / "worker.log"
        wait_until(lambda: "OperationalError" in log.read_text(), "the full disk is noticed")
        self.stack.kill()
        self.stack.start()
        self.wait_for_packages(4)

    def outside(
        self, arguments: tuple[str, ...], stdin: str | None = None, *, largest: int | None = None, before: Any = ()
    ) -> subprocess.CompletedProcess[str]:
        """`starter.py` in a process that has less room than others."""

        def less_room() -> None:
            if largest is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

        done = subprocess.run(
            [*before, sys.executable, str(ROOT / "starter.py"), *arguments],
            cwd=ROOT,
            env=self.stack.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            preexec_fn=less_room,
        )
        self.quiet += [done.stdout.encode(), done.stderr.encode()]
        return done
