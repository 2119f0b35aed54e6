"""What follows from protection marks, read from its file and checked against the least that the law asks for."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from activities.rule_packs import BadPack
from models.marks import MarkRules

SHIPPED = Path(__file__).parent.parent / "rules" / "marks.toml"


@lru_cache(maxsize=8)
def load_marks(path: Path = SHIPPED) -> MarkRules:
    """Raises: BadPack: the file is missing, is not TOML, or asks for less than the law."""
    try:
        return MarkRules.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError:
        raise BadPack(f"{path.name}: the file is missing or can't be read") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadPack(f"{path.name}: {error}") from None
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found)
        raise BadPack(f"{path.name}: {told}") from None
