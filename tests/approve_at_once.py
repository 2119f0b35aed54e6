"""A program at which one person approves what waits, as another worker is; says which approvals were theirs."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from activities.approvals import Approval, Approvals
from activities.staff import Staff
from activities.stores import open_database, writing
from models.access import Action
from models.words import CaseRef
from tests.staff_support import NOW, a_desk, someone


def main(url: str, user: str, act: str, case: str, *what: str) -> None:
    """`approve ID...` or `settle SUBJECT...`: four at a time; waits for a line on standard input, to begin together."""
    staff = Staff(a_desk(open_database(url)))
    approvals, reader = Approvals(staff), someone(staff, user)
    sys.stdin.readline()

    def approve(approval: str) -> bool:
        return isinstance(approvals.approve(reader, approval, NOW, stepped_up=True), Approval)

    def settle(told: str) -> bool:
        subject, _, key = told.partition("=")
        with writing(staff.desk.engine) as session:
            refusal = approvals.settle(session, reader, Action.CLOSE_CASE, CaseRef(case), subject, NOW, key)
        return refusal is None

    doing = {"approve": approve, "settle": settle}[act]
    with ThreadPoolExecutor(4) as hands:
        for each, done in zip(what, hands.map(doing, what), strict=True):
            if done:
                os.write(1, f"{each}\n".encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
