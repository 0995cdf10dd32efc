"""Legal basis: what is recorded, what a face needs, and that withdrawing takes no more than giving."""

from __future__ import annotations

import inspect

import msgspec
import pytest

from moiety.vault import consent
from moiety.vault.consent import Given, Withdrawn, decode, encode, grounds, standing, withdrawals
from moiety.vault.refusals import BasesFull, BasisInvalid, FaceGroundsMissing, GroundsMissing, NothingToWithdraw

FACE = Given("6(1)(a)", "9(2)(a)", "notice-3", 20_000, "electronic", 1)
RECORD = Given("6(1)(c)", "", "notice-3", 20_000, "office", 0)
OVER = Withdrawn(20_100, "spoken", 1)


@pytest.mark.parametrize("entry", [FACE, RECORD, OVER], ids=["face", "record", "over"])
def test_an_entry_is_read_as_it_was_written(entry: consent.Entry) -> None:
    assert decode(encode(entry)) == entry


def test_an_entry_never_changes_its_form() -> None:
    face = "a5676976656ea736283129286129a739283229286129a86e6f746963652d33cd4e20aa656c656374726f6e6963"
    over = "a977697468647261776ecd4e84a673706f6b656e"
    assert encode(FACE).hex() == f"0297{face}01"
    assert encode(OVER).hex() == f"0294{over}01"
    # Version 1, which said no place, is read and not written.
    for plain, entry in ((f"0196{face}", FACE), (f"0193{over}", OVER)):
        before = msgspec.structs.replace(entry, place=None)
        assert decode(bytes.fromhex(plain)) == before
        with pytest.raises(BasisInvalid):
            encode(before)


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
        {"place": -1},
        {"place": 256},
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
        b"\x03" + encode(FACE)[1:],
        b"\x01" + encode(FACE)[1:],
        b"\x02\x93\xa9withdrawn\x01\xa5paper",
        encode(FACE)[:-1],
        b"\x01\x93\xa9withdrawn\x01\xa5pap\xf3r",
        encode(FACE) + b"\0",
        b"\x01\x93\xa5given\x01\xa5paper",
        b"\x01\x94\xa9withdrawn\x01\xa5paper\x01",
        b"\x01\x93\xa9withdrawn\x01" + b"\xd9\xfe" + b"a" * 254,
    ],
    ids=range(11),
)
def test_what_is_no_entry_is_refused(plain: bytes) -> None:
    with pytest.raises(BasisInvalid):
        decode(plain)


def test_an_entry_longer_than_any_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    longest = encode(msgspec.structs.replace(FACE, text="v" * 64, day=2**20, place=255))
    assert len(longest) <= consent.ENTRY_LIMIT == 127
    monkeypatch.setattr(consent, "ENTRY_LIMIT", len(longest))
    assert decode(longest)
    monkeypatch.setattr(consent, "ENTRY_LIMIT", len(longest) - 1)
    with pytest.raises(BasisInvalid):
        decode(longest)


def test_several_grounds_hold_until_each_is_withdrawn() -> None:
    later = msgspec.structs.replace(FACE, text="notice-4", day=20_050)
    assert standing([]) == []
    assert standing([RECORD, FACE]) == [RECORD, FACE]
    assert standing([FACE, RECORD, OVER]) == [RECORD]
    assert standing([FACE, OVER]) == []
    assert standing([FACE, OVER, later]) == [later]
    assert standing([FACE, later]) == [later]  # given anew, and not twice
    assert standing([FACE, later, OVER]) == []
    assert standing([RECORD, FACE, Withdrawn(20_100, "paper", 7)]) == [RECORD, FACE]


def test_what_became_of_each_ground_is_told_in_order() -> None:
    later = msgspec.structs.replace(FACE, text="notice-4", day=20_200)
    found = [(one.given, one.withdrawn, one.holds) for one in grounds([FACE, RECORD, OVER, later])]
    assert found == [(FACE, OVER, None), (RECORD, None, RECORD), (later, None, later)]
    assert [(one.withdrawn, one.holds) for one in grounds([FACE, later])] == [(None, None), (None, later)]


def test_a_withdrawal_of_version_1_ended_whatever_there_was() -> None:
    assert standing([RECORD, FACE, Withdrawn(20_100, "paper")]) == []


def test_a_face_needs_grounds_of_its_own() -> None:
    consent.require_face([RECORD, FACE], 1)
    for history, place in (([RECORD], 0), ([RECORD], 1), ([RECORD, FACE], 0), ([RECORD, FACE, OVER], 1)):
        with pytest.raises(FaceGroundsMissing):
            consent.require_face(history, place)
    assert [consent.allow_face(some) for some in ([RECORD], [FACE], [RECORD, FACE, OVER])] == [False, True, False]
    consent.require([RECORD])
    for nothing in ([], [FACE, OVER]):
        with pytest.raises(GroundsMissing):
            consent.require(nothing)
        with pytest.raises(GroundsMissing):
            consent.require_face(nothing, 1)


@pytest.mark.parametrize(("article", "ends"), [("a", 1), ("b", 0), ("c", 0), ("d", 0), ("e", 1), ("f", 1)])
def test_consent_is_taken_back_and_two_grounds_are_objected_to(article: str, ends: int) -> None:
    basis = msgspec.structs.replace(RECORD, article_6=f"6(1)({article})")
    for place in (0, None):
        if ends:
            assert standing([basis, *withdrawals([basis], place, 20_100, "paper")]) == []
        else:
            with pytest.raises(NothingToWithdraw):
                withdrawals([basis], place, 20_100, "paper")


def test_of_a_duty_with_a_consent_to_the_face_the_duty_holds() -> None:
    basis = msgspec.structs.replace(RECORD, article_9="9(2)(a)")
    ended = withdrawals([basis], None, 20_100, "paper")
    assert ended == [Withdrawn(20_100, "paper", 0)]
    assert standing([basis, *ended]) == [RECORD]
    assert not consent.allow_face([basis, *ended])
    assert [one.withdrawn for one in grounds([basis, *ended])] == ended
    for history in ([basis, *ended], [msgspec.structs.replace(RECORD, article_9="9(2)(g)")]):
        with pytest.raises(NothingToWithdraw):
            withdrawals(history, None, 20_100, "paper")


def test_one_ground_is_taken_back_or_all_that_can_be() -> None:
    other = msgspec.structs.replace(FACE, place=2, article_6="6(1)(f)", article_9="")
    history = [RECORD, FACE, other]
    assert withdrawals(history, 2, 20_100, "paper") == [Withdrawn(20_100, "paper", 2)]
    assert withdrawals(history, None, 20_100, "paper") == [Withdrawn(20_100, "paper", place) for place in (1, 2)]
    with pytest.raises(NothingToWithdraw):
        withdrawals(history, 3, 20_100, "paper")


def test_what_is_over_cannot_end_again() -> None:
    for nothing in ([], [FACE, OVER]):
        for place in (1, None):
            with pytest.raises(NothingToWithdraw):
                withdrawals(nothing, place, 20_200, "paper")


def test_there_is_always_room_to_take_a_ground_back() -> None:
    """Whoever gives and takes back for ever is stopped when giving."""
    history = [FACE, OVER] * (consent.GIVEN_LIMIT - 1)
    assert consent.giving(history, FACE) == encode(FACE)
    history += [FACE, OVER]
    assert len(history) <= consent.ENTRIES_LIMIT
    with pytest.raises(BasesFull):
        consent.giving(history, FACE)
    several = [FACE] * consent.GIVEN_LIMIT
    assert len([*several, *withdrawals(several, None, 20_100, "paper")]) <= consent.ENTRIES_LIMIT


def test_withdrawing_takes_no_more_than_giving() -> None:
    given, withdrawn = (set(inspect.signature(kind).parameters) for kind in (Given, Withdrawn))
    assert withdrawn < given
