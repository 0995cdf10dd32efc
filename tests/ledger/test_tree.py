"""The tree beside a twin that is the RFC's definition word for word, for every size up to 70 and some beyond."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety.ledger import tree
from moiety.ledger.refusals import ProofWrong
from moiety.ledger.tree import (
    EMPTY_ROOT,
    NO_LEAVES,
    PROOF_MAX,
    SIZE_MAX,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    subtree_root,
    verify_consistency,
    verify_inclusion,
)

MOST = 70
DATA = [b"%d" % number for number in range(MOST)]
HASHES = [leaf_hash(data) for data in DATA]


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def largest(count: int) -> int:
    k = 1
    while 2 * k < count:
        k *= 2
    return k


def mth(data: Sequence[bytes]) -> bytes:
    """RFC 9162, section 2.1.1."""
    if not data:
        return sha()
    if len(data) == 1:
        return sha(b"\x00", data[0])
    k = largest(len(data))
    return sha(b"\x01", mth(data[:k]), mth(data[k:]))


def path(m: int, data: Sequence[bytes]) -> list[bytes]:
    """RFC 9162, section 2.1.3.1."""
    if len(data) == 1:
        return []
    k = largest(len(data))
    if m < k:
        return [*path(m, data[:k]), mth(data[k:])]
    return [*path(m - k, data[k:]), mth(data[:k])]


def subproof(m: int, data: Sequence[bytes], known: bool) -> list[bytes]:
    """RFC 9162, section 2.1.4.1."""
    if m == len(data):
        return [] if known else [mth(data)]
    k = largest(len(data))
    if m <= k:
        return [*subproof(m, data[:k], known), mth(data[k:])]
    return [*subproof(m - k, data[k:], False), mth(data[:k])]


def node(level: int, index: int) -> bytes:
    found = HASHES[index << level : (index + 1) << level]
    assert len(found) == 1 << level, "only whole subtrees are asked for"
    return subtree_root(found)


ROOTS = [mth(DATA[:size]) for size in range(MOST + 1)]


def test_the_root_is_the_definitions_whatever_way_the_leaves_came() -> None:
    one_by_one = NO_LEAVES
    for size in range(MOST + 1):
        assert one_by_one.root() == ROOTS[size]
        assert NO_LEAVES.extended(HASHES[:size])[0] == one_by_one == Frontier.of(size, node)
        if size < MOST:
            one_by_one, _ = one_by_one.extended([HASHES[size]])


@given(st.integers(0, MOST), st.integers(0, MOST))
def test_leaves_in_two_parts_are_the_same_leaves(a: int, b: int) -> None:
    a, b = sorted((a, b))
    first, _ = NO_LEAVES.extended(HASHES[:a])
    assert first.extended(HASHES[a:b])[0].root() == ROOTS[b]


def test_every_inclusion_proof_is_the_definitions_and_verifies() -> None:
    for size in range(1, MOST + 1):
        for position in range(size):
            proof = inclusion_proof(position, size, node)
            assert proof == path(position, DATA[:size])
            verify_inclusion(HASHES[position], position, size, proof, ROOTS[size])


def test_every_consistency_proof_is_the_definitions_and_verifies() -> None:
    for size in range(1, MOST + 1):
        for old in range(1, size + 1):
            proof = consistency_proof(old, size, node)
            assert proof == subproof(old, DATA[:size], True)
            verify_consistency(old, size, ROOTS[old], ROOTS[size], proof)


def refused(verify: Callable[..., None], *arguments: object) -> None:
    with pytest.raises(ProofWrong):
        verify(*arguments)


@given(st.data())
def test_a_bent_inclusion_proof_shows_nothing(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, MOST))
    position = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(position, size, node)
    leaf, root = HASHES[position], ROOTS[size]
    for at in range(len(proof)):
        refused(verify_inclusion, leaf, position, size, [*proof[:at], sha(proof[at]), *proof[at + 1 :]], root)
        refused(verify_inclusion, leaf, position, size, proof[:at] + proof[at + 1 :], root)
    refused(verify_inclusion, leaf, position, size, [*proof, root], root)
    refused(verify_inclusion, sha(leaf), position, size, proof, root)
    refused(verify_inclusion, leaf, position, size, proof, sha(root))
    for other in range(size):
        if other != position:
            refused(verify_inclusion, leaf, other, size, proof, root)


@given(st.data())
def test_a_bent_consistency_proof_shows_nothing(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, MOST))
    old = data.draw(st.integers(1, size - 1))
    proof = consistency_proof(old, size, node)
    for at in range(len(proof)):
        bent = [*proof[:at], sha(proof[at]), *proof[at + 1 :]]
        refused(verify_consistency, old, size, ROOTS[old], ROOTS[size], bent)
        refused(verify_consistency, old, size, ROOTS[old], ROOTS[size], proof[:at] + proof[at + 1 :])
    refused(verify_consistency, old, size, ROOTS[old], ROOTS[size], [*proof, ROOTS[size]])
    refused(verify_consistency, old, size, sha(ROOTS[old]), ROOTS[size], proof)
    refused(verify_consistency, old, size, ROOTS[old], sha(ROOTS[size]), proof)
    refused(verify_consistency, old, size, ROOTS[old], ROOTS[size], [])


def test_a_proof_has_as_many_hashes_as_the_sizes_ask_for() -> None:
    """Each of these adds up to its roots; what is wrong with it is only its length."""
    a, b, c, d = HASHES[:4]
    refused(verify_inclusion, a, 0, 1, [b], node_hash(b, a))
    refused(verify_inclusion, a, 0, 2, [], a)
    refused(verify_consistency, 3, 4, a, a, [a])
    before, after = node_hash(c, a), node_hash(c, node_hash(a, b))
    verify_consistency(3, 4, before, after, [a, b, c])
    refused(verify_consistency, 3, 4, node_hash(d, before), node_hash(d, after), [a, b, c, d])


def test_a_proof_that_is_too_long_is_not_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "node_hash", None)
    refused(verify_inclusion, HASHES[0], 0, SIZE_MAX, [HASHES[1]] * (PROOF_MAX + 1), HASHES[2])
    refused(verify_consistency, 3, SIZE_MAX, HASHES[0], HASHES[1], [HASHES[1]] * (PROOF_MAX + 1))


def test_no_tree_grows_out_of_another_history() -> None:
    other = [leaf_hash(b"other"), *HASHES[1:20]]
    grown = NO_LEAVES.extended(other)[0].root()
    proof = consistency_proof(7, 20, lambda level, index: subtree_root(other[index << level : (index + 1) << level]))
    refused(verify_consistency, 7, 20, ROOTS[7], grown, proof)


def test_nothing_needs_to_be_shown_of_an_empty_or_the_same_tree() -> None:
    assert consistency_proof(0, 9, node) == consistency_proof(9, 9, node) == consistency_proof(0, 0, node) == []
    verify_consistency(0, 9, EMPTY_ROOT, ROOTS[9], [])
    verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    refused(verify_consistency, 0, 9, ROOTS[9], ROOTS[9], [])
    refused(verify_consistency, 9, 9, ROOTS[9], ROOTS[8], [])
    refused(verify_consistency, 9, 9, ROOTS[9], ROOTS[9], [ROOTS[9]])


def test_what_is_out_of_bounds_is_refused_before_it_is_hashed() -> None:
    root = ROOTS[1]
    for position, size in ((1, 1), (-1, 1), (0, 0), (0, SIZE_MAX + 1)):
        refused(verify_inclusion, HASHES[0], position, size, [], root)
        with pytest.raises(ValueError, match="no such leaf"):
            inclusion_proof(position, size, node)
    for old, size in ((2, 1), (-1, 1), (1, SIZE_MAX + 1)):
        refused(verify_consistency, old, size, root, root, [])
        with pytest.raises(ValueError, match="grows"):
            consistency_proof(old, size, node)
    refused(verify_inclusion, HASHES[0], 0, 2, [root[:31]], root)
    refused(verify_inclusion, HASHES[0][:31], 0, 1, [], HASHES[0][:31])
    refused(verify_consistency, 1, 1, root[:31], root[:31], [])


def test_a_frontier_has_a_node_for_each_binary_one_of_its_size() -> None:
    for size, nodes in (
        (1, ()),
        (2, (HASHES[0], HASHES[1])),
        (1, (b"short",)),
        (-1, (HASHES[0],)),
        (2 * SIZE_MAX, (HASHES[0],)),
    ):
        with pytest.raises(ValueError, match=r"frontier|32 bytes"):
            Frontier(size, nodes)
    for count in (0, 3, 6):
        with pytest.raises(ValueError, match="power of two"):
            subtree_root(HASHES[:count])


def test_nodes_of_kept_levels_are_told_once_they_are_complete() -> None:
    leaves = [leaf_hash(b"%d" % number) for number in range(1_000)]
    frontier, first = NO_LEAVES.extended(leaves[:300])
    _, second = frontier.extended(leaves[300:])
    assert [(kept.level, kept.index) for kept in first + second] == [(8, 0), (8, 1), (8, 2)]
    assert [kept.hash for kept in first + second] == [subtree_root(leaves[at : at + 256]) for at in (0, 256, 512)]
    whole, kept = NO_LEAVES.extended([leaves[0]] * 65_536)
    assert [(one.level, one.index) for one in kept if one.level > 8] == [(16, 0)]
    assert whole.nodes == (kept[-1].hash,)
