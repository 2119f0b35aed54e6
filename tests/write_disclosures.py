"""A program at one desk that writes consents, or holds a package, as another worker does at the same time."""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from activities.audit import AuditLog
from activities.disclosures import Disclosures
from activities.protected_data import DeskStore
from activities.stores import open_database
from models.access import Reader, Role
from models.consent import ConsentStep, PersonFacts
from models.contracts import Refusal
from models.exchange import Envelope
from models.words import CaseRef
from tests.key_support import file_keys

LONGEST = timedelta(days=366)


def a_desk(url: str, org: str, folder: str) -> Disclosures:
    engine = open_database(url)
    return Disclosures(engine, DeskStore(org, engine, file_keys(Path(folder), org)), AuditLog(engine, org))


def main(url: str, org: str, folder: str, what: str) -> None:
    """Waits for a line on standard input, to begin together; then says of each thing whether it was new."""
    disclosures = a_desk(url, org, folder)
    asked = json.loads(sys.stdin.readline())
    os.write(1, b"ready\n")
    sys.stdin.readline()
    for one in asked:
        if what == "hold":
            new = disclosures.hold(Envelope.model_validate(one["envelope"]), b"what was told")
        else:
            step = ConsentStep.model_validate(one["step"])
            by = Reader(org=org, user="handl-01", role=Role.CASEWORKER)
            came = disclosures.record(CaseRef(one["case"]), step, PersonFacts(minor=False), by, step.at, LONGEST)
            new = not isinstance(came, Refusal)
        os.write(1, b"yes\n" if new else b"no\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
