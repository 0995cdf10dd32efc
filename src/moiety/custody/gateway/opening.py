"""Opening one person's keys, as the gateway drives it: two custodians give their parts, and here they become keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from moiety.custody.gateway.three import Three
from moiety.custody.store.handles import handles
from moiety.custody.store.kinds import CLASSES, KEY_BYTES, keys_of
from moiety.custody.verbs import Unlocked
from moiety.matching.refusals import Disagreement, UnequalParts
from moiety.sharing.seat import Seat
from moiety.sharing.split import combine


@dataclass(frozen=True, slots=True)
class Keys:
    """One version of one person's record on its way to the custodians: 16 bytes that name it, a key of 32 bytes for
    each class, both halves of the person's own key, the unix day from which it is not valid, and the grounds."""

    name: bytes
    classes: dict[str, bytes] = field(repr=False)
    access: bytes = field(repr=False)
    public: bytes
    expires_day: int
    grounds: int

    @property
    def pseudonym(self) -> bytes:
        """What handles are made from: the name of this version, and nobody's pseudonym."""
        return self.name

    @property
    def words(self) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
        """The row, int16 (96,): see `store.kinds`. Raises ValueError where a secret is of another length."""
        parts = [*(self.classes[name] for name in CLASSES), self.access, self.public]
        if {len(part) for part in parts} != {KEY_BYTES}:
            raise ValueError("a secret has 32 bytes")
        return np.frombuffer(b"".join(parts), dtype="<i2").astype(np.int16)


@dataclass(frozen=True, slots=True)
class Opened:
    """The secrets that were asked for, 32 bytes each, and the person's public key."""

    secrets: dict[str, bytes] = field(repr=False)
    public: bytes


def unlock(three: Three, purpose: str, name: bytes, secrets: Sequence[str], role: str, reason: str) -> Opened:
    """Have these secrets of one version opened, by any two custodians.

    Raises what `records.Records.unlock` raises, `CustodianDown` where no two are there, `Disagreement` where one has
    entered an epoch that the other has not yet, and `UnequalParts`.
    """
    gallery = keys_of(purpose)
    known = handles(gallery, [name])
    told = three.two(
        lambda custodian: custodian.records.unlock(gallery, known[custodian.seat].tobytes(), secrets, role, reason)
    )
    return _opened(told, secrets)


def _opened(told: dict[Seat, Unlocked], secrets: Sequence[str]) -> Opened:
    if len({some.epoch for some in told.values()}) > 1:
        raise Disagreement
    rows = {seat: some.words for seat, some in told.items()}
    publics = {some[-1].astype("<u2").tobytes() for some in rows.values()}
    if {some.shape for some in rows.values()} != {(len(secrets) + 1, KEY_BYTES // 2)} or len(publics) > 1:
        raise UnequalParts
    whole = combine({seat: some[:-1] for seat, some in rows.items()}).astype("<u2")
    return Opened({name: whole[at].tobytes() for at, name in enumerate(secrets)}, publics.pop())
