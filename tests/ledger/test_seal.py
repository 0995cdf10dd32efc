"""A leaf commits to its entry, and only the person whom it is about reads it."""

from __future__ import annotations

import dataclasses
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety.ledger import seal
from moiety.ledger.entry import AboutNobody, AboutPerson, encode
from moiety.ledger.operation import EVERYBODY, NO_LINES, Line, Operation, Party, chained
from moiety.ledger.refusals import EntryKeyWrong, EntryUnopened
from moiety.ledger.seal import KEPT_MAX, Leaf
from tests.ledger.people import (
    ABOUT_NOBODY,
    ABOUT_PERSON,
    drawn,
    leaf_about,
    leaf_about_nobody,
    person_key,
    person_tag,
)

PRIVATE = person_key(1)[0]


@pytest.mark.parametrize("entry", ABOUT_PERSON, ids=lambda entry: type(entry).__name__)
def test_the_person_reads_what_is_about_the_person(entry: AboutPerson) -> None:
    leaf = leaf_about(1, 1, entry)
    assert seal.opened(leaf, PRIVATE) == entry
    assert leaf.tag == person_tag(1)
    for other in (person_key(2)[0], bytes(31), bytes(32)):
        with pytest.raises(EntryUnopened):
            seal.opened(leaf, other)


@pytest.mark.parametrize("entry", ABOUT_NOBODY, ids=lambda entry: type(entry).__name__)
def test_everybody_reads_what_is_about_nobody(entry: AboutNobody) -> None:
    leaf = leaf_about_nobody(1, entry)
    assert seal.read(leaf) == entry
    assert leaf.tag is None


def test_the_commitment_is_to_32_random_bytes_and_the_entry() -> None:
    random = drawn(1)
    random(16 + 32)
    written = encode(ABOUT_NOBODY[0])
    assert leaf_about_nobody(1).commitment == hashlib.sha256(random(32) + written).digest()


def test_all_sealed_entries_have_one_length() -> None:
    lengths = {len(leaf_about(1, seed, entry).kept or b"") for seed, entry in enumerate(ABOUT_PERSON)}
    assert lengths == {KEPT_MAX}


def test_a_sealed_entry_shows_nothing_of_itself() -> None:
    kept = leaf_about(1, 1, ABOUT_PERSON[1]).kept or b""
    assert not any(word in kept for word in (b"door", b"birth", encode(ABOUT_PERSON[1])[:4]))


def test_what_was_forgotten_does_not_open() -> None:
    for read in (lambda leaf: seal.opened(leaf, PRIVATE), seal.read):
        with pytest.raises(EntryUnopened):
            read(dataclasses.replace(leaf_about(1, 1), kept=None))


@given(st.integers(0, KEPT_MAX - 1), st.integers(1, 255))
def test_a_bent_sealed_entry_does_not_open(at: int, by: int) -> None:
    leaf = leaf_about(1, 1)
    kept = bytearray(leaf.kept or b"")
    kept[at] ^= by
    with pytest.raises(EntryUnopened):
        seal.opened(dataclasses.replace(leaf, kept=bytes(kept)), PRIVATE)


@given(st.data())
def test_a_bent_clear_entry_is_not_read(data: st.DataObject) -> None:
    leaf = leaf_about_nobody(1)
    kept = bytearray(leaf.kept or b"")
    kept[data.draw(st.integers(0, len(kept) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(EntryUnopened):
        seal.read(dataclasses.replace(leaf, kept=bytes(kept)))


def _others(leaf: Leaf) -> list[Leaf]:
    """The leaf with another commitment, operation, party or digest beside the same entry."""
    line = leaf.line
    lines = [
        dataclasses.replace(line, operation=bytes(16)),
        dataclasses.replace(line, operation=b""),
        dataclasses.replace(line, parties=Party.A),
        dataclasses.replace(line, parties=Party(0)),
        dataclasses.replace(line, said=bytes(32)),
    ]
    return [dataclasses.replace(leaf, commitment=bytes(32)), *(dataclasses.replace(leaf, line=one) for one in lines)]


def test_an_entry_is_only_what_its_leaf_and_its_line_committed_to() -> None:
    for leaf in _others(leaf_about(1, 1)):
        with pytest.raises(EntryUnopened):
            seal.opened(leaf, PRIVATE)
    for leaf in _others(leaf_about_nobody(1)):
        with pytest.raises(EntryUnopened):
            seal.read(leaf)


def test_what_is_cut_or_of_another_form_does_not_open() -> None:
    sealed, clear = leaf_about(1, 1), leaf_about_nobody(1)
    for kept in (b"", b"\x01", sealed.kept[:-1], sealed.kept + b"\0", clear.kept):  # type: ignore[index,operator]
        with pytest.raises(EntryUnopened):
            seal.opened(dataclasses.replace(sealed, kept=kept), PRIVATE)
    for kept in (b"", b"\x01\x00", clear.kept[:40], clear.kept + bytes(KEPT_MAX), sealed.kept):  # type: ignore[index,operator]
        with pytest.raises(EntryUnopened):
            seal.read(dataclasses.replace(clear, kept=kept))


def test_padding_that_says_something_or_of_another_length_is_refused() -> None:
    """Whoever seals could hide something in it that no commitment holds."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

    operation, written, random = Operation.new(EVERYBODY, drawn(5)), encode(ABOUT_PERSON[0]), bytes(32)
    commitment = seal.committed(random, written)
    to = X25519PublicKey.from_public_bytes(person_key(1)[1])
    plain = random + operation.nonce + len(written).to_bytes(2, "big") + written
    for padded, opens in (
        (plain.ljust(512, b"\0"), True),
        (plain.ljust(511, b"\0") + b"\1", False),
        (plain.ljust(511, b"\0"), False),
        (plain.ljust(513, b"\0"), False),
    ):
        kept = seal.SEALED + seal._SUITE.encrypt(padded, to, seal._INFO + commitment)
        leaf = Leaf(commitment, operation.line(written), kept, person_tag(1))
        if opens:
            assert seal.opened(leaf, PRIVATE) == ABOUT_PERSON[0]
        else:
            with pytest.raises(EntryUnopened):
                seal.opened(leaf, PRIVATE)


def test_what_is_about_a_person_never_lies_in_the_clear_nor_the_other_way() -> None:
    operation = Operation.new(EVERYBODY, drawn(1))
    with pytest.raises(ValueError, match="sealed"):
        seal.clear(ABOUT_PERSON[0], operation, drawn(1))  # type: ignore[arg-type]
    for entry, tag in ((ABOUT_NOBODY[0], bytes(16)), (ABOUT_PERSON[0], bytes(15))):
        with pytest.raises(ValueError, match="about a person"):
            seal.sealed(entry, operation, person_key(1)[1], tag, drawn(1))  # type: ignore[arg-type]


def test_a_key_that_is_none_is_refused() -> None:
    """All zeros is a point of small order: whatever it seals, everybody reads."""
    operation = Operation.new(EVERYBODY, drawn(1))
    for key in (bytes(32), bytes(31), b""):
        with pytest.raises(EntryKeyWrong):
            seal.sealed(ABOUT_PERSON[0], operation, key, bytes(16), drawn(1))


def test_two_logs_share_what_was_said_and_no_leaf() -> None:
    operation = Operation.new(EVERYBODY, drawn(1))
    one, other = (seal.clear(ABOUT_NOBODY[0], operation, drawn(seed)) for seed in (2, 3))
    assert one.line == other.line
    assert one.commitment != other.commitment


def test_what_was_said_depends_on_every_part_of_it() -> None:
    operation = Operation(bytes(16), bytes(32), EVERYBODY)
    said = {
        operation.line(b"entry").said,
        operation.line(b"entrx").said,
        Operation(b"\1" * 16, bytes(32), EVERYBODY).line(b"entry").said,
        Operation(bytes(16), b"\1" * 32, EVERYBODY).line(b"entry").said,
        Operation(bytes(16), bytes(32), Party.A).line(b"entry").said,
    }
    assert len(said) == 5


def test_an_operation_has_its_lengths_and_somebody_who_records_it() -> None:
    for wrong in ((bytes(15), bytes(32), Party.A), (bytes(16), bytes(31), Party.A), (bytes(16), bytes(32), Party(0))):
        with pytest.raises(ValueError, match="an operation has"):
            Operation(*wrong)


def test_the_digest_of_lines_depends_on_every_part_and_the_order() -> None:
    one, other = Line(bytes(16), Party.A, bytes(32)), Line(b"\1" * 16, Party.A, bytes(32))
    digests = {
        chained(NO_LINES, lines)
        for lines in (
            [],
            [one],
            [one, other],
            [other, one],
            [dataclasses.replace(one, parties=Party.B)],
            [dataclasses.replace(one, said=b"\1" * 32)],
        )
    }
    assert len(digests) == 6
    assert chained(chained(NO_LINES, [one]), [other]) == chained(NO_LINES, [one, other])
