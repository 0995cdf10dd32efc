"""Legal basis: what is recorded, what a face needs, and that withdrawing takes no more than giving."""

from __future__ import annotations

import inspect

import msgspec
import pytest

from moiety.vault import consent
from moiety.vault.consent import Given, Withdrawn, decode, encode, require, standing, withdrawal
from moiety.vault.refusals import BasisInvalid, FaceGroundsMissing, GroundsMissing, NothingToWithdraw

FACE = Given("6(1)(a)", "9(2)(a)", "notice-3", 20_000, "electronic")
RECORD = Given("6(1)(c)", "", "notice-3", 20_000, "office")
OVER = Withdrawn(20_100, "spoken")


@pytest.mark.parametrize("entry", [FACE, RECORD, OVER], ids=["face", "record", "over"])
def test_an_entry_is_read_as_it_was_written(entry: consent.Entry) -> None:
    assert decode(encode(entry)) == entry


def test_an_entry_never_changes_its_form() -> None:
    assert encode(FACE).hex() == (
        "0196a5676976656ea7362831292861 29a7392832292861 29a86e6f746963652d33cd4e20aa656c656374726f6e6963".replace(
            " ", ""
        )
    )
    assert encode(OVER).hex() == "0193a977697468647261776ecd4e84a673706f6b656e"


@pytest.mark.parametrize(
    "changed",
    [
        {"article_6": "6(1)(g)"},
        {"article_6": "6(1)(a)\n"},
        {"article_6": ""},
        {"article_9": "9(2)(k)"},
        {"article_9": "\n"},
        {"text": ""},
        {"text": "v 1"},
        {"text": "v1\n"},
        {"text": "v" * 65},
        {"day": -1},
        {"day": 2**20 + 1},
        {"how": "telepathy"},
    ],
    ids=lambda changed: f"{changed!r:.20}",
)
def test_an_entry_that_says_what_there_is_not_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(BasisInvalid):
        encode(msgspec.structs.replace(FACE, **changed))


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        b"\x01",
        b"\x02" + encode(FACE)[1:],
        encode(FACE)[:-1],
        b"\x01\x93\xa9withdrawn\x01\xa5pap\xf3r",
        encode(FACE) + b"\0",
        b"\x01\x93\xa5given\x01\xa5paper",
        b"\x01\x94\xa9withdrawn\x01\xa5paper\x01",
        b"\x01\x93\xa9withdrawn\x01" + b"\xd9\xfe" + b"a" * 254,
    ],
    ids=range(9),
)
def test_what_is_no_entry_is_refused(plain: bytes) -> None:
    with pytest.raises(BasisInvalid):
        decode(plain)


def test_an_entry_longer_than_any_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    longest = encode(msgspec.structs.replace(FACE, text="v" * 64, day=2**20))
    assert len(longest) <= consent.ENTRY_LIMIT == 127
    monkeypatch.setattr(consent, "ENTRY_LIMIT", len(longest))
    assert decode(longest)
    monkeypatch.setattr(consent, "ENTRY_LIMIT", len(longest) - 1)
    with pytest.raises(BasisInvalid):
        decode(longest)


def test_what_was_said_last_holds() -> None:
    assert standing([]) is None
    assert standing([FACE]) == FACE
    assert standing([RECORD, FACE]) == FACE
    assert standing([FACE, OVER]) is None
    assert standing([FACE, OVER, RECORD]) == RECORD


def test_a_face_needs_grounds_of_its_own() -> None:
    assert require([RECORD], face=False) == RECORD
    assert require([FACE], face=True) == FACE
    with pytest.raises(FaceGroundsMissing):
        require([RECORD], face=True)
    for nothing in ([], [FACE, OVER]):
        for face in (True, False):
            with pytest.raises(GroundsMissing):
                require(nothing, face=face)


@pytest.mark.parametrize(("article", "ends"), [("a", 1), ("b", 0), ("c", 0), ("d", 0), ("e", 1), ("f", 1)])
def test_consent_is_taken_back_and_two_grounds_are_objected_to(article: str, ends: int) -> None:
    basis = msgspec.structs.replace(RECORD, article_6=f"6(1)({article})")
    if ends:
        assert standing([basis, withdrawal([basis], 20_100, "paper")]) is None
    else:
        with pytest.raises(NothingToWithdraw):
            withdrawal([basis], 20_100, "paper")


def test_consent_to_a_face_alone_is_taken_back_too() -> None:
    basis = msgspec.structs.replace(RECORD, article_9="9(2)(a)")
    assert withdrawal([basis], 20_100, "paper") == Withdrawn(20_100, "paper")
    with pytest.raises(NothingToWithdraw):
        withdrawal([msgspec.structs.replace(RECORD, article_9="9(2)(g)")], 20_100, "paper")


def test_what_is_over_cannot_end_again() -> None:
    for nothing in ([], [FACE, OVER]):
        with pytest.raises(NothingToWithdraw):
            withdrawal(nothing, 20_200, "paper")


def test_withdrawing_takes_no_more_than_giving() -> None:
    given, withdrawn = (set(inspect.signature(kind).parameters) for kind in (Given, Withdrawn))
    assert withdrawn < given
