"""What is handed out of ledgers: it holds by the ledgers' public keys alone, and nothing else passes for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from moiety.ledger import proof, seal
from moiety.ledger.head import Head
from moiety.ledger.proof import Name, Part
from moiety.ledger.refusals import ProofWrong
from moiety.ledger.state import State
from moiety.ledger.tree import Node, consistency_proof, inclusion_proof, leaf_hash, subtree_root
from tests.ledger.people import ABOUT_NOBODY, ABOUT_PERSON, MINUTE, leaf_about, leaf_about_nobody, person_key, public
from tests.ledger.people import signing_key as signing

SIZE, OLD = 13, 6
LEAVES = [
    leaf_about(1, at, ABOUT_PERSON[0]) if at == 4 else leaf_about_nobody(at, ABOUT_NOBODY[0]) for at in range(SIZE)
]
KEYS: dict[Name, bytes] = {name: public(signing(name)) for name in proof.NAMES}


def node(level: int, index: int) -> bytes:
    at = index << level
    return subtree_root([leaf_hash(leaf.commitment) for leaf in LEAVES[at : at + (1 << level)]])


NODE: Node = node


def head(name: str, size: int = SIZE, minute: int = MINUTE) -> bytes:
    state, _ = State().after((leaf.commitment, leaf.line) for leaf in LEAVES[:size])
    signed = Head(f"moiety {name}", size, state.frontier.root(), state.lines, minute)
    return signed.signed(signing(name).sign)


def about(name: Name, position: int = 4, shown: bytes | None = None) -> Part:
    placed = (position, LEAVES[position].commitment, inclusion_proof(position, SIZE, NODE), shown)
    return proof.part(name, head(name), placed, (head(name, OLD), consistency_proof(OLD, SIZE, NODE)))


def file() -> bytes:
    """Of two ledgers: one shows what the entry says, the other that there is one."""
    opened = seal.disclosed(LEAVES[4], person_key(1)[0])
    return proof.written([about("b"), about("gateway", shown=opened)])


def test_a_file_shows_by_the_public_keys_alone_what_is_in_the_ledgers() -> None:
    gateway, b = proof.verify(file(), KEYS)
    assert (gateway.ledger, b.ledger) == ("gateway", "b")
    for one in (gateway, b):
        assert (one.head.size, one.head.minute, one.position) == (SIZE, MINUTE, 4)
        assert one.commitment == LEAVES[4].commitment
        assert one.since is not None
        assert one.since.size == OLD
    assert gateway.entry == ABOUT_PERSON[0]
    assert b.entry is None
    # What it shows can be looked up by hand.
    said = json.loads(file())["ledgers"][0]["entry"]
    both = bytes.fromhex(said["random"]) + bytes.fromhex(said["entry"])
    assert hashlib.sha256(both).digest() == LEAVES[4].commitment


def test_what_is_in_the_clear_is_shown_without_a_key() -> None:
    shown = proof.written([about("a", 7, seal.disclosed(LEAVES[7]))])
    assert proof.verify(shown, KEYS)[0].entry == ABOUT_NOBODY[0]


def test_heads_alone_are_a_file_that_later_ones_are_held_against() -> None:
    names = proof.NAMES
    today = proof.written([proof.part(name, head(name, OLD), None, None) for name in names])
    assert [(one.head.size, one.position, one.since) for one in proof.verify(today, KEYS)] == [(OLD, None, None)] * 4
    grown = consistency_proof(OLD, SIZE, NODE)
    later = proof.written([proof.part(name, head(name), None, (head(name, OLD), grown)) for name in names])
    assert proof.heads(later) == {name: head(name) for name in names}
    assert [one.since.size for one in proof.verify(later, KEYS, today) if one.since] == [OLD] * 4
    for wrong in (
        later,  # other heads than those that it grew from
        proof.written([proof.part(name, head(name, OLD), None, None) for name in names[:3]]),
        b"{}",
    ):
        with pytest.raises(ProofWrong):
            proof.verify(later, KEYS, wrong)
    with pytest.raises(ProofWrong):  # says nothing of what was before
        proof.verify(today, KEYS, today)


def bent(change: Callable[[Any], object]) -> bytes:
    said = json.loads(file())
    change(said)
    return json.dumps(said).encode()


def flipped(text: str) -> str:
    return ("0" if text[-1] != "0" else "1").join((text[:-1], ""))


ENTRY = ("ledgers", 0, "entry")
SINCE = ("ledgers", 0, "since")


def put(*path: Any, to: Any) -> Callable[[Any], object]:
    """Something else at one place; called with what was there where it can be."""

    def change(said: Any) -> None:
        for step in path[:-1]:
            said = said[step]
        said[path[-1]] = to(said[path[-1]]) if callable(to) else to

    return change


WRONG: dict[str, Callable[[Any], object]] = {
    "commitment": put(*ENTRY, "commitment", to=flipped),
    "position": put(*ENTRY, "position", to=5),
    "position beyond": put(*ENTRY, "position", to=SIZE),
    "a hash": put(*ENTRY, "proof", 0, to=flipped),
    "a hash fewer": put(*ENTRY, "proof", to=lambda found: found[1:]),
    "a hash more": put(*ENTRY, "proof", to=lambda found: [*found, found[0]]),
    "random": put(*ENTRY, "random", to=flipped),
    "no random": put(*ENTRY, "random", to=None),
    "entry": put(*ENTRY, "entry", to=flipped),
    "no entry": put(*ENTRY, "entry", to=None),
    "another ledger": put("ledgers", 0, "ledger", to="a"),
    "head": put("ledgers", 0, "head", to=flipped),
    "head of before": put("ledgers", 0, "head", to=head("gateway", OLD).hex()),
    "head of another": put("ledgers", 0, "head", to=head("c").hex()),
    "no head": put("ledgers", 0, "head", to=""),
    "since another": put(*SINCE, "head", to=head("b", OLD).hex()),
    "since other leaves": put(*SINCE, "head", to=head("gateway", OLD - 1).hex()),
    "since a hash": put(*SINCE, "proof", 0, to=flipped),
    "since nothing": put(*SINCE, "proof", to=[]),
    "order": put("ledgers", to=lambda found: found[::-1]),
    "twice": put("ledgers", to=lambda found: [found[0], found[0]]),
    "none": put("ledgers", to=[]),
    "version": put("version", to=2),
    "more": lambda said: said.update(more=1),
}


@pytest.mark.parametrize("what", WRONG)
def test_whatever_is_altered_proves_nothing(what: str) -> None:
    with pytest.raises(ProofWrong):
        proof.verify(bent(WRONG[what]), KEYS)


def test_a_head_of_another_office_is_not_what_it_grew_from() -> None:
    state, _ = State().after((leaf.commitment, leaf.line) for leaf in LEAVES[:OLD])
    other = Head("moiety elsewhere", OLD, state.frontier.root(), state.lines, MINUTE).signed(signing("a").sign)
    grown = proof.written([proof.part("a", head("a"), None, (other, consistency_proof(OLD, SIZE, NODE)))])
    with pytest.raises(ProofWrong):
        proof.verify(grown, KEYS)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"7" * (proof.FILE_MAX + 1), b" " * 70_000])
def test_what_is_no_file_of_proofs_is_refused(content: bytes) -> None:
    for ask in (lambda: proof.verify(content, KEYS), lambda: proof.heads(content)):
        with pytest.raises(ProofWrong):
            ask()


def test_it_takes_the_keys_of_these_ledgers() -> None:
    others = KEYS | {"gateway": KEYS["c"]}
    for keys in (others, {"b": KEYS["b"]}, {}):
        with pytest.raises(ProofWrong):
            proof.verify(file(), keys)
    only = proof.written([about("b")])
    assert len(proof.verify(only, {"b": KEYS["b"]})) == 1
