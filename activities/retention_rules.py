"""The retention rules, read from their file and checked. Workflows and desks get them as data."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from activities.rule_packs import BadPack
from models.retention import RetentionRules

SHIPPED = Path(__file__).parent.parent / "rules" / "retention.toml"


def load_retention(path: Path = SHIPPED) -> RetentionRules:
    """Raises: BadPack: the file is missing, is not TOML, or says what a retention rule can't say."""
    try:
        return RetentionRules.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError:
        raise BadPack(f"{path.name}: the file is missing or can't be read") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadPack(f"{path.name}: {error}") from None
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found)
        raise BadPack(f"{path.name}: {told}") from None
