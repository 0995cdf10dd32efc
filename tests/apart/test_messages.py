"""Every message of the wire, bent in every way: a refusal, or a value within its bounds; and custodians serve on."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from time import sleep
from typing import Any

import grpc
import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moiety.custody import messages, wire
from moiety.custody.messages import Array, HeaderMessage
from moiety.custody.net import attempts, ends, frames
from moiety.custody.refusals import MessageRefused
from moiety.errors import Unavailable
from moiety.sharing.seat import SEATS
from tests.apart.asking import DONE, NONE, Asking, changed, pledged
from tests.apart.messages import bent, of
from tests.apart.scene import Site
from tests.custody.scene import DOCUMENT, DOOR, TERMS, Clock, matched, people

HEADER = HeaderMessage(bytes(16), "erase", "x", 0, 1, 0, 0, 1, 0, 2, "chain", 1)

VERBS = wire.Asked.__args__  # type: ignore[attr-defined]
SAID = (wire.Refusal, wire.Progress, wire.Answer)
FRAMES = (frames.Greeting, frames.Stopped, frames.Ping, frames.Pong)
ANSWERS = (
    messages.StandingMessage, messages.OpeningMessage, messages.SurveyMessage, messages.HelpMessage,
    messages.BatchMessage, messages.Array, messages.UnlockedMessage, messages.EvaluatedMessage,
    messages.BudgetMessage,
)  # fmt: skip
CROWD = people(2)
ARRAYS = ["u1", "u2", "u4", "u8", "i8"]


@st.composite
def steps(draw: st.DrawFn) -> frames.Step:
    """Steps with arrays of every type, order and number of dimensions."""
    arrays = []
    for _ in range(draw(st.integers(1, 8))):
        dtype = np.dtype(draw(st.sampled_from("<>")) + draw(st.sampled_from(ARRAYS)))
        shape = draw(st.lists(st.integers(0, 3), max_size=4))
        size = dtype.itemsize * math.prod(shape)
        array = np.frombuffer(draw(st.binary(min_size=size, max_size=size)), dtype=dtype).reshape(shape)
        arrays.append(np.asfortranarray(array) if draw(st.booleans()) else array)
    return frames.Step(draw(st.binary(min_size=16, max_size=16)), draw(st.integers(0, 65_535)), tuple(arrays))


def told(frame: frames.Frame) -> object:
    """What a frame says, in a form that can be compared."""
    if not isinstance(frame, frames.Step):
        return frame
    return frame.attempt, frame.number, [(array.dtype.name, array.tolist()) for array in frame.arrays]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
def test_every_request_is_read_as_it_was_written(verb: type) -> None:
    @given(of(verb), st.binary(max_size=16), st.binary(max_size=512), st.lists(st.binary(max_size=512), max_size=16))
    @settings(max_examples=25)
    def law(ask: Any, lease: bytes, call: bytes, approvals: list[bytes]) -> None:
        read = wire.read_request(wire.request(ask, lease, call, approvals))
        assert read == wire.Request(ask, lease, call, approvals)
        assert type(read.ask) is verb

    law()


@pytest.mark.parametrize("kind", ANSWERS, ids=lambda kind: kind.__name__)
def test_every_answer_is_read_as_it_was_written(kind: type) -> None:
    @given(of(kind))
    @settings(max_examples=25)
    def law(value: Any) -> None:
        said = wire.read_said(wire.answer(value))
        assert isinstance(said, wire.Answer)
        assert wire.read_answer(said, kind) == value

    law()


@given(st.one_of([of(kind) for kind in SAID]))
def test_whatever_a_custodian_says_is_read_as_it_was_written(said: Any) -> None:
    read = wire.read_said(wire.say(said))
    if isinstance(said, wire.Answer):
        assert isinstance(read, wire.Answer)
        assert bytes(read.value) == bytes(said.value)
    else:
        assert read == said


@given(st.one_of([of(kind) for kind in FRAMES]) | steps())
def test_every_frame_is_read_as_it_was_written(frame: Any) -> None:
    assert told(frames.unpack(frames.pack(frame))) == told(frame)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
def test_a_bent_request_is_refused_or_is_another_request(verb: type) -> None:
    @given(of(verb), st.data())
    @settings(max_examples=60)
    def law(ask: Any, data: st.DataObject) -> None:
        sent = data.draw(bent(wire.request(ask, os.urandom(16), b"call", [b"one", b"two"])))
        try:
            read = wire.read_request(sent)
        except MessageRefused:
            return
        assert wire.read_request(wire.request(read.ask, read.lease, read.call, read.approvals)) == read

    law()


@given(st.one_of([of(kind) for kind in FRAMES]) | steps(), st.data())
@settings(max_examples=300)
def test_a_bent_frame_is_refused_or_is_another_frame(frame: Any, data: st.DataObject) -> None:
    sent = data.draw(bent(frames.pack(frame)))
    try:
        read = frames.unpack(sent)
    except MessageRefused:
        return
    assert told(frames.unpack(frames.pack(read))) == told(read)


@given(st.one_of([of(kind) for kind in (*ANSWERS, *SAID)]), st.data())
@settings(max_examples=300)
def test_a_bent_answer_is_refused_or_is_another_answer(value: Any, data: st.DataObject) -> None:
    """A custodian's answer, too, is something that came over a network."""
    whole = wire.say(value) if isinstance(value, SAID) else wire.answer(value)
    sent = data.draw(bent(whole))
    try:
        said = wire.read_said(sent)
        if isinstance(said, wire.Answer):
            for kind in (*ANSWERS, bytes, int, bool, list[messages.Name]):
                try:
                    wire.read_answer(said, kind)
                except MessageRefused:
                    continue
    except MessageRefused:
        return


def lying(forms: object, data: bytes, *, number: object = 1, attempt: bytes = bytes(16), more: Any = ()) -> bytes:
    """A step whose head says whatever it likes of the bytes that follow, from the next multiple of eight on."""
    head = msgspec.msgpack.encode(["step", attempt, number, forms, *more])
    whole = messages.VERSION + len(head).to_bytes(3, "big") + head
    # With no arrays there is nothing to lie at a multiple of eight, and such bytes would be refused for themselves.
    return whole + bytes(-len(whole) % 8 if forms else 0) + data


LIES = {
    "a byte too few": lying([("u4", [3])], bytes(11)),
    "a byte too many": lying([("u4", [3])], bytes(13)),
    "half of a second array": lying([("u4", [3]), ("u8", [1])], bytes(20)),
    "an array more": lying([("u4", [2])], bytes(16)),
    "no arrays": lying([], b""),
    "nine arrays": lying([("u1", [0])] * 9, b""),
    "five dimensions": lying([("u1", [1] * 5)], bytes(1)),
    "a shape beyond everything": lying([("u4", [1 << 32] * 4)], bytes(12)),
    "nothing, and beyond everything": lying([("u8", [0, 1 << 32, 1 << 32, 1 << 32])], b""),
    "a length beyond everything": lying([("u1", [(1 << 32) + 1])], bytes(1)),
    "a length below nothing": lying([("u1", [-1, -1])], bytes(1)),
    "a type that does not travel": lying([("f8", [1])], bytes(8)),
    "a type of another byte order": lying([(">u4", [1])], bytes(4)),
    "a field more": lying([("u4", [3])], bytes(12), more=[0]),
    "a field more in a form": lying([("u4", [3], 0)], bytes(12)),
    "a number below nothing": lying([("u4", [3])], bytes(12), number=-1),
    "a number beyond the last": lying([("u4", [3])], bytes(12), number=1 << 16),
    "a short id": lying([("u4", [3])], bytes(12), attempt=bytes(15)),
    "a long id": lying([("u4", [3])], bytes(12), attempt=bytes(17)),
    "something between": lying([("u1", [1]), ("u1", [1])], b"\x01\0\0\0\x01\0\0\0\x01"),
    "a head beyond the end": b"\x01\0\xff\xff" + lying([("u4", [3])], bytes(12))[4:],
    "a head that ends early": b"\x01\0\0\x08" + lying([("u4", [3])], bytes(12))[4:],
    "no length": b"\x01\0",
    "bytes after a stop": frames.pack(frames.Stopped(bytes(16))) + bytes(8),
    "a stop under a longer head": b"\x01\0\0\x1c" + frames.pack(frames.Stopped(bytes(16)))[4:] + b"\0",
}


def test_the_twin_of_lies() -> None:
    read = frames.unpack(lying([("u4", [3]), ("u1", [1])], bytes(12) + bytes(4) + b"\x07"))
    assert told(read) == (bytes(16), 1, [("uint32", [0, 0, 0]), ("uint8", [7])])
    assert len(frames.pack(frames.Stopped(bytes(16)))) == 4 + 0x1B


@pytest.mark.parametrize("why", LIES)
def test_a_step_that_lies_about_its_arrays_is_refused(why: str) -> None:
    with pytest.raises(MessageRefused):
        frames.unpack(LIES[why])


def test_arrays_lie_where_they_arrived_and_nobody_writes_on_them() -> None:
    """Whole words begin at multiples of their size: kernels are compiled for that."""
    arrays = tuple(np.arange(5).astype(dtype) for dtype in ARRAYS)
    data = frames.pack(frames.Step(bytes(16), 0, arrays))
    read = frames.unpack(data)
    assert isinstance(read, frames.Step)
    for array in read.arrays:
        assert np.shares_memory(array, np.frombuffer(data, dtype=np.uint8))
        assert (array.flags.aligned, array.flags.writeable) == (True, False)


@given(st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    for read in (wire.read_request, wire.read_said, messages.read_standing, frames.unpack):
        with pytest.raises(MessageRefused):
            read(noise)
        with pytest.raises(MessageRefused):
            read(messages.VERSION + bytes([0xC1]) + noise)


@pytest.mark.parametrize("version", [b"", b"\0", b"\x02", b"\xff"])
def test_another_version_is_refused(version: bytes) -> None:
    request = wire.request(wire.Stand())
    said = wire.say(wire.Progress("reading", 1, 2))
    for read, whole in (
        (wire.read_request, request), (wire.read_said, said), (frames.unpack, frames.pack(frames.Stopped(bytes(16)))),
    ):  # fmt: skip
        read(whole)  # type: ignore[operator]
        with pytest.raises(MessageRefused):
            read(version + whole[1:])  # type: ignore[operator]


@pytest.mark.parametrize(
    "other",
    [{"verb": "nothing"}, {"verb": "Stand"}, {"verb": 1}, {}, {"verb": "stand", "more": 1}, {"verb": "load"}],
    ids=str,
)
def test_another_verb_or_field_is_refused(other: dict[str, Any]) -> None:
    def sent(**fields: Any) -> bytes:
        return messages.VERSION + msgspec.msgpack.encode(fields)

    wire.read_request(sent(ask={"verb": "stand"}))
    for wrong in ({"ask": other}, {"ask": {"verb": "stand"}, "more": 1}, {"lease": b""}):
        with pytest.raises(MessageRefused):
            wire.read_request(sent(**wrong))


@pytest.mark.parametrize(
    ("ask", "fields"),
    [
        (wire.Load("x"), {"name": ""}),
        (wire.Load("x"), {"name": "x" * 65}),
        (wire.Alive("x", 0), {"day": -1}),
        (wire.Alive("x", 0), {"day": (1 << 32) + 1}),
        (wire.Erase("x", HEADER, bytes(16)), {"handle": bytes(15)}),
        (wire.Erase("x", HEADER, bytes(16)), {"handle": bytes(17)}),
        (wire.Erase("x", HEADER, bytes(16)), {"hashed": [bytes(32)] * 25}),
        (wire.Prepare("x", HEADER, []), {"attempts": [bytes(16)] * 4097}),
        (wire.PseudonymParts("x", []), {"numbers": [0] * 1025}),
        (wire.AddGallery("x", b"", b""), {"terms": bytes((1 << 17) + 1)}),
        (wire.Scrub("x"), {"step": "x" * 65}),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, dict) else next(iter(value)),
)
def test_every_field_has_its_bounds(ask: Any, fields: dict[str, Any]) -> None:
    wire.read_request(wire.request(ask))
    with pytest.raises(MessageRefused):
        wire.read_request(wire.request(changed(ask, **fields)))


@pytest.mark.parametrize("most", [("call", 513), ("lease", 17), ("approvals", 17)])
def test_what_comes_with_a_request_has_its_bounds(most: tuple[str, int]) -> None:
    name, length = most
    for count, fits in ((length - 1, True), (length, False)):
        value: Any = [b"one"] * count if name == "approvals" else bytes(count)
        sent = wire.request(wire.Stand(), **{name: value})
        if fits:
            wire.read_request(sent)
        else:
            with pytest.raises(MessageRefused):
                wire.read_request(sent)


# Arrays.


@given(of(Array), st.sampled_from(ARRAYS), st.integers(0, 4))
@settings(max_examples=300)
def test_an_array_is_of_the_type_and_dimensions_that_are_asked_for(some: Array, dtype: str, dims: int) -> None:
    try:
        array = some.array(dtype, dims)
    except MessageRefused:
        return
    assert (array.dtype, array.ndim, list(array.shape)) == (np.dtype(dtype), dims, some.shape)
    assert array.tobytes() == some.data


@pytest.mark.parametrize("dtype", ARRAYS)
@pytest.mark.parametrize("shape", [(0,), (3,), (2, 3), (0, 5), (2, 0, 2), (1, 2, 3, 4)])
def test_an_array_is_read_as_it_was_written(dtype: str, shape: tuple[int, ...]) -> None:
    count = int(np.prod(shape))
    array = (np.arange(count) * 77).astype(dtype).reshape(shape)
    for some in (array, np.asfortranarray(array), array.astype(np.dtype(dtype).newbyteorder(">"))):
        assert np.array_equal(Array.of(some).array(dtype, len(shape)), array)


@pytest.mark.parametrize("shape", [[1 << 32] * 4, [0, 1 << 32, 1 << 32, 1 << 32], [1 << 32, 1 << 32, 1 << 32, 0]])
def test_an_array_that_no_machine_holds_is_refused(shape: list[int]) -> None:
    with pytest.raises(MessageRefused):
        Array("u8", shape, b"").array(np.uint64, 4)


# At a served custodian.


@pytest.fixture(scope="module")
def messages_site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Three custodians, which `asking` stops."""
    return Site.make(tmp_path_factory.mktemp("messages") / "site", Clock())


@pytest.fixture(scope="module")
def asking(messages_site: Site) -> Iterator[Asking]:
    """An authorised gateway of custodians that hold somebody; a neighbour's silence is noticed soon."""
    site = messages_site
    office = site.gateway()
    office.add_gallery(DOOR, TERMS, DOCUMENT)
    office.enrol(DOOR, CROWD)
    some = Asking(site)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempts, "ROUND_S", 0.3)
        yield some
    assert matched(office, CROWD) == [True, True]
    assert office.check() == []
    some.close()
    office.close()
    site.close()


def harmless(asking: Asking, ask: Any, seat: Any = "b") -> str:
    """The code of what comes back for a request that is signed, approved and under the lease; never what nobody
    expected, and the custodian stands where it stood."""
    before = asking.standing(seat)
    if isinstance(ask, wire.Pledging):
        ask = pledged({seat: ask})[seat]
    try:
        call, approvals = asking.hand.call(ask), asking.hand.approvals(ask)
    except (ValueError, OverflowError):
        call, approvals = b"", []  # nobody can sign that
    with asking.leased(seat) as lease:
        code = asking.ask(seat, ask, lease=lease, call=call, approvals=approvals).code
    assert code != Unavailable.code
    assert asking.standing(seat) == before
    return code


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
def test_extreme_values_change_nothing(asking: Asking, verb: type) -> None:
    """Of the gallery that there is, and with the header that would be right but for a value or two."""
    right = asking.identify(CROWD[0])["b"].header

    @given(of(verb), st.data())
    @settings(max_examples=8, suppress_health_check=list(HealthCheck))
    def law(ask: Any, data: st.DataObject) -> None:
        fields = {field.name for field in msgspec.structs.fields(verb)}
        other: dict[str, Any] = {}
        if "name" in fields and verb is not wire.AddGallery and data.draw(st.booleans()):
            other["name"] = DOOR
        if "header" in fields and data.draw(st.integers(0, 3)):
            wrong = data.draw(st.sampled_from(sorted(right.__struct_fields__)))
            other["header"] = changed(right, **{"attempt": os.urandom(16), wrong: getattr(ask.header, wrong)})
        harmless(asking, changed(ask, **other))

    law()


def nasty(asking: Asking) -> dict[str, Any]:
    """Requests that are nearly right."""
    identify, verify = asking.identify(CROWD[0])["b"], asking.verify(CROWD[0])["b"]

    def probes(ask: Any, count: int, shape: tuple[int, ...]) -> Any:
        header = changed(ask.header, probes=count, attempt=os.urandom(16))
        return changed(ask, header=header, probe=Array.of(np.zeros(shape, dtype=np.uint32)))

    none = Array.of(np.zeros((0, 16), dtype=np.uint8))
    nobody = messages.BatchMessage(
        none, none, Array.of(np.zeros((0, TERMS.dim), dtype=np.uint64)), Array.of(np.zeros(0, dtype=np.uint32)),
        Array.of(np.zeros(0, dtype=np.uint8)),
    )  # fmt: skip
    enrol = changed(identify.header, operation="enrol", rows=0, probes=0, threshold=0, attempt=os.urandom(16))
    fresh = lambda operation: changed(enrol, operation=operation, attempt=os.urandom(16))  # noqa: E731
    drawn = lambda: asking.ask("b", wire.Helping()).read(bytes)  # noqa: E731
    other = os.urandom(32)
    return {
        "no probes": probes(identify, 0, (0, TERMS.dim)),
        "no probes to compare": probes(verify, 0, (0, TERMS.dim)),
        "probes of another dimension": probes(identify, 1, (1, 2)),
        "more probes than the header says": probes(identify, 1, (2, TERMS.dim)),
        "a probe of 64-bit words": changed(identify, probe=Array.of(np.zeros((1, TERMS.dim), dtype=np.uint64))),
        "too many probes": probes(identify, 257, (257, TERMS.dim)),
        "two to compare": probes(verify, 2, (2, TERMS.dim)),
        "nobody to enrol": wire.Offer(DOOR, nobody, enrol, pledge=NONE),
        "no attempts to go on with": wire.Prepare(DOOR, fresh("prepare"), []),
        "a day that is none": wire.Alive(DOOR, 1 << 32),
        "help for itself": wire.Assist(DOOR, "b", [0], {"b": drawn(), "c": other}),
        "help with pages that are not": wire.Assist(DOOR, "a", [1 << 32], {"b": drawn(), "c": other}),
        "help with a page twice": wire.Assist(DOOR, "a", [1, 1], {"b": drawn(), "c": other}),
        "help with pages out of order": wire.Assist(DOOR, "a", [2, 1], {"b": drawn(), "c": other}),
        "help under one nonce": wire.Assist(DOOR, "a", [0], {"b": drawn()}),
        "help under three": wire.Assist(DOOR, "a", [0], {"a": other, "b": drawn(), "c": other}),
        "help under nobody's nonce": wire.Assist(DOOR, "a", [0], {"b": other, "c": other}),
        "pseudonyms of pages that are not": wire.PseudonymParts(DOOR, [1 << 32]),
        "a name of a zero": wire.Load("\0"),
        "a step called otherwise": wire.Scrub("\0'; drop table page"),
        "what was never agreed on": wire.Stage(),
        "what was never staged": wire.Switch(changed(identify.header, attempt=os.urandom(16))),
        "slots that are not": wire.Activate(DOOR, fresh("activate"), Array.of(np.array([1 << 62]))),
    }  # fmt: skip


def test_what_is_nearly_right_is_refused(asking: Asking) -> None:
    expected = {
        "no probes": "header_refused",
        "no probes to compare": "header_refused",
        "probes of another dimension": "message_refused",
        "more probes than the header says": "message_refused",
        "a probe of 64-bit words": "message_refused",
        "too many probes": "header_refused",
        "two to compare": "neighbour_silent",  # taken, and charged as two
        "nobody to enrol": "message_refused",
        "no attempts to go on with": "not_admitted",
        "a day that is none": "header_refused",
        "help for itself": "help_refused",
        "help with pages that are not": "help_refused",
        "help with a page twice": "help_refused",
        "help with pages out of order": "help_refused",
        "help under one nonce": "help_refused",
        "help under three": "help_refused",
        "help under nobody's nonce": "help_refused",
        "pseudonyms of pages that are not": "help_refused",
        "a name of a zero": "gallery_unknown",
        "a step called otherwise": DONE,
        "what was never agreed on": "not_staged",
        "what was never staged": "not_staged",
        "slots that are not": "header_refused",
    }
    assert {why: harmless(asking, ask) for why, ask in nasty(asking).items()} == expected


def test_bytes_that_are_no_request_are_refused_by_a_server(asking: Asking) -> None:
    for data in (b"", b"\x01", os.urandom(100), b"\x01" + b"\x91" * 100_000, wire.request(wire.Stand())[:-1]):
        assert asking.raw("b", data).code == "message_refused"
    assert asking.standing("b").seat == "b"


def test_a_message_that_is_too_long_is_cut_off_by_the_server(
    asking: Asking, messages_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that does not keep to any bound: nothing is read beyond it, whatever it sends."""
    monkeypatch.setattr(ends, "OPTIONS", (("grpc.max_send_message_length", -1),))
    boundless = Asking(messages_site)
    for data in (bytes(messages.MOST_BYTES + 1), bytes(messages.MOST_BYTES)):
        try:
            said = boundless.raw("b", data).code
        except grpc.RpcError as error:
            said = f"{error.code()} {error.details()}"
        assert ("RESOURCE_EXHAUSTED" in said) == (len(data) > messages.MOST_BYTES), said
        assert ("message_refused" in said) == (len(data) <= messages.MOST_BYTES), said
    boundless.close()
    assert asking.standing("b").seat == "b"


def test_names_and_nonces_that_somebody_makes_up_take_no_memory(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moiety.custody.gallery import Gallery

    made: list[str] = []
    begin = Gallery.__init__

    def noted(self: Any, store: Any, seat: Any, name: str, sound: Any) -> None:
        made.append(name)
        begin(self, store, seat, name, sound)

    monkeypatch.setattr(Gallery, "__init__", noted)
    for number in range(20):
        assert asking.ask("b", wire.Load(f"gallery-{number}")).code == "gallery_unknown"
    assert made == []


def test_only_the_newest_nonces_for_helping_are_good(asking: Asking) -> None:
    first = asking.ask("b", wire.Helping()).read(bytes)
    nonces = [asking.ask("b", wire.Helping()).read(bytes) for _ in range(64)]

    def helped(nonce: bytes) -> str:
        return asking.ask("b", wire.Assist(DOOR, "a", [0], {"b": nonce, "c": bytes(32)})).code

    assert helped(first) == "help_refused"
    assert helped(nonces[0]) == DONE
    assert helped(nonces[-1]) == DONE
    assert helped(nonces[-1]) == "help_refused"


def test_one_helper_is_not_two(asking: Asking) -> None:
    """Its contribution twice would give rows that are nobody's, written over those that are there."""
    nonces = {"b": asking.ask("b", wire.Helping()).read(bytes), "c": bytes(32)}
    one = asking.ask("b", wire.Assist(DOOR, "a", [0], nonces)).read(messages.HelpMessage)
    made = Array.of(np.zeros((1, 64, 16), dtype=np.uint8))
    assert harmless(asking, wire.Mend(DOOR, [0], one, one, made), "a") == "help_refused"


def test_who_waits_for_a_lease_keeps_nobody_else_from_being_answered(asking: Asking) -> None:
    """A gateway that holds it and asks for it again and again would take every thread there is."""
    with asking.leased("b"):
        waiting = [asking.hold("b") for _ in range(50)]
        refused = wire.read_said(next(waiting[-1]))
        assert isinstance(refused, wire.Refusal)
        assert refused.code == "store_busy"
        assert asking.standing("b").seat == "b"
        for call in waiting:
            call.cancel()
        sleep(1.5)  # while somebody else still has it, they are noticed to be gone
        again = asking.hold("b")
    assert isinstance(wire.read_said(next(again)), wire.Answer)
    again.cancel()
    with asking.leased("b") as lease:
        assert asking.ask("b", wire.Scrub("scrub"), lease=lease).code == DONE


def test_the_same_at_all_three(asking: Asking) -> None:
    """What one refuses, all refuse alike, and nobody waits."""
    for why in ("no probes", "too many probes", "nobody to enrol"):
        ask = nasty(asking)[why]
        found = asking.all(dict.fromkeys(SEATS, ask))
        assert len(set(found.values()) - {"attempt_stopped"}) == 1, why
