"""`starter.py file ...`: requests to see a file, from when they come to the document that answers them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from uuid import uuid4

import typer

from activities.documents import (
    CannotRender,
    CannotWrite,
    Unsaid,
    file_name,
    last_day,
    rendered,
    sweden_day,
    write_private,
)
from activities.file_requests import FileRequests, ItemsFor
from console import file_words as words
from console import reading
from console.case_commands import As, Json, Key, say
from console.deadline_views import end_clock
from console.failures import Fault, Invalid, NotFound, Refused, told
from console.layout import both, screen, stacked, table_of
from models.access import Reader
from models.contracts import Refusal
from models.documents import Mailing, Receipt, Recipient, Sender, Way
from models.file_requests import Asker, FileDecision, FileRequest, Gate, Harm, KeptRequest, Outcome, Regime
from models.packs import RulePack
from models.words import CaseRef, Code, Function, OrgId
from rules.file_documents import answer, dismissed, not_yet
from rules.file_requests import KINDS, as_decided, clock, decide, extended, gate, tested

NO_CASE = "-"
LISTING: Code = "read-file-requests"


class FileDesk(NamedTuple):
    """A desk at which requests are handled, and as whom."""

    org: OrgId
    holder: Function
    sender: Sender
    reader: Reader
    requests: FileRequests
    items_for: ItemsFor
    pack: RulePack
    now: Callable[[CaseRef | None], datetime]
    """The case's own time; without a case, the machine's."""
    admitted: Callable[[CaseRef | None, Code], Refusal | None]
    """Why this account may not see or do this with a request in that case. Logged before anything is answered."""
    mailed: Callable[[FileRequest], Mailing | Refusal | None]
    """How a document for whoever asks is sent, by the person's protection mark."""
    visible: Callable[[tuple[CaseRef, ...]], frozenset[CaseRef]]
    """Of these cases, those whose requests this account may see. Logged before they are listed."""


Request = Annotated[str, typer.Argument(help="Begärans id. | The request's id.", metavar="ID")]
HandedOver = Annotated[
    bool, typer.Option("--handed-over", help="Lämnas personligen, sänds inte. | Handed over, not mailed.")
]
Out = Annotated[Path, typer.Option("--out", help="Ny fil, eller en mapp. | A new file, or a folder.", metavar="FILE")]


def commands(open_desk: Callable[[OrgId], FileDesk]) -> typer.Typer:
    """The commands, over the desk that `open_desk` gives for an organisation."""
    app = typer.Typer(help="Insyn i akt | Seeing one's file", no_args_is_help=True)
    add_taking(app, open_desk)
    add_deciding(app, open_desk)
    add_documents(app, open_desk)
    return app


def add_taking(app: typer.Typer, open_desk: Callable[[OrgId], FileDesk]) -> None:
    @app.command("request", short_help="Ta emot en begäran | Take a request")
    @told
    async def request(
        case: Annotated[str, typer.Argument(help="Ärendet, eller - när inget anges. | Case, or -.", metavar="CASE")],
        regime: Annotated[Regime, typer.Option("--regime", help="Vilken rätt som åberopas. | Which right.")],
        asker: Annotated[Asker, typer.Option("--from", help="Vem som frågar, som relation. | Who asks.")],
        org: As,
        behalf: Annotated[
            Asker | None, typer.Option("--behalf-of", help="För ombud: vems. | A lawyer's client.")
        ] = None,
        proven: Annotated[
            bool,
            typer.Option("--proven", help="Identitet eller fullmakt är kontrollerad. | Identity or power checked."),
        ] = False,
        item: Annotated[
            str | None, typer.Option("--asker-item", help="Uppgiften i valvet om vem. | The vault's item of who.")
        ] = None,
        key: Key = None,
        as_json: Json = False,
    ) -> None:
        """Tar emot en begäran och startar dess klockor. | Takes a request and starts its clocks."""
        desk = open_desk(org)
        reference = None if case == NO_CASE else reading.case_reference(case)
        if reference is None and regime is not Regime.PUBLIC:
            raise Refused(Refusal(code="case-needed"))
        now = desk.now(reference)
        wanted = FileRequest(
            id=reading.request_key(key) or str(uuid4()),
            org=desk.org,
            case=reference,
            regime=regime,
            asker=asker,
            behalf=behalf,
            proven=proven,
            received_at=now,
            asker_item=reading.request_key(item),
        )
        if known := desk.requests.found(wanted.id):
            refuse(desk.admitted(known.request.case, "file-request"))
        kept = desk.requests.ask(wanted, clock(regime, now, desk.org, desk.pack), desk.reader, datetime.now(UTC))
        show(kept, as_json)

    @app.command("list", short_help="Visa begäran om insyn | List requests")
    @told
    async def listed(
        org: As,
        case: Annotated[str | None, typer.Option("--case", help="Bara ett ärende. | Only one case.")] = None,
        as_json: Json = False,
    ) -> None:
        """Visar begäran, de som ska besvaras först överst. | Shows requests, those due first at the top."""
        desk, reference = open_desk(org), reading.case_reference(case) if case else None
        if reference is not None:
            refuse(desk.admitted(reference, LISTING))
        rows = shown_of(desk, desk.requests.listed(reference)) if reference is None else desk.requests.listed(reference)
        if as_json:
            say([data_of(kept) for kept in rows])
        elif rows:
            screen.print(table(rows))
        else:
            typer.echo("Ingen har begärt insyn. | Nobody has asked to see a file.")


def add_deciding(app: typer.Typer, open_desk: Callable[[OrgId], FileDesk]) -> None:
    @app.command("test", short_help="Notera en menprövning | Record a harm test")
    @told
    async def test(
        request: Request,
        item: Annotated[str, typer.Argument(help="Uppgiftens id. | The item's id.", metavar="ITEM")],
        harm: Annotated[Harm, typer.Argument(help="none eller harm. | none or harm.", metavar="none|harm")],
        org: As,
        as_json: Json = False,
    ) -> None:
        """Noterar om det är till men att visa en uppgift. | Records whether showing an item does harm."""
        desk = open_desk(org)
        kept = kept_at(desk, request, "file-test")
        subject = reading.request_key(item)
        if subject is None or harm is Harm.NOT_TESTED:
            raise Invalid(Fault("harm", "ange none eller harm", "state none or harm"))
        refuse(desk.requests.test(kept.request.id, subject, harm, desk.reader, datetime.now(UTC)))
        show(kept_again(desk, kept), as_json)

    @app.command("prove", short_help="Notera vem som frågar | Record who asks")
    @told
    async def prove(
        request: Request,
        org: As,
        behalf: Annotated[
            Asker | None, typer.Option("--behalf-of", help="För ombud: vems. | A lawyer's client.")
        ] = None,
        as_json: Json = False,
    ) -> None:
        """Noterar att identitet eller fullmakt är kontrollerad. | Records that identity or power has been checked."""
        desk = open_desk(org)
        kept = kept_at(desk, request, "file-prove")
        refuse(desk.requests.prove(kept.request.id, behalf, desk.reader, datetime.now(UTC)))
        show(kept_again(desk, kept), as_json)

    @app.command("extend", short_help="Förläng tiden | Extend the time")
    @told
    async def extend(
        request: Request,
        ground: Annotated[str, typer.Option("--ground", help="Skälet, en kod. | The ground, a code.")],
        by: Annotated[str, typer.Option("--by", help="Vem som beslutat. | Who decided.")],
        org: As,
        as_json: Json = False,
    ) -> None:
        """Förlänger med två månader; den som frågade har fått besked. | Two months more, with notice given."""
        desk = open_desk(org)
        kept = kept_at(desk, request, "file-extend")
        codes = reading.code(by, "by"), reading.code(ground, "ground")
        longer = extended(kept.request, kept.clock, *codes, desk.now(kept.request.case), desk.pack)
        if isinstance(longer, Refusal):
            raise Refused(longer)
        refuse(desk.requests.extend(kept.request.id, longer, codes[1], desk.reader, datetime.now(UTC)))
        show(kept_again(desk, kept), as_json)

    @app.command("decide", short_help="Avgör en begäran | Decide a request")
    @told
    async def decided(
        request: Request,
        org: As,
        dismiss: Annotated[
            bool, typer.Option("--dismiss", help="Avvisa: ingen visade vem som frågar. | Nobody proved who asks.")
        ] = False,
        yes: Annotated[
            bool, typer.Option("--yes", help="Avvisa på riktigt; utan den händer inget. | Do dismiss it.")
        ] = False,
        as_json: Json = False,
    ) -> None:
        """Avgör vad som lämnas ut, uppgift för uppgift. | Decides what is shown, item by item."""
        desk = open_desk(org)
        kept = kept_at(desk, request, "file-decide")
        if kept.decided_at is not None:
            raise Refused(Refusal(code="decided-before"))
        decision, _ = looked_into(desk, kept)
        if dismiss:
            ended = dismissed(decision)
            if isinstance(ended, Refusal):
                raise Refused(ended)
            if not yes:
                typer.echo("Begäran skulle avvisas: ingen har visat vem som frågar.")
                typer.echo("The request would be dismissed: nobody has proved who asks.")
                typer.echo("Inget har hänt. Lägg till --yes. | Nothing has happened. Add --yes.")
                return
            decision = ended
        else:
            refuse(not_yet(decision))
        refuse(desk.requests.decide(kept.request.id, decision, desk.reader, datetime.now(UTC)))
        if dismiss and not as_json:
            typer.echo("Begäran är avvisad. Skriv kvittensen: file receipt. | The request is dismissed: file receipt.")
        show(kept_again(desk, kept), as_json)


def add_documents(app: typer.Typer, open_desk: Callable[[OrgId], FileDesk]) -> None:
    @app.command("package", short_help="Skriv svaret som PDF | Write the answer as PDF")
    @told
    async def package(
        request: Request, org: As, out: Out, handed_over: HandedOver = False, as_json: Json = False
    ) -> None:
        """Skriver det beslutade som en PDF som bara ägaren läser. | Writes what was decided, as a private PDF."""
        desk = open_desk(org)
        kept = kept_at(desk, request, "file-package")
        refuse(None if kept.decided_at else Refusal(code="not-decided"))
        refuse(Refusal(code="was-dismissed") if kept.outcome is Outcome.DISMISSED else None)
        sent = how_sent(desk, kept, handed_over)
        now, items = looked_into(desk, kept)
        holds = as_decided(kept, now)
        if isinstance(holds, Refusal):
            raise Refused(holds)
        day, recipient = sweden_day(desk.now(kept.request.case)), Recipient(asker=kept.request.asker)

        def make(number: int) -> bytes:
            made = answer(kept.request, holds, items, desk.sender, recipient, day, number, sent)
            if isinstance(made, Refusal):
                raise Refused(made)
            return rendered(made)

        categories = tuple(sorted({item.category for item in items if item.item in set(holds.shown)}))
        write(desk, kept, make, categories, out, sent, as_json)

    @app.command("receipt", short_help="Skriv en kvittens | Write a receipt")
    @told
    async def receipt(
        request: Request, org: As, out: Out, handed_over: HandedOver = False, as_json: Json = False
    ) -> None:
        """Skriver en kvittens på att begäran har kommit in. | Writes a receipt for the request."""
        desk = open_desk(org)
        kept = kept_at(desk, request, "file-receipt")
        sent = how_sent(desk, kept, handed_over)

        def make(number: int) -> bytes:
            return rendered(
                Receipt(
                    sender=desk.sender,
                    recipient=Recipient(asker=kept.request.asker),
                    day=sweden_day(desk.now(kept.request.case)),
                    copy_number=number,
                    mailing=sent,
                    regime=kept.request.regime,
                    received=sweden_day(kept.request.received_at),
                    answer_by=last_day(kept.clock.limit or kept.clock.answer_by),
                    number=f"b{kept.request.id[:8]}",
                )
            )

        write(desk, kept, make, (), out, sent, as_json)


def looked_into(desk: FileDesk, kept: KeptRequest) -> tuple[FileDecision, tuple[Any, ...]]:
    """What may be shown now. The vault is read only for a request that is looked into, and that names a case."""
    reads = gate(kept.request, desk.holder) is Gate.OPEN and kept.request.case is not None
    items = tested(kept, desk.items_for(kept.request)) if reads else ()
    return decide(kept.request, items, desk.holder), items


def write(
    desk: FileDesk,
    kept: KeptRequest,
    make: Callable[[int], bytes],
    categories: tuple[str, ...],
    out: Path,
    sent: Mailing | None,
    as_json: bool,
) -> None:
    """Makes the next copy and writes it. Recorded before it is written; what could not be written is recorded too."""
    number = kept.copies + 1
    path = out / file_name(sweden_day(desk.now(kept.request.case)), number) if out.is_dir() else out
    if path.exists():
        raise Invalid(Fault("out", "det finns redan en fil med det namnet", "there is a file of that name already"))
    try:
        made = desk.requests.copied(kept.request.id, make, categories, desk.reader, datetime.now(UTC))
    except Unsaid:
        raise Refused(Refusal(code="unsaid")) from None
    except CannotRender:
        raise Refused(Refusal(code="cannot-render")) from None
    if isinstance(made, Refusal):
        raise Refused(made)
    try:
        write_private(path, made)
    except CannotWrite:
        desk.requests.not_written(kept.request.id, desk.reader, datetime.now(UTC))
        raise Refused(Refusal(code="cannot-write")) from None
    if as_json:
        mailing = {"mailing": sent.model_dump(mode="json")} if sent else {}
        say({"request": kept.request.id, "copy": number, "bytes": len(made)} | mailing)
        return
    typer.echo(f"Skriven, exemplar {number}. | Written, copy {number}.")
    if sent is not None:
        typer.echo(words.SENT_BY[sent.way].format(outer=", ".join(sent.outer)))


def how_sent(desk: FileDesk, kept: KeptRequest, handed_over: bool) -> Mailing | None:
    """How a document goes to whoever asked; asked before it is made.

    Raises:
        Refused: it goes through the Tax Agency, and nobody has written down the number for the inner envelope.
    """
    if handed_over:
        return Mailing(way=Way.SAFE_CONTACT)
    sent = desk.mailed(kept.request)
    if isinstance(sent, Refusal):
        raise Refused(sent)
    return sent


def kept_at(desk: FileDesk, request: str, action: Code) -> KeptRequest:
    """The request, for an account that may do this with it: who asks for a file says something of the person too.

    Raises:
        NotFound, Refused: there is none, or it is not for this account.
    """
    wanted = reading.request_key(request)
    kept = desk.requests.found(wanted) if wanted else None
    if kept is None:
        raise NotFound(*words.SENTENCES["unknown-file-request"])
    refuse(desk.admitted(kept.request.case, action))
    return kept


def kept_again(desk: FileDesk, kept: KeptRequest) -> KeptRequest:
    """The request as it is after what was just done with it."""
    return desk.requests.found(kept.request.id) or kept


def shown_of(desk: FileDesk, rows: list[KeptRequest]) -> list[KeptRequest]:
    """Those in cases that this account is on, and those that name no case."""
    seen = desk.visible(tuple(dict.fromkeys(kept.request.case for kept in rows if kept.request.case is not None)))
    return [kept for kept in rows if kept.request.case is None or kept.request.case in seen]


def refuse(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise Refused(refusal)


def data_of(kept: KeptRequest) -> dict[str, Any]:
    return kept.model_dump(mode="json", exclude_none=True) | {"kind": KINDS[kept.request.regime]}


def show(kept: KeptRequest, as_json: bool) -> None:
    if as_json:
        say(data_of(kept))
    else:
        screen.print(table([kept]))


def table(rows: list[KeptRequest]) -> Any:
    """Requests with their clocks, in local time."""
    made = table_of(
        ("Begäran", "Request", 36),
        ("Rätt", "Right", 12),
        ("Från", "From", 12),
        ("Kvitteras", "Acknowledge by", 20),
        ("Besvaras", "Answer by", 20),
        ("Utfall", "Outcome", 8),
        whole=("Begäran", "Kvitteras", "Besvaras"),
    )
    for kept in rows:
        who = words.ASKER[kept.request.behalf or kept.request.asker]
        made.add_row(
            kept.request.id,
            stacked(words.REGIME[kept.request.regime]),
            stacked(who),
            end_clock(kept.clock.acknowledge_by),
            end_clock(kept.clock.limit or kept.clock.answer_by),
            both(words.OUTCOME[kept.outcome]) if kept.outcome else "–",
        )
    return made
