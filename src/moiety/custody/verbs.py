"""What a gateway may ask of one custodian: the verbs, what goes in and out, and where a custodian says it stands.

`custodian.Custodian` does them; `remote.Remote` has them done by one that runs apart. See the table in `slots`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from moiety.custody.store.page import PSEUDONYM_BYTES
from moiety.custody.store.slots import Phase, Staging
from moiety.ledger.operation import Line
from moiety.ledger.receipt import Signed
from moiety.matching.header import Header
from moiety.matching.opening import Opening
from moiety.matching.rounds import Rounds
from moiety.sharing.seat import Seat

Clock = Callable[[], datetime]
"""Now, as an aware instant."""

Slots = NDArray[np.int64]

SECONDS_A_DAY = 86_400

DIGEST_BYTES = 32
"""Of what custodians hold against each other: SHA-256."""

MOST_PROBES = 256
"""Probes in one attempt: bounds the memory that one header can ask for."""

OFFERED_TOGETHER = 1 << 13
"""Newcomers checked in one attempt: their 64-bit parts take 13 MB at 192 words, and never lie on a disk."""

ROWS_AT_ONCE = 10_000
"""Rows of a ledger in one answer: 800 KB."""

NUMBERS_A_DAY = 64
"""Tags that a person has on one day: more entries than almost anybody has on one, and few enough to ask for all."""

ACKNOWLEDGED_AT_ONCE = 1_000
"""Operations of one question that a ledger may lack: as many as may be on their way to it at one time."""

DAYS_AT_ONCE = 400
ROWS_ATTESTED = 16
"""Rows of one receipt: the keys of a record, a face, and versions that corrections left behind."""

TAGS_AT_ONCE = DAYS_AT_ONCE * NUMBERS_A_DAY
"""Of one question, more than a year: 410 KB."""

PSEUDONYM_WORDS = PSEUDONYM_BYTES // 2
"""The parts of a pseudonym are checked as further words of the row."""

Progress = Callable[[str, int, int], None]
"""A stage in words, how much of it is done, and of how much."""


def silent(stage: str, done: int, total: int) -> None:
    """The progress that nobody watches."""


@dataclass(frozen=True)
class Batch:
    """What one custodian gets of n newcomers.

    handles uint8 (n, 16); pseudonyms uint8 (n, 16), parts of them; parts of templates (n, dim), uint64 as they are
    offered and uint16, the low words, once they are admitted; expires uint32 (n,), unix days; grounds uint8 (n,).
    """

    handles: NDArray[np.uint8]
    pseudonyms: NDArray[np.uint8]
    parts: NDArray[np.uint16] | NDArray[np.uint64]
    expires: NDArray[np.uint32]
    grounds: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.handles)


@dataclass(frozen=True)
class Survey:
    """What one custodian found when it read a gallery again: the numbers of pages that are not intact, ascending, how
    many people are ACTIVE, and what it keeps of the purpose's key for pseudonyms: see `Pseudonyms.seen`."""

    damaged: list[int]
    people: int
    key: bytes = b""


@dataclass(frozen=True)
class Help:
    """What one helper sends for n pages: public columns (n, 64) as stored, and what only the lost custodian opens.

    `sealed` are masked contributions to parts uint16 (n, dim / 2, 64, 2) and pseudonyms uint16 (n, 64, 8).
    """

    helper: Seat
    nonce: bytes
    states: NDArray[np.uint8]
    grounds: NDArray[np.uint8]
    expires: NDArray[np.uint32]
    sealed: bytes


@dataclass(frozen=True)
class Unlocked:
    """One custodian's parts of secrets, uint16 (n + 1, 16), of this epoch; the last are held by all three alike. It
    wrote down that it gives them, in this minute, to this caller in this role."""

    epoch: int
    words: NDArray[np.uint16]
    minute: int
    caller: str
    role: str | None


@dataclass(frozen=True)
class Ground:
    """A ground of the law, by its place in the purpose's document: given, to this version of the text and in this way,
    one word; or taken back, where there is no text."""

    place: int
    text: str = ""
    how: str = ""


@dataclass(frozen=True)
class Evaluated:
    """One custodian's answer to blinded elements, n * 32 bytes, and its proof where one was asked for: in which epoch,
    and of which public key."""

    epoch: int
    public: bytes
    elements: bytes
    proof: bytes


@dataclass(frozen=True)
class GalleryStanding:
    """Where one gallery stands at one custodian; `checked` is the unix second of the last good check, or 0.

    `sound` is the same of a check that this custodian goes by, see `soundness`: 0 where it answers nobody before one.
    """

    terms: bytes
    document: bytes
    version: int
    phase: Phase
    pages: int
    checked: int
    damaged: bool
    sound: int


@dataclass(frozen=True)
class Standing:
    """Where one custodian stands: what the three compare before anything else."""

    seat: Seat
    office: bytes
    epoch: int
    staging: Staging
    galleries: Mapping[str, GalleryStanding]


@dataclass(frozen=True)
class Shown:
    """A signed head of a custodian's ledger, and the key that it is signed by (Ed25519, 32 bytes)."""

    head: bytes
    key: bytes


@dataclass(frozen=True)
class Row:
    """One row of a ledger: its commitment, its line, and what is kept of the entry where that was asked for."""

    commitment: bytes
    line: Line
    kept: bytes | None


@dataclass(frozen=True)
class Proof:
    """Where an operation's row is in a ledger, the row and its inclusion proof, None and no hashes where it is not
    there; and a consistency proof. Hashes have 32 bytes; see `ledger.tree`."""

    position: int | None
    row: Row | None
    inclusion: Sequence[bytes]
    consistency: Sequence[bytes]


class AuditVerbs(Protocol):
    """What one custodian shows and signs. Its docstrings are `auditing.Auditing`'s."""

    def head(self) -> Shown: ...
    def rows(self, start: int, end: int, *, clear: bool = False) -> list[Row]: ...
    def prove(self, size: int, operation: bytes, since: int) -> Proof: ...
    def altered(self) -> int | None: ...
    def entries(self, tags: Sequence[bytes]) -> list[Row]: ...
    def attest(self, subject: str, rows: Sequence[tuple[str, bytes]]) -> Signed: ...
    def acknowledge(self, header: Header, operations: Sequence[bytes]) -> Rounds[int]: ...


@dataclass(frozen=True)
class Approved:
    """What people have signed for what is asked: of how many people at most, or (`hashed`) of whom."""

    signatures: Sequence[bytes] = ()
    people: int = 0
    hashed: Sequence[bytes] = ()


UNAPPROVED = Approved()
"""Nobody has signed for it."""


class RecordVerbs(Protocol):
    """What one custodian does for records. Its docstrings are `records.Records`'."""

    def unlock(
        self, name: str, handle: bytes, secrets: Sequence[str], role: str, reason: str, asked: bytes
    ) -> Unlocked: ...
    def carry(self, name: str, attempt: bytes, handle: bytes, secrets: Sequence[str]) -> None: ...
    def restrict(self, name: str, header: Header, handle: bytes, on: bool) -> Rounds[None]: ...
    def ground(self, name: str, header: Header, handle: bytes, ground: Ground) -> Rounds[bytes]: ...
    def agree_key(self, name: str, header: Header) -> Rounds[bytes]: ...
    def evaluate(
        self, name: str, pair: tuple[Seat, Seat], elements: bytes, proven: bool, approved: Approved = UNAPPROVED
    ) -> Evaluated: ...


class RowVerbs(Protocol):
    """What one custodian does with its own parts of rows. Its docstrings are `by_row.ByRow`'s."""

    def identify(self, name: str, header: Header, handle: bytes) -> Rounds[Opening]: ...
    def verify(self, name: str, header: Header, handle: bytes, claim: bytes) -> Rounds[Opening]: ...


class Verbs(Protocol):
    """One custodian, wherever it runs. Its docstrings are `custodian.Custodian`'s."""

    @property
    def seat(self) -> Seat: ...
    @property
    def records(self) -> RecordVerbs: ...
    @property
    def audit(self) -> AuditVerbs: ...
    @property
    def rows(self) -> RowVerbs: ...
    def standing(self) -> Standing: ...
    def close(self) -> None: ...
    def add_gallery(self, name: str, terms: bytes, document: bytes) -> None: ...
    def replace_document(self, name: str, header: Header, terms: bytes, document: bytes) -> Rounds[None]: ...
    def load(self, name: str, progress: Progress) -> None: ...
    def alive(self, name: str, day: int) -> int: ...
    def offer(self, name: str, batch: Batch, header: Header) -> Rounds[None]: ...
    def prepare(self, name: str, header: Header, attempts: list[bytes]) -> Rounds[Slots]: ...
    def forget(self, attempts: list[bytes]) -> None: ...
    def activate(self, name: str, header: Header, slots: Slots) -> Rounds[None]: ...
    def locate(self, name: str, handle: bytes) -> Slots: ...
    def erase(self, name: str, header: Header, handle: bytes) -> Rounds[None]: ...
    def scrub(self, step: str = "scrub") -> None: ...
    def identify(self, name: str, header: Header, probe: NDArray[np.uint32]) -> Rounds[Opening]: ...
    def verify(self, name: str, header: Header, probe: NDArray[np.uint32], handle: bytes) -> Rounds[Opening]: ...
    def release(self, name: str, attempt: bytes, slots: Slots) -> NDArray[np.uint8]: ...
    def renew(self, header: Header) -> Rounds[None]: ...
    def stage(self, progress: Progress) -> None: ...
    def switch(self, header: Header) -> Rounds[None]: ...
    def survey(self, name: str, progress: Progress) -> Survey: ...
    def integrity(self, name: str, header: Header, progress: Progress) -> Rounds[bool]: ...
    def helping(self) -> bytes: ...
    def assist(self, name: str, lost: Seat, numbers: list[int], nonces: Mapping[Seat, bytes]) -> Help: ...
    def pseudonym_parts(self, name: str, numbers: list[int]) -> NDArray[np.uint8]: ...
    def mend(self, name: str, numbers: list[int], one: Help, other: Help, handles: NDArray[np.uint8]) -> None: ...
    def reconcile(self, header: Header) -> Rounds[list[str]]: ...
