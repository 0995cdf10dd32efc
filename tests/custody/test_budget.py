"""No more than a burst and the rate in any window, no more than a day's in a day, whatever dies or jumps in between."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from threading import Barrier, Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moiety.custody.refusals import FormatUnknown
from moiety.custody.store.keeping import Passing
from moiety.custody.trust import budget as module
from moiety.custody.trust.account import DAY_S, Account, fresh
from moiety.custody.trust.budget import Allowance, Budget, Charge
from moiety.custody.trust.limits import Limit, Limits, Scope, Table, Unit
from moiety.custody.trust.spending import SPENT, BudgetSpent, ComparisonsSpent, MatchesSpent, RowsSpent
from tests.custody.scene import Clock

GATEWAY, OTHER, CALLER = b"g" * 32, b"h" * 32, b"c" * 32
ROOMY = Limit(burst=10**9, daily=10**9)


def table(**limits: Limit) -> Table:
    return Table(**{unit.value: limits.get(unit.value, ROOMY) for unit in Unit})


class Counting(Passing):
    """Counts commits; `full` fails them."""

    def __init__(self) -> None:
        super().__init__()
        self.commits, self.full, self.pause_s = 0, False, 0.0

    def keep(self, kind: str, values: Mapping[bytes, bytes], drop: Iterable[bytes] = ()) -> None:
        if self.full:
            raise OSError("full")
        self.commits += 1
        time.sleep(self.pause_s)
        super().keep(kind, values, drop)


@dataclass
class Desk:
    """A budget over what outlives it, its clock and its alarms."""

    limits: Limits
    clock: Clock = field(default_factory=Clock)
    keeping: Counting = field(default_factory=Counting)
    alarms: list[tuple[Scope, Unit]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.budget = Budget(self.limits, self.keeping, self.clock, lambda *heard: self.alarms.append(heard))

    def gives(self, amount: int, unit: Unit = Unit.ROWS, gateway: bytes = GATEWAY, row: bytes | None = None) -> bool:
        try:
            self.budget.charge(gateway, "door", CALLER, unit, amount, row)
        except BudgetSpent as spent:
            return type(spent) is not SPENT[unit]
        return True

    def owes(self, amount: int) -> None:
        self.budget.owe(GATEWAY, "door", CALLER, Unit.MATCHES, amount)

    @property
    def now(self) -> int:
        return int(self.clock().timestamp())


def desk(limit: Limit, unit: Unit = Unit.ROWS, **scopes: Limit) -> Desk:
    """The same limit in all three scopes."""
    same = table(**{unit.value: limit})
    return Desk(Limits(gateway=same, purpose=same, caller=same, **scopes))


def test_a_burst_and_then_the_rate() -> None:
    shop = desk(Limit(burst=10, daily=DAY_S))
    assert shop.gives(10)
    assert not shop.gives(1)
    shop.clock.pass_(seconds=3)
    assert not shop.gives(4)
    assert shop.gives(3)
    assert not shop.gives(1)


def test_what_is_full_does_not_overflow() -> None:
    shop = desk(Limit(burst=10, daily=DAY_S))
    assert shop.gives(1)
    shop.clock.pass_(hours=5)
    assert not shop.gives(11)
    assert shop.gives(10)


def test_a_day_has_its_ceiling_and_the_next_day_its_own() -> None:
    shop = desk(Limit(burst=60, daily=100))
    assert shop.gives(60)
    shop.clock.pass_(hours=11)  # still the same day, and refilled by 45
    assert shop.gives(40)
    assert not shop.gives(1)
    shop.clock.pass_(hours=2)
    assert shop.gives(5)


@pytest.mark.parametrize("unit", Unit)
def test_each_unit_has_its_own_refusal_and_its_own_account(unit: Unit) -> None:
    shop = desk(Limit(burst=1, daily=1), unit)
    assert shop.gives(1, unit)
    with pytest.raises(SPENT[unit]) as refusal:
        shop.budget.charge(GATEWAY, "door", CALLER, unit, 1)
    assert refusal.value.numbers == {}
    for other in Unit:
        assert shop.gives(1, other) == (other is not unit)


@pytest.mark.parametrize("scope", [Scope.GATEWAY, Scope.PURPOSE, Scope.CALLER])
def test_each_account_refuses_and_the_others_are_not_charged(scope: Scope) -> None:
    small = table(rows=Limit(burst=5, daily=5))
    wide = table(rows=Limit(burst=8, daily=8))
    scopes = {one.value: small if one is scope else wide for one in (Scope.GATEWAY, Scope.PURPOSE, Scope.CALLER)}
    shop = Desk(Limits(**scopes))
    assert not shop.gives(6)
    assert shop.alarms == [(scope, Unit.ROWS)]
    assert shop.gives(5)
    # Whoever differs in exactly that account still has what the refusal would have taken.
    changed = {
        Scope.GATEWAY: (OTHER, "door", CALLER),
        Scope.PURPOSE: (GATEWAY, "gate", CALLER),
        Scope.CALLER: (GATEWAY, "door", b"d" * 32),
    }[scope]
    shop.budget.charge(*changed, Unit.ROWS, 3)
    with pytest.raises(RowsSpent):
        shop.budget.charge(*changed, Unit.ROWS, 1)


def test_one_row_has_an_account_of_its_own() -> None:
    shop = desk(ROOMY, row=Limit(burst=2, daily=4))
    assert shop.gives(2, Unit.COMPARISONS, row=b"r" * 16)
    assert not shop.gives(1, Unit.COMPARISONS, row=b"r" * 16)
    assert shop.alarms == [(Scope.ROW, Unit.COMPARISONS)]
    assert shop.gives(2, Unit.COMPARISONS, row=b"s" * 16)
    with pytest.raises(ComparisonsSpent):
        shop.budget.charge(OTHER, "door", b"d" * 32, Unit.COMPARISONS, 1, b"r" * 16)
    shop.budget.charge(OTHER, "gate", b"d" * 32, Unit.COMPARISONS, 1, b"r" * 16)


def test_a_row_of_one_purpose_is_none_of_another() -> None:
    shop = desk(ROOMY, row=Limit(burst=1, daily=1))
    for purpose, row in (("door", b"row"), ("doo", b"rrow"), ("doorr", b"ow")):
        shop.budget.charge(GATEWAY, purpose, CALLER, Unit.COMPARISONS, 1, row)
        with pytest.raises(ComparisonsSpent):
            shop.budget.charge(GATEWAY, purpose, CALLER, Unit.COMPARISONS, 1, row)


def test_matches_are_owed_and_everything_waits_until_they_are_paid() -> None:
    shop = desk(Limit(burst=10, daily=24), Unit.MATCHES)
    shop.owes(9)
    assert shop.gives(5)
    shop.owes(3)
    for gateway, caller, purpose in ((GATEWAY, b"x", "x"), (b"x", CALLER, "x"), (b"x", b"x", "door")):
        with pytest.raises(MatchesSpent):
            shop.budget.charge(gateway, purpose, caller, Unit.ROWS, 1)
        with pytest.raises(MatchesSpent):
            shop.budget.charge(gateway, purpose, caller, Unit.ERASURES, 0)
    assert len(shop.alarms) == 6
    shop.budget.charge(b"x", "x", b"x", Unit.ROWS, 1)
    shop.restart()
    with pytest.raises(MatchesSpent):
        shop.budget.charge(GATEWAY, "x", b"x", Unit.ROWS, 1)
    shop.clock.pass_(hours=2)
    assert shop.gives(5) is True


def test_whoever_owes_may_still_connect_and_check() -> None:
    shop = desk(Limit(burst=2, daily=2), Unit.MATCHES)
    shop.owes(5)
    shop.budget.charge(GATEWAY, "door", CALLER, Unit.REQUESTS, 1)
    with pytest.raises(MatchesSpent):
        shop.budget.charge(GATEWAY, "door", CALLER, Unit.ROWS, 1)


def test_what_is_owed_is_kept_to_the_unit() -> None:
    shop = desk(Limit(burst=10, daily=24), Unit.MATCHES)
    shop.owes(34)
    shop.restart()
    shop.clock.pass_(hours=23)
    assert shop.gives(1), "as a refusal of matches, which are still owed"
    with pytest.raises(MatchesSpent):
        shop.budget.charge(GATEWAY, "door", CALLER, Unit.ROWS, 1)
    shop.clock.pass_(hours=1)
    shop.budget.charge(GATEWAY, "door", CALLER, Unit.ROWS, 1)


def test_more_matches_than_a_days_close_the_day() -> None:
    shop = desk(Limit(burst=24, daily=24), Unit.MATCHES)
    shop.owes(20)
    shop.clock.pass_(hours=6)
    shop.owes(5)
    with pytest.raises(MatchesSpent):
        shop.budget.charge(GATEWAY, "door", CALLER, Unit.ROWS, 1)
    shop.clock.pass_(hours=6)
    shop.budget.charge(GATEWAY, "door", CALLER, Unit.ROWS, 1)


def test_what_is_required_is_not_drawn_and_is_added_up() -> None:
    """Raised is what charging these, one after the other, would raise."""
    two = desk(Limit(burst=2, daily=2), Unit.ERASURES)

    def required(*amounts: int) -> bool:
        try:
            two.budget.require([Charge(GATEWAY, "door", CALLER, Unit.ERASURES, amount) for amount in amounts])
        except SPENT[Unit.ERASURES]:
            return False
        return True

    assert [required(2), required(1, 1), required(2)] == [True] * 3
    assert [required(3), required(1, 1, 1)] == [False] * 2
    assert len(two.alarms) == 2
    assert two.keeping.commits == 0
    assert two.gives(2, Unit.ERASURES)
    assert not required(1)


def test_whoever_owes_is_told_before_anybodys_signature_is_used_up() -> None:
    """What is owed of another unit refuses the charge, so it refuses what is required before it too; but to connect."""
    shop = desk(Limit(burst=2, daily=2), Unit.MATCHES)
    shop.owes(3)
    with pytest.raises(MatchesSpent):
        shop.budget.require([Charge(GATEWAY, "door", CALLER, Unit.ERASURES, 1)])
    shop.budget.require([Charge(GATEWAY, "door", CALLER, Unit.REQUESTS, 1)])
    shop.budget.require([Charge(OTHER, "gate", b"d" * 32, Unit.ERASURES, 1)])


def test_nothing_is_given_back() -> None:
    shop = desk(Limit(burst=1, daily=1))
    with pytest.raises(ValueError, match="given back"):
        shop.gives(-1)
    with pytest.raises(ValueError, match="given back"):
        shop.owes(-1)


def test_a_clock_set_back_gives_nothing_back() -> None:
    shop = desk(Limit(burst=10, daily=20))
    assert shop.gives(10)
    for hours in (-1, -30, -24 * 400):
        shop.clock.pass_(hours=hours)
        assert not shop.gives(1)
    shop.clock.pass_(hours=1 + 30 + 24 * 400)
    assert not shop.gives(1)
    shop.clock.pass_(hours=2)
    assert shop.gives(1)


def test_a_day_that_is_over_does_not_come_back() -> None:
    shop = desk(Limit(burst=10, daily=10))
    shop.clock.pass_(days=1)
    assert shop.gives(10)
    shop.clock.pass_(days=-1)
    assert not shop.gives(1)
    shop.restart()
    assert not shop.gives(1)


def test_a_clock_set_forward_gives_one_days() -> None:
    shop = desk(Limit(burst=10, daily=24), Unit.MATCHES)
    shop.owes(10 + 24 + 1)
    shop.clock.pass_(days=1_000)
    with pytest.raises(MatchesSpent):
        shop.budget.charge(GATEWAY, "door", CALLER, Unit.ROWS, 1)


def test_a_debt_of_several_days_is_paid_in_several_days() -> None:
    shop = desk(Limit(burst=10, daily=10), Unit.MATCHES)
    shop.owes(10 + 25)
    for left in (-25, -15, -5):
        with pytest.raises(MatchesSpent):
            shop.budget.charge(GATEWAY, "door", CALLER, Unit.ROWS, 1)
        assert said(shop, Unit.MATCHES).left == left
        shop.clock.pass_(days=1)
    shop.budget.charge(GATEWAY, "door", CALLER, Unit.ROWS, 1)
    shop.restart()  # the disk has seen none of these days, and gives one
    with pytest.raises(MatchesSpent):
        shop.budget.charge(GATEWAY, "door", CALLER, Unit.ROWS, 1)


def said(shop: Desk, unit: Unit, scope: Scope = Scope.GATEWAY) -> Allowance:
    """What whoever asks is told of one account."""
    [found] = [one for one in shop.budget.allowances(GATEWAY, CALLER) if (one.scope, one.unit) == (scope, unit)]
    return found


def test_what_is_left_is_said_of_the_askers_accounts_alone() -> None:
    limit = Limit(burst=10, daily=30)
    shop = desk(limit, Unit.COMPARISONS, row=ROOMY)
    shop.budget.charge(OTHER, "door", b"d" * 32, Unit.COMPARISONS, 7, b"r" * 16)
    accounts = shop.budget.allowances(GATEWAY, CALLER)
    assert [(one.scope, one.unit) for one in accounts] == [(s, u) for s in (Scope.GATEWAY, Scope.CALLER) for u in Unit]
    assert all((one.drawn, one.left, one.whole_s) == (0, one.burst, 0) for one in accounts)
    shop.budget.charge(OTHER, "gate", CALLER, Unit.COMPARISONS, 2)
    assert said(shop, Unit.COMPARISONS) == Allowance(Scope.GATEWAY, Unit.COMPARISONS, 10, 30, 0, 10, 0)
    assert said(shop, Unit.COMPARISONS, Scope.CALLER) == Allowance(
        Scope.CALLER, Unit.COMPARISONS, 10, 30, 2, 8, 2 * DAY_S // 30
    )
    commits = shop.keeping.commits
    shop.budget.allowances(GATEWAY, CALLER)
    assert (shop.keeping.commits, shop.alarms) == (commits, [])


def test_what_is_forbidden_is_nothing_and_whole() -> None:
    never = Limit(burst=0, daily=0)
    assert fresh(never, 5).whole_s(never, 5) == 0
    assert Account(-1, 1, 5).whole_s(never, 5) is None  # owed before it was forbidden


@given(
    st.integers(1, 50),
    st.integers(0, 200),
    st.lists(st.tuples(st.integers(0, 2 * DAY_S), st.integers(0, 60)), max_size=6),
    st.integers(0, DAY_S),
)
def test_it_is_whole_in_so_many_seconds_and_no_sooner(
    burst: int, more: int, draws: list[tuple[int, int]], behind: int
) -> None:
    limit, now = Limit(burst=burst, daily=burst + more), 20_000 * DAY_S
    account = fresh(limit, now)
    for seconds, amount in draws:
        now += seconds
        account = account.on(limit, now).less(amount)
    now -= behind  # a clock that was set back
    account = account.on(limit, now)
    left = account.whole_s(limit, now)
    assert left is not None

    def after(seconds: int) -> int:
        some = account
        for second in [*range(now, now + seconds, DAY_S), now + seconds]:
            some = some.on(limit, second)
        return some.left(limit)

    assert after(left) == burst
    assert left == 0 or after(left - 1) < burst


def test_a_commit_serves_many_searches() -> None:
    shop = desk(Limit(burst=1_000, daily=20_000))
    for _ in range(1_000):
        assert shop.gives(1)
    assert shop.keeping.commits < 120
    assert not shop.gives(1)


def test_a_crash_loses_a_portion_and_an_orderly_stop_nothing() -> None:
    shop = desk(Limit(burst=1_000, daily=20_000))
    assert shop.gives(1)
    shop.restart()
    assert not shop.gives(999)
    assert shop.gives(968)  # of a thousand, a thirty-second is lost
    shop.budget.close()
    shop.restart()
    assert not shop.gives(1)
    shop.clock.pass_(hours=12)
    assert shop.gives(1)
    shop.budget.close()
    shop.restart()
    assert shop.gives(999)


def test_a_clock_set_back_before_a_crash_gives_nothing_back() -> None:
    shop = desk(Limit(burst=100, daily=DAY_S))
    assert shop.gives(1)
    shop.clock.pass_(seconds=20)
    assert shop.gives(1)  # out of the portion
    shop.clock.pass_(seconds=-20)
    assert shop.gives(20)
    shop.clock.pass_(seconds=20)
    shop.restart()
    assert not shop.gives(80)


def test_a_crash_after_a_refill_gives_no_second_burst() -> None:
    shop = desk(Limit(burst=10, daily=DAY_S))
    assert shop.gives(1)
    shop.clock.pass_(seconds=10)
    assert shop.gives(1)
    shop.restart()
    assert not shop.gives(10)


def test_nor_where_more_was_written_off_than_was_drawn_since() -> None:
    """The disk has drawn more today than memory has, and is full again like it."""
    shop = desk(Limit(burst=320, daily=DAY_S))
    assert shop.gives(1)
    shop.clock.pass_(minutes=1)
    assert shop.gives(2)
    shop.restart()
    assert not shop.gives(319)


def test_a_crash_on_a_new_day_gives_no_second_day() -> None:
    shop = desk(Limit(burst=100, daily=100))
    shop.clock.pass_(hours=11, minutes=59)
    assert shop.gives(1)
    shop.clock.pass_(minutes=2)
    assert shop.gives(3)
    shop.restart()
    assert shop.gives(90)
    shop.clock.pass_(hours=23)
    assert not shop.gives(8)


def test_nor_where_more_was_written_off_the_day_before() -> None:
    """The disk has less left at once than memory has, and nothing drawn on the day that has begun."""
    shop = desk(Limit(burst=3_200, daily=25_600))
    shop.clock.pass_(hours=11, minutes=59)
    assert shop.gives(1)
    shop.clock.pass_(minutes=2)
    assert shop.gives(3)
    shop.restart()
    for _ in range(9):
        shop.clock.pass_(hours=2, minutes=30)
        assert shop.gives(2_650)
    shop.clock.pass_(hours=1, minutes=20)
    assert not shop.gives(25_600 - 9 * 2_650 - 2)
    assert shop.gives(25_600 - 9 * 2_650 - 103), "a crash costs a portion and no more"


def test_a_crash_owes_nothing_that_was_not_drawn() -> None:
    """Written off ahead is never what is not there: whoever has drawn nearly everything may still ask for the rest."""
    shop = desk(Limit(burst=320, daily=DAY_S))
    assert shop.gives(318)
    shop.restart()
    shop.budget.charge(GATEWAY, "door", CALLER, Unit.COMPARISONS, 1)


def test_an_orderly_stop_writes_what_changed() -> None:
    shop = desk(Limit(burst=1_000, daily=20_000))
    assert shop.gives(1)
    shop.budget.close()
    before = shop.keeping.commits
    shop.budget.close()
    assert shop.keeping.commits == before
    assert shop.gives(1000 - 1)
    shop.restart()
    assert not shop.gives(1)


def test_a_disk_that_fails_charges_nothing_in_memory() -> None:
    shop = desk(Limit(burst=10, daily=10))
    shop.keeping.full = True
    with pytest.raises(OSError, match="full"):
        shop.gives(10)
    shop.keeping.full = False
    assert shop.gives(10)


def test_nothing_owed_commits_nothing() -> None:
    shop = desk(Limit(burst=10, daily=10))
    shop.owes(0)
    assert shop.gives(0)
    assert shop.keeping.commits == 0


def test_limits_that_are_lowered_hold_at_once() -> None:
    shop = desk(Limit(burst=1_000, daily=1_000))
    assert shop.gives(1)
    shop.limits = desk(Limit(burst=10, daily=20)).limits
    shop.budget.close()
    shop.restart()
    assert not shop.gives(11)
    assert shop.gives(10)


@dataclass(frozen=True)
class Step:
    """What happens next: time passes (or the clock is set), perhaps the process dies, something is asked."""

    seconds: int
    amount: int
    dies: bool
    stops: bool


DAILY = st.integers(0, 40) | st.sampled_from([DAY_S // 60, DAY_S])
LIMITS = st.builds(lambda burst, daily: Limit(burst=min(burst, daily), daily=daily), st.integers(0, 12), DAILY)
FORWARD = st.integers(0, 120) | st.integers(0, 2 * DAY_S)
ANY = FORWARD | st.integers(-3 * DAY_S, 3 * DAY_S)


def steps(seconds: st.SearchStrategy[int]) -> st.SearchStrategy[list[Step]]:
    never_both = st.sampled_from([(False, False)] * 4 + [(True, False), (False, True)])
    step = st.builds(lambda passed, amount, ends: Step(passed, amount, *ends), seconds, st.integers(1, 8), never_both)
    return st.lists(step, max_size=60)


def granted(shop: Desk, course: list[Step]) -> list[tuple[int, int]]:
    """(latest instant at which anything was granted, amount) of every charge that was granted."""
    given, latest = [], 0
    for step in course:
        shop.clock.pass_(seconds=step.seconds)
        if step.stops:
            shop.budget.close()
        if step.stops or step.dies:
            shop.restart()
        if shop.gives(step.amount):
            latest = max(latest, shop.now)
            given.append((latest, step.amount))
    return given


@settings(max_examples=120, deadline=None)
@given(LIMITS, steps(ANY))
def test_never_more_than_burst_and_rate_in_any_window_nor_than_a_days_in_a_day(
    limit: Limit, course: list[Step]
) -> None:
    given_ = granted(desk(limit), course)
    for first in range(len(given_)):
        total = 0
        for at, amount in given_[first:]:
            total += amount
            assert total * DAY_S <= limit.burst * DAY_S + limit.daily * (at - given_[first][0])
    for day in {at // DAY_S for at, _ in given_}:
        assert sum(amount for at, amount in given_ if at // DAY_S == day) <= limit.daily


@settings(max_examples=80, deadline=None)
@given(LIMITS, steps(FORWARD))
def test_in_peace_it_gives_exactly_what_the_rule_says(limit: Limit, course: list[Step]) -> None:
    """The rule in fractions: nothing is held back where nothing dies and the clock goes on."""
    shop = desk(limit)
    level, drawn, before = Fraction(limit.burst), 0, shop.now
    for step in course:
        shop.clock.pass_(seconds=step.seconds)
        now = shop.now
        level = min(Fraction(limit.burst), level + Fraction(limit.daily * (now - before), DAY_S))
        drawn = drawn if now // DAY_S == before // DAY_S else 0
        before = now
        allowed = step.amount <= level and drawn + step.amount <= limit.daily
        if step.stops:
            shop.budget.close()
            shop.restart()
        assert shop.gives(step.amount) == allowed
        if allowed:
            level, drawn = level - step.amount, drawn + step.amount


@settings(max_examples=50, deadline=None)
@given(LIMITS, steps(ANY))
def test_what_a_crash_leaves_never_allows_more(limit: Limit, course: list[Step]) -> None:
    shop = desk(limit)
    for step in course:
        shop.clock.pass_(seconds=step.seconds)
        shop.gives(step.amount)
        survivor = Desk(shop.limits, shop.clock, Counting())
        survivor.keeping.keep("budget", shop.keeping.kept("budget"))
        survivor.restart()
        if survivor.gives(step.amount):
            assert shop.gives(step.amount)


def test_threads_never_overdraw() -> None:
    shop = desk(Limit(burst=1_000, daily=1_000))
    shop.keeping.pause_s = 0.002
    barrier, given_ = Barrier(8), []

    def run() -> None:
        barrier.wait()
        given_.append(sum(shop.gives(3) for _ in range(100)))

    threads = [Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(given_) == 333


def rows(shop: Desk) -> int:
    return sum(key.startswith(b"row ") for key in shop.keeping.kept("budget"))


def asked(shop: Desk, row: int, amount: int = 1) -> bool:
    return shop.gives(amount, Unit.COMPARISONS, row=row.to_bytes(16))


def test_rows_are_bounded_and_none_that_counts_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.MOST, Scope.ROW, 10)
    shop = desk(ROOMY, row=Limit(burst=2, daily=8))
    assert all(asked(shop, row, 2) for row in range(10))
    assert not asked(shop, 10)
    assert shop.alarms[-1] == (Scope.ROW, Unit.COMPARISONS)
    shop.clock.pass_(hours=11)  # refilled, but of the same day: its ceiling still counts
    assert not asked(shop, 10)
    assert all(asked(shop, row, 1) for row in range(10))
    shop.clock.pass_(hours=2)  # another day, but refilled by hardly anything
    assert not asked(shop, 10)
    assert asked(shop, 0, 1)
    assert not asked(shop, 0, 1)
    shop.clock.pass_(hours=12)
    assert asked(shop, 10, 2)
    assert not asked(shop, 10)


def test_rows_are_forgotten_on_the_disk_as_in_memory() -> None:
    shop = desk(ROOMY, row=Limit(burst=2, daily=4))
    assert all(asked(shop, row) for row in range(10))
    assert rows(shop) == 10
    shop.clock.pass_(days=2)
    assert asked(shop, 100)
    assert rows(shop) == 9
    shop.restart()
    assert asked(shop, 101)
    assert rows(shop) == 8


def test_of_a_row_no_more_than_the_hour_is_remembered() -> None:
    """Whoever has the store and a person's pseudonym would else read the second in which that person was at a door."""

    def kept(minutes: int) -> dict[bytes, bytes]:
        shop = desk(ROOMY, row=Limit(burst=8, daily=24))
        shop.clock.pass_(minutes=minutes, seconds=minutes)
        assert asked(shop, 1)
        shop.clock.pass_(seconds=59)
        assert asked(shop, 1)
        shop.budget.close()
        return {key: value for key, value in shop.keeping.kept("budget").items() if key.startswith(b"row ")}

    first = kept(0)
    assert first
    assert kept(7) == first
    assert kept(58) == first
    assert kept(61) != first


def test_what_is_set_aside_is_nobody_elses() -> None:
    shop = desk(Limit(burst=4, daily=4), Unit.MATCHES)
    reserve = lambda amount: shop.budget.reserve(GATEWAY, "door", CALLER, Unit.MATCHES, amount)  # noqa: E731
    owe = lambda amount, reserved: shop.budget.owe(  # noqa: E731
        GATEWAY, "door", CALLER, Unit.MATCHES, amount, reserved=reserved
    )
    reserve(3)
    with pytest.raises(MatchesSpent):
        reserve(2)
    assert shop.alarms[-1] == (Scope.GATEWAY, Unit.MATCHES)
    reserve(1)
    assert owe(0, 3)  # it found nobody: what was set aside is there again
    reserve(3)
    assert owe(4, 3)
    with pytest.raises(MatchesSpent):
        reserve(1)
    assert not owe(1, 1)  # one more than there was
    assert not shop.budget._aside
    shop.restart()
    with pytest.raises(MatchesSpent):
        reserve(1)


@pytest.mark.parametrize("restarts", [False, True])
def test_who_was_used_last_is_forgotten_last(restarts: bool) -> None:
    shop = desk(ROOMY, row=Limit(burst=2, daily=4))
    assert all(asked(shop, row) for row in range(3))
    shop.clock.pass_(hours=1)
    assert asked(shop, 0)
    kept = set(shop.keeping.kept("budget"))
    shop.clock.pass_(days=2)
    if restarts:
        shop.restart()
    assert asked(shop, 100)
    gone = kept - set(shop.keeping.kept("budget"))
    assert len(gone) == 2
    again = desk(ROOMY, row=Limit(burst=2, daily=4))
    assert asked(again, 0)
    assert not gone & set(again.keeping.kept("budget"))


@pytest.mark.parametrize("restarts", [False, True])
def test_forgetting_under_a_clock_that_is_set_back_gives_nothing_back(restarts: bool) -> None:
    shop = desk(ROOMY, row=Limit(burst=4, daily=4))
    assert asked(shop, 0, 4)
    shop.clock.pass_(days=2)
    assert asked(shop, 1)  # in the place of the first
    shop.clock.pass_(days=-2)
    if restarts:
        shop.restart()
    assert asked(shop, 0, 4)
    assert not asked(shop, 0)
    shop.clock.pass_(hours=13)
    assert not asked(shop, 0)
    shop.clock.pass_(days=2)
    assert asked(shop, 0)


@pytest.mark.parametrize("data", [b"", b"\2" + bytes(40), b"\1" + bytes(39), b"\1" + bytes(41)])
def test_an_account_of_another_version_is_refused(data: bytes) -> None:
    with pytest.raises(FormatUnknown):
        Account.from_bytes(data)


@pytest.mark.parametrize("key", [b"row", b"row rows", b"nobody rows x", b"row nothing x"])
def test_an_account_of_another_kind_is_refused(key: bytes) -> None:
    shop = desk(ROOMY)
    shop.keeping.keep("budget", {key: fresh(ROOMY, 0).to_bytes()})
    with pytest.raises(FormatUnknown):
        shop.restart()


def test_the_vector_of_an_account() -> None:
    account = Account(level=-2 * DAY_S, drawn=7, at=1_772_366_400)
    written = bytes.fromhex("01" + "ff" * 13 + "fd5d00" + "00" * 15 + "07" + "0000000069a42a40")
    assert account.to_bytes() == written
    assert Account.from_bytes(written) == account
