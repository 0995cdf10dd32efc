"""A custodian's own ledger: what it did is written there, durably, before it does it. See `moiety.ledger`.

An entry that is about a person is sealed to the key that lies with that person's keys, and is blind once those are
destroyed. All else lies in the clear and says nothing of anybody: a recognition is a caller, a purpose, a minute and a
count. All three write the same of what they do together, under the attempt's own id, so that their ledgers can be held
against each other and against the gateway's.

It cannot be switched off. Where it cannot be written nothing is done.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from moiety.behalf import behalf
from moiety.custody.unopened import LedgerLost, LedgerTampered
from moiety.custody.verbs import NUMBERS_A_DAY
from moiety.database.refusals import DatabaseExists, DatabaseMissing
from moiety.ledger.entry import AboutNobody, AboutPerson, Enrolment, Enrolments, encode
from moiety.ledger.log import Log
from moiety.ledger.many import PUBLIC_BYTES, Many, commitments, root_of
from moiety.ledger.operation import EVERYBODY, ID_BYTES, Entropy, Operation, Party
from moiety.ledger.refusals import LedgerAltered
from moiety.ledger.seal import TAG_BYTES, clear, sealed
from moiety.sharing.seat import Seat

LEDGER: Final = "ledger"
"""The folder of the ledger, in that of the store."""

PARTIES: Final[dict[Seat, Party]] = {"a": Party.A, "b": Party.B, "c": Party.C}

CALLER: Final[ContextVar[str]] = ContextVar("caller", default="office")
"""Who asks for what is being done: the beginning of a key's digest where it is signed for, and the office itself where
all three are one process. For whom a gateway asks follows behind `FOR`."""

FOR: Final = "."

GALLERY: Final[ContextVar[str]] = ContextVar("gallery", default="")
"""Which gallery is asked about, as far as that is known: what is refused is written down with its purpose."""

_CALLER_DIGITS: Final = 16
_MINUTE_S: Final = 60
_MINUTES_A_DAY: Final = 1_440

_REMEMBERED: Final = 100_000
"""People whose last number is remembered (17 MB), those of the latest entries."""


def caller_of(public: bytes, whose: bytes = b"") -> str:
    """What a ledger calls whoever holds the private half of an Ed25519 key, and asks for whoever has this name."""
    return for_whom(hashlib.sha256(b"moiety caller 1" + public).hexdigest()[:_CALLER_DIGITS], whose)


def for_whom(caller: str, whose: bytes) -> str:
    """A caller who asks for somebody."""
    return f"{caller}{FOR}{whose.hex()}" if whose else caller


def asked_by() -> str:
    """Who asks for what is being done, and for whom."""
    whose = behalf()
    return for_whom(CALLER.get(), b"" if whose is None else whose.name)


@contextmanager
def called(caller: str) -> Iterator[None]:
    """What is done meanwhile in this thread, this caller asked for."""
    token = CALLER.set(caller)
    try:
        yield
    finally:
        CALLER.reset(token)


@contextmanager
def about(gallery: str) -> Iterator[None]:
    """What is asked meanwhile in this thread is about this gallery, or about none where it is empty."""
    token = GALLERY.set(gallery)
    try:
        yield
    finally:
        GALLERY.reset(token)


def origin_of(party: Party, office: bytes) -> str:
    """What a ledger is called in its heads."""
    return f"moiety {party.name} {office.hex()}".lower()


def number_of(party: Party) -> int:
    """A ledger's number in refusals: 0 the gateway's, 1 to 3 those of a, b and c."""
    return int(party).bit_length() - 1


def minute_of(instant: float) -> int:
    """The minute of a unix instant."""
    return int(instant) // _MINUTE_S


def named(*parts: bytes) -> bytes:
    """The id, 16 bytes, of an operation that is known by these, alike in every ledger."""
    whole = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hashlib.sha256(b"moiety operation 1" + whole).digest()[:ID_BYTES]


def about_nobody(identity: bytes, parties: Party) -> Operation:
    """An operation whose entry lies in the clear: there is nothing to blind."""
    return Operation(identity, hashlib.sha256(b"moiety clear 1" + identity).digest(), parties)


def about_person(identity: bytes, parties: Party, public: bytes) -> Operation:
    """An operation that is about whoever has this public key. What blinds it follows from that key, which no ledger
    holds."""
    return Operation(identity, hashlib.sha256(b"moiety blind 1" + identity + public).digest(), parties)


def tag_of(public: bytes, day: int, number: int) -> bytes:
    """By what a person's entry is found, the `NUMBERS_A_DAY` of a day under as many tags: between entries about nobody
    each can be told to the minute, so whoever has a ledger and no key must not put two of them together."""
    said = b"moiety ledger tag 2" + public + day.to_bytes(4, "big") + bytes([number])
    return hashlib.sha256(said).digest()[:TAG_BYTES]


def tags_of(public: bytes, day: int) -> list[bytes]:
    """All tags of a person on one day: nobody remembers which of them were used."""
    return [tag_of(public, day, number) for number in range(NUMBERS_A_DAY)]


class Numbers:
    """Which number each person's latest entry had, on the latest day and in memory alone. Safe for threads.

    The first is random, since what was written before a restart is not remembered, and by another process never was.
    """

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._lock = Lock()
        self._day = 0
        self._last: OrderedDict[bytes, int] = OrderedDict()

    def next(self, public: bytes, day: int) -> int:
        """The number of an entry about whoever has this public key."""
        # Not under the key itself, from which tags follow: a gateway has nobody's while it has no record open.
        whose = hashlib.sha256(b"moiety ledger number 1" + public).digest()
        with self._lock:
            if day != self._day:
                self._day, self._last = day, OrderedDict()
            last = self._last.pop(whose, None)
            number = (self._entropy(1)[0] if last is None else last + 1) % NUMBERS_A_DAY
            self._last[whose] = number
            if len(self._last) > _REMEMBERED:
                self._last.popitem(last=False)
        return number


class Chronicle:
    """One party's ledger, as it writes it. Safe for threads."""

    def __init__(
        self,
        folder: Path,
        log: Log,
        party: Party,
        signing: Ed25519PrivateKey,
        entropy: Entropy,
        clock: Callable[[], datetime],
    ) -> None:
        self.folder = folder
        self.log = log
        self.signing = signing
        self.party = party
        self._entropy = entropy
        self._clock = clock
        self._numbers = Numbers(entropy)
        self._said: tuple[int, set[bytes]] = (0, set())

    @classmethod
    def open(
        cls,
        folder: Path,
        office: bytes,
        party: Party,
        key: Ed25519PrivateKey,
        *,
        begun: bool,
        clock: Callable[[], datetime],
        entropy: Entropy,
    ) -> Chronicle:
        """The ledger in a folder; a new one unless it was `begun`. Raises `LedgerLost` where that one is not there any
        more, `LedgerTampered`, and errors of the database."""
        public = key.public_key().public_bytes_raw()
        origin = origin_of(party, office)
        try:
            log = Log.open(folder / LEDGER, origin, party, public)
        except LedgerAltered as error:
            raise LedgerTampered(ledger=number_of(party), **error.numbers) from None
        except DatabaseMissing:
            if begun:
                raise LedgerLost(ledger=number_of(party)) from None
            try:
                log = Log.create(folder / LEDGER, origin, party, public)
            except DatabaseExists:  # another process was faster
                log = Log.open(folder / LEDGER, origin, party, public)
        return cls(folder, log, party, key, entropy, clock)

    @property
    def public(self) -> bytes:
        """The Ed25519 public key, 32 bytes, that its heads are signed by."""
        return self.signing.public_key().public_bytes_raw()

    def head(self) -> bytes:
        """A signed head of what it is now."""
        return self.log.head(self.now(), self.signing.sign)

    def require_writable(self, many: int = 0) -> None:
        """Raises `LedgerUnwritable` where nothing can be written, be it because an entry about so many people would not
        fit: whoever writes afterwards asks first."""
        self.log.head(self.now(), self.signing.sign, room=True, many=many)

    def now(self) -> int:
        """This minute."""
        return minute_of(self._clock().timestamp())

    def nobody(self, identity: bytes, entry: AboutNobody, parties: Party = EVERYBODY) -> None:
        """Write down what is about nobody. Raises `LedgerUnwritable`."""
        self.all_of_nobody([(identity, entry)], parties)

    def all_of_nobody(self, entries: Sequence[tuple[bytes, AboutNobody]], parties: Party) -> None:
        """As `nobody`, several at once, all or none: ids and entries."""
        self.log.append([clear(entry, about_nobody(identity, parties), self._entropy) for identity, entry in entries])

    def once(self, identity: bytes, entry: AboutNobody) -> None:
        """As `nobody`, in this ledger alone, of what is written once in its minute: however many come cost no more
        than the first. Raises `LedgerUnwritable`."""
        minute, said = self._said
        if minute != entry.minute:
            said = set()
            self._said = (entry.minute, said)
        if identity not in said:  # of two who come at once both write, and the log has it once
            self.nobody(identity, entry, self.party)
            said.add(identity)

    def person(self, identity: bytes, entry: AboutPerson, public: bytes, parties: Party = EVERYBODY) -> None:
        """Write down what is about whoever has this public key. Raises `LedgerUnwritable`."""
        self.people([(identity, entry, public, parties)])

    def many(self, identity: bytes, each: Enrolment, publics: bytes) -> None:
        """Write down that many people came at once, of each of whom `each` is to be said: a count, and a root over what
        everybody is committed to (`ledger.many`), whose public keys are given (n * 32 bytes). The gateway keeps those
        commitments beside it: who asks later is a person with their key. Raises `LedgerUnwritable`."""
        written = encode(each)
        found = commitments(identity, publics, written)
        count = len(publics) // PUBLIC_BYTES
        whole = Enrolments(each.minute, each.caller, each.purpose, count, root_of(found))
        leaf = clear(whole, about_nobody(identity, EVERYBODY), self._entropy)
        if self.party is Party.GATEWAY:
            leaf = replace(leaf, many=Many(each.minute // _MINUTES_A_DAY, written, found))
        self.log.append([leaf])

    def people(self, entries: Sequence[tuple[bytes, AboutPerson, bytes, Party]]) -> None:
        """As `person`, several at once: ids, entries, public keys and parties."""
        leaves = []
        for identity, entry, public, parties in entries:
            operation = about_person(identity, parties, public)
            day = entry.minute // _MINUTES_A_DAY
            tag = tag_of(public, day, self._numbers.next(public, day))
            leaves.append(sealed(entry, operation, public, tag, self._entropy))
        self.log.append(leaves)

    def close(self) -> None:
        """Close it."""
        self.log.close()
