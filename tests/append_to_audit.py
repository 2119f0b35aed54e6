"""A program that writes in an audit chain, as another worker is, and says which links it was told are kept."""

from __future__ import annotations

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from activities.audit import AuditLog, CannotAudit
from activities.checkpoints import Checkpoints
from activities.stores import open_database
from tests.audit_support import FileSigner, an_entry


def main(url: str, chain: str, folder: str, threads: str, number: str, largest: str = "0") -> None:
    """`largest`: bytes that any file may have, as on a full disk."""
    signer = FileSigner(Path(folder) / "key")
    log = AuditLog(open_database(url), chain, Checkpoints(Path(folder), chain, signer.published, signer, every=25))
    if int(largest):
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest), int(largest)))

    def write(_: int) -> None:
        try:
            said = str(log.write(an_entry(org=chain)).seq)
        except CannotAudit:
            said = "cannot"
        os.write(1, f"{said}\n".encode())  # whole lines, whichever thread is first

    with ThreadPoolExecutor(int(threads)) as writers:
        list(writers.map(write, range(int(number))))


if __name__ == "__main__":
    main(*sys.argv[1:])
