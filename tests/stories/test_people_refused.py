"""Whoever custodians did not take is in no store, and what an interruption left can be taken out."""

from __future__ import annotations

import pytest

from moiety.custody.gateway.together import Together
from moiety.custody.refusals import CustodianDown
from moiety.custody.trust.denials import ApprovalRefused
from moiety.errors import MoietyError
from moiety.identity.office import Office
from moiety.identity.pseudonym import Pseudonym
from moiety.vault.retention import State
from moiety.vault.sql import RecordStore
from tests.stories.guests import GUEST, NUMBER, guest, hotel
from tests.stories.scene import Clock

NAME = "trusting"


@pytest.fixture
def inn(office: Office) -> Office:
    """An office that keeps records, and somebody's."""
    office.add_purpose(hotel(NAME, trusting=True))
    office.purpose(NAME).people().add(guest(1), grounds="register")
    return office


def store(office: Office) -> RecordStore:
    """Its record store."""
    found = office._records.store()
    assert isinstance(found, RecordStore)
    return found


def left_by(office: Office, monkeypatch: pytest.MonkeyPatch, error: MoietyError, *, kept: bool = False) -> list[bytes]:
    """Who is pending when adding somebody ends in this, before custodians have kept anything or after it."""

    def keep(self: Together, *given: object, **more: object) -> None:
        if kept:
            real(self, *given, **more)  # type: ignore[arg-type]
        raise error

    real = Together.keep
    with monkeypatch.context() as failing:
        failing.setattr(Together, "keep", keep)
        with pytest.raises(type(error)):
            office.purpose(NAME).people().add(GUEST, grounds="register")
    return [stored.person for stored in store(office).pending(NAME)]


def test_whoever_custodians_refuse_is_taken_out_again(inn: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    assert left_by(inn, monkeypatch, ApprovalRefused(needed=2, valid=0)) == []
    assert store(inn).count(NAME) == dict.fromkeys(State, 0) | {State.ACTIVE: 1}
    assert store(inn).leaving(NAME) == {}
    people = inn.purpose(NAME).people()
    assert people.find(NUMBER) is None
    people.add(GUEST, grounds="register")
    assert people.find(NUMBER) is not None


@pytest.mark.parametrize("kept", [False, True])
def test_whoever_custodians_may_have_kept_stays_for_a_day_and_is_put_again_or_swept(
    inn: Office, monkeypatch: pytest.MonkeyPatch, clock: Clock, kept: bool
) -> None:
    people = inn.purpose(NAME).people()
    [person] = left_by(inn, monkeypatch, CustodianDown(seat=1), kept=kept)
    assert not inn.purpose(NAME).keeps(Pseudonym(NAME, person))
    people.add(GUEST, grounds="register")
    found = people.find(NUMBER)
    assert found is not None
    people.sweep()
    assert found.reveal(["address"], reason="inspection").values == {"address": GUEST["address"]}
    found.erase()
    clock.pass_(days=3)
    assert people.sweep() == 1
    assert left_by(inn, monkeypatch, CustodianDown(seat=1), kept=kept) == [person]
    clock.pass_(days=1)
    assert people.sweep() == 0
    clock.pass_(days=1)
    assert people.sweep() == 1
    assert store(inn).pending(NAME) == []
    clock.pass_(days=4)  # custodians apart let three days pass before they destroy what they kept
    people.sweep()
    assert store(inn).leaving(NAME) == {}
    assert store(inn).count(NAME) == dict.fromkeys(State, 0) | {State.ACTIVE: 1}


@pytest.mark.parametrize("kept", [False, True])
def test_whoever_is_pending_is_erased_by_pseudonym(
    inn: Office, monkeypatch: pytest.MonkeyPatch, clock: Clock, kept: bool
) -> None:
    desk = inn.purpose(NAME)
    [person] = left_by(inn, monkeypatch, CustodianDown(seat=1), kept=kept)
    assert desk.erase(Pseudonym(NAME, person)).found
    assert store(inn).get(NAME, person) is None
    assert not desk.erase(Pseudonym(NAME, person)).found
    clock.pass_(days=4)
    desk.people().sweep()
    assert store(inn).leaving(NAME) == {}
    # Of who is settled, nothing is taken out by it.
    [stored] = store(inn).page(NAME)
    assert not desk.erase(Pseudonym(NAME, stored.person)).found
    assert store(inn).count(NAME)[State.ACTIVE] == 1
