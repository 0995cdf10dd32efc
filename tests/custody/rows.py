"""Where a person's bytes lie in copied database files."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import numpy as np

from moiety.custody import page
from moiety.custody.handles import handles
from moiety.sharing.seat import SEATS
from tests.custody.scene import DIM, DOOR, Person


def stored(files: dict[str, bytes], person: Person) -> list[bytes]:
    """What the three stores keep of one person: handle, part of the pseudonym, and ring elements of the template.

    Template elements lie apart from each other in a page, so several runs of a page around the slot are not unique;
    what is: the handle, the pseudonym's part, and the 256 bytes of one pair of words over all 64 slots.
    """
    found: list[bytes] = []
    known = handles(DOOR, [person.pseudonym])
    for seat in SEATS:
        with tempfile.TemporaryDirectory() as folder:
            for suffix in ("", "-wal"):
                content = files.get(f"custodian-{seat}/custodian.sqlite{suffix}", b"")
                Path(folder, f"copy.sqlite{suffix}").write_bytes(content)
            with closing(sqlite3.connect(Path(folder, "copy.sqlite"))) as database:
                rows = [row for (row,) in database.execute("SELECT rows FROM page ORDER BY epoch, number")]
        pages = page.load(rows, page.layout(DIM))
        handle = known[seat][0]
        [[at, slot]] = np.argwhere((pages["handles"] == handle).all(axis=2)).tolist()
        found.append(handle.tobytes())
        found.append(pages["pseudonyms"][at, slot].tobytes())
        found += [pages["parts"][at, pair].tobytes() for pair in range(DIM // 2)]
    assert len(set(found)) == len(found)
    return found
