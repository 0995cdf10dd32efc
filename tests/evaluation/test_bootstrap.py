"""Intervals of a false non-match rate whose people come in several pairs."""

from __future__ import annotations

import numpy as np

from moiety.evaluation import bootstrap, rates


def test_photographs_joined_by_mated_pairs_are_one_person():
    mated = [("a1", "a2"), ("a3", "a2"), ("c2", "c1"), ("c3", "c1"), ("c3", "c4")]
    strangers = [("b1", "a1"), ("b1", "c1")]
    who = bootstrap.people([(*pair, True) for pair in mated] + [(*pair, False) for pair in strangers])
    assert len({who[f"a{n}"] for n in (1, 2, 3)}) == len({who[f"c{n}"] for n in (1, 2, 3, 4)}) == 1
    assert len({who["a1"], who["b1"], who["c1"]}) == 3
    assert sorted(set(who.values())) == [0, 1, 2]


class Drawing(np.random.Generator):
    """Draws person 0 twice and person 1 once, always."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(0))

    def integers(self, *_):
        return np.array([0, 0, 1])


def test_a_pair_counts_as_often_as_both_its_people_were_drawn():
    """Only the pair of 0 and 1 is left, at 0.9; above that nobody's 0.85 is a match any more."""
    couples = np.array([[0, 1], [0, 2], [1, 2]])
    rate = bootstrap.fnmr_at_fmr(np.array([0.85]), np.array([0]), np.array([0.9, 0.8, 0.7]), couples, 0.5, Drawing())
    assert (rate.value, rate.high) == (0, 1)


def test_a_mated_pair_counts_as_often_as_its_person_was_drawn():
    """Person 0, who always fails, is drawn twice and person 2, who never does, not at all: then all fail."""
    couples = np.array([[0, 1], [0, 2], [1, 2]])
    mated, who = np.repeat([0.1, 0.95], 100), np.repeat([0, 2], 100)
    rate = bootstrap.fnmr_at_fmr(mated, who, np.array([0.9, 0.8, 0.7]), couples, 0.5, Drawing())
    assert (rate.value, rate.high) == (0.5, 1)


def _measured(people, pairs_each, seed, target=0.05):
    """People with a mean mated score of their own, several pairs of each; impostor pairs of neighbours."""
    rng = np.random.default_rng(seed)
    mated = np.repeat(rng.normal(2.5, 1, people), pairs_each)
    who = np.repeat(np.arange(people), pairs_each)
    impostor = rng.normal(0, 1, people)
    couples = np.stack([np.arange(people), np.roll(np.arange(people), 1)], axis=1)
    return bootstrap.fnmr_at_fmr(mated, who, impostor, couples, target, np.random.default_rng(0))


def test_the_interval_covers_the_true_rate_about_as_often_as_it_says():
    """Impostor N(0, 1), mated N(2.5, 1): at FMR 5 % the threshold is 1.6449 and FNMR is 19.6 %."""
    covered = [low <= 0.1962 <= high for _, low, high in (_measured(300, 1, seed) for seed in range(40))]
    assert sum(covered) >= 36


def test_ten_pairs_of_each_person_say_little_more_than_one():
    alone, tenfold = _measured(100, 1, seed=3), _measured(100, 10, seed=3)
    assert alone.value == tenfold.value
    wilson_of_a_thousand = rates.wilson(round(tenfold.value * 1_000), 1_000)
    assert tenfold.high - tenfold.low > 2 * (wilson_of_a_thousand.high - wilson_of_a_thousand.low)


def test_no_error_seen_is_not_no_error():
    couples = np.array([[0, 1], [1, 2], [2, 0]] * 20)
    rate = bootstrap.fnmr_at_fmr(
        np.full(60, 0.9), np.arange(60) % 3, np.full(60, 0.1), couples, 0.05, np.random.default_rng(0)
    )
    assert rate.value == rate.low == 0
    assert rate.high >= rates.wilson(0, 60).high


def test_a_single_couple_still_has_an_interval():
    rate = bootstrap.fnmr_at_fmr(
        np.array([0.5]), np.array([0]), np.array([0.7]), np.array([[0, 1]]), 0.05, np.random.default_rng(0)
    )
    assert rate.value == 1
    assert rate.low < 0.5
