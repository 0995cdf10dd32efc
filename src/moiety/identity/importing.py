"""People from another system: rows become records, some at a time; whatever does not fit is set aside and told.

Each batch is durable before it is written down that it was read, so whoever is killed reads at most one batch again,
and in it meets people who are there already: none comes twice, and none is lost. Whom this batch itself had brought in
before it was cut off is known by a mark: it is in the names of records, which are random to whoever has not the key of
the import, and it names nobody.
"""

from __future__ import annotations

import gc
import hmac
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from moiety.behalf import carried
from moiety.errors import MoietyError, Refused
from moiety.identity.arriving import Added, Named
from moiety.identity.people import People
from moiety.vault.mapping import BadRow, Taken
from moiety.vault.record import Record

HOW: Final = "imported"

TOGETHER: Final = 2_000
"""Rows of one batch: their pseudonyms, keys and fields are made, kept and settled together. Custodians seal every page
anew in which a batch puts somebody, and wait for the disk as often for few as for many."""

BYTES_TOGETHER: Final = 64 * 2**20
"""Bytes of values of one batch: two thousand photographs of the greatest length would be eight thousand million."""
KEY_BYTES: Final = 32

_NAMED_AT_ONCE: Final = 2
"""Batches whose pseudonyms are made at a time: of the first two, while nothing else is to be done yet."""

_BETWEEN: Final = 200_000
"""Objects between two looks for cycles among them, as many as two batches are. The interpreter's own 700 have it look
at the records of a batch over and over, of which none is in a cycle: for a twelfth of an import's time."""


@dataclass
class Imported:
    """How far an import has come: the number of the last row that was read, and what became of all so far: people who
    are new, who were there already, and rows that were set aside, by the code of their reason. `key` is this import's
    own, random, and `resumed` says that it was cut off: its next batch may have been kept already."""

    after: int = 0
    added: int = 0
    there: int = 0
    aside: Counter[str] = field(default_factory=Counter)
    key: bytes = field(default=b"", repr=False)
    resumed: bool = False

    def mark(self, after: int) -> bytes:
        """What the batch behind this row is known by: another one for each, so that a row whose person an earlier batch
        brought in is not taken for one of its own."""
        return hmac.digest(self.key, after.to_bytes(8, "little"), "sha256")

    @property
    def rows(self) -> int:
        """Rows that were read."""
        return self.added + self.there + self.aside.total()

    def counts(self) -> Mapping[str, int]:
        """Rows set aside, by reason."""
        return dict(sorted(self.aside.items()))


def run(
    people: People,
    rows: Iterable[Taken | BadRow],
    *,
    grounds: str,
    text: str,
    approved: bytes | None,
    so_far: Imported,
    done: Callable[[Imported, list[BadRow]], None],
) -> Imported:
    """Bring in everybody; `done` hears after each batch how far it has come, and which rows of it were left: set aside,
    or of people who were there already. Nothing is kept of what these say.

    Raises what `rows` does, once everybody before is there; and what `People.named` and `Arriving` do: then the batches
    before are there, and this one is not.
    """

    def named(records: list[Record]) -> Future[list[Named]]:
        return naming.submit(carried(people.named), records, approved=approved)

    def finish(batch: _Batch, settled: Future[list[Added | Refused]]) -> None:
        names, mark = batch.names.result(), so_far.mark(so_far.after)
        outcomes = settled.result()
        so_far.aside.update(row.code for row in batch.aside)
        left = list(batch.aside)
        brought: set[bytes] = set()
        for row, (person, _), outcome in zip(batch.taken, names, outcomes, strict=True):
            if not isinstance(outcome, Refused) or (
                # Of two rows of one person in a batch, the first brought them in.
                so_far.resumed and person not in brought and people.bearing(person, mark)
            ):
                brought.add(person)
                so_far.added += 1
            else:
                so_far.there += 1
                left.append(BadRow(row.position, outcome.code))
        so_far.after, so_far.resumed = batch.last, False
        done(so_far, sorted(left, key=lambda row: row.position))

    # While a batch is sealed, the pseudonyms of the next are made, the custodians keep the keys of the one before, and
    # then what is sealed already is put. But none is settled before `done` has heard of the one before: whoever is
    # killed reads at most one again that is there.
    with _collected_seldom(), ThreadPoolExecutor(_NAMED_AT_ONCE) as naming, ThreadPoolExecutor(1) as keeping:
        waiting: list[tuple[_Batch, Future[list[Added | Refused]]]] = []
        after = so_far.after
        try:
            for batch in _one_behind(_batches(rows, named)):
                arriving = people.arriving(grounds=grounds, how=HOW, text=text, mark=so_far.mark(after))
                try:
                    puts = [
                        keeping.submit(arriving.put, some)
                        for some in arriving.sealed(batch.records(), batch.names.result())
                    ]
                    while waiting:
                        finish(*waiting.pop())
                    for put in puts:
                        put.result()
                except MoietyError:
                    with suppress(MoietyError):  # nobody is told that they are there
                        keeping.submit(arriving.withdraw).result()
                    raise
                waiting.append((batch, keeping.submit(carried(arriving.settled), len(batch.taken), approved)))
                after = batch.last
        finally:
            while waiting:
                finish(*waiting.pop())
    return so_far


@contextmanager
def _collected_seldom() -> Iterator[None]:
    """The whole process looks for cycles less often meanwhile; not at all where it did not before."""
    before = gc.get_threshold()
    gc.set_threshold(before[0] and max(before[0], _BETWEEN), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@dataclass(frozen=True)
class _Batch:
    taken: list[Taken]
    aside: list[BadRow]
    names: Future[list[Named]]

    @property
    def last(self) -> int:
        """The number of its last row."""
        return max([row.position for row in self.taken] + [row.position for row in self.aside])

    def records(self) -> list[Record]:
        """Of those that were taken."""
        return [row.record for row in self.taken]


def _batches(rows: Iterable[Taken | BadRow], named: Callable[[list[Record]], Future[list[Named]]]) -> Iterator[_Batch]:
    """Rows some at a time, their pseudonyms begun. What `rows` raises, it raises after what came before."""
    taken: list[Taken] = []
    aside: list[BadRow] = []
    size = 0
    broken: Refused | None = None
    source = iter(rows)
    while broken is None:
        try:
            row = next(source, None)
        except Refused as refused:
            broken, row = refused, None
        if isinstance(row, BadRow):
            aside.append(row)
        elif row is not None:
            taken.append(row)
            size += sum(map(len, row.record.plain.values()))
        if row is None or len(taken) + len(aside) >= TOGETHER or size >= BYTES_TOGETHER:
            if taken or aside:
                yield _Batch(taken, aside, named([one.record for one in taken]))
            taken, aside, size = [], [], 0
        if row is None:
            break
    if broken is not None:
        raise broken


def _one_behind(batches: Iterator[_Batch]) -> Iterator[_Batch]:
    """Each batch once the next one is begun. What `batches` raises, it raises after what came before."""
    before: _Batch | None = None
    broken: Refused | None = None
    try:
        for batch in batches:
            if before is not None:
                yield before
            before = batch
    except Refused as refused:
        broken = refused
    if before is not None:
        yield before
    if broken is not None:
        raise broken
