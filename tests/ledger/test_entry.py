"""What an entry may say, and that there is one way to write it."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety.ledger import entry
from moiety.ledger.entry import ENTRY_MAX, Enrolment, Entry, LookUp, Opening, Recognition, Refusal, decode, encode
from moiety.ledger.refusals import EntryWrong
from tests.ledger.people import ABOUT_NOBODY, ABOUT_PERSON, MINUTE, WIDE, fullest

ALL: list[Entry] = [*ABOUT_PERSON, *ABOUT_NOBODY]


@pytest.mark.parametrize("said", ALL, ids=lambda said: type(said).__name__)
def test_every_kind_is_read_as_it_was_written(said: Entry) -> None:
    assert decode(encode(said)) == said


def test_there_is_an_example_of_every_kind() -> None:
    assert {type(said) for said in ALL} == set(Entry.__args__)  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", Entry.__args__, ids=lambda kind: kind.__name__)  # type: ignore[attr-defined]
def test_the_longest_entry_of_every_kind_fits(kind: type[msgspec.Struct]) -> None:
    assert len(encode(fullest(kind))) <= ENTRY_MAX


@given(st.text(max_size=80))
def test_a_name_has_1_to_64_bytes(name: str) -> None:
    said = Recognition(MINUTE, name, "door", 1)
    fits = "\ud800" not in name and 0 < len(name.encode(errors="replace")) <= 64
    if fits:
        assert decode(encode(said)) == said
    else:
        with pytest.raises(EntryWrong):
            encode(said)


@pytest.mark.parametrize(
    "said",
    [
        Recognition(-1, "gate", "door", 1),
        Recognition(2**32, "gate", "door", 1),
        Recognition(MINUTE, "gate", "door", -1),
        Recognition(MINUTE, "gate", "door", 1.5),  # type: ignore[arg-type]
        Recognition(MINUTE, "gate", WIDE + "x", 1),
        Recognition(MINUTE, "\ud800", "door", 1),
        Refusal(MINUTE, "gate", "door", "Not a code"),
        LookUp(MINUTE, "desk", "door", "seen"),  # type: ignore[arg-type]
        Opening(MINUTE, "desk", "door", (), "asked"),
        Opening(MINUTE, "desk", "door", ("birth",) * 7, "asked"),
        Enrolment(MINUTE, "desk", None, "consent", 1),  # type: ignore[arg-type]
        entry.Key(MINUTE, "desk", None, "gallery", bytes(31)),
        object(),
    ],
    ids=range(13),
)
def test_what_is_out_of_bounds_is_not_written(said: Entry) -> None:
    with pytest.raises(EntryWrong) as raised:
        encode(said)
    assert raised.value.__context__ is None or raised.value.__suppress_context__


def test_what_is_no_entry_is_not_read() -> None:
    good = encode(ABOUT_NOBODY[0])
    packed = msgspec.msgpack.encode
    for wrong in (
        b"",
        b"\x01",
        b"\x02" + good[1:],
        good[:-1],
        good + b"\x00",
        b"\x01" + packed(["unheard_of", MINUTE, "gate", "door", 1]),
        b"\x01" + packed(["recognition", MINUTE, "gate", "door", 1, "more"]),
        b"\x01" + packed(["recognition", MINUTE, "gate", "door"]),
        b"\x01" + packed({"recognition": 1}),
        b"\x01" + packed("recognition"),
        b"\x01" + b"\x91" * 400,
        b"\x01" + packed(["recognition", MINUTE, "x" * 500, "door", 1]),
    ):
        with pytest.raises(EntryWrong):
            decode(wrong)


def test_what_is_too_long_is_not_even_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "_DECODER", None)
    with pytest.raises(EntryWrong):
        decode(b"\x01" + bytes(ENTRY_MAX))


def test_another_way_to_write_the_same_is_refused() -> None:
    """Or one thing that was said would have two digests."""
    good = encode(Recognition(MINUTE, "gate", "door", 1))
    assert good.endswith(b"\x01")
    with pytest.raises(EntryWrong):
        decode(good[:-1] + b"\xcc\x01")


def test_a_recognition_has_no_room_for_whom_it_recognised() -> None:
    assert Recognition.__struct_fields__ == ("minute", "caller", "purpose", "count")
