"""A receipt is right where three custodians signed it about one pseudonym, and nowhere else."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest

from moiety.ledger import receipt
from moiety.ledger.receipt import RECEIPT_MAX, Custodian, Signed, stated, subject, verify, written
from moiety.ledger.refusals import ReceiptWrong
from tests.ledger.people import public, signing_key

SEATS: tuple[Custodian, ...] = ("a", "b", "c")
KEYS = {seat: public(signing_key(seat)) for seat in SEATS}
SALT = bytes(range(32))
PSEUDONYM = "p-0123456789abcdef"
MINUTE = dt.datetime(2026, 11, 23, 8, 15, tzinfo=dt.UTC)
LIVE = dt.date(2026, 11, 23)
END = dt.date(2026, 11, 24)
THINGS = {"face_rows": 3, "key_parts": 4, "sealed_entries": 12}


def statement(seat: Custodian, signer: str | None = None, **changes: Any) -> Signed:
    said = {"about": subject(PSEUDONYM, SALT), "destroyed": THINGS, "minute": MINUTE, "live": LIVE, "epoch_end": END}
    return stated(seat, **(said | changes), signer=signing_key(signer or seat).sign)  # type: ignore[arg-type]


FILE = written([statement(seat) for seat in SEATS])


def check(file: bytes, pseudonym: str = PSEUDONYM, salt: bytes = SALT) -> receipt.Receipt:
    return verify(file, KEYS, pseudonym, salt)


def refused(file: bytes, **of: Any) -> None:
    with pytest.raises(ReceiptWrong):
        check(file, **of)


def test_a_receipt_says_what_three_custodians_destroyed_and_when() -> None:
    found = check(FILE)
    assert [one.statement.custodian for one in found.signed] == ["a", "b", "c"]
    for one in found.signed:
        assert {thing.what: thing.count for thing in one.statement.destroyed} == THINGS
        assert (one.statement.minute, one.statement.live, one.statement.epoch_end) == (MINUTE, LIVE, END)


def test_the_order_of_the_statements_does_not_matter_when_it_is_written() -> None:
    assert written([statement(seat) for seat in "cab"]) == FILE  # type: ignore[arg-type]


def test_a_receipt_is_about_one_pseudonym_and_shows_none() -> None:
    assert PSEUDONYM.encode() not in FILE
    refused(FILE, pseudonym=PSEUDONYM + "x")
    refused(FILE, salt=bytes(32))
    refused(FILE, salt=SALT + b"\0")
    with pytest.raises(ValueError, match="32 bytes"):
        subject(PSEUDONYM, b"")


def test_the_length_of_the_salt_is_fixed_so_that_no_pseudonym_reaches_into_it() -> None:
    refused(FILE, pseudonym=chr(SALT[-1]) + PSEUDONYM, salt=SALT[:-1])


def test_it_can_be_checked_without_this_program() -> None:
    """By the documentation alone: the standard library's JSON, and any Ed25519."""
    for one in json.loads(FILE)["signed"]:
        said = json.dumps(one["statement"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        key = signing_key(one["statement"]["custodian"]).public_key()
        key.verify(bytes.fromhex(one["signature"]), b"moiety erasure 1\n" + said.encode())


def test_a_space_in_the_file_changes_nothing_that_is_signed() -> None:
    assert check(json.dumps(json.loads(FILE)).encode()) == check(FILE)


def bent(change: Callable[[Any], Any]) -> bytes:
    found = json.loads(FILE)
    change(found)
    return json.dumps(found).encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one["statement"].update(subject="0" * 64),
        lambda one: one["statement"].update(minute="2026-11-23T08:16:00Z"),
        lambda one: one["statement"].update(live="2026-11-24"),
        lambda one: one["statement"].update(epoch_end="2026-11-25"),
        lambda one: one["statement"]["destroyed"][0].update(count=4),
        lambda one: one["statement"]["destroyed"][0].update(what="face_row"),
        lambda one: one["statement"]["destroyed"].pop(),
        lambda one: one["statement"].update(version=2),
        lambda one: one["statement"].update(more=1),
        lambda one: one.update(signature="0" * 128),
        lambda one: one.update(signature=one["signature"].upper()),
    ],
    ids=range(11),
)
@pytest.mark.parametrize("at", [0, 2])
def test_a_bent_receipt_is_refused(change: Callable[[Any], Any], at: int) -> None:
    refused(bent(lambda found: change(found["signed"][at])))


def test_a_receipt_of_fewer_or_other_custodians_is_refused() -> None:
    refused(bent(lambda found: found["signed"].pop()))
    refused(bent(lambda found: found["signed"].append(found["signed"][0])))
    refused(bent(lambda found: found["signed"].reverse()))
    refused(bent(lambda found: found.update(signed=[found["signed"][0]] * 3)))
    refused(bent(lambda found: found.update(version=2)))
    for parts in ("ab", "aab", "abca"):
        with pytest.raises(ReceiptWrong):
            written([statement(seat) for seat in parts])  # type: ignore[arg-type]


def test_a_custodian_does_not_sign_for_another() -> None:
    refused(written([statement("a"), statement("b"), statement("c", signer="b")]))


def test_three_statements_about_two_people_are_no_receipt() -> None:
    other = statement("c", about=subject("somebody else", SALT))
    with pytest.raises(ReceiptWrong):
        written([statement("a"), statement("b"), other])
    found = json.loads(FILE)
    found["signed"][2] = json.loads(written([statement(seat, about=other.statement.subject) for seat in SEATS]))[
        "signed"
    ][2]
    refused(json.dumps(found).encode())


@pytest.mark.parametrize(
    "changes",
    [
        {"minute": MINUTE.replace(second=1)},
        {"minute": MINUTE.replace(microsecond=1)},
        {"minute": MINUTE.astimezone(dt.timezone(dt.timedelta(hours=8)))},
        {"minute": MINUTE.replace(tzinfo=None)},
        {"live": LIVE - dt.timedelta(days=1)},
        {"epoch_end": LIVE - dt.timedelta(days=1), "live": LIVE},
        {"destroyed": {}},
        {"destroyed": {"x": -1}},
        {"destroyed": {"Not a code": 1}},
        {"destroyed": {f"thing_{number}": 1 for number in range(17)}},
        {"about": "short"},
    ],
    ids=range(11),
)
def test_what_is_out_of_bounds_is_not_signed(changes: dict[str, Any]) -> None:
    with pytest.raises(ReceiptWrong):
        statement("a", **changes)


def test_what_a_custodian_signed_out_of_bounds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(receipt, "_consistent", lambda statement: None)
        wrong = [
            written([statement("a"), statement("b"), statement("c", **changes)])
            for changes in ({"live": LIVE - dt.timedelta(days=1)}, {"minute": MINUTE.replace(second=1)})
        ]
    for file in wrong:
        refused(file)


def test_one_kind_of_thing_is_counted_once() -> None:
    found = json.loads(FILE)
    said = found["signed"][1]["statement"]
    said["destroyed"].append({"count": 5, "what": said["destroyed"][0]["what"]})
    message = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    found["signed"][1]["signature"] = signing_key("b").sign(b"moiety erasure 1\n" + message).hex()
    refused(json.dumps(found).encode())


def test_what_is_no_receipt_is_refused() -> None:
    for file in (b"", b"{}", b"[]", b"\xff", FILE[:-20], FILE + b" " * RECEIPT_MAX, b"[" * 2_000):
        refused(file)
    with pytest.raises(ReceiptWrong):
        verify(FILE, {"a": KEYS["a"], "b": KEYS["b"]}, PSEUDONYM, SALT)
    with pytest.raises(ReceiptWrong):
        verify(FILE, KEYS | {"c": bytes(31)}, PSEUDONYM, SALT)


def test_the_fullest_receipt_is_within_the_bound() -> None:
    full = {("x" * 30 + f"{number:02}"): 2**32 - 1 for number in range(16)}
    assert len(written([statement(seat, destroyed=full) for seat in SEATS])) <= RECEIPT_MAX // 2
