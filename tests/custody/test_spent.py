"""What was used once is never accepted again: after restarts, by threads, under any clock."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety.custody.store.keeping import Passing
from moiety.custody.trust import spent
from moiety.custody.trust.spent import SWEEP_S, AlreadySpent, SpentNonces


def used(nonces: SpentNonces, wanted: dict[bytes, int], now: int = 0) -> bool:
    try:
        nonces.spend(wanted, now)
    except AlreadySpent:
        return False
    return True


def test_once() -> None:
    nonces = SpentNonces(Passing())
    assert used(nonces, {b"a": 10})
    assert not used(nonces, {b"a": 10})
    assert used(nonces, {b"b": 10})


def test_all_or_none() -> None:
    nonces = SpentNonces(Passing())
    assert used(nonces, {b"a": 10})
    assert not used(nonces, {b"b": 10, b"a": 10})
    assert used(nonces, {b"b": 10})


def test_a_restart_forgets_nothing() -> None:
    keeping = Passing()
    assert used(SpentNonces(keeping), {b"a": 10})
    assert not used(SpentNonces(keeping), {b"a": 10})


def test_what_no_longer_counts_is_forgotten_and_stays_used() -> None:
    keeping = Passing()
    nonces = SpentNonces(keeping)
    assert used(nonces, {b"a": 10, b"b": 2_000}, 0)
    assert used(nonces, {b"c": 2_000}, 1_000)
    assert b"a" not in keeping.kept("spent")
    for again in (nonces, SpentNonces(keeping)):
        # The clock was set back to when it still counted.
        assert not used(again, {b"a": 10}, 0)
        assert not used(again, {b"b": 2_000}, 0)


def test_what_still_counts_is_not_forgotten() -> None:
    nonces = SpentNonces(Passing())
    assert used(nonces, {b"a": 10}, 0)
    assert used(nonces, {b"b": 500}, 10 + SWEEP_S)
    assert not used(nonces, {b"a": 10}, 10)


def test_in_the_last_second_that_counts_others_of_it_are_used_too() -> None:
    nonces = SpentNonces(Passing())
    assert used(nonces, {b"a": SWEEP_S}, 0)
    assert used(nonces, {b"b": SWEEP_S}, SWEEP_S)
    assert not used(nonces, {b"a": SWEEP_S}, SWEEP_S)


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 400), st.booleans()), max_size=40))
def test_nothing_is_ever_used_twice(steps: list[tuple[int, int, bool]]) -> None:
    keeping = Passing()
    nonces, before = SpentNonces(keeping), set()
    for number, now, restarts in steps:
        if restarts:
            nonces = SpentNonces(keeping)
        if used(nonces, {bytes([number]): 50 * number}, now):
            assert number not in before
            before.add(number)


def test_a_disk_that_fails_uses_nothing_in_memory() -> None:
    class Full(Passing):
        full = True

        def keep(self, *args: object, **more: object) -> None:
            if self.full:
                raise OSError("full")
            super().keep(*args, **more)  # type: ignore[arg-type]

    full = Full()
    nonces = SpentNonces(full)
    with pytest.raises(OSError, match="full"):
        nonces.spend({b"a": 10}, 0)
    full.full = False
    assert used(nonces, {b"a": 10})


def test_what_cannot_be_remembered_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spent, "MOST", 2)
    nonces = SpentNonces(Passing())
    assert not used(nonces, {b"a": 10, b"b": 10, b"c": 10})
    assert used(nonces, {b"a": 10, b"b": 10})
    assert not used(nonces, {b"c": 10})
    assert used(nonces, {b"d": 90}, 60)


def test_of_many_threads_one_uses_it() -> None:
    nonces, barrier = SpentNonces(Passing()), Barrier(8)
    won: list[int] = []

    def run() -> None:
        barrier.wait()
        for number in range(200):
            if used(nonces, {number.to_bytes(2): 10}):
                won.append(number)

    threads = [Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == list(range(200))
