"""The files of a rule pack, read and parsed; a file that can't be is a fault with its line."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from activities.rule_faults import Located, not_toml
from activities.rule_lines import Place, lines

LARGEST = 1024 * 1024
"""Bytes in one file. The shipped kinds are a tenth of this."""


class File(NamedTuple):
    """One file of a pack, and where in the pack what it says belongs."""

    path: Path
    prefix: Place
    text: str
    said: dict[str, Any]


def read_files(directory: Path) -> tuple[list[File], list[Located]]:
    """Every file of a pack, and what is wrong with those that can't be read."""
    wanted: list[tuple[Path, Place]] = [(directory / "pack.toml", ()), (directory / "statute.toml", ("statute",))]
    kinds = [directory / "kinds.toml"] if (directory / "kinds.toml").exists() else []
    kinds += sorted((directory / "kinds").glob("*.toml"))
    wanted += [(path, ("kinds",)) for path in kinds or [directory / "kinds.toml"]]
    wanted.append((directory / "journey.toml", ()))
    wanted += [(path, ("overlays", path.stem)) for path in sorted((directory / "overlays").glob("*.toml"))]
    files, faults = [], []
    for path, prefix in wanted:
        match read(path, prefix):
            case File() as file:
                files.append(file)
            case Located() as fault:
                faults.append(fault)
    return files, faults or twice(files)


def read(path: Path, prefix: Place) -> File | Located:
    """One file. A byte-order mark and Windows' line ends, as some editors leave them, change nothing."""
    try:
        if not path.is_file():  # a pipe or a device would be read for ever
            raise OSError
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError:
        return Located(path, None, "filen saknas eller kan inte läsas", "the file is missing or can't be read")
    if len(raw) > LARGEST:
        most = LARGEST // 1024
        return Located(path, None, f"filen är större än {most} KiB", f"the file is larger than {most} KiB")
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        return Located(path, raw[: error.start].count(b"\n") + 1, "är inte text i UTF-8", "is not UTF-8 text")
    try:
        return File(path, prefix, text, tomllib.loads(text))
    except (ValueError, RecursionError) as error:
        return not_toml(path, text, error)


def twice(files: list[File]) -> list[Located]:
    """Kinds that stand in two files: neither wins over the other."""
    found = []
    seen: dict[str, str] = {}
    for file in files:
        for code in file.said if file.prefix == ("kinds",) else ():
            if code in seen:
                line = lines(file.text).get((code,))
                sv, en = f"sorten {code} finns redan i {seen[code]}", f"the kind {code} is in {seen[code]} already"
                found.append(Located(file.path, line, sv, en))
            seen[code] = file.path.name
    return found


def said_under(files: list[File], part: str) -> dict[str, Any]:
    return {name: value for file in files if file.prefix == (part,) for name, value in file.said.items()}
