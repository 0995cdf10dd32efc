"""Where a person's bytes lie in copied database files."""

from __future__ import annotations

import numpy as np

from moiety.custody.store import page
from moiety.custody.store.handles import handles
from moiety.sharing.seat import SEATS
from tests.custody.scene import DIM, DOOR, Person
from tests.custody.thief import stolen


def stored(files: dict[str, bytes], person: Person) -> list[bytes]:
    """What the three stores keep of one person, as it lies there and as their own keys open it: handle, part of the
    pseudonym, and ring elements of the template.

    Template elements lie apart from each other in a page, so several runs of a page around the slot are not unique;
    what is: the handle, the pseudonym's part, and the 256 bytes of one pair of words over all 64 slots.
    """
    return sealed(files, person) + opened(files, person)


def sealed(files: dict[str, bytes], person: Person) -> list[bytes]:
    """As `stored`, as it lies in the files."""
    return _found(files, person)[0]


def opened(files: dict[str, bytes], person: Person) -> list[bytes]:
    """As `stored`, in the clear."""
    return _found(files, person)[1]


def _found(files: dict[str, bytes], person: Person) -> tuple[list[bytes], list[bytes]]:
    found: tuple[list[bytes], list[bytes]] = ([], [])
    known = handles(DOOR, [person.pseudonym])
    for seat in SEATS:
        pages, _, rows = stolen(files, seat, DOOR, DIM)
        [[at, slot]] = np.argwhere((pages["handles"] == known[seat][0]).all(axis=2)).tolist()
        for some, where in zip(found, (np.frombuffer(b"".join(rows), page.layout(DIM)), pages), strict=True):
            some.append(where["handles"][at, slot].tobytes())
            some.append(where["pseudonyms"][at, slot].tobytes())
            some += [where["parts"][at, pair].tobytes() for pair in range(DIM // 2)]
    assert len(set(found[0] + found[1])) == len(found[0]) + len(found[1])
    return found
