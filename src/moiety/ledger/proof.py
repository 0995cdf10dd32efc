"""What an office hands out of its ledgers for anybody to check: that an entry is in one, and that one only ever grew.

A JSON file with a part for each ledger that it is about: a signed head (see `head`), and, where somebody asked for it,

- `entry`: the commitment, its position, and the inclusion proof of RFC 9162, section 2.1.3, of the leaf that it is. For
  whom it may be shown to, also the 32 random bytes and the entry: the commitment is the SHA-256 of both. Where the
  entry is about many people, and one of them is shown, `person` has the same of theirs under the root that it says.
- `since`: a head that was signed earlier, and the consistency proof of section 2.1.4.

Bytes are hexadecimal digits. Whoever has the ledgers' public keys needs nothing else: no office, and no word of
anybody's. What the file does not name, such as the operation's id, nobody vouches for. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from moiety.ledger.entry import ENTRY_MAX, Enrolments, Entry, decode
from moiety.ledger.head import Head, signed_by
from moiety.ledger.many import Within
from moiety.ledger.refusals import EntryWrong, HeadWrong, ProofWrong
from moiety.ledger.seal import RANDOM_BYTES, committed
from moiety.ledger.tree import PROOF_MAX, SIZE_MAX, leaf_hash, verify_consistency, verify_inclusion

PROOF_VERSION: Final = 1

FILE_MAX: Final = 65_536
"""Bytes of a file: of four ledgers, with both proofs of each at their longest, 35,000."""

Name = Literal["gateway", "a", "b", "c"]
NAMES: Final[tuple[Name, ...]] = ("gateway", "a", "b", "c")
"""The ledgers of an office, in the order in which a file has them."""

_Hex32 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
_Head = Annotated[str, Meta(pattern="^([0-9a-f]{2})*$", max_length=512)]
_Hashes = Annotated[tuple[_Hex32, ...], Meta(max_length=PROOF_MAX)]


class Among(Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody among the many that an entry is about (see `many`): what they were committed to, and the proof that it
    is at `position` of `size` under the root that the entry says."""

    random: _Hex32
    entry: Annotated[str, Meta(pattern="^([0-9a-f]{2})+$", max_length=2 * ENTRY_MAX)]
    position: Annotated[int, Meta(ge=0, lt=SIZE_MAX)]
    size: Annotated[int, Meta(gt=0, lt=SIZE_MAX)]
    proof: _Hashes


class Placed(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A leaf and its inclusion proof; `random` and `entry` are None where the entry is not shown. `person` is not
    written where nobody's place among many is shown."""

    position: Annotated[int, Meta(ge=0, lt=SIZE_MAX)]
    commitment: _Hex32
    proof: _Hashes
    random: _Hex32 | None
    entry: Annotated[str, Meta(pattern="^([0-9a-f]{2})+$", max_length=2 * ENTRY_MAX)] | None
    person: Among | None = None


class Grown(Struct, frozen=True, forbid_unknown_fields=True):
    """A head that was signed earlier, and the consistency proof."""

    head: _Head
    proof: _Hashes


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """What is shown of one ledger."""

    ledger: Name
    head: _Head
    entry: Placed | None
    since: Grown | None


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    version: Literal[1]
    ledgers: Annotated[tuple[Part, ...], Meta(min_length=1, max_length=4)]


@dataclass(frozen=True)
class Proven:
    """What is proven of one ledger. `position` and `commitment` (32 bytes) of the entry that is in it, where one was
    asked for; `entry` what it says, where that is shown; `person` what it says of somebody among many, where that is;
    `since` the head that it grew from."""

    ledger: Name
    head: Head
    position: int | None
    commitment: bytes | None
    entry: Entry | None
    person: Entry | None
    since: Head | None


_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_DECODER: Final = msgspec.json.Decoder(_File)


def part(
    ledger: Name,
    head: bytes,
    placed: tuple[int, bytes, Sequence[bytes], bytes | None] | None,
    since: tuple[bytes, Sequence[bytes]] | None,
    within: Within | None = None,
) -> Part:
    """A part of a file: a ledger's signed head; of a leaf its position, commitment, proof, and what `seal.disclosed`
    shows of it; of an earlier head its bytes and the proof; and somebody within the many whom the leaf is about."""
    entry = grown = None
    if placed is not None:
        position, commitment, proof, shown = placed
        random, written = (None, None) if shown is None else (shown[:RANDOM_BYTES].hex(), shown[RANDOM_BYTES:].hex())
        entry = Placed(position, commitment.hex(), _hexadecimal(proof), random, written, _among(within))
    if since is not None:
        grown = Grown(since[0].hex(), _hexadecimal(since[1]))
    return Part(ledger, head.hex(), entry, grown)


def written(parts: Sequence[Part]) -> bytes:
    """The file (UTF-8) of these parts."""
    ordered = tuple(sorted(parts, key=lambda one: NAMES.index(one.ledger)))
    return msgspec.json.format(_ENCODER.encode(_File(PROOF_VERSION, ordered)), indent=2) + b"\n"


def heads(file: bytes) -> dict[Name, bytes]:
    """The signed heads in a file, by ledger, whoever signed them. Raises `ProofWrong`."""
    return {one.ledger: bytes.fromhex(one.head) for one in _read(file)}


def verify(file: bytes, keys: Mapping[Name, bytes], earlier: bytes | None = None) -> list[Proven]:
    """What a file proves, by the ledgers' Ed25519 public keys (32 bytes). `earlier` is a file whose heads each of these
    ledgers is to have grown from. Raises `ProofWrong`, the same for every cause, also where a key is missing."""
    before = None if earlier is None else heads(earlier)
    try:
        found = [_proven(one, keys[one.ledger]) for one in _read(file)]
        if before is not None:
            for one in _read(file):
                if one.since is None or bytes.fromhex(one.since.head) != before[one.ledger]:
                    raise ProofWrong
    except (HeadWrong, EntryWrong, KeyError):
        raise ProofWrong from None
    return found


def _read(file: bytes) -> tuple[Part, ...]:
    try:
        if len(file) > FILE_MAX:
            raise ProofWrong
        found: _File = _DECODER.decode(file)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ProofWrong from None
    names = [one.ledger for one in found.ledgers]
    if names != [name for name in NAMES if name in names]:  # each once, in this order
        raise ProofWrong
    return found.ledgers


def _proven(one: Part, key: bytes) -> Proven:
    head = signed_by(bytes.fromhex(one.head), key)
    position = commitment = entry = person = since = None
    if one.entry is not None:
        position, commitment = one.entry.position, bytes.fromhex(one.entry.commitment)
        verify_inclusion(leaf_hash(commitment), position, head.size, _hashes(one.entry.proof), head.root)
        entry, person = _entry(one.entry), _person(one.entry)
    if one.since is not None:
        since = signed_by(bytes.fromhex(one.since.head), key)
        if since.origin != head.origin:
            raise ProofWrong
        verify_consistency(since.size, head.size, since.root, head.root, _hashes(one.since.proof))
    return Proven(one.ledger, head, position, commitment, entry, person, since)


def _entry(placed: Placed) -> Entry | None:
    if placed.random is None or placed.entry is None:
        if placed.random != placed.entry:  # one without the other shows nothing
            raise ProofWrong
        return None
    written = bytes.fromhex(placed.entry)
    if committed(bytes.fromhex(placed.random), written).hex() != placed.commitment:
        raise ProofWrong
    return decode(written)


def _person(placed: Placed) -> Entry | None:
    """What is said of somebody among many, where the root of what the entry says is over it."""
    among, entry = placed.person, _entry(placed)
    if among is None:
        return None
    if not isinstance(entry, Enrolments) or entry.people is None or entry.count != among.size:
        raise ProofWrong
    random, written = bytes.fromhex(among.random), bytes.fromhex(among.entry)
    Within(random, written, among.position, among.size, tuple(_hashes(among.proof))).verify(entry.people)
    return decode(written)


def _among(within: Within | None) -> Among | None:
    if within is None:
        return None
    proof = _hexadecimal(within.proof)
    return Among(within.random.hex(), within.entry.hex(), within.position, within.size, proof)


def _hexadecimal(proof: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(one.hex() for one in proof)


def _hashes(proof: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(one) for one in proof]
