"""Many people in one entry: each is proven under its root by their own key, and nobody by another's."""

from __future__ import annotations

import hashlib
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from moiety.ledger import many, proof, seal, sql
from moiety.ledger.entry import Enrolment, Enrolments, encode
from moiety.ledger.head import Head
from moiety.ledger.many import Many, Within, commitments, root_of, within
from moiety.ledger.operation import EVERYBODY, Operation
from moiety.ledger.proof import Name
from moiety.ledger.refusals import ProofWrong
from moiety.ledger.seal import Leaf
from moiety.ledger.state import State
from tests.ledger.office import create, opened
from tests.ledger.people import MINUTE, drawn, leaves, public
from tests.ledger.people import signing_key as signing

OPERATION = bytes(range(16))
EACH = Enrolment(MINUTE, "desk", "door", "g1", 0)
WRITTEN = encode(EACH)
DAY = MINUTE // 1_440


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def publics(count: int, seed: int = 1) -> list[bytes]:
    return [drawn(seed * 1_000 + at)(32) for at in range(count)]


def beside(people: list[bytes], operation: bytes = OPERATION, day: int = DAY) -> Many:
    return Many(day, WRITTEN, commitments(operation, b"".join(people), WRITTEN))


def by_hand(hashes: list[bytes]) -> bytes:
    """MTH of RFC 9162, section 2.1.1, of leaf hashes."""
    if len(hashes) == 1:
        return hashes[0]
    middle = 1 << (len(hashes) - 1).bit_length() - 1
    return sha(b"\x01", by_hand(hashes[:middle]), by_hand(hashes[middle:]))


def leaf_about(people: list[bytes], number: int, day: int = DAY) -> Leaf:
    """As a gateway writes it."""
    operation = drawn(number)(16)
    kept = beside(people, operation, day)
    entry = Enrolments(MINUTE, "desk", "door", len(people), root_of(kept.commitments))
    return replace(seal.clear(entry, Operation(operation, bytes(32), EVERYBODY), drawn(7)), many=kept)


def test_the_form_of_what_each_is_committed_to_never_changes() -> None:
    anna, bert = publics(2)
    found = commitments(OPERATION, anna + bert, WRITTEN)
    each = [sha(sha(b"moiety many 1", OPERATION, one), WRITTEN) for one in (anna, bert)]
    assert found == b"".join(each)
    assert root_of(found) == by_hand([sha(b"\x00", one) for one in each])


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13, 100])
def test_each_of_them_is_proven_and_nobody_else(count: int) -> None:
    people, strangers = publics(count), publics(20, seed=2)
    kept = beside(people)
    root = root_of(kept.commitments)
    assert root == by_hand([sha(b"\x00", kept.commitments[at : at + 32]) for at in range(0, 32 * count, 32)])
    for at, one in enumerate(people):
        found = within(OPERATION, one, kept)
        assert found is not None
        assert (found.position, found.size, found.entry) == (at, count, WRITTEN)
        found.verify(root)
        assert within(bytes(16), one, kept) is None  # of another operation
    assert [within(OPERATION, one, kept) for one in strangers] == [None] * 20


def test_what_is_proven_of_one_is_proven_of_nothing_else() -> None:
    people = publics(5)
    kept = beside(people)
    root = root_of(kept.commitments)
    some, other = within(OPERATION, people[1], kept), within(OPERATION, people[2], kept)
    assert some is not None
    assert other is not None
    for wrong in (
        replace(some, entry=encode(replace_minute(1))),
        replace(some, random=other.random),
        replace(some, position=2),
        replace(some, size=2),
        replace(some, proof=other.proof),
        replace(some, proof=()),
    ):
        with pytest.raises(ProofWrong):
            wrong.verify(root)
    with pytest.raises(ProofWrong):
        some.verify(root_of(beside(people[::-1]).commitments))


def replace_minute(by: int) -> Enrolment:
    return Enrolment(MINUTE + by, "desk", "door", "g1", 0)


def test_somebody_is_not_found_across_two_others() -> None:
    [anna] = publics(1)
    own = commitments(OPERATION, anna, WRITTEN)
    across = bytes(7) + own + bytes(25)
    assert within(OPERATION, anna, Many(DAY, WRITTEN, across)) is None
    there = within(OPERATION, anna, Many(DAY, WRITTEN, across + own))
    assert there is not None
    assert there.position == 2


def test_a_log_keeps_what_lies_beside_and_gives_it_by_day(place: Path | str) -> None:
    crowds = [publics(3, seed) for seed in range(40)]
    with closing(create(place)) as log:
        log.append(leaves(2))
        assert list(log.many(0, DAY + 1)) == []
        for at, crowd in enumerate(crowds):
            log.append([leaf_about(crowd, 100 + at, DAY + at % 2)])
    with closing(opened(place)) as log:
        assert log.verify().size == 42
        for day in (0, 1):
            found = list(log.many(DAY + day, DAY + day))
            assert [operation for operation, _ in found] == [drawn(100 + at)(16) for at in range(day, 40, 2)]
            for at, (operation, kept) in zip(range(day, 40, 2), found, strict=True):
                assert kept == beside(crowds[at], operation, DAY + day)
        assert len(list(log.many(0, DAY + 1))) == 40
        assert list(log.many(DAY + 2, DAY + 9)) == []
        # Asked again, since nobody was answered: it is there once.
        assert log.append([leaf_about(crowds[0], 100, DAY)]) == [2]
        assert len(list(log.many(DAY, DAY))) == 20


def test_a_log_of_before_gets_the_table_with_the_first_of_them(place: Path | str) -> None:
    with closing(create(place)) as log:
        log.append(leaves(3))
        with log._database.writing("test") as connection:
            connection.execute(text(f"DROP TABLE {sql.MANY.name}"))
    with closing(opened(place)) as log:
        assert list(log.many(0, DAY)) == []
        log.append(leaves(1, 9))
        log.append([leaf_about(publics(3), 5)])
        assert [operation for operation, _ in log.many(0, DAY)] == [drawn(5)(16)]
        assert log.verify().size == 5


# Proofs that are handed out.

KEYS: dict[Name, bytes] = {"b": public(signing("b"))}


def file(leaf: Leaf, one: Within | None, shown: bytes | None) -> bytes:
    state, _ = State().after([(leaf.commitment, leaf.line)])
    head = Head("moiety b", 1, state.frontier.root(), state.lines, MINUTE).signed(signing("b").sign)
    return proof.written([proof.part("b", head, (0, leaf.commitment, [], shown), None, one)])


def test_a_file_shows_somebody_among_many_by_the_public_keys_alone() -> None:
    people = publics(6)
    leaf = leaf_about(people, 1)
    kept = leaf.many
    assert kept is not None
    anna = within(drawn(1)(16), people[4], kept)
    [shown] = proof.verify(file(leaf, anna, seal.disclosed(leaf)), KEYS)
    assert (shown.entry, shown.person) == (seal.read(leaf), EACH)
    [shown] = proof.verify(file(leaf, None, seal.disclosed(leaf)), KEYS)
    assert (shown.entry, shown.person) == (seal.read(leaf), None)
    assert b'"person"' not in file(leaf, None, seal.disclosed(leaf))  # as whoever is of before reads it


def test_nobody_passes_for_one_of_many() -> None:
    people, others = publics(6), publics(6, seed=3)
    leaf, elsewhere = leaf_about(people, 1), leaf_about(others, 2)
    counted = replace(seal.clear(Enrolments(MINUTE, "desk", "door", 6), operation(3), drawn(7)))
    assert leaf.many is not None
    assert elsewhere.many is not None
    anna = within(drawn(1)(16), people[1], leaf.many)  # whose path is of one form among six and among seven
    other = within(drawn(2)(16), others[1], elsewhere.many)
    assert anna is not None
    shown = seal.disclosed(leaf)
    for wrong in (
        file(leaf, other, shown),  # who came with others
        file(counted, anna, seal.disclosed(counted)),  # an entry that says no root
        file(leaf, anna, None),  # an entry that is not shown
        file(leaf, replace(anna, size=7), shown),
        file(leaf, replace(anna, entry=encode(replace_minute(1))), shown),
    ):
        with pytest.raises(ProofWrong):
            proof.verify(wrong, KEYS)


def operation(number: int) -> Operation:
    return Operation(drawn(number)(16), bytes(32), EVERYBODY)


def test_of_two_thousand_everybody_is_found() -> None:
    people = publics(2_000)
    kept = beside(people)
    root = root_of(kept.commitments)
    for one in people[::97]:
        found = many.within(OPERATION, one, kept)
        assert found is not None
        assert len(found.proof) == 11
        found.verify(root)
