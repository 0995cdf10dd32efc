"""What travels between gateways and custodians, written by hand as MessagePack: these bytes never change."""

from __future__ import annotations

import numpy as np
import pytest

from moiety.custody import messages, wire
from moiety.custody.messages import Array, HeaderMessage
from moiety.custody.net import frames
from moiety.custody.trust.denials import SignedUnreadable
from moiety.custody.trust.pledges import commitment
from moiety.custody.trust.signing import ON_BEHALF, Kind, Statement

SIXTEEN, THIRTY_TWO = bytes(range(16)), bytes(range(32))


def text(value: str) -> bytes:
    """A text of fewer than 32 bytes."""
    return bytes([0xA0 | len(value)]) + value.encode()


def binary(value: bytes) -> bytes:
    """Fewer than 256 bytes."""
    return bytes([0xC4, len(value)]) + value


HEADER = b"\x8c" + text("attempt") + binary(SIXTEEN) + text("operation") + text("identify")
HEADER += text("gallery") + text("door") + text("version") + b"\x02" + text("epoch") + b"\x01"
HEADER += text("threshold") + b"\xcd\x23\x28" + text("at") + b"\xce\x69\xa4\x2c\xc0" + text("rows") + b"\xcd\x10\x00"
HEADER += text("probes") + b"\x01" + text("dim") + b"\x02" + text("circuit") + text("chain")
HEADER += text("pass_words") + b"\x12"
MESSAGE = HeaderMessage(SIXTEEN, "identify", "door", 2, 1, 9_000, 1_772_367_040, 4_096, 1, 2, "chain", 18)


def test_a_request_never_changes_its_form() -> None:
    ask = b"\x85" + text("verb") + text("erase") + text("name") + text("door") + text("header") + HEADER
    ask += text("handle") + binary(SIXTEEN) + text("hashed") + b"\x91" + binary(THIRTY_TWO)
    rest = text("lease") + binary(SIXTEEN) + text("call") + binary(b"a call") + text("approvals") + b"\x92"
    whole = b"\x01" + b"\x84" + text("ask") + ask + rest + binary(b"one") + binary(b"two")
    erase = wire.Erase("door", MESSAGE, SIXTEEN, [THIRTY_TWO])
    assert wire.request(erase, SIXTEEN, b"a call", [b"one", b"two"]) == whole
    assert wire.read_request(whole) == wire.Request(erase, SIXTEEN, b"a call", [b"one", b"two"])


def test_a_search_never_changes_its_form() -> None:
    probe = b"\x93" + text("u4") + b"\x92\x01\x02" + binary(bytes([1, 0, 0, 0, 2, 0, 0, 0x80]))
    ask = b"\x85" + text("verb") + text("identify") + text("name") + text("door")
    ask += text("header") + HEADER + text("probe") + probe
    ask += text("pledge") + b"\x82" + text("blind") + binary(THIRTY_TWO)
    ask += text("commitments") + b"\x93" + 3 * binary(THIRTY_TWO)
    rest = text("lease") + binary(b"") + text("call") + binary(b"") + text("approvals") + b"\x90"
    whole = b"\x01" + b"\x84" + text("ask") + ask + rest
    words = np.array([[1, 0x80000002]], dtype=np.uint32)
    pledge = wire.Pledge(THIRTY_TWO, [THIRTY_TWO] * 3)
    assert wire.request(wire.Identify("door", MESSAGE, Array.of(words), pledge=pledge)) == whole
    read = wire.read_request(whole).ask
    assert isinstance(read, wire.Identify)
    assert np.array_equal(read.probe.array(np.uint32, 2), words)


def test_searches_with_a_row_never_change_their_form() -> None:
    rest = text("lease") + binary(b"") + text("call") + binary(b"") + text("approvals") + b"\x90"
    pledged = text("pledge") + b"\x82" + text("blind") + binary(THIRTY_TWO)
    pledged += text("commitments") + b"\x93" + 3 * binary(THIRTY_TWO)
    start = text("name") + text("door") + text("header") + HEADER + text("handle") + binary(SIXTEEN)
    pledge = wire.Pledge(THIRTY_TWO, [THIRTY_TWO] * 3)
    for ask, said in (
        (
            wire.IdentifyRow("door", MESSAGE, SIXTEEN, pledge=pledge),
            b"\x85" + text("verb") + text("identifyrow") + start + pledged,
        ),
        (
            wire.VerifyRow("door", MESSAGE, SIXTEEN, SIXTEEN, pledge=pledge),
            b"\x86" + text("verb") + text("verifyrow") + start + text("claim") + binary(SIXTEEN) + pledged,
        ),
    ):
        whole = b"\x01" + b"\x84" + text("ask") + said + rest
        assert wire.request(ask) == whole
        assert wire.read_request(whole).ask == ask


def test_what_is_left_never_changes_its_form() -> None:
    rest = text("lease") + binary(b"") + text("call") + binary(b"") + text("approvals") + b"\x90"
    whole = b"\x01" + b"\x84" + text("ask") + b"\x81" + text("verb") + text("budgets") + rest
    assert wire.request(wire.Budgets()) == whole
    assert wire.read_request(whole).ask == wire.Budgets()
    row = b"\x87" + text("scope") + text("gateway") + text("unit") + text("matches") + text("burst") + b"\x0a"
    row += text("daily") + b"\x64" + text("drawn") + b"\x0b" + text("left") + b"\xff"
    told = b"\x92" + row + text("whole_s") + b"\x3c" + row + text("whole_s") + b"\xc0"
    rows = [messages.BudgetMessage("gateway", "matches", 10, 100, 11, -1, whole_s) for whole_s in (60, None)]
    assert wire.answer(rows) == b"\x01" + b"\x82" + text("is") + text("answer") + text("value") + told
    assert wire.read_answer(wire.Answer(wire.msgspec.Raw(told)), wire.Budgets.ANSWER) == rows


def test_which_statements_are_read_never_changes_its_form() -> None:
    rest = text("lease") + binary(b"") + text("call") + binary(b"") + text("approvals") + b"\x90"
    whole = b"\x01" + b"\x84" + text("ask") + b"\x81" + text("verb") + text("versions") + rest
    assert wire.request(wire.Versions()) == whole
    assert wire.read_request(whole).ask == wire.Versions()
    assert wire.answer(ON_BEHALF) == b"\x01" + b"\x82" + text("is") + text("answer") + text("value") + b"\x02"


def test_statements_never_change_their_form() -> None:
    digest, nonce, office, whose = bytes(32), bytes(range(16)), bytes(range(16, 32)), bytes(range(8))
    named = b"\x06reveal\x05hotel"
    rest = digest + (1_772_367_040).to_bytes(8) + nonce + office
    for behalf, written in ((b"", b"\x01\x01" + named + rest), (whose, b"\x02\x01" + named + rest + whose)):
        statement = Statement(Kind.CALL, "reveal", "hotel", digest, 1_772_367_040, nonce, office, behalf)
        assert statement.to_bytes() == written
        assert Statement.from_bytes(written) == statement
    for bent in (b"\x01\x01" + named + rest + whose, b"\x02\x01" + named + rest, b"\x02\x02" + named + rest + whose):
        with pytest.raises(SignedUnreadable):
            Statement.from_bytes(bent)


def test_verbs_of_records_never_change_their_form() -> None:
    rest = text("lease") + binary(b"") + text("call") + binary(b"") + text("approvals") + b"\x90"
    opened = b"\x86" + text("verb") + text("unlock") + text("name") + text("door/keys") + text("handle")
    opened += binary(SIXTEEN) + text("secrets") + b"\x91" + text("birth") + text("reason") + text("why")
    opened += text("asked") + binary(SIXTEEN)
    restricted = b"\x85" + text("verb") + text("restrict") + text("name") + text("door/keys") + text("header") + HEADER
    restricted += text("handle") + binary(SIXTEEN) + text("on") + b"\xc3"
    noted = b"\x87" + text("verb") + text("noteground") + text("name") + text("door/keys") + text("header") + HEADER
    noted += text("handle") + binary(SIXTEEN) + text("place") + b"\x01" + text("text") + text("notice-3")
    noted += text("how") + text("paper")
    agreed = b"\x83" + text("verb") + text("agreekey") + text("name") + text("door") + text("header") + HEADER
    evaluated = b"\x85" + text("verb") + text("evaluate") + text("name") + text("door") + text("pair") + b"\x92"
    evaluated += text("a") + text("c") + text("elements") + binary(THIRTY_TWO) + text("proven") + b"\xc2"
    for ask, said in (
        (wire.Unlock("door/keys", SIXTEEN, ["birth"], "why", SIXTEEN), opened),
        (wire.Restrict("door/keys", MESSAGE, SIXTEEN, True), restricted),
        (wire.NoteGround("door/keys", MESSAGE, SIXTEEN, 1, "notice-3", "paper"), noted),
        (wire.AgreeKey("door", MESSAGE), agreed),
        (wire.Evaluate("door", ("a", "c"), THIRTY_TWO, False), evaluated),
    ):
        whole = b"\x01" + b"\x84" + text("ask") + said + rest
        assert wire.request(ask) == whole
        assert wire.read_request(whole).ask == ask


def test_what_a_custodian_says_never_changes_its_form() -> None:
    survey = b"\x82" + text("damaged") + b"\x91\x07" + text("people") + b"\x05"
    answer = b"\x01\x82" + text("is") + text("answer") + text("value") + survey
    assert wire.answer(messages.SurveyMessage([7], 5)) == answer
    with_key = survey.replace(b"\x82", b"\x83", 1) + text("key") + binary(THIRTY_TWO)
    answered = b"\x01\x82" + text("is") + text("answer") + text("value") + with_key
    assert wire.answer(messages.SurveyMessage([7], 5, THIRTY_TWO)) == answered
    refusal = b"\x01\x83" + text("is") + text("refusal") + text("code") + text("too_many")
    refusal += text("numbers") + b"\x81" + text("limit") + b"\x08"
    assert wire.say(wire.Refusal("too_many", {"limit": 8})) == refusal
    progress = b"\x01\x84" + text("is") + text("progress") + text("stage") + text("reading")
    progress += text("done") + b"\x01" + text("total") + b"\x02"
    assert wire.say(wire.Progress("reading", 1, 2)) == progress
    for whole in (answer, answered, refusal, progress):
        assert wire.say(wire.read_said(whole)) == whole


def test_a_commitment_never_changes_its_form() -> None:
    """SHA-256 of a label, the blind, and each piece behind its length in eight bytes; computed with sha256sum."""
    assert (
        commitment(THIRTY_TWO, [b"ab", b"c"]).hex()
        == "ef1cd0b83f1e9a7b8c4dda9454ad4fd03458f0169b7dceef2d9de153d7d395ab"
    )


def framed(head: bytes, *arrays: bytes) -> bytes:
    """A frame: the version, the head's length, the head, and each array from a multiple of eight on."""
    whole = b"\x01" + len(head).to_bytes(3, "big") + head
    for array in arrays:
        whole += bytes(-len(whole) % 8) + array
    return whole


def test_frames_never_change_their_form() -> None:
    for frame, head in (
        (frames.Greeting("b", THIRTY_TWO), b"\x93" + text("greeting") + text("b") + binary(THIRTY_TWO)),
        (frames.Stopped(SIXTEEN), b"\x92" + text("stopped") + binary(SIXTEEN)),
        (frames.Ping(5), b"\x92" + text("ping") + b"\x05"),
        (frames.Pong(5), b"\x92" + text("pong") + b"\x05"),
    ):
        assert frames.pack(frame) == framed(head)
        assert frames.unpack(framed(head)) == frame


def test_a_step_never_changes_its_form() -> None:
    arrays = (np.array([0x0201, 0x0403, 0x0605], dtype=np.uint16), np.array([[7], [-1]], dtype=np.int64))
    forms = b"\x92" + b"\x92" + text("u2") + b"\x91\x03" + b"\x92" + text("i8") + b"\x92\x02\x01"
    head = b"\x94" + text("step") + binary(SIXTEEN) + b"\x07" + forms
    whole = framed(head, b"\x01\x02\x03\x04\x05\x06", b"\x07" + bytes(7) + b"\xff" * 8)
    assert frames.pack(frames.Step(SIXTEEN, 7, arrays)) == whole
    read = frames.unpack(whole)
    assert isinstance(read, frames.Step)
    assert (read.attempt, read.number) == (SIXTEEN, 7)
    for array, other in zip(read.arrays, arrays, strict=True):
        assert array.dtype == other.dtype
        assert np.array_equal(array, other)


def test_a_standing_never_changes_its_form() -> None:
    gallery = b"\x87" + text("terms") + binary(b"terms") + text("document") + binary(b"why") + text("version") + b"\x02"
    gallery += text("phase") + b"\x00" + text("pages") + b"\x40" + text("checked") + b"\x00" + text("damaged") + b"\xc2"
    whole = b"\x01\x85" + text("seat") + text("c") + text("office") + binary(SIXTEEN) + text("epoch") + b"\x01"
    whole += text("staging") + b"\x00" + text("galleries") + b"\x81" + text("door") + gallery
    assert messages.standing_bytes(messages.read_standing(whole)) == whole
