"""Somebody who can write one custodian's database: what SECURITY.md says that this buys, and what it does not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from moiety.custody import wire
from moiety.custody.gateway import trial
from moiety.custody.trust.signing import Kind
from moiety.sharing.seat import SEATS, Seat
from tests.apart import test_spending as spending
from tests.apart.asking import DONE
from tests.apart.test_spending import CROWD, SLOTS, limits
from tests.custody.scene import DOCUMENT, DOOR, TERMS

THIEF: Seat = "b"


class Scene(spending.Scene):
    """Three custodians with budgets for five searches of one probe, and whoever may write one's database."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, limits(gateway_rows=5 * SLOTS))

    def written(self, statement: str, *values: bytes) -> int:
        """Run this at the thief's custodian while it is stopped; how many rows it changed."""
        self.site.stop(THIEF)
        file = trial.home(self.site.folder, THIEF) / trial.STORE / "custodian.sqlite"
        with closing(sqlite3.connect(file)) as database, database:
            changed = database.execute(statement, values).rowcount
        self.site.start(THIEF)
        self.site.gateway().close()
        return changed

    def searched(self, probes: int = 1) -> dict[Seat, str]:
        return self.asking.all(self.asking.identify(*CROWD[:probes]))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.close()


def test_budgets_come_back_at_that_custodian_and_the_other_two_refuse(scene: Scene) -> None:
    assert scene.searched(3) == dict.fromkeys(SEATS, DONE)
    assert scene.searched(2) == dict.fromkeys(SEATS, DONE)
    assert scene.searched() == dict.fromkeys(SEATS, "budget_rows_spent")
    assert scene.written("DELETE FROM kept") > 0
    assert scene.searched() == {"a": "budget_rows_spent", "b": "attempt_stopped", "c": "budget_rows_spent"}


def test_a_used_approval_counts_again_at_that_custodian_alone(scene: Scene) -> None:
    ask = wire.AddGallery("gate", TERMS.to_json(), DOCUMENT)
    agreed = [scene.asking.signed(officer, ask, Kind.APPROVAL) for officer in scene.asking.hand.officers]

    def asked() -> dict[Seat, str]:
        return scene.asking.all(dict.fromkeys(SEATS, ask), leased=True, approvals=agreed)

    assert asked() == dict.fromkeys(SEATS, DONE)
    assert set(asked().values()) == {"approval_refused"}
    assert scene.written("DELETE FROM kept") > 0
    again = asked()
    assert again.pop(THIEF) != "approval_refused"
    assert set(again.values()) == {"approval_refused"}


def test_terms_are_not_sealed_and_the_other_two_put_them_right(scene: Scene) -> None:
    lax = replace(TERMS, rates=tuple(replace(rate, threshold=100) for rate in TERMS.rates))
    assert scene.written("UPDATE gallery SET terms = ?", lax.to_json()) == 1
    assert scene.asking.standing(THIEF).galleries[DOOR].terms == TERMS.to_json()
    assert scene.searched() == dict.fromkeys(SEATS, DONE)
