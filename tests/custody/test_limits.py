"""Limits are bounded whole numbers that a door can work with and an hour's thief cannot drain."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from pydantic import ValidationError

from moiety.custody.trust.limits import AMOUNT_MOST, Limit, Limits, Scope, Table, Unit, real_bound


def test_every_unit_has_a_limit_in_every_scope() -> None:
    limits = Limits()
    for scope in Scope:
        for unit in Unit:
            assert limits.of(scope, unit).daily > 0
    assert limits.of(Scope.ROW, Unit.COMPARISONS) == limits.row != limits.of(Scope.CALLER, Unit.COMPARISONS)


def test_what_is_not_set_stays_as_it_was() -> None:
    limits = Limits.model_validate({"gateway": {"rows": {"burst": 5, "daily": 6}}, "row": {"burst": 1, "daily": 2}})
    assert limits.of(Scope.GATEWAY, Unit.ROWS) == Limit(burst=5, daily=6)
    assert limits.of(Scope.PURPOSE, Unit.ROWS) == Table().rows
    assert limits.of(Scope.GATEWAY, Unit.MATCHES) == Table().matches
    assert limits.row == Limit(burst=1, daily=2)


@pytest.mark.parametrize(
    "table",
    [
        {"gateway": {"rows": {"burst": 7, "daily": 6}}},
        {"gateway": {"rows": {"burst": -1, "daily": 6}}},
        {"gateway": {"rows": {"burst": 1, "daily": AMOUNT_MOST + 1}}},
        {"gateway": {"rows": {"burst": 1.0, "daily": 6}}},
        {"gateway": {"rows": {"burst": True, "daily": 6}}},
        {"gateway": {"rows": {"burst": 1}}},
        {"gateway": {"rows": {"burst": 1, "daily": 6, "hourly": 6}}},
        {"gateway": {"row": {"burst": 1, "daily": 6}}},
        {"gate": {}},
        {"row": 7},
    ],
)
def test_a_table_that_says_anything_else_is_refused(table: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Limits.model_validate(table)


def test_the_defaults_let_a_door_work_and_bound_an_hour() -> None:
    def hour(limit: Limit) -> int:
        return limit.burst + limit.daily // 24

    table = Table()
    searches, matches = 4_096, 1
    assert table.rows.daily // searches > 10 * 4_000, "4,000 people who come and go ten times a day"
    assert table.rows.burst // searches > 1_000, "the queue of a morning"
    assert table.matches.burst >= 1_000 * matches
    hourly = {unit: hour(getattr(table, unit)) for unit in Unit}
    assert hourly == {
        Unit.REQUESTS: 8_333,
        Unit.ROWS: 25_055_274,
        Unit.MATCHES: 1_416,
        Unit.OPENINGS: 283,
        Unit.EVALUATIONS: 583,
        Unit.ERASURES: 24,
        Unit.CORRECTIONS: 62,
        Unit.ENROLMENTS: 1_083,
        Unit.COMPARISONS: 1_833,
        Unit.HELPS: 26,
        Unit.APPROVALS: 58,
        Unit.LISTS: 283,
    }


@pytest.mark.parametrize("configured", [0, 1, 2, 3, 10, 101])
def test_the_real_bound_is_what_spreading_over_the_pairs_gives(configured: int) -> None:
    """Against every way of spreading single questions over the three pairs."""
    best = 0
    pairs = list(combinations(range(3), 2))
    for first in range(configured + 1):
        for second in range(configured + 1 - first):
            used = [0, 0, 0]
            for pair, times in zip(pairs, (first, second), strict=False):
                for seat in pair:
                    used[seat] += times
            third = min(configured - used[seat] for seat in pairs[2])
            if third >= 0:
                best = max(best, first + second + third)
    assert best == real_bound(configured)
