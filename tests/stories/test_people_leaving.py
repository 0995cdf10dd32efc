"""People whose time is over, and what clocks have to do with it: nobody goes early, and nobody stays."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from moiety.custody.gateway import trial
from moiety.custody.gateway.deployment import DEPLOYMENT
from moiety.custody.trust.denials import ApprovalRefused, NobodySigns, RequestOther
from moiety.custody.trust.requests import read_request
from moiety.custody.trust.roster import Role, entry_text
from moiety.custody.unopened import NobodyThere
from moiety.face.installed import Installed
from moiety.identity import people as stories
from moiety.identity.keyring import ACCESS, Version
from moiety.identity.person import Person
from moiety.identity.receipts import Receipt
from moiety.identity.refusals import AlreadyKept, ClockWithoutZone, NobodyKept
from moiety.ledger.entry import Restriction
from moiety.ledger.receipt import verify
from moiety.sharing.seat import SEATS
from moiety.vault.refusals import GroundsMissing, MoveRefused, NothingToWithdraw
from moiety.vault.retention import State
from moiety.vault.schema import Group
from moiety.vault.sql import RecordStore
from tests.apart.test_approvals import signed
from tests.custody.signers import Signatory
from tests.stories.guests import GUEST, NUMBER, Inn, guest, inn

ERASURE = timedelta(hours=72)


@pytest.fixture(params=["embedded", "apart"])
def house(request: pytest.FixtureRequest, tmp_path: Path, models: Installed) -> Iterator[Inn]:
    """Custodians of a story's own, whose clock it moves."""
    with inn(tmp_path, models, apart=request.param == "apart") as made:
        yield made


def reached(house: Inn, now: datetime) -> None:
    house.clock.now = now


def gone(house: Inn, records: Path, who: Person) -> bool:
    """Whether nothing of somebody is left, anywhere, and everything else is in order."""
    with house.open(records) as office:
        assert office.check() == []
        desk = office.purpose("hotel")
        if desk.keeps(who.pseudonym):
            return False
        with pytest.raises(NobodyKept):
            desk.person(who.pseudonym).state()
        assert desk.people().find(NUMBER) is None
    with closing(RecordStore.open(records)) as store:
        assert store.leaving("hotel") == {}
        assert store.bases("hotel", who.pseudonym.value) == []
    return True


def test_who_is_erased_answers_nobody_and_is_destroyed_after_three_days(house: Inn, tmp_path: Path) -> None:
    records = tmp_path / "records"
    with house.people(records) as people:
        anna = people.person(people.add(GUEST, grounds="register").pseudonym)
        bert = people.person(people.add(guest(1), grounds="register").pseudonym)
        started = house.clock.now
        leaving = anna.erase()
        assert (leaving.destroyed, leaving.at) == (False, started.replace(second=0) + ERASURE)
        assert anna.erase() == leaving
        assert anna.state() is State.ERASING
        with pytest.raises(NobodyThere):
            anna.reveal(["address"], reason="parcel")
        with pytest.raises(AlreadyKept):
            people.add(GUEST, grounds="register")
        for moment in (started, started - timedelta(days=30) if not house.apart else started, leaving.at):
            reached(house, moment - timedelta(minutes=1))
            assert people.sweep() == 0
            assert anna.state() is State.ERASING
    reached(house, leaving.at + timedelta(minutes=1))
    with house.people(records) as people:
        assert people.sweep() == 1
        assert people.sweep() == 0
    assert gone(house, records, anna)
    with house.people(records) as people:
        assert people.person(bert.pseudonym).reveal(["address"], reason="parcel").values == {"address": "1 Long Street"}
        again = people.add(GUEST, grounds="register")
        assert again.pseudonym == anna.pseudonym


def test_who_is_being_erased_is_found_by_nothing_and_restored_by_the_pseudonym(house: Inn, tmp_path: Path) -> None:
    index = {name: GUEST[name] for name in ("name", "birth_date")}
    with house.people(tmp_path / "records") as people:
        anna = people.person(people.add(GUEST, grounds="register").pseudonym)

        def found() -> list[bool]:
            return [people.find(NUMBER) is not None, bool(people.look_up(index))]

        assert found() == [True, True]
        anna.restrict()
        assert found() == [True, True]  # whoever is to lift that finds her
        anna.lift()
        anna.erase()
        assert found() == [False, False]
        said = [noted.entry for noted in anna.history()]  # hers to know as long as it is there
        assert Restriction in {type(entry) for entry in said}
        anna.restore()
        assert found() == [True, True]
        anna.erase()
        reached(house, house.clock.now + ERASURE)
        assert people.sweep() == 1
        with pytest.raises(NobodyKept):
            anna.history()


def test_a_clock_far_ahead_destroys_nobody_early(tmp_path: Path, models: Installed) -> None:
    """Years ahead, and it is taken for two weeks: whoever is due then goes, and nobody else, however often."""
    with inn(tmp_path, models, apart=False) as house, house.people(tmp_path / "records") as people:
        now = house.clock.now
        anna = people.person(people.add(GUEST, grounds="register").pseudonym)
        bert = people.person(people.add(guest(1), grounds="register").pseudonym)
        bert.erase()
        reached(house, now + timedelta(days=400))
        assert people.sweep() == 1
        assert [people.sweep() for _ in range(40)] == [0] * 40
        assert anna.state() is State.ACTIVE
        reached(house, now - timedelta(days=400))
        assert people.sweep() == 0
        reached(house, now)
        assert anna.reveal(["address"], reason="parcel").values == {"address": GUEST["address"]}
        house.clock._now = datetime(2031, 5, 1)  # noqa: DTZ001
        with pytest.raises(ClockWithoutZone):
            people.sweep()
        reached(house, now)


def test_an_office_that_was_closed_for_two_months_destroys_again_by_itself(house: Inn, tmp_path: Path) -> None:
    """Nobody confirms anything: retention catches up, and erasures take their three days meanwhile."""
    records = tmp_path / "records"
    with house.people(records) as people:
        start = house.clock.now
        anna = people.person(people.add(GUEST, grounds="register").pseudonym)
        day = start
        while day < start + timedelta(days=343):
            day += timedelta(days=13)
            reached(house, day)
            assert people.sweep() == 0
    reopened = start + timedelta(days=400)
    reached(house, reopened)
    with house.people(records) as people:
        assert people.clock().days_off > 0
        bert = people.add(guest(1), grounds="register")
        assert bert.expires == (reopened + timedelta(days=365)).date()
        assert people.person(bert.pseudonym).reveal(["address"], reason="parcel")
        assert people.sweep() == 0
        leaving = people.person(bert.pseudonym).erase()
        assert leaving.at == reopened.replace(second=0) + ERASURE
        destroyed = []
        for hours in (20, 40, 60, 71):
            reached(house, reopened + timedelta(hours=hours))
            destroyed.append(people.sweep())
            assert people.person(bert.pseudonym).state() is State.ERASING
        assert sum(destroyed) == 1
        assert people.clock().days_off == 0
        reached(house, leaving.at + timedelta(minutes=1))
        assert people.sweep() == 1
    assert gone(house, records, anna)


def test_whoever_looked_at_the_clock_says_so(tmp_path: Path, models: Installed) -> None:
    with inn(tmp_path, models, apart=False) as house:
        with house.people(tmp_path / "records") as people:
            anna = people.person(people.add(GUEST, grounds="register").pseudonym)
            reached(house, house.clock.now + timedelta(days=400))
            assert people.sweep() == 0
            assert people.confirm_clock().days_off == 0
            assert people.sweep() == 1
        assert gone(house, tmp_path / "records", anna)


def test_an_erasure_under_a_wrong_clock_is_done_once_it_is_right(tmp_path: Path, models: Installed) -> None:
    with inn(tmp_path, models, apart=False) as house, house.people(tmp_path / "records") as people:
        now = house.clock.now
        anna = people.person(people.add(GUEST, grounds="register").pseudonym)
        reached(house, now + timedelta(days=400))
        assert anna.erase().at > now + timedelta(days=400)
        reached(house, now)
        assert people.sweep() == 0
        reached(house, now + ERASURE)
        assert people.sweep() == 1


def test_who_withdraws_is_on_the_way_out_at_once(house: Inn, tmp_path: Path) -> None:
    with house.people(tmp_path / "records") as people:
        anna = people.person(people.add(GUEST, grounds="consent").pseudonym)
        bert = people.person(people.add(guest(1), grounds="register").pseudonym)
        with pytest.raises(NothingToWithdraw):  # a duty of the law is nothing that somebody gave
            bert.withdraw()
        assert bert.state() is State.ACTIVE
        leaving = anna.withdraw()
        assert leaving is not None
        assert not leaving.destroyed
        with pytest.raises(NobodyThere):
            anna.show()
        [given] = anna.basis()
        assert (given.withdrawn, given.withdrawn_how) == (house.clock.now.date(), "electronic")
        assert not given.stands
        with pytest.raises(NothingToWithdraw):
            anna.withdraw()
        assert anna.erase() == leaving


def test_retention_ends_with_its_last_day(house: Inn, tmp_path: Path) -> None:
    records = tmp_path / "records"
    with house.people(records) as people:
        added = people.add(GUEST, grounds="register")
        assert added.expires == house.clock.now.date() + timedelta(days=365)
        anna = people.person(added.pseudonym)
        restricted = people.person(people.add(guest(1), grounds="register").pseudonym)
        restricted.restrict()
        late = people.person(people.add(guest(2), grounds="register").pseudonym)
        # A clock is followed two weeks at a time: an office that is closed for longer looks at it first.
        day = house.clock.now
        while day.date() < added.expires:
            day = min(day + timedelta(days=13), datetime.combine(added.expires, time(23, 59), UTC))
            reached(house, day)
            assert people.sweep() == 0
    with house.people(records) as people:
        anna = people.person(added.pseudonym)
        assert anna.reveal(["address"], reason="parcel").values == {"address": GUEST["address"]}
        people.person(late.pseudonym).restrict()
    with house.people(records, "hotel-next-door") as others:
        others.person(others.add(GUEST, grounds="register").pseudonym).erase()
    reached(house, datetime.combine(added.expires + timedelta(days=1), time(0), UTC))
    with house.people(records) as people:
        anna = people.person(added.pseudonym)
        with pytest.raises(NobodyThere):  # the custodians need nobody to tell them
            anna.reveal(["address"], reason="parcel")
        assert people.sweep() == 1
        assert people.person(restricted.pseudonym).state() is State.RESTRICTED
        if house.apart:  # kept because somebody needs it, whatever the day: nobody signed for its end
            with pytest.raises(ApprovalRefused):
                people.person(late.pseudonym).erase(now=True)
        people.person(late.pseudonym).erase()
    reached(house, house.clock.now + ERASURE)
    with house.people(records) as people:
        assert people.sweep() == 1
    with house.people(records, "hotel-next-door") as others:
        assert others.sweep() == 1
    assert gone(house, records, anna)


def test_whom_custodians_refuse_keeps_nobody_else_waiting(
    tmp_path: Path, models: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stories, "SWEPT_AT_ONCE", 1)
    taken: list[tuple[Receipt, int]] = []
    entered: list[str] = []

    @contextmanager
    def receiving(name: str) -> Iterator[Callable[[Receipt], None]]:
        entered.append(name)
        yield lambda receipt: taken.append((receipt, len(entered)))

    with inn(tmp_path, models, apart=True) as house:
        records, start = tmp_path / "records", house.clock.now
        with house.people(records) as people:
            who = [people.person(people.add(guest(at), grounds="register").pseudonym) for at in (1, 2, 3, 4)]
            for one in who:
                one.erase()
                reached(house, house.clock.now + timedelta(minutes=1))
            desk = people._desk
            stored = [desk.records().get("hotel", one.pseudonym.value) for one in who]
            reached(house, start + timedelta(hours=50))
            for at in (0, 2):  # whom custodians restricted later than the record store says
                assert stored[at] is not None
                for on in (False, True):
                    desk.custody().hold("hotel", stored[at].handle, who[at].pseudonym.value, on)
        reached(house, start + ERASURE + timedelta(minutes=9))
        with house.people(records) as people:
            with pytest.raises(ApprovalRefused):
                people.sweep(receiving)
            assert len(set(entered)) == 4
            assert [count for _, count in taken] == [2, 4]
            for at, one in enumerate(people.person(known.pseudonym) for known in who):
                if at in (0, 2):
                    assert one.state() is State.ERASING
                else:
                    with pytest.raises(NobodyKept):
                        one.state()
        reached(house, start + timedelta(hours=50) + ERASURE + timedelta(minutes=9))
        with house.people(records) as people, house.open(records) as office:
            assert people.sweep(receiving) == 2
            keys: Any = office.ledger_keys()
            about = [who[at] for at in (1, 3, 0, 2)]
            for one, (receipt, _) in zip(about, taken, strict=True):
                assert verify(receipt.file, keys, str(one.pseudonym), receipt.salt)


def test_what_was_written_anew_keeps_nobody_waiting_where_it_is_refused(tmp_path: Path, models: Installed) -> None:
    with inn(tmp_path, models, apart=False) as house, house.people(tmp_path / "records") as people:
        anna = people.person(people.add(GUEST, grounds="register").pseudonym)
        people.person(people.add(guest(1), grounds="register").pseudonym).erase()
        desk = people._desk
        for handle in (bytes([1]) * 16, bytes([2]) * 16):
            desk.records().expect("hotel", anna.pseudonym.value, handle)
        drop = desk.custody().drop
        asked: list[bytes] = []

        def refused(purpose: str, version: bytes, *, waiting: bool = False) -> bool:
            asked.append(version)
            if len(asked) == 1:
                raise ApprovalRefused(needed=2, valid=0)
            return drop(purpose, version, waiting=waiting)

        reached(house, house.clock.now + ERASURE)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(desk.custody(), "drop", refused)
            with pytest.raises(ApprovalRefused):
                people.sweep()
        assert len(asked) == 2
        assert list(desk.records().leaving("hotel")) == asked[:1]
        assert people.find(str(guest(1)["national_id"])) is None
        assert people.sweep() == 0
        assert desk.records().leaving("hotel") == {}


def test_at_once_where_nobody_signs(tmp_path: Path, models: Installed) -> None:
    with inn(tmp_path, models, apart=False) as house:
        with house.people(tmp_path / "records") as people:
            anna = people.person(people.add(GUEST, grounds="register").pseudonym)
            bert = people.person(people.add(guest(1), grounds="register").pseudonym)
            with pytest.raises(NobodySigns):
                anna.request_erasure()
            with pytest.raises(NobodySigns):
                anna.erase(now=True, approved=b"{}")
            leaving = anna.erase(now=True)
            assert (leaving.destroyed, leaving.at) == (True, house.clock.now)
            with pytest.raises(NobodyKept):
                anna.erase(now=True)
            bert.erase()
            assert bert.erase(now=True).destroyed
        assert gone(house, tmp_path / "records", anna)


def test_nothing_of_who_was_destroyed_is_in_the_record_stores_files(tmp_path: Path, models: Installed) -> None:
    """While it is open, too: nothing waits until somebody closes it."""
    with inn(tmp_path, models, apart=False) as house, house.people(tmp_path / "records") as people:
        anna = people.person(people.add(GUEST, grounds="register").pseudonym)
        stored = people._desk.records().get("hotel", anna.pseudonym.value, Group)
        assert stored is not None

        def left() -> list[str]:
            files = b"".join(file.read_bytes() for file in (tmp_path / "records").iterdir())
            # From the end: a page of a database holds a short value whole.
            return [group.value for group, blob in stored.blobs.items() if bytes(blob[-64:]) in files]

        assert left() == [group.value for group in stored.blobs]
        anna.erase(now=True)
        assert left() == []


def test_whoever_is_destroyed_is_so_with_what_was_written_anew_of_them(
    tmp_path: Path, models: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a correction that ended before the version before it was destroyed."""
    with inn(tmp_path, models, apart=False) as house, house.people(tmp_path / "records") as people:
        anna = people.person(people.add(GUEST, grounds="register").pseudonym)
        custody, records = people._desk.custody(), people._desk.records()

        def stopped(*asked: object, **more: object) -> bool:
            raise RuntimeError("stopped here")

        with monkeypatch.context() as patch:
            patch.setattr(custody, "drop", stopped)
            with pytest.raises(RuntimeError):
                anna.correct({"address": "2 New Street"})
        assert len(records.leaving("hotel")) == 1
        anna.erase(now=True)
        assert records.leaving("hotel") == {}


def test_at_once_apart_takes_two_officers(tmp_path: Path, models: Installed) -> None:
    """Of a gateway that has no officer's key: the file with their signatures is brought to it."""
    olga, otto, ben = Signatory("olga", Role.OFFICER), Signatory("otto", Role.OFFICER), Signatory("ben")
    with inn(tmp_path, models, apart=True) as house:
        with house.people(tmp_path / "records") as people:
            whose = [people.add(some, grounds="register").pseudonym for some in (GUEST, guest(1))]
        for seat in SEATS:
            for someone in (olga, otto, ben):
                roster = trial.home(house.folder, seat) / trial.OPERATORS / f"{someone.person.name}.toml"
                roster.write_text(entry_text(someone.person))
        deployment = house.folder / DEPLOYMENT
        deployment.write_text(deployment.read_text().split("\n[[officers]]")[0])
        house.clock.pass_(seconds=2)
        with house.people(tmp_path / "records") as people:
            anna, bert = (people.person(pseudonym) for pseudonym in whose)
            request = anna.request_erasure()
            for secret in (str(anna.pseudonym), anna.pseudonym.value.hex(), NUMBER):
                assert secret.encode() not in request
            assert read_request(request).people == 1
            for wrong in (None, signed(request, olga), signed(request, olga, ben)):
                with pytest.raises(ApprovalRefused):
                    anna.erase(now=True, approved=wrong)
                assert anna.state() is State.ACTIVE  # what is refused is not done
                assert anna.reveal(["address"], reason="parcel").values == {"address": GUEST["address"]}
            good = signed(request, olga, otto)
            with pytest.raises(RequestOther):
                bert.erase(now=True, approved=good)
            assert anna.erase(now=True, approved=good).destroyed
        assert gone(house, tmp_path / "records", anna)


def test_an_erasure_that_nobody_wanted_is_taken_back_before_its_hours_are_over(house: Inn, tmp_path: Path) -> None:
    with house.people(tmp_path / "records") as people:
        anna = people.person(people.add(GUEST, grounds="consent").pseudonym)
        bert = people.person(people.add(guest(1), grounds="register").pseudonym)
        start = house.clock.now
        anna.restore()  # of who is not leaving it makes sure
        anna.erase()
        reached(house, start + timedelta(hours=71))
        anna.restore()
        assert anna.state() is State.ACTIVE
        assert anna.reveal(["address"], reason="parcel").values == {"address": GUEST["address"]}
        reached(house, start + ERASURE + timedelta(minutes=1))
        assert people.sweep() == 0
        bert.restrict()
        with pytest.raises(MoveRefused):
            bert.restore()
        anna.withdraw()
        with pytest.raises(GroundsMissing):  # who took their consent back does not come back by somebody else's word
            anna.restore()
        assert anna.state() is State.ERASING


@pytest.mark.parametrize("soon", [True, False])
def test_what_an_interrupted_correction_left_is_destroyed_with_the_record(
    house: Inn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, soon: bool
) -> None:
    """Its keys were carried over by the custodians, so they open every old copy of the record store."""
    olga, otto = (Signatory(name, Role.OFFICER) for name in ("olga", "otto"))
    records = tmp_path / "records"
    if house.apart:
        for seat in SEATS:
            for someone in (olga, otto):
                roster = trial.home(house.folder, seat) / trial.OPERATORS / f"{someone.person.name}.toml"
                roster.write_text(entry_text(someone.person))
        house.clock.pass_(seconds=2)
    with house.people(records) as people:
        anna = people.person(people.add(GUEST, grounds="register").pseudonym)
        with monkeypatch.context() as ended:
            ended.setattr(RecordStore, "replace", _interrupted)
            with pytest.raises(KeyboardInterrupt):
                anna.correct({"address": "2 New Street"})
        with closing(RecordStore.open(records)) as store:
            [successor] = store.leaving("hotel")
        if soon:
            approved = signed(anna.request_erasure(), olga, otto) if house.apart else None
            receipt = anna.erase(now=True, approved=approved).receipt
            assert receipt is not None
        else:
            leaving = anna.erase()
            reached(house, leaving.at + timedelta(minutes=1))
            assert people.sweep() == 1
        desk = people._desk
        assert not desk.custody().hold("hotel", successor, bytes(16), False)  # nobody is there to be answered about
    assert gone(house, records, anna)
    assert all(anna.pseudonym.value not in file.read_bytes() for file in records.iterdir())


def test_keys_that_no_record_came_to_use_go_after_three_days(house: Inn, tmp_path: Path) -> None:
    """Of a correction that ended between custodians and record store. Apart, they are nothing that was written anew:
    to custodians they look like anybody's."""
    with house.people(tmp_path / "records") as people:
        anna = people.person(people.add(GUEST, grounds="register").pseudonym)
        desk = people._desk
        stored = desk.records().get("hotel", anna.pseudonym.value)
        assert stored is not None
        never = Version.fresh(os.urandom, stored.stay.expires + 1, 0)
        desk.records().expect("hotel", anna.pseudonym.value, never.name)
        carried = [*(group.value for group in Group if group is not Group.CONTACT), ACCESS]
        desk.custody().rewrite("hotel", never, stored.handle, carried)
        assert anna.reveal(["address"], reason="parcel").values == {"address": GUEST["address"]}
        anna.correct({"address": "2 New Street"})
        assert desk.records().leaving("hotel") == ({never.name: True} if house.apart else {})
        with pytest.raises(NobodyThere):
            desk.custody().unlock("hotel", never.name, ["contact"], role="operator", reason="parcel")
        start = house.clock.now
        for passed in (timedelta(hours=30), timedelta(hours=71, minutes=59)):
            reached(house, start + passed)
            assert people.sweep() == 0
            assert bool(desk.records().leaving("hotel")) == house.apart
        reached(house, start + ERASURE)
        assert people.sweep() == 0
        assert desk.records().leaving("hotel") == {}
        assert anna.reveal(["address"], reason="parcel").values == {"address": "2 New Street"}


def _interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt
