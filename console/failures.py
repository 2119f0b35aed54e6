"""What can go wrong for a user, each with its exit code and a sentence in Swedish and English."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, ParamSpec, TypeVar

import typer
from sqlalchemy.exc import SQLAlchemyError
from typer._click.exceptions import BadOptionUsage, MissingParameter, NoArgsIsHelpError, NoSuchOption, UsageError

from activities.audit import CannotAudit
from activities.directory import BadDirectory
from activities.rule_packs import BadPack
from activities.stores import BadDatabase
from activities.surroundings import BadSettings
from console.plane_client import NotTaken
from console.words import refusal_sentence
from models.contracts import Refusal
from models.keys import KeyFault
from workflows.cases import NoSuchCase
from workflows.connection import Unavailable
from workflows.key_ring import BadRing
from workflows.server import CannotStart

UNEXPECTED, INVALID, REFUSED, NOT_FOUND, UNAVAILABLE, INTERRUPTED = 1, 2, 3, 4, 5, 130
NAMES_NOTHING_THERE = ("unknown-handoff", "unknown-file-request")
"""Refusals that say that something does not exist: a person expects "not found" of them."""
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
        with telling(bool(kwargs.get("as_json"))):
            return asyncio.run(command(*args, **kwargs))

    return run


@contextmanager
def telling(as_json: bool) -> Iterator[None]:
    try:
        yield
    except UsageError as error:
        tell_usage(error, as_json)
    except Invalid as error:
        tell_invalid(error, as_json)
    except Refused as error:
        tell_refused(error.refusal, as_json)
    except NoSuchCase as error:
        fail(NOT_FOUND, f"Ärendet {error} finns inte.", f"There is no case {error}.", as_json)
    except NotFound as error:
        fail(NOT_FOUND, error.sv, error.en, as_json)
    except NotTaken as error:
        tell_refused(Refusal(code="not-trusted", detail=error.detail or error.code), as_json)
    except (KeyFault, CannotAudit) as error:
        fail(UNAVAILABLE, error.sv, error.en, as_json)
    except (Unavailable, CannotStart) as error:
        sv, _, en = str(error).partition("\n")
        fail(UNAVAILABLE, sv, en, as_json)
    except BadRing as error:
        sv, _, en = str(error).partition("\n")
        fail(INVALID, sv, en, as_json)
    except (BadDatabase, SQLAlchemyError):
        fail(
            UNAVAILABLE,
            "Registret eller er desk finns inte ännu, eller kan inte nås. Starta Utväg med `make stack` och försök "
            "igen.",
            "The register or your desk is not there yet, or can't be reached. Start Utväg with `make stack` and "
            "try again.",
            as_json,
        )
    except (BadPack, BadDirectory, BadSettings) as error:
        fail(
            INVALID,
            f"Inställningar, regler eller katalog kan inte användas: {error}",
            "Settings, rules or directory can't be used.",
            as_json,
        )
    except (typer.Exit, typer.Abort, BrokenPipeError):
        raise
    except Exception as error:
        fail(UNEXPECTED, *unexpected(error), as_json)


def unexpected(error: Exception) -> tuple[str, str]:
    """What failed and where in our code. Not the error's own text: it may hold anything."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__}, {Path(frame.filename).name}:{frame.lineno}"
    return (
        f"Något oväntat hände ({what}). Om det du gjorde togs emot vet vi inte. Anmäl felet till driften.",
        f"Something unexpected happened ({what}). Whether it was received is not known. Tell your operator.",
    )


def run_program(app: typer.Typer) -> NoReturn:
    """Runs a command line and leaves at once, without waiting for Temporal's threads, which may crash at the exit."""
    code = UNEXPECTED
    try:
        with telling("--json" in sys.argv[1:]):
            code = int(app(standalone_mode=False) or 0)
    except typer.Exit as ended:
        code = ended.exit_code
    except typer.Abort:
        code = INTERRUPTED
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else UNEXPECTED
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BrokenPipeError):
            stream.flush()
    os._exit(code)


def tell_usage(error: UsageError, as_json: bool) -> NoReturn:
    """What is wrong with a command line, by name: a misplaced value may be anything, also a person's name."""
    if isinstance(error, NoArgsIsHelpError):
        typer.echo(error.format_message(), err=True)
        raise typer.Exit(INVALID)
    if not as_json and error.ctx is not None:
        typer.echo(f"Hjälp | Help: {error.ctx.command_path} --help", err=True)
    tell_invalid(Invalid(usage_fault(error)), as_json)


def usage_fault(error: UsageError) -> Fault:
    """What is wrong with a command line, by the name of the option or argument."""
    if isinstance(error, NoSuchOption):
        if error.option_name == "--user":  # of all commands that many have it: told by name, where most is told not
            return Fault("--user", "tas inte här: kontot är UTVAG_USER", "is not taken here: the account is UTVAG_USER")
        meant = f": {', '.join(error.possibilities)}" if error.possibilities else ""
        return Fault("-", f"okänt val{meant and ', menas' + meant}", f"unknown option{meant and ', is it' + meant}")
    if isinstance(error, BadOptionUsage):
        return Fault(error.option_name, "saknar värde, eller tar inget", "lacks a value, or takes none")
    if isinstance(error, typer.BadParameter) and error.param is not None:
        name = error.param.get_error_hint().strip("'")
        if isinstance(error, MissingParameter):
            return Fault(name, "saknas", "is missing")
        kind = error.param.type_descriptor
        if kind.is_choice and kind.choices:
            choices = ", ".join(str(choice) for choice in kind.choices)
            return Fault(
                name, f"är inget av de tillåtna värdena: {choices}", f"is none of the permitted values: {choices}"
            )
        if kind.is_datetime:
            return Fault(name, "ska skrivas som ÅÅÅÅ-MM-DD", "should be a date, YYYY-MM-DD")
        return Fault(name, "går inte att använda", "can't be used")
    commands = getattr(error.cmd, "commands", None)
    if commands:
        known = ", ".join(commands)
        return Fault("COMMAND", f"är inget av kommandona: {known}", f"is none of the commands: {known}")
    return Fault("-", "det står mer än kommandot tar emot", "there is more than the command takes")


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
    code = NOT_FOUND if refusal.code in NAMES_NOTHING_THERE else REFUSED
    if as_json:
        told = {"exit": code, **refusal.model_dump(mode="json"), "sv": sv, "en": en}
        typer.echo(json.dumps({"error": told}, ensure_ascii=False))
    else:
        typer.echo(f"{sv}\n{en}", err=True)
    raise typer.Exit(code)
