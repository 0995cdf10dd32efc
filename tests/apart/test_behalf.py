"""For whom a gateway asks: signed with the question, in all four ledgers, and left out where a custodian is older."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar, Union, get_args

import msgspec
import pytest

from moiety.behalf import on_behalf
from moiety.custody import messages, record_asks, wire
from moiety.custody.chronicle import caller_of
from moiety.custody.gateway import trial
from moiety.custody.gateway.apart import Apart
from moiety.custody.refusals import MessageRefused
from moiety.custody.store.handles import handles
from moiety.custody.trust.signing import ON_BEHALF, Signed
from moiety.custody.trust.spending import ListsSpent, OpeningsSpent
from moiety.custody.unopened import ClassRefused
from moiety.ledger.entry import Configuration, Enrolments, Key, LookUp, Opening, Recognition, Refusal
from tests.apart.asking import Asking
from tests.apart.scene import Site
from tests.apart.test_ledgers import CROWD, KEPT, agree, unlocked
from tests.apart.test_spending import limits
from tests.custody.ledgers import Reader, fresh, read
from tests.custody.scene import DOCUMENT, DOOR, Clock
from tests.custody.test_chronicle import REVEAL

ANNA, BERT = b"anna-id.", b"bert-id."
LISTS: Final = 3

Answer = TypeVar("Answer")


@pytest.fixture
def keeping(site: Site) -> Iterator[Apart]:
    gateway = site.gateway()
    gateway.add_gallery(DOOR, REVEAL, DOCUMENT)
    yield gateway
    gateway.close()


def asked(whose: bytes, story: Callable[[], Answer]) -> Answer:
    """A request for somebody."""

    def request() -> Answer:
        on_behalf(whose)
        return story()

    return copy_context().run(request)


def everything(office: Apart) -> Any:
    """Whatever is written down, but for what waits for officers; the person whom it is about."""
    anna = fresh()
    office.keep(DOOR, [anna])
    office.keep(DOOR, [fresh(), fresh()])
    crowd = [replace(one, pseudonym=os.urandom(16)) for one in CROWD]
    office.enrol(DOOR, crowd)
    assert office.verify(DOOR, crowd[0].words, crowd[0].pseudonym)
    office.identify(DOOR, crowd[0].words[None])
    unlocked(office, anna.name)
    after = replace(fresh(), public=anna.public)
    office.rewrite(DOOR, after, anna.name, ["birth", "document", "photo", "access"])
    office.drop(DOOR, anna.name)
    office.note_ground(DOOR, after.name, 2, "notice-3", "paper")
    for on in (True, False):
        office.hold(DOOR, after.name, bytes(16), on)
    office.erase(DOOR, crowd[0].pseudonym)
    office.pseudonyms(DOOR, [b"11010519491231002X"])
    return anna


def callers(reader: Reader, access: bytes) -> dict[str, set[tuple[type, str]]]:
    """Who is named by whose ledger since it was last read, by kinds of entries."""
    told = {name: [read(leaf, access) for leaf in some] for name, some in reader.leaves().items()}
    return {name: {(type(one), one.caller) for one in some if one is not None} for name, some in told.items() if some}


def test_all_four_ledgers_say_for_whom_the_gateway_asked(site: Site, keeping: Apart) -> None:
    reader = Reader(site.folder, trial.STORE)
    signs = caller_of(keeping._hand.caller.public)
    for whose in (ANNA, BERT):
        anna = asked(whose, lambda: everything(keeping))
        for name, found in callers(reader, anna.access).items():
            kinds = {kind for kind, _ in found}
            assert {Opening, Recognition, Enrolments} <= kinds or name == "c", name  # two of three opened
            assert (LookUp in kinds) is (name != "gateway"), name
            named = {caller for kind, caller in found if kind not in (Configuration, Key, Refusal)}
            assert named == {f"{signs}.{whose.hex()}"}, (name, found)
    keeping.verify(DOOR, CROWD[1].words, os.urandom(16))
    assert {caller for found in callers(reader, fresh().access).values() for _, caller in found} == {signs}
    assert agree(keeping)


def test_what_is_refused_is_one_line_for_whomever_it_was(site: Site, keeping: Apart) -> None:
    somebody = fresh()
    keeping.keep(DOOR, [somebody])
    reader = Reader(site.folder, trial.STORE)
    for whose in (ANNA, BERT):
        with pytest.raises(ClassRefused):
            asked(whose, lambda: unlocked(keeping, somebody.name, "birth"))
    found = reader.news()
    lines = [one for one in found["a"] if isinstance(one, Refusal)]
    assert [one.caller for one in lines] == [caller_of(keeping._hand.caller.public)]


def test_nobody_on_the_line_says_for_whom(site: Site, keeping: Apart) -> None:
    somebody = fresh()
    keeping.keep(DOOR, [somebody])
    asking = Asking(site)
    known = handles(KEPT, [somebody.name])
    ask = wire.Unlock(KEPT, known["a"].tobytes(), ["document"], "parcel", bytes(16))

    def said(whose: bytes) -> Signed:
        return Signed.from_bytes(asking.signed(asking.hand.caller, ask, behalf=whose))

    try:
        genuine = said(ANNA)
        for whose in (BERT, b""):
            bent = Signed(replace(genuine.statement, behalf=whose), genuine.key, genuine.signature)
            assert asking.ask("a", ask, call=bent.to_bytes()).code == "caller_refused"
        told = asking.ask("a", ask, call=genuine.to_bytes())
        assert told.read(record_asks.Unlock.ANSWER).caller == caller_of(asking.hand.caller.public, ANNA)
    finally:
        asking.close()


# A custodian of an older version.

BEFORE: Final = msgspec.msgpack.Decoder(
    msgspec.defstruct(
        "Request",
        [
            ("ask", Union[tuple(set(get_args(wire.Asked)) - {wire.Versions})]),  # noqa: UP007 - made of what there is
            ("lease", bytes),
            ("call", bytes),
            ("approvals", list[bytes]),
        ],
        forbid_unknown_fields=True,
    )
)


def older(monkeypatch: pytest.MonkeyPatch, server: Any) -> list[bytes]:
    """Make a custodian one of before: what it was brought that it cannot read."""
    answered, unread = server._answered, []

    def answering(gateway: Any, data: bytes, progress: Any) -> bytes:
        try:
            call = messages.read(data, BEFORE).call
            if call and call[3] == ON_BEHALF:
                unread.append(call)
                raise MessageRefused
        except MessageRefused as error:
            return wire.say(wire.Refusal(error.code, error.numbers))
        told: bytes = answered(gateway, data, progress)
        return told

    monkeypatch.setattr(server, "_answered", answering)
    return unread


def test_where_one_custodian_is_older_none_is_told_and_all_goes_on(
    site: Site, keeping: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Reader(site.folder, trial.STORE)
    unread = older(monkeypatch, site.servers["b"])
    anna = asked(ANNA, lambda: everything(keeping))
    signs = caller_of(keeping._hand.caller.public)
    for name, found in callers(reader, anna.access).items():
        assert {caller for _, caller in found} == {signs}, name
    assert unread == []
    assert agree(keeping)


def test_a_gateway_that_stays_connected_hears_of_a_newer_custodian(
    site: Site, keeping: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Reader(site.folder, trial.STORE)
    older(monkeypatch, site.servers["b"])
    signs = caller_of(keeping._hand.caller.public)
    asked(ANNA, lambda: keeping.verify(DOOR, CROWD[0].words, os.urandom(16)))
    assert {caller for found in callers(reader, fresh().access).values() for _, caller in found} == {signs}
    monkeypatch.undo()
    site.stop("b")
    site.start("b")
    site.gateway().close()  # its lines are up
    asked(ANNA, lambda: keeping.verify(DOOR, CROWD[0].words, os.urandom(16)))
    assert {caller for found in callers(reader, fresh().access).values() for _, caller in found} == {
        f"{signs}.{ANNA.hex()}"
    }
    assert agree(keeping)


def test_a_stolen_gateway_that_invents_whom_it_asks_for_gets_no_more_lists(tmp_path: Path) -> None:
    site = Site.make(tmp_path / "tight", Clock(), limits(gateway_lists=LISTS, row=1))
    office = site.gateway()
    try:
        office.add_gallery(DOOR, REVEAL, DOCUMENT)
        somebody = fresh()
        office.keep(DOOR, [somebody])
        opens = lambda: unlocked(office, somebody.name, "access")  # noqa: E731
        for number in range(LISTS):
            asked(number.to_bytes(8), opens)
        with pytest.raises(ListsSpent):
            asked(LISTS.to_bytes(8), opens)
        unlocked(office, somebody.name)  # which is nothing to the person's other account
    finally:
        office.close()
        site.close()


def test_without_a_name_lists_are_counted_by_the_person(tmp_path: Path) -> None:
    site = Site.make(tmp_path / "tight", Clock(), limits(row=1))
    office = site.gateway()
    try:
        office.add_gallery(DOOR, REVEAL, DOCUMENT)
        one, other = fresh(), fresh()
        office.keep(DOOR, [one, other])
        unlocked(office, one.name, "access")
        with pytest.raises(ListsSpent):
            unlocked(office, one.name, "access")
        unlocked(office, other.name, "access")
        unlocked(office, one.name)
        with pytest.raises(OpeningsSpent):
            unlocked(office, one.name)
    finally:
        office.close()
        site.close()
