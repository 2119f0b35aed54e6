"""`starter.py rules ...`: is a rule pack fit to work under?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from activities.directory import load_directory
from activities.rule_faults import BadPack, Located
from activities.rule_packs import Found, read_pack, read_packs
from activities.surroundings import read_settings
from console.case_commands import Json, say
from console.failures import INVALID, told
from models.packs import RulePack
from models.words import Function, OrgId

app = typer.Typer(help="Regler | Rules", no_args_is_help=True)


@app.command("check", short_help="Granska regler | Check rules")
@told
async def check(
    directory: Annotated[
        str, typer.Argument(help="En mapp med regler, eller flera i en mapp. | One pack, or a folder of them.")
    ],
    as_json: Json = False,
) -> None:
    """Granskar regler innan någon arbetar efter dem: alla fel på en gång, med fil och rad. | Checks rules first."""
    packs, faults = read(Path(directory), functions())
    wrong = [fault for fault in faults if not fault.warning]
    warnings = [fault for fault in faults if fault.warning]
    if as_json:
        read_as: dict[str, Any] = {
            "warnings": [fault_data(fault) for fault in warnings],
            "packs": [pack_data(found.folder, found.pack) for found in packs if found.pack],
        }
        told_of = [fault_data(fault) for fault in wrong]
        say(({"error": {"exit": INVALID, "faults": told_of}} if wrong else {"faults": told_of}) | read_as)
    else:
        tell(packs, wrong, warnings)
    if wrong:
        raise typer.Exit(INVALID)


def functions() -> dict[OrgId, Function]:
    """Every organisation of this installation's directory, with what it is."""
    return {entry.id: entry.function for entry in load_directory(read_settings().directory).values()}


def read(directory: Path, organisations: dict[OrgId, Function]) -> tuple[list[Found], list[Located]]:
    """The pack in a folder, or the packs in a folder of packs; and everything found."""
    try:
        is_folder, is_pack = directory.is_dir(), any(directory.glob("*.toml"))
    except OSError:
        return [], [Located(directory, None, "mappen kan inte läsas", "the folder can't be read")]
    if not is_folder:
        seen = ("är en fil: ange mappen", "is a file: name the folder") if directory.exists() else None
        sv, en = seen or ("mappen finns inte", "there is no such folder")
        return [], [Located(directory, None, sv, en)]
    try:
        if is_pack:
            found = read_pack(directory, organisations)
            return [found], list(found.faults)
        packs, between = read_packs(directory, organisations)
    except BadPack as bad:
        return [], list(bad.faults)
    return packs, [fault for found in packs for fault in found.faults] + between


def tell(packs: list[Found], wrong: list[Located], warnings: list[Located]) -> None:
    for found in packs:
        if found.pack is not None:
            typer.echo(summary(pack_data(found.folder, found.pack)))
    for fault in wrong:
        typer.echo(str(fault), err=True)
    for fault in warnings:
        typer.echo(f"Se över | Look at: {fault}")
    if wrong:
        typer.echo(f"{len(wrong)} fel. Ingen kan arbeta efter reglerna förrän de är rättade.", err=True)
        typer.echo(f"Faults: {len(wrong)}. Nobody can work under these rules until they are put right.", err=True)
    else:
        typer.echo("Inga fel. | No faults.")


def fault_data(fault: Located) -> dict[str, Any]:
    return {"field": fault.where, "file": str(fault.file), "line": fault.line, "sv": fault.sv, "en": fault.en}


def pack_data(folder: Path, pack: RulePack) -> dict[str, Any]:
    """What was read: how much of it there is, and the digest that tells whether two packs decide the same."""
    rules = [rule for kind in pack.kinds.values() for own in kind.deadlines.values() for rule in own.values()]
    return {
        "folder": str(folder),
        "name": pack.name,
        "effective_from": pack.effective_from.isoformat(),
        "effective_until": pack.effective_until.isoformat() if pack.effective_until else None,
        "engine": pack.engine,
        "kinds": len(pack.kinds),
        "deadlines": len(rules),
        "statutory": sum(rule.term.statutory for rule in rules),
        "ladders": len(pack.ladders),
        "steps": len(pack.steps),
        "overlays": sorted(pack.overlays),
        "digest": pack.digest,
    }


def summary(read: dict[str, Any]) -> str:
    until = f"–{read['effective_until']}" if read["effective_until"] else "–"
    own = ", ".join(read["overlays"])
    return "\n".join(
        [
            f"{read['name']} ({read['effective_from']}{until}), {read['folder']}",
            f"  {read['kinds']} sorter, {read['deadlines']} frister varav {read['statutory']} i lag | "
            f"{read['kinds']} kinds, {read['deadlines']} deadlines, {read['statutory']} of them statutory",
            f"  {read['ladders']} stegar, {read['steps']} steg | {read['ladders']} ladders, {read['steps']} steps",
            f"  egna skikt | own layers: {own or '–'}",
            f"  sha-256 {read['digest']}",
        ]
    )
