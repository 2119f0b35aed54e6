"""What can go wrong for a user, each with its exit code and a sentence in Swedish and English."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, NamedTuple, NoReturn, ParamSpec, TypeVar

import typer

from activities.directory import BadDirectory
from activities.rule_packs import BadPack
from console.words import refusal_sentence
from models.contracts import Refusal
from workflows.cases import NoSuchCase
from workflows.connection import Unavailable
from workflows.server import CannotStart

INVALID, REFUSED, NOT_FOUND, UNAVAILABLE = 2, 3, 4, 5
Params = ParamSpec("Params")
Result = TypeVar("Result")


class Fault(NamedTuple):
    """One thing wrong with an input: where, and what, never the value itself."""

    field: str
    sv: str
    en: str


class Invalid(Exception):
    """An input can't be used. Carries every fault at once."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("invalid input")
        self.faults = faults


class Refused(Exception):
    """The rules refuse this now. Carries why, and what is possible instead."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


class NotFound(Exception):
    """There is no such case, handoff or organisation."""

    def __init__(self, sv: str, en: str) -> None:
        super().__init__(f"{sv}\n{en}")
        self.sv, self.en = sv, en


def told(command: Callable[Params, Coroutine[Any, Any, Result]]) -> Callable[Params, Result]:
    """Runs an async command; whatever a user may meet becomes a sentence and its exit code, never a traceback."""
    import asyncio

    @wraps(command)
    def run(*args: Params.args, **kwargs: Params.kwargs) -> Result:
        as_json = bool(kwargs.get("as_json"))
        try:
            return asyncio.run(command(*args, **kwargs))
        except Invalid as error:
            tell_invalid(error, as_json)
        except Refused as error:
            tell_refused(error.refusal, as_json)
        except NoSuchCase as error:
            fail(
                NOT_FOUND, f"Ärendet {error} finns inte, eller är avslutat.", f"There is no open case {error}.", as_json
            )
        except NotFound as error:
            fail(NOT_FOUND, error.sv, error.en, as_json)
        except (Unavailable, CannotStart) as error:
            sv, _, en = str(error).partition("\n")
            fail(UNAVAILABLE, sv, en, as_json)
        except (BadPack, BadDirectory) as error:
            fail(INVALID, f"Reglerna eller katalogen kan inte användas: {error}", "See above.", as_json)

    return run


def fail(code: int, sv: str, en: str, as_json: bool) -> NoReturn:
    if as_json:
        typer.echo(json.dumps({"error": {"exit": code, "sv": sv, "en": en}}, ensure_ascii=False))
    else:
        typer.echo(f"{sv}\n{en}".strip(), err=True)
    raise typer.Exit(code)


def tell_invalid(error: Invalid, as_json: bool) -> NoReturn:
    if as_json:
        faults = [fault._asdict() for fault in error.faults]
        typer.echo(json.dumps({"error": {"exit": INVALID, "faults": faults}}, ensure_ascii=False))
    else:
        typer.echo("Uppgifterna kan inte tas emot. Inget har sparats.", err=True)
        typer.echo("The input can't be taken. Nothing was saved.", err=True)
        for fault in error.faults:
            typer.echo(f"  {fault.field}: {fault.sv} | {fault.en}", err=True)
    raise typer.Exit(INVALID)


def tell_refused(refusal: Refusal, as_json: bool) -> NoReturn:
    sv, en = refusal_sentence(refusal)
    if as_json:
        told = {"exit": REFUSED, **refusal.model_dump(mode="json"), "sv": sv, "en": en}
        typer.echo(json.dumps({"error": told}, ensure_ascii=False))
    else:
        typer.echo(f"{sv}\n{en}", err=True)
    raise typer.Exit(REFUSED)
