"""Whoever alters, cuts, begins anew or leaves out something in one of four ledgers is found, and it is named."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from moiety.custody import noting
from moiety.custody.chronicle import Chronicle
from moiety.custody.gateway.book import BEGUN, BOOK
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.gateway.ledgers import SEEN
from moiety.custody.refusals import HeaderRefused, MessageRefused
from moiety.custody.store.handles import handles
from moiety.custody.store.kinds import keys_of
from moiety.custody.unopened import LedgerChanged, LedgerLost, LedgerTampered
from moiety.custody.verbs import Row, Shown
from moiety.errors import Refused
from moiety.ledger.audit import Difference, What
from moiety.ledger.entry import Acknowledgement, Configuration, Recognition, Refusal
from moiety.ledger.log import Log
from moiety.ledger.operation import EVERYBODY, ID_BYTES, Party
from moiety.matching.header import Header
from moiety.matching.refusals import Disagreement
from moiety.sharing.seat import SEATS, Seat
from tests.custody.ledgers import LOGS, chronicle, fresh, leaves, place, read, tamper
from tests.custody.scene import DOCUMENT, DOOR, matched, opened, people
from tests.custody.test_chronicle import REVEAL

KEPT = keys_of(DOOR)
CROWD = people(3)
ANNA = fresh()
MANY = 600
"""More than a log looks at whenever it is opened."""

SOME = ("gateway", "b")
"""One of each sort: custodians' ledgers are alike."""

PARTY = dict(zip(LOGS, Party, strict=True))
NONE = dict.fromkeys(Party, 0)
NUMBER = {log: number for number, log in enumerate(LOGS)}


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office with long ledgers that nobody has looked at yet, closed."""
    folder = tmp_path_factory.mktemp("untouched") / "office"
    Embedded.create(folder, os.urandom)
    with closing(opened(folder)) as office:
        office.add_gallery(DOOR, REVEAL, DOCUMENT)
        office.enrol(DOOR, CROWD)
        office.keep(DOOR, [ANNA])
        matched(office, CROWD)
        for log in LOGS:
            _lengthen(chronicle(office, log))
    return folder


def _lengthen(written: Chronicle) -> None:
    from moiety.custody.chronicle import about_nobody
    from moiety.ledger.seal import clear

    entry = Refusal(written.now(), "office", None, "something")
    written.log.append(
        [clear(entry, about_nobody(os.urandom(ID_BYTES), written.party), os.urandom) for _ in range(MANY)]
    )


@pytest.fixture
def folder(untouched: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(untouched, tmp_path / "office"))


def looked_at(folder: Path) -> None:
    """An audit has found them good."""
    with closing(opened(folder)) as office:
        assert office.audit().first is None


def difference(folder: Path) -> Difference:
    """What an audit finds first."""
    with closing(opened(folder)) as office:
        first = office.audit().first
    assert first is not None
    return first


def refused(folder: Path, reason: type[Refused]) -> dict[str, int]:
    """The numbers of the refusal that an audit ends in."""
    with pytest.raises(reason) as raised:
        difference(folder)
    return raised.value.numbers


def unlocked(office: Embedded) -> object:
    return office.unlock(DOOR, ANNA.name, ["document"], role="operator", reason="parcel")


# One ledger's database.

LAST_ALTERED = (
    "UPDATE ledger_leaf SET commitment = zeroblob(32) WHERE position = (SELECT max(position) FROM ledger_leaf)"
)


@pytest.mark.parametrize("log", SOME)
@pytest.mark.parametrize(
    ("statement", "position"),
    [
        ("DELETE FROM ledger_leaf WHERE position = 3", 3),
        ("UPDATE ledger_leaf SET commitment = zeroblob(32) WHERE position = 3", 3),
        ("UPDATE ledger_leaf SET said = zeroblob(32) WHERE position = 3", 3),
        ("UPDATE ledger_leaf SET parties = 15 - parties WHERE position = 300", 300),
        ("UPDATE ledger_leaf SET kept = (SELECT kept FROM ledger_leaf WHERE position = 400) WHERE position = 301", 301),
    ],
    ids=["dropped", "commitment", "said", "parties", "entry"],
)
def test_a_row_that_was_altered_or_dropped_is_found_and_its_place_named(
    folder: Path, log: str, statement: str, position: int
) -> None:
    tamper(place(folder, log), statement)
    assert difference(folder) == Difference(What.ALTERED, PARTY[log], position)


@pytest.mark.parametrize("log", SOME)
def test_of_a_sealed_row_that_was_altered_its_ledger_tells_from_where_on(folder: Path, log: str) -> None:
    """Nobody but the person sees what was committed to: whoever keeps the ledger has the heads that it signed."""
    with closing(opened(folder)) as office:
        assert office.audit().first is None
        size = chronicle(office, log).log.state().size
        unlocked(office)
        last = leaves(place(folder, log))[size:]
        assert last[-1].tag is not None
        tamper(place(folder, log), LAST_ALTERED)
        assert office.audit().first == Difference(What.ALTERED, PARTY[log], size)
    # And who opens it is told the same.
    assert refused(folder, LedgerTampered) == {"ledger": NUMBER[log], "position": size}


def test_a_custodian_that_does_not_say_from_where_on_is_named_all_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of before knows no such question."""
    with closing(opened(folder)) as office:
        liar: Any = office.three.custodians["b"].audit
        unlocked(office)
        tamper(place(folder, "b"), "UPDATE ledger_leaf SET commitment = zeroblob(32) WHERE tag IS NOT NULL")

        def altered(self: Any) -> int:
            raise MessageRefused

        monkeypatch.setattr(type(liar), "altered", altered)
        assert office.audit().first == Difference(What.ALTERED, Party.B, None)


@pytest.mark.parametrize("log", SOME)
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM ledger_leaf WHERE position = (SELECT max(position) FROM ledger_leaf)",
        "INSERT INTO ledger_leaf SELECT position + 1, commitment, randomblob(16), parties, said, NULL, kept"
        " FROM ledger_leaf ORDER BY position DESC LIMIT 1",
    ],
    ids=["cut", "put in"],
)
def test_what_is_done_to_the_end_is_found_when_it_is_opened(folder: Path, log: str, statement: str) -> None:
    tamper(place(folder, log), statement)
    assert refused(folder, LedgerTampered)["ledger"] == NUMBER[log]


@pytest.mark.parametrize("log", LOGS)
def test_a_ledger_that_is_altered_under_an_open_office_is_named(folder: Path, log: str) -> None:
    with closing(opened(folder)) as office:
        assert office.audit().first is None
        tamper(place(folder, log), "UPDATE ledger_state SET state = zeroblob(41)")
        found = office.audit()
        assert found.first == Difference(What.ALTERED, PARTY[log], 0)
        assert (found.operations, set(found.behind.values())) == (0, {0})


# Another ledger in its place.


@pytest.mark.parametrize("log", LOGS)
def test_one_that_is_gone_is_not_begun_anew(folder: Path, log: str) -> None:
    shutil.rmtree(place(folder, log))
    assert refused(folder, LedgerLost) == {"ledger": NUMBER[log]}


@pytest.mark.parametrize("seen", [False, True], ids=["never looked at", "looked at"])
@pytest.mark.parametrize("log", SOME)
def test_an_empty_one_in_its_place_is_found(folder: Path, log: str, seen: bool) -> None:
    if seen:
        looked_at(folder)
    with closing(opened(folder)) as office:
        written = chronicle(office, log)
        origin, public = written.log._origin, written.public
    shutil.rmtree(place(folder, log))
    Log.create(place(folder, log), origin, PARTY[log], public).close()
    if seen:
        assert refused(folder, LedgerChanged) == {"ledger": NUMBER[log]}
    else:
        first = difference(folder)
        assert (first.what, first.log) == (What.MISSING, PARTY[log])


def test_a_gateways_ledger_that_is_begun_anew_with_its_mark_is_found(folder: Path) -> None:
    looked_at(folder)
    shutil.rmtree(place(folder, "gateway"))
    (folder / BOOK / BEGUN).unlink()
    assert refused(folder, LedgerChanged) == {"ledger": 0}
    (folder / BOOK / SEEN).unlink()  # who has the gateway's place has what it remembers: the custodians have theirs
    assert difference(folder).log is Party.GATEWAY


@pytest.mark.parametrize("seen", [False, True], ids=["never looked at", "looked at"])
@pytest.mark.parametrize("log", SOME)
def test_an_old_copy_in_its_place_is_found(folder: Path, tmp_path: Path, log: str, seen: bool) -> None:
    shutil.copytree(place(folder, log), tmp_path / "old")
    with closing(opened(folder)) as office:
        matched(office, CROWD)
        assert not seen or office.audit().first is None
    shutil.rmtree(place(folder, log))
    shutil.move(tmp_path / "old", place(folder, log))
    if seen:
        assert refused(folder, LedgerChanged) == {"ledger": NUMBER[log]}
    else:
        first = difference(folder)
        assert (first.what, first.log) == (What.MISSING, PARTY[log])


@pytest.mark.parametrize("times", [1, 2])
def test_one_that_begins_otherwise_is_found(folder: Path, tmp_path: Path, times: int) -> None:
    """Put back and written on until it is as long as before, or longer."""
    shutil.copytree(place(folder, "b"), tmp_path / "old")
    with closing(opened(folder)) as office:
        unlocked(office)
        assert office.audit().first is None
    shutil.rmtree(place(folder, "b"))
    shutil.move(tmp_path / "old", place(folder, "b"))
    with closing(opened(folder)) as office:
        for _ in range(times):
            unlocked(office)
        with pytest.raises(LedgerChanged) as raised:
            office.audit()
        assert raised.value.numbers == {"ledger": 2}


# Who shows other things.


def _flipped(head: bytes) -> bytes:
    """With one bit of its signature another: its last byte is 0 in one of sixteen."""
    return head[:-1] + bytes([head[-1] ^ 1])


@pytest.mark.parametrize("seat", SEATS[1:2])
def test_a_head_of_another_key_is_no_head_of_its(folder: Path, seat: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at(folder)
    other = Ed25519PrivateKey.generate()
    with closing(opened(folder)) as office:
        side: Any = office.three.custodians[seat].audit
        written = chronicle(office, seat)
        forged = written.log.head(written.now(), other.sign)
        for shown in (
            Shown(forged, other.public_key().public_bytes_raw()),
            Shown(forged, written.public),
            Shown(_flipped(written.head()), written.public),
            Shown(chronicle(office, "gateway").head(), written.public),
        ):
            with monkeypatch.context() as patch:
                patch.setattr(type(side), "head", lambda self, shown=shown, side=side: _other(self, side, shown))
                with pytest.raises(LedgerChanged) as raised:
                    office.audit()
            assert raised.value.numbers == {"ledger": NUMBER[seat]}


def _other(asked: Any, liar: Any, said: Any) -> Any:
    """What a liar says, and what the others do."""
    return said if asked is liar else Shown(asked.chronicle.head(), asked.chronicle.public)


@pytest.mark.parametrize("how", ["fewer", "more", "none", "other"])
def test_a_custodian_that_shows_other_rows_than_it_signed_is_found(
    folder: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(opened(folder)) as office:
        liar: Any = office.three.custodians["c"].audit
        honest = type(liar).rows

        def rows(self: Any, start: int, end: int) -> list[Row]:
            found: list[Row] = honest(self, start, end)
            if self is not liar:
                return found
            at = found[5]
            other = replace(at, line=replace(at.line, said=bytes(32)))
            return {"fewer": found[:-1], "more": [*found, at], "none": [], "other": [*found[:5], other, *found[6:]]}[
                how
            ]

        monkeypatch.setattr(type(liar), "rows", rows)
        first = office.audit().first
        assert first is not None
        assert (first.what, first.log) == (What.ALTERED, Party.C)


def test_a_custodian_that_signs_for_endless_rows_is_not_asked_for_ever(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moiety.ledger.head import Head

    with closing(opened(folder)) as office:
        written = chronicle(office, "a")
        head = Head(written.log._origin, 2**48, bytes(32), bytes(32), written.now()).signed(written.signing.sign)
        side: Any = office.three.custodians["a"].audit
        monkeypatch.setattr(type(side), "head", lambda self: _other(self, side, Shown(head, written.public)))
        first = office.audit().first
        assert first is not None
        assert (first.what, first.log) == (What.ALTERED, Party.A)


# Who does something and does not say so.


def test_a_gateway_that_opens_and_writes_nothing_is_found(folder: Path) -> None:
    """It asks two custodians by itself, as whoever holds its place can."""
    known = handles(KEPT, [ANNA.name])
    with closing(opened(folder)) as office:
        for seat in ("a", "c"):
            given = office.three.custodians[seat].records.unlock(  # type: ignore[index]
                KEPT,
                known[seat].tobytes(),
                ["document"],
                "operator",
                "theft",
                os.urandom(16),  # type: ignore[index]
            )
            assert given.words.any()
    first = difference(folder)
    assert (first.what, first.log, first.beside) == (What.MISSING, Party.GATEWAY, Party.A)


def test_a_gateway_that_searches_and_writes_nothing_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(opened(folder)) as office:
        monkeypatch.setattr(noting, "recognised", _silent(office.book))
        matched(office, CROWD[:1])
    first = difference(folder)
    assert (first.what, first.log) == (What.MISSING, Party.GATEWAY)


def test_what_somebody_has_acknowledged_hides_no_later_difference(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(opened(folder)) as office:
        with monkeypatch.context() as patch:
            patch.setattr(noting, "recognised", _silent(office.book))
            matched(office, CROWD[:2])
        assert office.audit().first is not None
        assert office.acknowledge() == NONE | {Party.GATEWAY: 3}
        assert office.acknowledge() == NONE
        assert office.audit().first is None
        last = leaves(place(folder, "gateway"))
        assert [entry.part for leaf in last if leaf.kept and isinstance(entry := read(leaf), Configuration)][
            -1
        ] == "acknowledge"
        with monkeypatch.context() as patch:
            patch.setattr(noting, "recognised", _silent(office.book))
            matched(office, CROWD[:1])
    first = difference(folder)
    assert (first.what, first.log) == (What.MISSING, Party.GATEWAY)


@pytest.mark.parametrize("seat", SEATS)
def test_what_a_custodian_lacks_it_says_itself_and_what_it_lacks_later_is_found(
    folder: Path, seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def search_unsaid() -> bytes:
        with monkeypatch.context() as patch:
            patch.setattr(noting, "recognised", _silent(chronicle(office, seat)))
            office.verify(DOOR, CROWD[0].words, CROWD[0].pseudonym)
        return leaves(place(folder, "gateway"))[-1].line.operation

    others = sum(PARTY[other] for other in SEATS if other != seat)
    with closing(opened(folder)) as office:
        lacked = search_unsaid()
        before = {log: leaves(place(folder, log)) for log in LOGS}
        assert office.acknowledge() == NONE | {PARTY[seat]: 1}
        [written] = leaves(place(folder, seat))[len(before[seat]) :]
        said = next(leaf.line.said for leaf in before["gateway"] if leaf.line.operation == lacked)
        assert read(written) == Acknowledgement(office.book.now(), "office", lacked, 15, said, others)
        assert written.line.parties == PARTY[seat]
        # Nobody else wrote anything, and it does not stand there as if it had been written then.
        assert all(leaves(place(folder, log)) == before[log] for log in LOGS if log != seat)
        assert lacked not in {leaf.line.operation for leaf in leaves(place(folder, seat))}
        found = office.audit()
        assert (found.first, dict(found.acknowledged)) == (None, {PARTY[seat]: 1})
        assert office.acknowledge() == NONE
        search_unsaid()
        first = office.audit().first
        assert first is not None
        assert (first.what, first.log) == (What.MISSING, PARTY[seat])


def test_a_custodian_acknowledges_nothing_that_the_gateway_alone_says(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may name what it likes: whoever has its place writes into its ledger what it likes, also of openings."""
    with closing(opened(folder)) as office:
        for parties in (EVERYBODY, Party.GATEWAY | Party.B):
            office.book.nobody(os.urandom(16), Recognition(office.book.now(), "office", DOOR, 1), parties)
        size = chronicle(office, "b").log.state().size
        assert office.acknowledge() == NONE
        assert chronicle(office, "b").log.state().size == size
        first = office.audit().first
        assert first is not None
        assert (first.what, first.beside) == (What.MISSING, Party.GATEWAY)


def test_a_custodian_that_invents_something_has_nobody_acknowledge_what_is_not_for_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one says is of a and c, b does not lack; what two say in other words of each other, nobody takes."""
    with closing(opened(folder)) as office:
        c, a, gateway = (chronicle(office, log) for log in ("c", "a", "gateway"))
        twice, alone = os.urandom(16), os.urandom(16)
        for written, probes in ((c, 1), (a, 2), (gateway, 1)):
            written.nobody(twice, Recognition(written.now(), "office", DOOR, probes), EVERYBODY)
        c.nobody(alone, Recognition(c.now(), "office", DOOR, 1), Party.A | Party.C)
        header = lambda: office._headers().office("acknowledge")  # noqa: E731
        for asked in (twice, alone):
            asking = header()
            counts = office.three.play(lambda one, asking=asking, asked=asked: one.audit.acknowledge(asking, [asked]))
            assert counts == {"a": int(asked == alone), "b": 0, "c": 0}
        found = office.audit()
        assert found.first is not None
        assert found.first.what is What.OTHERWISE


def test_what_a_custodian_has_it_does_not_acknowledge_and_an_old_ledger_acknowledges_nothing(
    folder: Path, tmp_path: Path
) -> None:
    """Whoever puts a ledger back has its custodian lack what it did; asked to say that it did not do it, it refuses."""
    shutil.copytree(place(folder, "b"), tmp_path / "old")
    with closing(opened(folder)) as office:
        office.enrol(DOOR, people(1, seed=9))
        last = leaves(place(folder, "b"))[-1].line.operation
        asking = office._headers().office("acknowledge")
        asked = [last]
        assert set(office.three.play(lambda one: one.audit.acknowledge(asking, asked)).values()) == {0}
    shutil.rmtree(place(folder, "b"))
    shutil.move(tmp_path / "old", place(folder, "b"))
    with closing(opened(folder)) as office:
        size = chronicle(office, "b").log.state().size
        with pytest.raises(LedgerTampered) as raised:
            office.acknowledge()
        assert raised.value.numbers == {"ledger": 2, "position": size}
        new = [read(leaf) for leaf in leaves(place(folder, "b"))[size:]]
        assert [type(entry) for entry in new] == [Refusal]
        first = office.audit().first
        assert first is not None
        assert (first.what, first.log) == (What.MISSING, Party.B)


def test_a_custodian_agrees_to_acknowledge_only_what_all_three_were_asked_for(folder: Path) -> None:
    some, other = os.urandom(16), os.urandom(16)
    with closing(opened(folder)) as office:

        def played(header: Header, operations: Callable[[Seat], list[bytes]]) -> None:
            office.three.play(lambda one: one.audit.acknowledge(header, operations(one.seat)))

        make = office._headers().office
        played(make("acknowledge"), lambda seat: [some])
        with pytest.raises(Disagreement):
            played(make("acknowledge"), lambda seat: [other if seat == "b" else some])
        with pytest.raises(HeaderRefused):
            played(make("acknowledge"), lambda seat: [some, some])
        with pytest.raises(HeaderRefused):
            played(make("renew"), lambda seat: [some])
        with pytest.raises(HeaderRefused):
            played(replace(make("acknowledge"), at=0), lambda seat: [some])


@pytest.mark.parametrize("seat", SEATS)
def test_a_custodian_that_writes_nothing_is_found(folder: Path, seat: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(opened(folder)) as office:
        monkeypatch.setattr(noting, "recognised", _silent(chronicle(office, seat)))
        matched(office, CROWD[:1])
    first = difference(folder)
    assert (first.what, first.log) == (What.MISSING, PARTY[seat])


def _silent(who: Chronicle) -> Callable[..., None]:
    honest = noting.recognised

    def recognised(written: Chronicle, header: Any) -> None:
        if written is not who:
            honest(written, header)

    return recognised


@pytest.mark.parametrize("log", SOME)
def test_one_that_says_something_else_than_the_others_is_found(
    folder: Path, log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = noting.recognised
    with closing(opened(folder)) as office:
        liar = chronicle(office, log)

        def recognised(written: Chronicle, header: Any) -> None:
            honest(written, replace(header, probes=7) if written is liar else header)

        monkeypatch.setattr(noting, "recognised", recognised)
        matched(office, CROWD[:1])
    first = difference(folder)
    assert first.what is What.OTHERWISE
    assert PARTY[log] in (first.log, first.beside) or {first.log, first.beside} <= set(Party)


def test_a_custodian_that_tells_the_gateway_otherwise_than_it_wrote_is_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(opened(folder)) as office:
        records: Any = office.three.custodians["b"].records
        honest = records.unlock
        monkeypatch.setattr(records, "unlock", lambda *asked: replace(honest(*asked), caller="somebody"))
        unlocked(office)
    first = difference(folder)
    assert (first.what, {first.log, first.beside}) == (What.OTHERWISE, {Party.GATEWAY, Party.B})


@pytest.mark.parametrize("log", SOME)
def test_something_that_one_alone_says_was_done_by_all_is_missed_in_the_others(folder: Path, log: str) -> None:
    with closing(opened(folder)) as office:
        written = chronicle(office, log)
        written.nobody(os.urandom(ID_BYTES), Recognition(written.now(), "office", DOOR, 1))
    first = difference(folder)
    assert (first.what, first.beside) == (What.MISSING, PARTY[log])


# What was found good is remembered.


def test_what_is_remembered_is_found_unreadable_and_not_forgotten(folder: Path) -> None:
    looked_at(folder)
    seen = folder / BOOK / SEEN
    assert seen.stat().st_mode & 0o777 == 0o600
    for wrong in (
        b"",
        b"{",
        b"[]",
        b"[1]",
        b'{"1": 2}',
        b'{"1": ["00", 1, 2]}',
        b'{"x": ["00", 1, "00"]}',
        b"7" * 9_999,
    ):
        seen.write_bytes(wrong)
        assert refused(folder, LedgerChanged) == {"ledger": 0}
    seen.unlink()
    looked_at(folder)


def test_a_difference_is_found_again_until_it_is_looked_into(folder: Path) -> None:
    """What was found wrong is not what a later audit starts from."""
    looked_at(folder)
    with closing(opened(folder)) as office:
        written = chronicle(office, "a")
        written.nobody(os.urandom(ID_BYTES), Recognition(written.now(), "office", DOOR, 1))
        before = (folder / BOOK / SEEN).read_bytes()
        for _ in range(2):
            assert office.audit().first is not None
            matched(office, CROWD)
        assert (folder / BOOK / SEEN).read_bytes() == before


def test_operations_on_their_way_are_no_difference(folder: Path) -> None:
    with closing(opened(folder)) as office:
        written = chronicle(office, "a")
        for _ in range(3):
            written.nobody(os.urandom(ID_BYTES), Recognition(written.now(), "office", DOOR, 1))
        found = office.audit(in_flight=3)
        assert found.first is None
        assert found.behind == {Party.GATEWAY: 3, Party.A: 0, Party.B: 3, Party.C: 3}
        assert office.audit().first is not None
