"""A gateway's certificate in a thief's hands: budgets bound what it draws and destroys, and nothing else does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moiety.drills.certificate import MOST
from moiety.drills.run import ATTACKS, attack
from moiety.drills.verdict import level, passed
from moiety.identity.ports import silent
from tests.drills.conftest import PEOPLE, SEED

ROWS = tuple(row for row in ATTACKS if row.name in ("drain", "wreck"))


def outcomes(scene):
    measured = attack(scene, SEED, silent, ROWS)
    return {row.name: passed(row, level(measured)) for row in measured}


def test_an_hour_gives_what_the_budget_allows_and_not_less(scene):
    assert scene.budgeted.named == MOST  # the patient thief takes all that there is
    assert scene.budgeted.erased == MOST
    assert scene.budgeted.lost == 0
    assert outcomes(scene) == {"drain": True, "wreck": True}


def test_without_budgets_everybody_is_named_and_erased(scene):
    assert (scene.unbudgeted.named, scene.unbudgeted.erased) == (PEOPLE, PEOPLE)
    assert scene.unbudgeted.lost == PEOPLE  # to custodians that take what handles come


def test_people_who_are_lost_by_mending_are_found_like_the_erased(scene):
    leaky = replace(scene, budgeted=replace(scene.budgeted, lost=1))
    assert outcomes(leaky)["wreck"] is False


@pytest.mark.parametrize(("name", "field"), [("drain", "named"), ("wreck", "erased")])
def test_a_budget_that_gives_one_more_is_found(scene, name, field):
    leaky = replace(scene, budgeted=replace(scene.budgeted, **{field: MOST + 1}))
    assert outcomes(leaky)[name] is False


@pytest.mark.parametrize(("name", "field"), [("drain", "named"), ("wreck", "erased"), ("wreck", "lost")])
def test_a_twin_that_does_not_fall_proves_nothing(scene, name, field):
    idle = replace(scene, unbudgeted=replace(scene.unbudgeted, **{field: MOST}))
    assert outcomes(idle)[name] is False
