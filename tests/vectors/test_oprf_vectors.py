"""The standards' own vectors of everything that a pseudonym is made of, and the forms of what custodians keep of it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from moiety import sodium
from moiety.oprf import dealing, proof, recover, scalars, voprf
from moiety.oprf.hashing import expand_message_xmd
from moiety.oprf.keys import NUMBERS, Part, PublicKey
from moiety.oprf.renewing import renewed
from moiety.sodium import NotAnElement
from tests.oprf.three import drawing, openings, promises, shares


def read(name: str) -> dict[str, Any]:
    """One standard's vectors."""
    return json.loads((Path(__file__).parent / f"{name}.json").read_text())


EXPAND, GROUP, VOPRF = read("rfc9380"), read("rfc9496"), read("rfc9497")
GENERATOR = bytes.fromhex(GROUP["multiples_of_the_generator"][0])


@pytest.mark.parametrize("number", range(len(EXPAND["vectors"])))
def test_messages_expand_as_rfc_9380_says(number: int) -> None:
    case = EXPAND["vectors"][number]
    got = expand_message_xmd(case["msg"].encode(), EXPAND["DST"].encode(), case["len_in_bytes"])
    assert got.hex() == case["uniform_bytes"]


def test_multiples_of_the_generator_are_those_of_rfc_9496() -> None:
    so_far = b""
    for number, wanted in enumerate(GROUP["multiples_of_the_generator"], 1):
        assert sodium.multiply_base(number).hex() == wanted
        assert sodium.multiply(number, GENERATOR).hex() == wanted
        so_far = sodium.add(so_far, GENERATOR) if so_far else GENERATOR
        assert so_far.hex() == wanted
        assert sodium.is_element(so_far)


@pytest.mark.parametrize("why", sorted(GROUP["invalid_encodings"]))
def test_an_encoding_that_rfc_9496_calls_invalid_is_refused_everywhere(why: str) -> None:
    for element in map(bytes.fromhex, GROUP["invalid_encodings"][why]):
        assert not sodium.is_element(element)
        for attempt in (
            lambda bad: sodium.multiply(5, bad),
            lambda bad: sodium.add(bad, GENERATOR),
            lambda bad: sodium.add(GENERATOR, bad),
        ):
            with pytest.raises(NotAnElement):
                attempt(element)


def test_elements_are_derived_from_uniform_bytes_as_rfc_9496_says() -> None:
    for case in GROUP["from_uniform_bytes"]:
        assert sodium.from_uniform(bytes.fromhex(case["I"])).hex() == case["O"]


def test_keys_are_derived_as_rfc_9497_says() -> None:
    key, public = voprf.derive_key_pair(bytes.fromhex(VOPRF["Seed"]), bytes.fromhex(VOPRF["KeyInfo"]))
    assert (scalars.encode(key).hex(), public.hex()) == (VOPRF["skSm"], VOPRF["pkSm"])


@pytest.mark.parametrize("number", range(len(VOPRF["vectors"])))
def test_outputs_and_proofs_are_those_of_rfc_9497(number: int) -> None:
    case = VOPRF["vectors"][number]
    key, public = scalars.decode(bytes.fromhex(VOPRF["skSm"])), bytes.fromhex(VOPRF["pkSm"])
    inputs = [bytes.fromhex(given) for given in case["Input"]]

    blinded = voprf.blind_all(inputs, drawing(*(scalars.decode(bytes.fromhex(blind)) for blind in case["Blind"])))
    assert blinded.elements.hex() == "".join(case["BlindedElement"])

    evaluated = voprf.evaluate(key, blinded.elements)
    assert evaluated.hex() == "".join(case["EvaluationElement"])

    once = scalars.decode(bytes.fromhex(case["ProofRandomScalar"]))
    shown = proof.prove(key, public, blinded.elements, evaluated, drawing(once))
    assert shown.hex() == case["Proof"]
    assert proof.holds(public, blinded.elements, evaluated, shown)

    outputs = voprf.finalize_all(inputs, blinded, evaluated)
    assert [output.hex() for output in outputs] == case["Output"]
    assert voprf.evaluate_clear(key, inputs) == outputs


def test_a_stored_part_and_a_stored_public_key_never_change_their_form() -> None:
    part = Part(2, 0x0102)
    assert part.encode().hex() == "01" + "02" + "0201" + "00" * 30
    assert Part.decode(part.encode()) == part
    multiples = GROUP["multiples_of_the_generator"]
    public = PublicKey(bytes.fromhex(multiples[4]), bytes.fromhex(multiples[6]))
    assert public.encode().hex() == "01" + multiples[4] + multiples[6]
    assert PublicKey.decode(public.encode()) == public
    assert public.of(1).hex() == multiples[11]


def test_the_messages_of_a_dealing_never_change_their_form() -> None:
    # coefficients and the nonce of the proof: the lines 1 + 4x, 2 + 5x, 3 + 6x
    dealt = {n: dealing.deal(b"an office", n, drawing(n, n + 3, 100 + n)) for n in NUMBERS}
    multiples = GROUP["multiples_of_the_generator"]
    opening = dealt[2].opening
    assert opening[:65].hex() == "01" + multiples[1] + multiples[4]
    said = b"\x00\x15moiety oprf promise 1\x00\x03key\x00\x09an office\x00\x01\x02\x00\x81" + opening
    assert dealt[2].promise == b"\x01" + hashlib.sha512(said).digest()

    promised = promises(dealt)
    agreed = openings(promised)
    assert agreed[2].share(3).hex() == "01" + "11" + "00" * 31  # 2 + 5 * 3
    transcript = b"\x01\x00\x03key\x00\x09an office" + b"".join(
        b"\x00\x41" + dealt[n].promise + b"\x00\x81" + dealt[n].opening for n in NUMBERS
    )
    assert agreed[1].digest == hashlib.sha256(transcript).digest()
    assert agreed[1].digest.hex() == "c549f6034ccfd85d66e9ab084f94aa33cc7968d9988dcad47b71501702860c92"

    part, public = agreed[3].finish(shares(agreed, 3))
    assert part == Part(3, 6 + 15 * 3)
    assert public == PublicKey(bytes.fromhex(multiples[5]), bytes.fromhex(multiples[14]))


def test_parts_of_the_next_epoch_follow_from_the_seeds_alike_in_every_version() -> None:
    multiples = GROUP["multiples_of_the_generator"]
    public = PublicKey(bytes.fromhex(multiples[5]), bytes.fromhex(multiples[14]))  # 6 + 15x
    seeds = [bytes([number]) * 32 for number in range(3)]
    shift = sum(int.from_bytes(expand_message_xmd(seed, b"moiety oprf renewal 1", 64), "little") for seed in seeds)
    after = PublicKey(public.key, sodium.multiply_base((15 + shift) % sodium.ORDER))
    for number in NUMBERS:
        part = Part(number, 6 + 15 * number)
        assert renewed(part, public, seeds) == (Part(number, (part.scalar + number * shift) % sodium.ORDER), after)


def test_a_contribution_to_a_recovery_never_changes_its_form() -> None:
    secret = bytes(range(32))
    said = b"\x00\x20" + secret + b"\x00\x05a key" + b"\x00\x01\x03"
    uniform = expand_message_xmd(said, b"moiety oprf recover 1", 64)
    mask = int.from_bytes(uniform, "little")
    # f(3) = 2 f(2) - f(1)
    for part, weighted in ((Part(1, 1000), mask - 1000), (Part(2, 70), 2 * 70 - mask)):
        wanted = b"\x01" + (weighted % sodium.ORDER).to_bytes(32, "little")
        assert recover.contribution(part, 3, secret, b"a key") == wanted
