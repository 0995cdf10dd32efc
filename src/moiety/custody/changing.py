"""One step of a change: the three agree on it first, so that no gateway has one of them go ahead of the others.

The gateway says when a step begins, and nothing else. All three compare the header, the version that the gallery has at
each, and what is to be done; so each of them is at the step before, and what is done, and to whom, is the same at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from moiety.custody.gallery import Gallery
from moiety.custody.headers import check_header
from moiety.custody.keys import Acquaintance
from moiety.custody.refusals import HeaderRefused
from moiety.custody.store.stored import Current
from moiety.custody.turns import Turns
from moiety.matching.channel import agree
from moiety.matching.header import Header, Operation
from moiety.matching.rounds import Rounds, barrier

Answer = TypeVar("Answer")


def noted(side: Rounds[Answer], note: Callable[[], None]) -> Rounds[Answer]:
    """The same side, which is written down by `note` once all three have agreed, in its first round, that they do this:
    what one of them refuses is in nobody's ledger. Nothing but nonces and digests has left before. Raises
    `LedgerUnwritable`."""
    try:
        sent = side.send((yield next(side)))
        note()
        while True:
            sent = side.send((yield sent))
    except StopIteration as end:
        answer: Answer = end.value
        return answer
    finally:
        side.close()


class Changes:
    """One custodian's sides of changes of its galleries."""

    def __init__(self, turns: Turns, acquaintance: Acquaintance, clock: Callable[[], datetime]) -> None:
        self._turns = turns
        self._acquaintance = acquaintance
        self._clock = clock

    def side(
        self,
        operation: Operation,
        gallery: Gallery,
        current: Current,
        header: Header,
        rows: int,
        what: Sequence[bytes],
        do: Callable[[], Answer],
        note: Callable[[], None] | None,
    ) -> Rounds[Answer]:
        """Do this, alone, once all three mean the same: a step that touches so many rows of a gallery.

        `what` says with what or to whom it is done, alike at all three, and `note` writes it down; None where another
        step did. No custodian does it before all three have written it down: what two had done, recovery would do at
        the third. Raises `HeaderRefused` where the gallery stands elsewhere here, `Disagreement` where another
        custodian was asked for something else, and `LedgerUnwritable` where it cannot be written down.
        """
        if header.operation != operation or current.staging.beside:
            raise HeaderRefused
        check_header(header, current, rows, 0, self._clock)
        said = hashlib.sha256(b"moiety change 1")
        for some in what:
            said.update(len(some).to_bytes(8, "big") + some)
        yield from agree(self._acquaintance.keys(), header.digest(), said.digest())
        if note is not None:
            with self._turns.alone():
                _require(gallery, header)
                note()
            yield from barrier()
        with self._turns.alone():
            _require(gallery, header)
            return do()


def _require(gallery: Gallery, header: Header) -> None:
    if gallery.now().row.version != header.version:  # another attempt came between
        raise HeaderRefused
