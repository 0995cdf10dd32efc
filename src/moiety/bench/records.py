"""`moiety bench records`: people's records imported, looked up, opened and erased, everything durable on this machine.

The import begins with rows as a reader gives them, texts by column, and ends when everybody is durable: parsed,
checked, named, sealed and kept. It is measured twice. Nine fields are a record with its photograph: 37 KB that are
sealed as 64 KiB, fifty times what the other eight are together, and they take more time than all else. So
`people_per_s` is of up to `PICTURED` people with one, and `without_photographs_per_s` of all others without.
Photographs are noise: they are no picture of anybody.

Both are compared with a bound: what the group multiplications of the pseudonyms alone would take on these cores, four
for each person (blinded, answered by two, unblinded), measured before and after; the faster counts.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter as now
from typing import Final

from moiety import sodium
from moiety.bench import callers, scene
from moiety.custody.crew import cores
from moiety.custody.gateway.embedded import Embedded
from moiety.identity import importing, purpose
from moiety.identity.desk import Desk
from moiety.identity.examples import HOTEL
from moiety.identity.importing import Imported
from moiety.identity.people import People
from moiety.vault import synth
from moiety.vault.mapping import BadRow, FieldMapping, Row, taken
from moiety.vault.schema import Schema
from moiety.vault.sql import RecordStore

MULTIPLICATIONS: Final = 4
"""Of a group element, for each person's pseudonym."""

ASKED: Final = 500
"""People who are looked up and opened: one after the other, and then by several processes at the same time."""
ERASED: Final = 50
OPENED: Final = ("national_id", "name", "address")
_MEASURED: Final = 4_000
"""Multiplications that the bound is measured over."""

PICTURED: Final = 5_000
"""People who are imported with a photograph, at most: 330 MB of them, written twice."""

_PHOTOGRAPHS: Final = 16

_DOCUMENT: Final = HOTEL.replace('index = ["name", "birth_date"]\n', "").encode()

_MAPPING: Final = b"".join(
    b'[fields.%b]\ncolumn = "%b"\n%b' % (name, name, b'photo = "bytes"\n' if name == b"photo" else b"")
    for name in map(str.encode, Schema.default().fields)
)
"""All nine fields, each a column of its name."""


@dataclass(frozen=True)
class RecordFigures:
    """See the answer of `moiety bench records`."""

    people: int
    durable: str
    people_per_s: float
    photographs: int
    without_photographs_per_s: float
    bound_per_s: float
    lookup_reveal_p50_ms: float
    lookup_reveal_p99_ms: float
    lookup_reveal_per_s: float
    erase_p50_ms: float
    bytes_per_person: Mapping[str, int]
    cores: int

    @property
    def bound_fraction(self) -> float:
        """How much of the bound the import of nine fields reaches."""
        return self.people_per_s / self.bound_per_s

    @property
    def bound_fraction_without_photographs(self) -> float:
        """How much of it that of the other eight reaches."""
        return self.without_photographs_per_s / self.bound_per_s


def run(people: int, *, seed: int, edge: scene.Edge) -> RecordFigures:
    """Import so many made-up people, look some up by number and open three of their fields, and erase some."""
    with _office(edge) as (folder, desk):
        office = People(desk)
        photographs = min(people, PICTURED)
        everybody = synth.people(seed, people + photographs + 1)
        without, pictured = list(islice(everybody, people)), list(islice(everybody, photographs))
        office.add_many(list(everybody), grounds="register")  # makes the purpose's key
        before, bound = _weighed(folder), _multiplications_per_s(edge)
        plain = _import(office, without, edge)
        after, pictures = _weighed(folder), cycle(_photographs(edge))
        took = _import(office, [person | {"photo": next(pictures)} for person in pictured], edge)
        bound = max(bound, _multiplications_per_s(edge)) / MULTIPLICATIONS
        numbers = [person["national_id"] for person in islice(synth.people(seed, people), ASKED)]
        asked = [_timed(_opened, office, number) for number in numbers]
        edge.progress("looking people up", len(asked), len(asked))
        at_once = callers.per_second(
            folder / "office", folder / "records", _DOCUMENT, numbers, OPENED, max(1, ASKED // len(numbers))
        )
        erased = [_timed(_erased, office, number) for number in numbers[:ERASED]]
        edge.progress("erasing people", len(erased), len(erased))
    centiles = quantiles(asked, n=100) if len(asked) > 1 else [asked[0]] * 99
    return RecordFigures(
        people=people,
        durable="SQLite, WAL, synchronous=FULL: three custodians, four ledgers, the record store",
        people_per_s=photographs / took,
        photographs=photographs,
        without_photographs_per_s=people / plain,
        bound_per_s=bound,
        lookup_reveal_p50_ms=1e3 * median(asked),
        lookup_reveal_p99_ms=1e3 * centiles[98],
        lookup_reveal_per_s=at_once,
        erase_p50_ms=1e3 * median(erased),
        bytes_per_person={name: (after[name] - before[name]) // people for name in after},
        cores=cores(),
    )


@contextmanager
def _office(edge: scene.Edge) -> Iterator[tuple[Path, Desk]]:
    found = purpose.read(_DOCUMENT)
    classes = ("birth", "contact", "document", "photo")
    terms = replace(scene.terms(192), reveal=(("officer", classes), ("operator", ("contact", "document"))))
    with TemporaryDirectory(prefix="moiety-bench-") as folder:
        place = Path(folder)
        Embedded.create(place / "office", edge.entropy)
        custodians = Embedded.open(place / "office", clock=edge.clock, entropy=edge.entropy)
        store = RecordStore.create(place / "records")
        try:
            custodians.add_gallery(found.name, terms, _DOCUMENT)
            yield place, Desk(found, lambda: custodians, lambda: store, edge.clock, edge.entropy)
        finally:
            store.close()
            custodians.close()


def _import(office: People, people: Sequence[Mapping[str, object]], edge: scene.Edge) -> float:
    """Seconds from rows as a reader gives them to all of them durable."""
    mapping = FieldMapping(_MAPPING, office.schema())
    rows = [Row(at, person) for at, person in enumerate(people, start=1)]

    def done(so_far: Imported, _: list[BadRow]) -> None:
        edge.progress("importing people", so_far.rows, len(rows))

    began = now()
    imported = importing.run(
        office,
        taken(rows, mapping),
        grounds="register",
        text="1",
        approved=None,
        so_far=Imported(key=edge.entropy(importing.KEY_BYTES)),
        done=done,
    )
    took = now() - began
    if imported.added != len(rows):
        raise RuntimeError("somebody is not imported")
    return took


def _photographs(edge: scene.Edge) -> list[bytes]:
    """Pictures of noise in the size of a passport photograph's file (PNG, 37 KB), which a viewer shows: several, and
    not one for each person, whose own key makes each sealed one another."""
    width, height = 102, 120
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    return [
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(b"".join(b"\x00" + edge.entropy(3 * width) for _ in range(height)), 0))
        + _chunk(b"IEND", b"")
        for _ in range(_PHOTOGRAPHS)
    ]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def _opened(office: People, number: str) -> None:
    person = office.find(number)
    if person is None:
        raise RuntimeError("somebody who was imported is not found")
    person.reveal(OPENED, reason="measured")


def _erased(office: People, number: str) -> None:
    person = office.find(number)
    if person is None:
        raise RuntimeError("somebody who was imported is not found")
    person.erase(now=True)


def _timed(what: Callable[[People, str], None], office: People, number: str) -> float:
    began = now()
    what(office, number)
    return now() - began


def _multiplications_per_s(edge: scene.Edge) -> float:
    """Of group elements, on all cores at once."""
    base = b"".join(sodium.from_uniform(edge.entropy(sodium.UNIFORM_BYTES)) for _ in range(16)) * (_MEASURED // 16)
    scalar = 1 + int.from_bytes(edge.entropy(31), "little")
    with ThreadPoolExecutor(cores()) as threads:
        began = now()
        list(threads.map(lambda _: sodium.multiply_all(scalar, base), range(cores())))
        return cores() * _MEASURED / (now() - began)


def _weighed(folder: Path) -> dict[str, int]:
    """Bytes of each store's files."""
    stores = {f"custodian-{seat}": folder / "office" / f"custodian-{seat}" for seat in "abc"}
    stores |= {"records": folder / "records", "gateway-ledger": folder / "office" / "ledger"}
    files = {name: [file for file in place.rglob("*") if file.is_file()] for name, place in stores.items()}
    return {name: sum(file.stat().st_size for file in some) for name, some in files.items()}
