"""Custodians as processes that are killed between destroying somebody and signing for it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from moiety.custody.gateway.apart import Apart
from moiety.errors import Unavailable
from moiety.ledger import receipt
from moiety.sharing.seat import SEATS
from tests.apart.field import TIME, Field, patiently
from tests.custody.ledgers import fresh
from tests.custody.records import NO_FACE
from tests.custody.scene import DOCUMENT, DOOR
from tests.custody.test_chronicle import REVEAL
from tests.stories.scene import Clock

EXPIRES = 25_000


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    """A clock that the custodians' processes read too."""
    return Clock(tmp_path / TIME)


@pytest.fixture
def field(tmp_path: Path, clock: Clock) -> Iterator[Field]:
    field = Field.lay_out(tmp_path / "office", clock=clock)
    field.start()
    yield field
    field.close()


def connected(field: Field, clock: Clock) -> Apart:
    """A gateway: nobody is let in before the second is over in which a custodian began."""
    clock.pass_(seconds=1)
    return field.connect()


@pytest.mark.parametrize("fatal", ["", "b before erase", "b after erase", "b after scrub", "b before attest"])
def test_a_custodian_that_is_killed_signs_all_the_same(field: Field, clock: Clock, fatal: str) -> None:
    anna, about = fresh(EXPIRES), receipt.subject("p-1", bytes(32))
    with closing(patiently(lambda: connected(field, clock))) as gateway:
        gateway.add_gallery(DOOR, REVEAL, DOCUMENT)
        gateway.keep(DOOR, [anna])
        gateway.hold(DOOR, anna.name, NO_FACE, True)
        clock.pass_(hours=72, seconds=1)
        if fatal:
            field.set("b", "fatal", fatal)
            with suppress(Unavailable):
                gateway.destroy(DOOR, [anna.name], NO_FACE)
                gateway.attest(gateway.traces(DOOR, [anna.name], NO_FACE), about)
            assert field.ended("b") == -signal.SIGKILL
            field.set("b", "fatal", "")
        else:
            assert len(gateway.destroy(DOOR, [anna.name], NO_FACE)) == 1
            for seat in SEATS:
                assert field.kill(seat) == -signal.SIGKILL
    field.start(*(seat for seat in SEATS if seat not in field.running))
    with closing(patiently(lambda: connected(field, clock))) as gateway:
        patiently(lambda: gateway.destroy(DOOR, [anna.name], NO_FACE))
        keys: Any = gateway.ledger_keys()
        file = gateway.attest(gateway.traces(DOOR, [anna.name], NO_FACE), about)
    found = receipt.verify(file, keys, "p-1", bytes(32))
    assert [(some.what, some.count) for one in found.signed for some in one.statement.destroyed] == [("keys", 1)] * 3
