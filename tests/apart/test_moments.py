"""A gateway goes by where custodians stood a moment ago: what another gateway changed since is seen all the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from moiety.custody.gateway.apart import Apart
from moiety.custody.net.remote import Remote
from tests.apart.scene import Site
from tests.custody.scene import DOCUMENT, DOOR, TERMS, people

CROWD = people(3, seed=22)


@pytest.fixture
def other(site: Site, office: Apart) -> Iterator[Apart]:
    """Another gateway of the same office."""
    gateway = site.gateway()
    yield gateway
    gateway.close()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often custodians were asked what."""
    counted: Counter[str] = Counter()
    ask = Remote._ask

    def counting(self: Remote, what: Any, *rest: Any, **named: Any) -> Any:
        counted[type(what).__name__] += 1
        return ask(self, what, *rest, **named)

    monkeypatch.setattr(Remote, "_ask", counting)
    return counted


def found(gateway: Apart, number: int) -> bool:
    [pseudonyms] = gateway.identify(DOOR, CROWD[number].words[None, :]).found
    verified = gateway.verify(DOOR, CROWD[number].words, CROWD[number].pseudonym)
    assert (CROWD[number].pseudonym in pseudonyms) is verified
    return verified


def test_what_another_gateway_changed_this_moment_is_seen(office: Apart, other: Apart) -> None:
    office.enrol(DOOR, CROWD[:2])
    assert (found(office, 0), found(office, 2)) == (True, False)
    other.enrol(DOOR, CROWD[2:3])
    assert found(office, 2)
    other.erase(DOOR, CROWD[0].pseudonym)
    assert not found(office, 0)
    other.restrict(DOOR, CROWD[1].pseudonym, True)
    assert not found(office, 1)
    other.restrict(DOOR, CROWD[1].pseudonym, False)
    assert found(office, 1)
    other.refresh()
    assert (found(office, 0), found(office, 1), found(office, 2)) == (False, True, True)
    assert office.document("hotel") is None
    other.add_gallery("hotel", TERMS, DOCUMENT)
    assert office.document("hotel") == DOCUMENT


def test_it_takes_one_try_more(office: Apart, other: Apart, asked: Counter[str]) -> None:
    """Each is charged."""
    office.enrol(DOOR, CROWD[:1])
    assert found(office, 0)
    other.enrol(DOOR, CROWD[1:2])
    asked.clear()
    assert office.verify(DOOR, CROWD[1].words, CROWD[1].pseudonym)
    assert asked["Verify"] <= 6


def test_its_own_changes_need_no_second_try(office: Apart, asked: Counter[str]) -> None:
    office.enrol(DOOR, CROWD[:1])
    assert found(office, 0)
    asked.clear()
    office.enrol(DOOR, CROWD[1:2])
    before = asked["Stand"]
    assert found(office, 1)
    assert (asked["Verify"], asked["Identify"]) == (3, 3)
    assert asked["Stand"] <= before + 3


def test_a_verification_asks_for_nothing_but_that(office: Apart, asked: Counter[str]) -> None:
    office.enrol(DOOR, CROWD[:1])
    assert found(office, 0)
    asked.clear()
    assert office.document(DOOR) == DOCUMENT
    assert office.terms(DOOR) == TERMS
    assert office.verify(DOOR, CROWD[0].words, CROWD[0].pseudonym)
    # Where the moment is over meanwhile, where they stand is asked anew.
    assert asked - Counter({"Stand": 6}) == {"Verify": 3}
