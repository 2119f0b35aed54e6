"""The example stories: an intake and what the agencies then did, played at the story's own hours."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from console import consenting, deadline_views, reading, words
from console.answers import Answer
from console.as_whom import at_work
from console.casework import Casework
from console.closing import closed_by_two
from console.failures import Fault, Invalid, Refused
from models.consent import THE_PERSON
from models.desk import AssessmentRecord
from models.handoffs import Act
from models.intake import ConsentForm, Filling, Intake, PhoneAnswer
from models.words import CaseRef, Code, EndCode, HandoffId, OrgId, Phase, Urgency, Word

EXAMPLES = Path(__file__).parent.parent / "examples"


class Told(Word):
    """What every step says: when, by whom, and, where the story says that it is refused, why."""

    at: AwareDatetime
    org: OrgId = Field(alias="as")
    refused: Code | None = None


class Acts(Told):
    do: Literal["act"]
    handoff: Code
    """The kind: the newest open handoff of that kind is meant."""
    act: Act
    reason: Code | None = None
    answer: Code | None = None
    by_phone: PhoneAnswer | None = None
    assessment: AssessmentRecord | None = None
    to: OrgId | None = None
    paragraph: str | None = None

    def said(self) -> Answer:
        words_said = ("reason", "answer", "by_phone", "assessment", "to", "paragraph")
        return Answer(**{name: getattr(self, name) for name in words_said})


class Record(Told):
    do: Literal["record"]
    facts: Filling


class Consents(Told):
    do: Literal["consent"]
    form: ConsentForm


class Withdraws(Told):
    do: Literal["withdraw-consent"]
    giver: Code = THE_PERSON


class Send(Told):
    do: Literal["send"]
    kind: Code
    to: OrgId
    acute: bool = False
    date: dt.date | None = None
    """The day that its deadlines count from, for a kind that counts from one."""


class Close(Told):
    do: Literal["close"]
    code: EndCode


Step = Annotated[Acts | Record | Consents | Withdraws | Send | Close, Field(discriminator="do")]


class Script(Word):
    sv: str
    en: str
    ends_in: Phase
    step: tuple[Step, ...]


class Story(Word):
    name: str
    intake: Intake
    script: Script


class OffScript(Exception):
    """A story did not go as it is written: which step, and what happened instead."""


def load_stories(root: Path = EXAMPLES) -> list[Story]:
    """Every story under `examples/`, in order.

    Raises:
        Invalid: a story's files can't be read.
    """
    return [load_story(folder) for folder in sorted(root.iterdir()) if (folder / "script.toml").is_file()]


def load_story(folder: Path) -> Story:
    try:
        script = TypeAdapter(Script).validate_python(tomllib.loads((folder / "script.toml").read_text("utf-8")))
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        raise Invalid(Fault(folder.name, "manuset går inte att läsa", f"the script can't be read: {error}")) from None
    return Story(name=folder.name, intake=reading.read_model(Intake, str(folder / "intake.json")), script=script)


class Play:
    """One story being played: its case, what has been done, and what is said about it."""

    def __init__(self, casework: Casework, story: Story, tell: Callable[[CaseRef, str], None]) -> None:
        self._casework, self.story, self._tell = casework, story, tell
        self.case: CaseRef | None = None
        self.done = 0
        self.finished = False
        self._rungs_told = 0

    async def open(self) -> CaseRef:
        self.case = await self._casework.open_case(self.story.intake)
        await self._casework.at_rest(self.case)
        self._tell(self.case, "öppnat | opened")
        return self.case

    async def step(self) -> bool:
        """Plays the next step. Returns whether there are more.

        Raises:
            OffScript: it went otherwise than the story says.
        """
        step = self.story.script.step[self.done]
        if self.case is None:
            raise OffScript("the story has not been opened")
        await self.move_to(self.case, step.at)
        try:
            said = await self.take(self.case, step)
            outcome = None
        except Refused as refused:
            said, outcome = f"nekat: {refused.refusal.code}", refused.refusal.code
        if outcome != step.refused:
            raise OffScript(f"{self.story.name}, step {self.done + 1} at {step.at}: {outcome or 'not refused'}")
        await self._casework.at_rest(self.case)
        self.tell_rungs(self.case)
        self._tell(self.case, said)
        self.done += 1
        if self.done < len(self.story.script.step):
            return True
        await self.check_end(self.case)
        self.finished = True
        return False

    def tell_rungs(self, case: CaseRef) -> None:
        """Tells what the ladders have done since the last step."""
        fired = self._casework.view.firings(case)
        for row in fired[self._rungs_told :]:
            receivers = ", ".join(words.ROLE[to.partition(":")[2]][0] for to in row.receivers)
            when = deadline_views.clock(row.due)
            self._tell(case, f"▲ {row.handoff} {words.DEADLINE[row.deadline][0]}: {receivers} ({when})")
        self._rungs_told = len(fired)

    async def check_end(self, case: CaseRef) -> None:
        standing = await self._casework.standing(case)
        if standing.state.phase is not self.story.script.ends_in:
            expected = self.story.script.ends_in
            raise OffScript(f"{self.story.name} ended in {standing.state.phase}, not in {expected}")

    async def move_to(self, case: CaseRef, at: datetime) -> None:
        standing = await self._casework.standing(case)
        if (forward := at - standing.now) > timedelta(0):
            await self._casework.advance(case, forward)

    async def take(self, case: CaseRef, step: Step) -> str:
        work = self._casework
        match step:
            case Acts():
                handoff = await self.newest(case, step.handoff)
                await work.act(case, handoff, step.act, step.org, step.said())
                phone = " ☎" if step.by_phone else ""
                kind = work.pack(case).kinds[step.handoff]
                return f"{step.org}: {words.ACT[step.act][0]} {handoff} {kind.sv}{phone}"
            case Record():
                await work.record(case, step.facts, step.org)
                return f"{step.org}: noterar {', '.join(sorted(step.facts.model_fields_set))}"
            case Consents():
                await consenting.give(work, at_work(work.office(step.org), "handl-01"), case, step.form)
                return f"{step.org}: antecknar samtycke"
            case Withdraws():
                await consenting.withdraw(work, at_work(work.office(step.org), "handl-01"), case, step.giver)
                return f"{step.org}: antecknar att samtycket tagits tillbaka"
            case Send():
                urgency = Urgency.ACUTE if step.acute else Urgency.ORDINARY
                await work.send(case, step.kind, step.to, step.org, urgency=urgency, anchor=step.date)
                return f"{step.org} → {step.to}: {work.pack(case).kinds[step.kind].sv}"
            case Close():
                office = work.office(step.org)
                first, second = at_work(office, "handl-01"), at_work(office, "chef-01")._replace(stepped_up=True)
                await closed_by_two(work, first, second, case, step.code)
                return f"{step.org}: {step.code}"

    async def newest(self, case: CaseRef, kind: Code) -> HandoffId:
        standing = await self._casework.standing(case)
        found = [handoff.id for handoff in standing.state.handoffs.values() if handoff.kind == kind]
        if not found:
            raise OffScript(f"{self.story.name}: no open {kind} at step {self.done + 1}")
        return found[-1]


def summary(casework: Casework, play: Play) -> dict[str, Any]:
    """What became of a story's case, from the register."""
    if play.case is None:
        return {"story": play.story.name, "reference": None}
    row = casework.view.case(play.case)
    statuses: dict[str, int] = {}
    for handoff in casework.view.handoffs(play.case):
        statuses[handoff.status] = statuses.get(handoff.status, 0) + 1
    return {
        "story": play.story.name,
        "reference": play.case,
        "phase": row.phase if row else None,
        "handoffs": statuses,
        "rungs_fired": len(casework.view.firings(play.case)),
        "steps": play.done,
        "finished": play.finished,
    }
