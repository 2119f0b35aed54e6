"""A writer of its own, as another worker is: records the cases of a file into a register, from several threads."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from sqlalchemy.exc import SQLAlchemyError

from activities.register import Register
from activities.stores import open_database
from models.contracts import Recording

TRIES = 50
"""Two that record the same revision at the same time: one of them tries again, as Temporal would. The chain's own line
must hold without that."""


def main(url: str, file: str) -> None:
    register = Register(open_database(url))
    recordings = [Recording.model_validate_json(line) for line in Path(file).read_text().splitlines()]

    def record(one: Recording) -> None:
        for attempt in range(TRIES):
            try:
                register.record(one)
                return
            except SQLAlchemyError as error:
                if "audit" in str(error) or attempt == TRIES - 1:
                    raise

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(record, recordings))


if __name__ == "__main__":
    main(*sys.argv[1:])
