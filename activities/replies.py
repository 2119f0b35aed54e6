"""Desks' answers: signed where they are given, and believed only as far as the desk that was asked has signed them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import structlog
from pydantic import Field, ValidationError
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities import jws
from activities.directory import is_listed
from activities.key_directory import Keys
from activities.organisation_keys import OrganisationKeys
from activities.signatures import signer
from models.contracts import CHECK_REPLY, Refusal, ReplyToCheck
from models.desk_work import DeskTask
from models.directory import DirectoryEntry
from models.events import CandidatesFound, DeskAnswer, DeskReply
from models.published_keys import CLOCKS_DIFFER, Audience
from models.words import OrgId, Word

REPLY_TYPE = "utvag-desk-reply+jws"
log = structlog.get_logger(__name__)


class ReplyClaims(Word):
    """What a desk's signature covers: its answer to this one task, whose id names the case."""

    iss: OrgId
    aud: Audience
    task: str = Field(max_length=200)
    iat: int = Field(ge=0, le=7_258_118_400)
    answer: dict[str, Any] = Field(repr=False)


class Said(NamedTuple):
    """An answer as it came, and whose it has to be."""

    task: str
    desk: OrgId
    answer: DeskAnswer
    jws: str


def signed_reply(reply: DeskReply, task: DeskTask, keys: OrganisationKeys, audience: str, now: datetime) -> DeskReply:
    claims = {"iss": keys.org, "aud": audience, "task": task.id, "iat": int(now.timestamp())}
    return reply.model_copy(
        update={"jws": keys.jws({**claims, "answer": reply.answer.model_dump(mode="json")}, REPLY_TYPE)}
    )


def said_by_desk(said: Said, directory: Keys, audience: str, *, revoked_by: datetime | None) -> Refusal | None:
    """None when the desk that was asked has signed this answer to this task; otherwise why it is not believed.

    `revoked_by`: by when a revoked key counts as revoked; by the answer's own instant where nobody knows better. An
    answer counts once, so that an old one sent again does nothing.
    """
    told = jws.told(said.jws, REPLY_TYPE)
    try:
        claims = ReplyClaims.model_validate(told.payload if told else {})
    except ValidationError:
        return Refusal(code="signature-malformed")
    then = revoked_by or datetime.fromtimestamp(claims.iat, UTC) - CLOCKS_DIFFER
    if told is None:
        return Refusal(code="signature-malformed")
    if isinstance(key := signer(told, directory, claims.iss, then, claims.iat), Refusal):
        return key
    if (claims.iss, claims.aud, claims.task) != (said.desk, audience, said.task):
        return Refusal(code="signature-other-org")
    same = claims.answer == said.answer.model_dump(mode="json")
    return None if same else Refusal(code="signature-other-request")


class SignsReplies(Interceptor):
    """On a desk's worker: every answer of the desk's leaves it signed."""

    def __init__(self, keys: OrganisationKeys, audience: str) -> None:
        self._keys, self._audience = keys, audience

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return SigningInterceptor(next, self._keys, self._audience)


class SigningInterceptor(ActivityInboundInterceptor):
    def __init__(self, inner: ActivityInboundInterceptor, keys: OrganisationKeys, audience: str) -> None:
        super().__init__(inner)
        self._keys, self._audience = keys, audience

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        came = await super().execute_activity(input)
        task = input.args[0] if input.args else None
        if isinstance(came, DeskReply) and isinstance(task, DeskTask):
            return signed_reply(came, task, self._keys, self._audience, datetime.now(UTC))
        return came


class Replies:
    """On the plane: whether a desk's answer may enter the core."""

    def __init__(self, keys: Keys, directory: Mapping[OrgId, DirectoryEntry], audience: Audience) -> None:
        self._keys, self._directory, self._audience = keys, directory, audience

    @activity.defn(name=CHECK_REPLY)
    def check(self, asked: ReplyToCheck) -> bool:
        """False: it counts as silence, and the desk is asked again. Who answers in another's place stops nothing."""
        task, reply = asked.task, asked.reply
        why = self._unproven(task, reply)
        if why is None and isinstance(reply.answer, CandidatesFound):
            strange = [one for one in reply.answer.candidates if not is_listed(one, self._directory)]
            why = Refusal(code="not-in-directory") if strange else None
        if why is not None:
            log.error("a desk's answer is not believed", desk=task.desk, task=task.id, code=why.code)
        return why is None

    def _unproven(self, task: DeskTask, reply: DeskReply) -> Refusal | None:
        if reply.jws is None:
            return Refusal(code="signature-missing")
        said = Said(task.id, task.desk, reply.answer, reply.jws)
        return said_by_desk(said, self._keys, self._audience, revoked_by=datetime.now(UTC))
