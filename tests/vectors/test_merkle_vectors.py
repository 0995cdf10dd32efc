"""The tree gives the roots and proofs that Certificate Transparency publishes, and takes them for right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from moiety.ledger.refusals import ProofWrong
from moiety.ledger.tree import (
    NO_LEAVES,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    subtree_root,
    verify_consistency,
    verify_inclusion,
)

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "merkle.json").read_text())
LEAVES = [leaf_hash(bytes.fromhex(leaf)) for leaf in VECTORS["leaves"]]
ROOTS = [bytes.fromhex(root) for root in VECTORS["roots"]]


def node(level: int, index: int) -> bytes:
    return subtree_root(LEAVES[index << level : (index + 1) << level])


def proof_of(vector: dict[str, Any]) -> list[bytes]:
    return [bytes.fromhex(part) for part in vector["proof"]]


@pytest.mark.parametrize("size", range(9))
def test_roots(size: int) -> None:
    assert NO_LEAVES.extended(LEAVES[:size])[0].root() == ROOTS[size]


@pytest.mark.parametrize("vector", VECTORS["inclusion"], ids=lambda v: f"{v['position']}-of-{v['size']}")
def test_inclusion_proofs(vector: dict[str, Any]) -> None:
    position, size, proof = vector["position"], vector["size"], proof_of(vector)
    assert inclusion_proof(position, size, node) == proof
    verify_inclusion(LEAVES[position], position, size, proof, ROOTS[size])
    with pytest.raises(ProofWrong):
        verify_inclusion(LEAVES[position], position, size, proof, ROOTS[size - 1])


@pytest.mark.parametrize("vector", VECTORS["consistency"], ids=lambda v: f"{v['old']}-to-{v['size']}")
def test_consistency_proofs(vector: dict[str, Any]) -> None:
    old, size, proof = vector["old"], vector["size"], proof_of(vector)
    assert consistency_proof(old, size, node) == proof
    verify_consistency(old, size, ROOTS[old], ROOTS[size], proof)
    with pytest.raises(ProofWrong):
        verify_consistency(old, size, ROOTS[old], ROOTS[0], proof)
