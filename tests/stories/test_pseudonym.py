"""A pseudonym prints so that people can read it out, and reads only what was printed."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety.identity.pseudonym import ALPHABET, TEXT_LIMIT, Pseudonym
from moiety.identity.refusals import PseudonymUnreadable

names = st.from_regex(r"[a-z](?:[a-z0-9-]{0,29}[a-z0-9])?", fullmatch=True)
pseudonyms = st.builds(Pseudonym, names, st.binary(min_size=16, max_size=16))


@given(pseudonyms)
def test_what_was_printed_is_read(pseudonym: Pseudonym) -> None:
    assert Pseudonym.parse(str(pseudonym)) == pseudonym


@given(pseudonyms)
def test_it_prints_a_purpose_and_seven_groups_of_four(pseudonym: Pseudonym) -> None:
    body = str(pseudonym).removeprefix(pseudonym.purpose)
    assert re.fullmatch(rf"(?:-[{ALPHABET}]{{4}}){{7}}", body)


def test_a_known_pseudonym_prints_as_it_always_did() -> None:
    # Computed once from the description in the module, by hand-written code over bit strings; never changes.
    known = Pseudonym("door", bytes(range(16)))
    assert str(known) == "door-000G-40R4-0M30-E209-185G-R38E-1WFN"
    assert Pseudonym.parse("door-000G-40R4-0M30-E209-185G-R38E-1WFN") == known


@given(pseudonyms, st.randoms(use_true_random=False))
def test_reading_tolerates_how_people_copy(pseudonym: Pseudonym, chance: random.Random) -> None:
    body = str(pseudonym).removeprefix(pseudonym.purpose + "-")
    loose = "".join(
        chance.choice({"0": "0Oo", "1": "1IiLl"}.get(letter, letter + letter.lower()))
        + chance.choice(["", "", " ", "-", " - "])
        for letter in body.replace("-", "")
    )
    for text in (f"  {pseudonym.purpose.upper()} {loose}\n", f"{pseudonym.purpose}--{body.replace('-', '')}"):
        if len(text) <= TEXT_LIMIT:
            assert Pseudonym.parse(text) == pseudonym


@given(pseudonyms, st.data())
def test_one_or_two_wrong_characters_are_always_noticed(pseudonym: Pseudonym, data: st.DataObject) -> None:
    symbols = list(str(pseudonym).removeprefix(pseudonym.purpose).replace("-", ""))
    places = data.draw(st.lists(st.integers(0, 27), min_size=1, max_size=2, unique=True))
    for place in places:
        symbols[place] = data.draw(st.sampled_from(sorted(set(ALPHABET) - {symbols[place]})))
    with pytest.raises(PseudonymUnreadable):
        Pseudonym.parse(f"{pseudonym.purpose}-{''.join(symbols)}")


@given(pseudonyms, st.integers(0, 27), st.integers(0, 27))
def test_characters_that_changed_places_are_always_noticed(pseudonym: Pseudonym, one: int, other: int) -> None:
    symbols = list(str(pseudonym).removeprefix(pseudonym.purpose).replace("-", ""))
    if symbols[one] == symbols[other]:
        return
    symbols[one], symbols[other] = symbols[other], symbols[one]
    with pytest.raises(PseudonymUnreadable):
        Pseudonym.parse(f"{pseudonym.purpose}-{''.join(symbols)}")


def test_a_body_under_another_purpose_is_noticed() -> None:
    chance = random.Random(7)
    body = str(Pseudonym("door", bytes(range(16)))).removeprefix("door-")
    read = 0
    for _ in range(400):
        other = "".join(chance.choice("abcdefghij") for _ in range(8))
        try:
            Pseudonym.parse(f"{other}-{body}")
            read += 1
        except PseudonymUnreadable:
            pass
    assert read <= 5  # one in 1,024 is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "door",
        "door-",
        "-" * 200,
        "000G-40R4-0M30-E209-185G-R38E-1WFN",
        "door000G-40R4-0M30-E209-185G-R38E-1WFN",
        "door-000G-40R4-0M30-E209-185G-R38E-1WF",
        "door-000G-40R4-0M30-E209-185G-R38E-1WFN-0",
        "door-000G-40R4-0M30-E209-185G-R38E-1WFU",
        "döor-000G-40R4-0M30-E209-185G-R38E-1WFN",
        "door-000G-40R4-0M30-E209-185G-R38E-1WFN" + " " * TEXT_LIMIT,
    ],
)
def test_anything_else_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(PseudonymUnreadable) as refusal:
        Pseudonym.parse(text)
    assert "000G" not in str(refusal.value)


def test_bits_beyond_the_sixteen_bytes_are_refused() -> None:
    # Same check arithmetic, but the last data symbol carries a padding bit: a second spelling of one person.
    from moiety.identity import pseudonym as module

    data = [0] * 25 + [1]
    body = "".join(ALPHABET[symbol] for symbol in data + module._check("door", data))
    with pytest.raises(PseudonymUnreadable):
        Pseudonym.parse(f"door-{body}")


def test_logs_do_not_name_people() -> None:
    pseudonym = Pseudonym("door", bytes(range(16)))
    assert repr(pseudonym) == "Pseudonym(purpose='door')"


def test_a_fresh_one_is_all_of_the_entropy_it_asked_for() -> None:
    asked: list[int] = []

    def entropy(count: int) -> bytes:
        asked.append(count)
        return b"\xab" * count

    assert Pseudonym.fresh("door", entropy).value == b"\xab" * 16
    assert asked == [16]


@pytest.mark.parametrize(("purpose", "value"), [("Door", bytes(16)), ("door-", bytes(16)), ("door", bytes(15))])
def test_what_is_no_pseudonym_cannot_be_made(purpose: str, value: bytes) -> None:
    with pytest.raises(PseudonymUnreadable):
        Pseudonym(purpose, value)
