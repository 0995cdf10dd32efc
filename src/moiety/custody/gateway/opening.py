"""Opening one person's keys, as the gateway drives it: two custodians give their parts, and here they become keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from moiety.custody import noting
from moiety.custody.chronicle import PARTIES, Chronicle
from moiety.custody.gateway.three import Three
from moiety.custody.store.handles import handles
from moiety.custody.store.kinds import CLASSES, KEY_BYTES, OPEN_WORDS, keys_of
from moiety.custody.verbs import Unlocked, Verbs
from moiety.ledger.entry import Opening
from moiety.ledger.operation import Party
from moiety.matching.refusals import Disagreement, UnequalParts
from moiety.sharing.seat import Seat
from moiety.sharing.split import combine


class Version(Protocol):
    """One version of one person's record: 16 bytes that name it, a key of 32 bytes for each class, both halves of the
    person's own key, the unix day from which it is not valid, and the grounds."""

    @property
    def name(self) -> bytes: ...

    @property
    def classes(self) -> Mapping[str, bytes]: ...

    @property
    def access(self) -> bytes: ...

    @property
    def public(self) -> bytes: ...

    @property
    def expires_day(self) -> int: ...

    @property
    def grounds(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Row:
    """A version on its way to the custodians, as a newcomer of their keys' gallery; see `store.kinds`."""

    words: NDArray[np.int16] = field(repr=False)
    pseudonym: bytes
    expires_day: int
    grounds: int

    @classmethod
    def of(cls, version: Version) -> Row:
        """Handles are made of the version's name, which is nobody's pseudonym. Raises ValueError where a secret has not
        32 bytes."""
        parts = [*(version.classes[name] for name in CLASSES), version.access, version.public]
        if {len(part) for part in parts} != {KEY_BYTES}:
            raise ValueError("a secret has 32 bytes")
        words = np.frombuffer(b"".join(parts), dtype="<i2").astype(np.int16)
        return cls(words, version.name, version.expires_day, version.grounds)


@dataclass(frozen=True, slots=True)
class Opened:
    """The secrets that were asked for, 32 bytes each, and the person's public key."""

    secrets: dict[str, bytes] = field(repr=False)
    public: bytes


def unlock(
    three: Three,
    book: Chronicle,
    asked: bytes,
    purpose: str,
    name: bytes,
    secrets: Sequence[str],
    role: str,
    reason: str,
) -> Opened:
    """Have these secrets of one version opened, by any two custodians. `asked`, 16 fresh bytes, name this question.
    What each of the two wrote down is written into the gateway's book before anybody has the keys, also where nobody
    gets them because the other refuses.

    Raises what `records.Records.unlock` raises, `CustodianDown` where no two are there, `Disagreement` where one has
    entered an epoch that the other has not yet, and `UnequalParts`.
    """
    gallery = keys_of(purpose)
    known = handles(gallery, [name])
    told: dict[Seat, Unlocked] = {}

    def ask(custodian: Verbs) -> None:
        seat = custodian.seat
        some = custodian.records.unlock(gallery, known[seat].tobytes(), secrets, role, reason, asked)
        if some.words.shape != (len(secrets) + 1, OPEN_WORDS):
            raise UnequalParts
        told[seat] = some

    try:
        three.two(ask)
    finally:
        book.people(
            [
                (
                    noting.opening_id(asked, seat),
                    Opening(some.minute, some.caller, purpose, tuple(secrets), reason, some.role),
                    noting.public_of(some.words.reshape(-1)),
                    Party.GATEWAY | PARTIES[seat],
                )
                for seat, some in told.items()
            ]
        )
    return _opened(told, secrets)


def _opened(told: Mapping[Seat, Unlocked], secrets: Sequence[str]) -> Opened:
    if len({some.epoch for some in told.values()}) > 1:
        raise Disagreement
    rows = {seat: some.words for seat, some in told.items()}
    publics = {noting.public_of(some.reshape(-1)) for some in rows.values()}
    if len(publics) > 1:
        raise UnequalParts
    whole = combine({seat: some[:-1] for seat, some in rows.items()}).astype("<u2")
    return Opened({name: whole[at].tobytes() for at, name in enumerate(secrets)}, publics.pop())
