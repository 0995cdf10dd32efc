"""Attacks on what a gateway's service keeps: hashes of keys, sealed words of clients, requests, jobs, its log and its
ledger. The thief has all of it but `root.key`, and once that too.

Numbers are guessed as in `enumeration`. Whatever has 32 bytes in what he stole is tried as the key of the hashes.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import cache, cached_property
from io import BytesIO
from typing import Final

import numpy as np
from cryptography.exceptions import InvalidTag
from numpy.typing import NDArray

from moiety.drills import canaries, read, sql
from moiety.drills.guess import guess
from moiety.drills.guests import Guest, numbers
from moiety.drills.haystack import Haystack
from moiety.drills.link import words_of
from moiety.drills.loot import Loot
from moiety.drills.people import Vectors
from moiety.drills.register import CLINIC, HOTEL
from moiety.drills.scene import PLAIN
from moiety.drills.standin import pixels
from moiety.drills.verdict import Trial, by_decoys
from moiety.drills.views import Reading, in_order
from moiety.gateway.callers.tables import TICKETS
from moiety.gateway.jobs.inputs import pieces
from moiety.gateway.jobs.tickets import Tickets
from moiety.gateway.rootkey import Seal, derived
from moiety.identity.pseudonym import Pseudonym

GATEWAY_STORE: Final = "gateway-store"
"""The name among the stores of what a gateway keeps, but for `root.key`."""
ROOT: Final = "root.key"

CALLER: Final = "desk"
PATH: Final = "/v1/purposes/hotel/people"
ISSUER: Final = "https://provider.example"

_REBUILT: Final = 0.85
"""A cosine that no two people have: with that, a face is somebody's own."""
_ACCIDENT: Final = 1e-9

_KEY_BYTES: Final = 32
_NAME_BYTES: Final = 16
_HEAD: Final = 256
_USES: Final = ("requests", "subjects", "rekognition names")
_ROWS: Final = "SELECT name, sealed, rowid FROM rekognition_faces WHERE collection = ?"
_PLAIN_ROWS: Final = "SELECT name, kept, id FROM face WHERE collection = ?"


@dataclass(frozen=True)
class Counter:
    """One drill's material. `guests` were kept by the gateway for two purposes, `strangers` for none: with photographs
    (files) and vectors (n, dim) of both. `keys` are secrets of callers and clients, `faces` uint8 (n, 16) what guests
    are called in each purpose, and `rows` uint8 (n, 16) what a store calls those rows, which says what is right.
    `climbed` is how near, as a cosine, a client came to faces in an hour, with finds as they are by default and with as
    many as he likes. `stores` were stolen while a job ran and after it."""

    guests: Sequence[Guest]
    strangers: Sequence[Guest]
    photographs: Sequence[bytes]
    others: Sequence[bytes]
    vectors: Vectors = field(repr=False)
    other_vectors: Vectors = field(repr=False)
    keys: Sequence[str] = field(repr=False)
    other_keys: Sequence[str] = field(repr=False)
    faces: Mapping[str, NDArray[np.uint8]]
    rows: Mapping[str, NDArray[np.uint8]]
    root: bytes = field(repr=False)
    climbed: tuple[Sequence[float], Sequence[float]]
    stores: Mapping[str, Sequence[Loot]]

    @property
    def stolen(self) -> tuple[str, ...]:
        """What the thief has, as answers call it."""
        return GATEWAY_STORE, ROOT

    def haystack(self, store: str) -> Haystack:
        """Every byte stolen from one store."""
        return self._haystacks[store]

    @cached_property
    def _haystacks(self) -> dict[str, Haystack]:
        return {
            store: Haystack([*dict.fromkeys(part for loot in some for part in loot.parts())])
            for store, some in self.stores.items()
        }


def keys(counter: Counter, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """API keys, the set-up token, and secrets of clients of the dialect."""
    wanted, decoys = ([canaries.text(key) for key in some] for some in (counter.keys, counter.other_keys))
    return _both(counter, wanted, decoys, rng)


def texts(counter: Counter, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """Names, numbers, addresses and employers: of jobs, and as clients call requests, pictures and users; also in what
    waits for a job, with whatever may be its key."""
    wanted, decoys = ([said(one) for one in some] for some in (counter.guests, counter.strangers))
    kept = counter.stores[GATEWAY_STORE]
    waits = [plain for loot in kept for plain in waiting(loot, {key for one in kept for key in _windows(one)})]
    parts = [part for loot in kept for part in loot.parts()]
    own = read.search(Haystack([*dict.fromkeys(parts), *waits]), wanted, decoys, rng)
    return own, read.search(counter.haystack(PLAIN), wanted, decoys, rng)


def photographs(counter: Counter, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """Photographs, their files and their pixels."""
    wanted, decoys = (
        [canaries.picture(file, pixels(file)) for file in some] for some in (counter.photographs, counter.others)
    )
    return _both(counter, wanted, decoys, rng)


def vectors(counter: Counter, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """Face vectors."""
    wanted, decoys = ([canaries.vector(one) for one in some] for some in (counter.vectors, counter.other_vectors))
    return _both(counter, wanted, decoys, rng)


def pseudonyms(counter: Counter, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """Pseudonyms, which are also FaceIds, printed and as bytes."""
    own = counter.faces[HOTEL]
    never = rng.integers(0, 256, own.shape, dtype=np.uint8)
    wanted, decoys = (
        [canaries.raw(one.tobytes()) + canaries.text(str(Pseudonym(HOTEL, one.tobytes()))) for one in some]
        for some in (own, never)
    )
    return _both(counter, wanted, decoys, rng)


def every_number(counter: Counter, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """How many guests' numbers are found by trying all, beside how many of the numbers that nobody has."""

    def on(store: str) -> Trial:
        haystack, everyone = counter.haystack(store), numbers()
        hit = haystack.holds([hashlib.sha256(one.encode()).digest()[:_NAME_BYTES] for one in everyone])
        places = {number: at for at, number in enumerate(everyone)}
        own = np.array([places[guest.number] for guest in counter.guests])
        others = np.setdiff1d(np.arange(len(hit)), own)
        tried = np.concatenate([own, rng.choice(others, len(own), replace=False)])
        needles = [_keyed(key, everyone[at]) for key in _candidates(counter.stores[store]) for at in tried]
        forms = [one for some in needles for one in some]
        if forms:
            hit[tried] |= haystack.holds(forms).reshape(-1, len(tried), len(needles[0])).any(axis=(0, 2))
        return by_decoys(hit[own], hit[others], haystack.accident(len(own) + len(forms)), rng)

    return on(GATEWAY_STORE), on(PLAIN)


def two_purposes(counter: Counter, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """What is kept of the same people for two purposes, under the same words of a client, side by side."""

    def on(store: str) -> Trial:
        here, there = (_rows(counter.stores[store][-1], purpose) for purpose in (HOTEL, CLINIC))
        names = {
            purpose: counter.rows[purpose]
            if store == GATEWAY_STORE
            else np.stack([np.frombuffer(hashed(guest.number), np.uint8) for guest in counter.guests])
            for purpose in (HOTEL, CLINIC)
        }
        left, right = (
            [some[one.tobytes()] for one in names[purpose]] for some, purpose in ((here, HOTEL), (there, CLINIC))
        )
        readings = [
            Reading("names", words_of(names[HOTEL]), words_of(names[CLINIC])),
            Reading("what is kept", _heads([one for one, _ in left]), _heads([one for one, _ in right])),
        ]
        for what, at in (("length", lambda one: len(one[0])), ("row", lambda one: one[1])):
            readings += in_order(what, *(np.array([at(one) for one in some], np.int64) for some in (left, right)))
        return guess(readings, rng)

    return on(GATEWAY_STORE), on(PLAIN)


def with_the_root(counter: Counter, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """The same numbers as `texts` looks for, with `root.key` beside the store."""
    people = Seal(counter.root, "rekognition people", lambda count: bytes(count))
    opened = [
        people.open(sealed, f"rekognition_faces {purpose} ".encode() + name)
        for purpose in (HOTEL, CLINIC)
        for name, (sealed, _) in _rows(counter.stores[GATEWAY_STORE][-1], purpose).items()
    ]
    opened += unsealed(counter)
    wanted, decoys = ([canaries.text(guest.number) for guest in some] for some in (counter.guests, counter.strangers))
    plain = read.search(counter.haystack(PLAIN), wanted, decoys, rng)
    return read.search(Haystack(opened), wanted, decoys, rng), plain


def climbed(counter: Counter, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """How many faces a client rebuilt in an hour from what was found (`climb`): so that they stand at every threshold
    that a model has."""
    del rng  # there is no chance in it

    def told(cosines: Sequence[float]) -> Trial:
        share = sum(cosine >= _REBUILT for cosine in cosines) / len(cosines)
        return Trial(share, 0.0, _ACCIDENT if share else 1.0, len(cosines))

    ours, free = counter.climbed
    return told(ours), told(free)


def unsealed(counter: Counter) -> list[bytes]:
    """What waited for a job, with `root.key`: it opens the job's ticket, which has the key."""
    tickets = Tickets(counter.root, lambda count: bytes(count))
    opened = []
    for loot in counter.stores[GATEWAY_STORE]:
        for database in sql.databases(loot.files):
            with closing(database):
                if sql.has(database, TICKETS.name):
                    rows = database.execute(f"SELECT job, sealed FROM {TICKETS.name}").fetchall()  # noqa: S608
                    opened += waiting(loot, {tickets.opened(*row).key for row in rows})
    return opened


def waiting(loot: Loot, keys: Iterable[bytes]) -> list[bytes]:
    """What waits for jobs, as far as one of these keys opens it."""
    opened = []
    for name, content in loot.files.items():
        if name.startswith("jobs/") and not name.endswith("lock"):
            for key in keys:
                with suppress(InvalidTag):
                    opened.append(b"".join(pieces(BytesIO(content), key)))
    return opened


def hashed(text: str) -> bytes:
    """What people often take for a pseudonym: the beginning of SHA-256, 16 bytes."""
    return hashlib.sha256(text.encode()).digest()[:_NAME_BYTES]


def said(guest: Guest) -> list[bytes]:
    """Everything by which a guest's words are known again."""
    return [one for text in (guest.name, guest.number, guest.address, guest.employer) for one in canaries.text(text)]


def _candidates(some: Sequence[Loot]) -> list[bytes]:
    """Whatever may be a key: every 32 bytes that a column or a file holds or begins with."""
    found: dict[bytes, None] = {bytes(_KEY_BYTES): None}
    for loot in some:
        values = [content for content in loot.files.values() if len(content) <= 2 * _KEY_BYTES]
        for database in sql.databases(loot.files):
            with closing(database):
                for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                    for row in database.execute(f'SELECT * FROM "{table}"').fetchall():  # noqa: S608
                        values += [one for one in row if isinstance(one, bytes) and len(one) <= 2 * _KEY_BYTES]
        for value in values:
            if len(value) >= _KEY_BYTES:
                found[value[:_KEY_BYTES]] = found[value[-_KEY_BYTES:]] = None
    return list(found)


def _windows(loot: Loot) -> set[bytes]:
    """Whatever may be the key of what waits for a job: the candidates, and every 32 bytes of a ticket."""
    found = set(_candidates([loot]))
    for database in sql.databases(loot.files):
        with closing(database):
            if sql.has(database, TICKETS.name):
                for (sealed,) in database.execute(f"SELECT sealed FROM {TICKETS.name}").fetchall():  # noqa: S608
                    found |= {sealed[at : at + _KEY_BYTES] for at in range(len(sealed) - _KEY_BYTES + 1)}
    return found


def _keyed(key: bytes, number: str) -> list[bytes]:
    """What a number is hashed to, as a request, a provider's person and a client's word: under a key, or under those
    that the gateway derives from it."""
    asked = b"".join(len(one).to_bytes(4) + one.encode() for one in (CALLER, "POST", PATH, number))
    person = b"".join(len(one).to_bytes(4) + one.encode() for one in (ISSUER, number))
    forms = []
    for one in (key, *_derived(key)):
        forms += [hmac.digest(one, what, hashlib.sha256)[:_NAME_BYTES] for what in (asked, number.encode())]
        forms.append(hmac.digest(one, person, hashlib.sha256).hex()[:20].encode())
    return forms


@cache
def _derived(key: bytes) -> tuple[bytes, ...]:
    return tuple(derived(key, use) for use in _USES)


def _rows(loot: Loot, collection: str) -> dict[bytes, tuple[bytes, int]]:
    """What is kept of each face of a collection and where, by the row's name."""
    for database in sql.databases(loot.files):
        with closing(database):
            query = (
                _ROWS if sql.has(database, "rekognition_faces") else _PLAIN_ROWS if sql.has(database, "face") else ""
            )
            if query:
                return {bytes(row[0]): (bytes(row[1]), row[2]) for row in database.execute(query, (collection,))}
    raise LookupError("no database with faces")


def _heads(blobs: Sequence[bytes]) -> NDArray[np.uint16]:
    heads = b"".join(blob[:_HEAD].ljust(_HEAD, b"\0") for blob in blobs)
    return words_of(np.frombuffer(heads, np.uint8).reshape(len(blobs), -1))


def _both(
    counter: Counter, wanted: Sequence[list[bytes]], decoys: Sequence[list[bytes]], rng: np.random.Generator
) -> tuple[Trial, Trial]:
    return (
        read.search(counter.haystack(GATEWAY_STORE), wanted, decoys, rng),
        read.search(counter.haystack(PLAIN), wanted, decoys, rng),
    )
