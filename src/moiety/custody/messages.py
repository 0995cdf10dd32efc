"""What travels between a gateway and custodians inside requests and answers, and how it becomes what it stands for.

Every field has a type and a bound. Arrays travel as their type, shape and little-endian bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct
from numpy.typing import DTypeLike, NDArray

from moiety.custody.refusals import MessageRefused
from moiety.custody.store.slots import Phase, Staging
from moiety.custody.verbs import Batch, GalleryStanding, Help, Proof, Row, Standing, Survey
from moiety.ledger.operation import Line, Party
from moiety.ledger.tree import PROOF_MAX
from moiety.matching.header import Circuit, Header, Operation
from moiety.matching.opening import Opening
from moiety.sharing.seat import SEATS, Seat

VERSION = b"\x01"

MOST_BYTES = 1 << 26
"""64 MiB: the largest message, 8,192 templates of 1,024 words, fits. gRPC cuts off what is longer."""

Name = Annotated[str, Meta(min_length=1, max_length=64)]
Sixteen = Annotated[bytes, Meta(min_length=16, max_length=16)]
ThirtyTwo = Annotated[bytes, Meta(min_length=32, max_length=32)]
Papers = Annotated[bytes, Meta(max_length=1 << 17)]
Count = Annotated[int, Meta(ge=0, le=1 << 62)]
Small = Annotated[int, Meta(ge=0, le=1 << 32)]
Seated = Literal["a", "b", "c"]
Hashes = Annotated[list[ThirtyTwo], Meta(max_length=PROOF_MAX)]
Dims = Annotated[list[Annotated[int, Meta(ge=0, le=1 << 32)]], Meta(max_length=4)]


def learn(structures: Iterable[object]) -> None:
    """Have msgspec look at these now, whichever of them are structures: it does that when it first meets one, and
    crashes where two threads do so at once."""
    for kind in structures:
        if isinstance(kind, type) and issubclass(kind, Struct):
            msgspec.msgpack.Decoder(kind)


class Array(Struct, array_like=True, frozen=True):
    """An array on its way."""

    dtype: Literal["u1", "u2", "u4", "u8", "i8"]
    shape: Dims
    data: bytes

    @classmethod
    def of(cls, array: NDArray[Any]) -> Array:
        """Any array of the five types."""
        kind: Any = f"{array.dtype.kind}{array.dtype.itemsize}"
        ordered = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        return cls(kind, list(array.shape), ordered.tobytes())

    def array(self, dtype: DTypeLike, dims: int) -> NDArray[Any]:
        """The array, read-only; raises `MessageRefused` unless it has this type and so many dimensions."""
        wanted = np.dtype(dtype)
        size = wanted.itemsize
        for length in self.shape:
            size *= length
        if f"{wanted.kind}{wanted.itemsize}" != self.dtype or len(self.shape) != dims or size != len(self.data):
            raise MessageRefused
        flat = np.frombuffer(self.data, dtype=wanted.newbyteorder("<")).astype(wanted, copy=False)
        try:
            return flat.reshape(self.shape)
        except ValueError:  # of nothing, but longer than any array can be
            raise MessageRefused from None


class HeaderMessage(Struct, frozen=True, forbid_unknown_fields=True):
    """A header; see `matching.header`."""

    attempt: Sixteen
    operation: Operation
    gallery: Annotated[str, Meta(max_length=64)]
    version: Count
    epoch: Count
    threshold: Annotated[int, Meta(ge=-(1 << 16), le=1 << 16)]
    at: Count
    rows: Small
    probes: Small
    dim: Small
    circuit: Circuit
    pass_words: Small

    @classmethod
    def of(cls, header: Header) -> HeaderMessage:
        """The same header."""
        return cls(**{name: getattr(header, name) for name in cls.__struct_fields__})

    def header(self) -> Header:
        """The same header."""
        return Header(**{name: getattr(self, name) for name in self.__struct_fields__})


class BatchMessage(Struct, frozen=True, forbid_unknown_fields=True):
    """What a custodian is offered; see `life.Batch`."""

    handles: Array
    pseudonyms: Array
    parts: Array
    expires: Array
    grounds: Array

    @classmethod
    def of(cls, batch: Batch) -> BatchMessage:
        """The same batch."""
        return cls(**{name: Array.of(getattr(batch, name)) for name in cls.__struct_fields__})

    def batch(self) -> Batch:
        """The same batch; raises `MessageRefused` where columns do not fit each other, and for nobody at all."""
        batch = Batch(
            self.handles.array(np.uint8, 2),
            self.pseudonyms.array(np.uint8, 2),
            self.parts.array(np.uint64, 2),
            self.expires.array(np.uint32, 1),
            self.grounds.array(np.uint8, 1),
        )
        count = len(batch)
        named = {batch.handles.shape, batch.pseudonyms.shape} == {(count, 16)}
        if not count or not named or {len(batch.parts), len(batch.expires), len(batch.grounds)} != {count}:
            raise MessageRefused
        return batch


class HelpMessage(Struct, frozen=True, forbid_unknown_fields=True):
    """What a helper sends a lost custodian; see `mending.Help`."""

    helper: Seated
    nonce: ThirtyTwo
    states: Array
    grounds: Array
    expires: Array
    sealed: bytes

    @classmethod
    def of(cls, some: Help) -> HelpMessage:
        """The same help."""
        columns = {name: Array.of(getattr(some, name)) for name in ("states", "grounds", "expires")}
        return cls(helper=some.helper, nonce=some.nonce, sealed=some.sealed, **columns)

    def help(self) -> Help:
        """The same help."""
        return Help(
            self.helper,
            self.nonce,
            self.states.array(np.uint8, 2),
            self.grounds.array(np.uint8, 2),
            self.expires.array(np.uint32, 2),
            self.sealed,
        )


class OpeningMessage(Struct, frozen=True, forbid_unknown_fields=True):
    """A custodian's part of match bits; see `matching.opening`."""

    part: Array
    other_digest: ThirtyTwo


class GalleryMessage(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a gallery stands; see `verbs.GalleryStanding`."""

    terms: Papers
    document: Papers
    version: Count
    phase: Annotated[int, Meta(ge=0, le=int(max(Phase)))]
    pages: Small
    checked: Count
    damaged: bool
    sound: Count = 0


class StandingMessage(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a custodian stands; see `verbs.Standing`."""

    seat: Seated
    office: Sixteen
    epoch: Count
    staging: Annotated[int, Meta(ge=0, le=int(max(Staging)))]
    galleries: dict[Name, GalleryMessage]

    @classmethod
    def of(cls, standing: Standing) -> StandingMessage:
        """The same standing."""
        galleries = {
            name: GalleryMessage(**{field: getattr(held, field) for field in GalleryMessage.__struct_fields__})
            for name, held in standing.galleries.items()
        }
        return cls(standing.seat, standing.office, standing.epoch, standing.staging, galleries)

    def standing(self) -> Standing:
        """The same standing."""
        galleries = {
            name: GalleryStanding(
                terms=held.terms,
                document=held.document,
                version=held.version,
                phase=Phase(held.phase),
                pages=held.pages,
                checked=held.checked,
                damaged=held.damaged,
                sound=held.sound,
            )
            for name, held in self.galleries.items()
        }
        return Standing(self.seat, self.office, self.epoch, Staging(self.staging), galleries)


class UnlockedMessage(Struct, frozen=True, forbid_unknown_fields=True):
    """Parts of secrets; see `verbs.Unlocked`."""

    epoch: Count
    words: Array
    minute: Small
    caller: Name
    role: Annotated[str, Meta(max_length=32)]


class EvaluatedMessage(Struct, frozen=True, forbid_unknown_fields=True):
    """An answer to blinded elements; see `verbs.Evaluated`."""

    epoch: Count
    public: Annotated[bytes, Meta(max_length=128)]
    elements: Annotated[bytes, Meta(max_length=32 * 65_535)]
    proof: Annotated[bytes, Meta(max_length=128)]


class ShownMessage(Struct, frozen=True, forbid_unknown_fields=True):
    """A signed head; see `verbs.Shown`."""

    head: Annotated[bytes, Meta(max_length=512)]
    key: ThirtyTwo


class LedgerRow(Struct, array_like=True, frozen=True):
    """One row of a ledger; see `verbs.Row`."""

    commitment: ThirtyTwo
    operation: Sixteen
    parties: Annotated[int, Meta(ge=1, le=15)]
    said: ThirtyTwo
    kept: Annotated[bytes, Meta(max_length=1 << 12)] | None

    @classmethod
    def of(cls, row: Row) -> LedgerRow:
        """The same row."""
        return cls(row.commitment, row.line.operation, int(row.line.parties), row.line.said, row.kept)

    def row(self) -> Row:
        """The same row."""
        return Row(self.commitment, Line(self.operation, Party(self.parties), self.said), self.kept)


class ProofMessage(Struct, frozen=True, forbid_unknown_fields=True):
    """What a ledger proves; see `verbs.Proof`."""

    position: Count | None
    row: LedgerRow | None
    inclusion: Hashes
    consistency: Hashes

    @classmethod
    def of(cls, proof: Proof) -> ProofMessage:
        """The same proof."""
        row = None if proof.row is None else LedgerRow.of(proof.row)
        return cls(proof.position, row, [*proof.inclusion], [*proof.consistency])

    def proof(self) -> Proof:
        """The same proof."""
        return Proof(self.position, None if self.row is None else self.row.row(), self.inclusion, self.consistency)


class AttestedMessage(Struct, frozen=True, forbid_unknown_fields=True):
    """A signed statement as JSON; see `ledger.receipt`."""

    signed: Annotated[bytes, Meta(max_length=1 << 13)]


class SurveyMessage(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a survey found; see `Survey`."""

    damaged: list[Small]
    people: Small
    key: Annotated[bytes, Meta(max_length=32)] = b""


class BudgetMessage(Struct, frozen=True, forbid_unknown_fields=True):
    """What one account of the asker's has left; see `trust.budget.Allowance`."""

    scope: Name
    unit: Name
    burst: Count
    daily: Count
    drawn: Count
    left: Annotated[int, Meta(ge=-(1 << 62), le=1 << 62)]
    whole_s: Count | None


learn(list(vars().values()))

_encoder = msgspec.msgpack.Encoder()
_standings = msgspec.msgpack.Decoder(StandingMessage)


def encode(some: Any) -> bytes:
    """Any structure as bytes, with the version byte before it."""
    return VERSION + _encoder.encode(some)


def encode_plain(some: Any) -> bytes:
    """The same without it, to lie inside another structure."""
    plain: bytes = _encoder.encode(some)
    return plain


def read(data: bytes, decoder: Any) -> Any:
    """What a decoder reads after the version byte; raises `MessageRefused` for anything else."""
    if data[:1] != VERSION:
        raise MessageRefused
    try:
        return decoder.decode(memoryview(data)[1:])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MessageRefused from None


def standing_bytes(standing: Standing) -> bytes:
    """A standing as bytes."""
    return encode(StandingMessage.of(standing))


def read_standing(data: bytes) -> Standing:
    """A standing from bytes; raises `MessageRefused`."""
    found: StandingMessage = read(data, _standings)
    return found.standing()


def opening(some: Opening) -> OpeningMessage:
    """An opening on its way."""
    return OpeningMessage(Array.of(some.part), some.other_digest)


def read_opening(some: OpeningMessage) -> Opening:
    """An opening that arrived."""
    return Opening(some.part.array(np.uint64, 1), some.other_digest)


def survey(some: Survey) -> SurveyMessage:
    """What a survey found, on its way."""
    return SurveyMessage(some.damaged, some.people, some.key)


def nonces(some: dict[Seated, bytes]) -> dict[Seat, bytes]:
    """Nonces by seat."""
    return {seat: some[seat] for seat in SEATS if seat in some}
