"""`starter.py codec`: the codec server, its accounts, and the keys that seal what Temporal stores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from activities.surroundings import read_settings
from console.case_commands import Json, say
from console.codec_operators import Operators
from console.failures import Fault, Invalid, NotFound, told
from models.access import UserId
from models.audit import AuditEntry
from models.settings import Settings, is_loopback
from rules.showing import OPERATOR
from workflows.connection import connect
from workflows.key_ring import (
    RingFile,
    add_key,
    load_ring,
    make_ring,
    read_ring,
    retire_key,
    ring_path,
    rotate_ring,
    use_key,
)
from workflows.server import CannotStart

app = typer.Typer(help="Det förseglade i Temporal | What Temporal stores sealed", no_args_is_help=True)
Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Konto, som drift-01. | An account, like drift-01.")]
KeyName = Annotated[str, typer.Argument(metavar="KEY", help="Nyckelns id. | The key's id.")]
DEFAULT_PORT = 8767


def audit_of(settings: Settings) -> Callable[[AuditEntry], object]:
    """The plane's audit chain."""
    from activities.stores import open_existing, register_url
    from activities.trails import plane_trail
    from console.acting_keys import acting_keys

    return plane_trail(settings, open_existing(register_url(settings)), acting_keys(settings, OPERATOR)).write


@app.command("serve", short_help="Kör avkodning för Temporals gränssnitt | Serve decoding for Temporal's UI")
@told
async def serve(
    ui_origin: Annotated[
        str | None, typer.Option("--ui-origin", help="Var Temporals UI finns. | Where Temporal's UI is.")
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Adress att lyssna på. | Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port. | Port.", min=0, max=65_535)] = DEFAULT_PORT,
    name: Annotated[
        str | None, typer.Option("--host-name", help="Värdnamn utåt. | Host name that it answers to.")
    ] = None,
    certificate: Annotated[Path | None, typer.Option("--certificate", help="TLS, PEM-fil. | TLS, a PEM file.")] = None,
    key: Annotated[Path | None, typer.Option("--key", help="TLS, PEM-fil. | TLS, a PEM file.")] = None,
) -> None:
    """Öppnar förseglat innehåll för inloggad drift, tills Ctrl-C. | Opens what is sealed for operators, till Ctrl-C."""
    from console.codec_server import CodecDesk, codec_app
    from workflows.codec import SealingCodec

    settings = read_settings()
    tls = bool(certificate and key)
    refuse_in_the_clear(host, tls)
    if ui_origin is None and settings.temporal_ui_port is None:
        raise Invalid(Fault("--ui-origin", "saknas", "is missing"))
    names = (name,) if name else ("127.0.0.1", "localhost", "[::1]")
    desk = CodecDesk(
        codec=SealingCodec(load_ring(settings), settings.temporal_namespace),
        namespace=settings.temporal_namespace,
        operators=Operators(settings),
        audit=audit_of(settings),
        org=OPERATOR,
        ui_origin=ui_origin or f"http://localhost:{settings.temporal_ui_port}",
        names=names,
        tls=tls,
    )
    await run_server(codec_app(desk), host, port, certificate, key)


def refuse_in_the_clear(host: str, tls: bool) -> None:
    """Raises: CannotStart: it would be reached from other machines, and read on the way."""
    if not tls and not is_loopback(host.strip("[]")):
        raise CannotStart(
            "Utan TLS får avkodningen bara lyssna på den egna datorn. Ange --certificate och --key.\n"
            "Without TLS, decoding may only listen on this machine. Give --certificate and --key."
        )


async def run_server(application: object, host: str, port: int, certificate: Path | None, key: Path | None) -> None:
    import uvicorn

    config = uvicorn.Config(
        application,  # type: ignore[arg-type]
        host=host.strip("[]"),
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=50,
        timeout_graceful_shutdown=5,
        ssl_certfile=certificate,
        ssl_keyfile=str(key) if key else None,
    )
    scheme = "https" if certificate else "http"
    typer.echo(f"Avkodning på {scheme}://{host}:{port} | Decoding at {scheme}://{host}:{port}")
    try:
        await uvicorn.Server(config).serve()
    except SystemExit:
        raise CannotStart(
            f"Porten {port} används redan, eller certifikatet går inte att använda.\n"
            f"Port {port} is in use, or the certificate can't be used."
        ) from None


@app.command("operator", short_help="Ge ett konto en ny hemlighet | Give an account a new secret")
@told
async def give_secret(account: Account, as_json: Json = False) -> None:
    """Skapar ett driftkonto, eller byter dess hemlighet, som visas bara nu. | Makes an account."""
    secret = Operators(read_settings()).add(checked(account))
    if as_json:
        say({"account": account, "secret": secret})
    else:
        typer.echo(f"Hemlighet för {account}, visas bara nu | Secret for {account}, shown only now:\n{secret}")


@app.command("operators", short_help="Visa konton | List accounts")
@told
async def list_operators(as_json: Json = False) -> None:
    """Visar vilka som får logga in. | Shows who may log in."""
    names = Operators(read_settings()).names()
    if as_json:
        say(names)
    else:
        typer.echo("\n".join(names) or "Inga konton ännu: `codec operator KONTO`. | No accounts yet.")


@app.command("dismiss", short_help="Ta bort ett konto | Remove an account")
@told
async def dismiss(account: Account, as_json: Json = False) -> None:
    """Tar bort ett konto; dess inloggningar upphör genast. | Removes an account; its sessions end at once."""
    if not Operators(read_settings()).remove(checked(account)):
        raise NotFound("Det kontot finns inte.", "There is no such account.")
    if as_json:
        say({"account": account, "removed": True})
    else:
        typer.echo(f"{account} är borttaget. | {account} has been removed.")


@app.command("init", short_help="Gör den första nyckelringen | Make the first key ring")
@told
async def init(as_json: Json = False) -> None:
    """Gör nyckelringen, där den måste finnas innan något startar (produktion). | Makes the key ring for production."""
    tell_ring(make_ring(read_settings()), as_json)


@app.command("keys", short_help="Visa nycklarna i ringen | Show the keys of the ring")
@told
async def keys(as_json: Json = False) -> None:
    """Visar vilka nycklar som finns, aldrig nycklarna själva. | Shows which keys there are, never the keys."""
    settings = read_settings()
    load_ring(settings)
    tell_ring(read_ring(ring_path(settings))[0], as_json)


@app.command("rotate", short_help="Ny nyckel härifrån | A new key from now on")
@told
async def rotate(
    hand_out_first: Annotated[
        bool, typer.Option("--hand-out-first", help="Försegla inte med den ännu. | Do not seal with it yet.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Ny nyckel. Finns flera datorer: dela ut den med --hand-out-first, sedan `codec use`. | A new key."""
    settings = read_settings()
    load_ring(settings)
    tell_ring(add_key(settings) if hand_out_first else rotate_ring(settings), as_json)


@app.command("use", short_help="Försegla med en utdelad nyckel | Seal with a key handed out")
@told
async def use(key: KeyName, as_json: Json = False) -> None:
    """Förseglar med den nyckeln härifrån. | Seals with that key from now on."""
    tell_ring(use_key(read_settings(), key), as_json)


@app.command("retire", short_help="Förstör en nyckel som inget behöver | Destroy a key nothing needs")
@told
async def retire(key: KeyName, as_json: Json = False) -> None:
    """Förstör en nyckel, om Temporal inte har kvar något från dess tid. | Destroys a key nothing kept needs."""
    settings = read_settings()
    tell_ring(await retire_key(settings, await connect(settings), key), as_json)


def tell_ring(ring: RingFile, as_json: bool) -> None:
    if as_json:
        say({"current": ring.current, "keys": [key.model_dump(mode="json", exclude={"secret"}) for key in ring.keys]})
        return
    for key in ring.keys:
        use = "förseglar | seals" if key.id == ring.current else "öppnar bara | opens only"
        typer.echo(f"{key.id}  {key.made:%Y-%m-%d %H:%M}  {use}")


def checked(account: str) -> UserId:
    from pydantic import TypeAdapter, ValidationError

    try:
        told: UserId = TypeAdapter(UserId).validate_python(account)
    except ValidationError:
        raise Invalid(Fault("ACCOUNT", "ska vara som drift-01", "should be like drift-01")) from None
    return told
