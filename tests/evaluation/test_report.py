"""From templates to a report, on made-up templates whose errors are known."""

from __future__ import annotations

import numpy as np
import pytest

from moiety.evaluation import report
from moiety.evaluation.pairs import Pair
from moiety.matching import words

DIM = 64


def unit(vector):
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def made_up(people, seed=0, spread=0.05, folds=5):
    """Two photographs each of some people: a mated pair each, and an impostor pair with the next person."""
    rng = np.random.default_rng(seed)
    vectors = {}
    for person in range(people):
        face = unit(rng.normal(size=DIM))
        for photograph in "ab":
            vectors[f"{person}{photograph}"] = unit(face + spread * rng.normal(size=DIM))
    pairs = []
    for person in range(people):
        fold = str(person * folds // people) if folds else None
        pairs.append(Pair(f"{person}a", f"{person}b", True, fold, 2))
        pairs.append(Pair(f"{person}a", f"{(person + 1) % people}b", False, fold, 2))
    return pairs, vectors


def test_people_who_look_alike_are_told_apart_and_counted():
    pairs, vectors = made_up(600)
    found = report.judge(pairs, vectors, "made-up")
    assert (found.pairs, found.failed) == (1_200, 0)
    assert found.accuracy > 0.99
    assert list(found.accuracy_by_fold) == ["0", "1", "2", "3", "4"]
    assert found.eer < 0.01
    assert found.decisions_differing < 0.001
    assert found.folds_given


def test_a_folds_threshold_comes_from_the_other_folds_alone():
    """Fold B needs 0.35 and fold A 0.85: judged by the other's threshold, half of each is wrong."""
    e = np.eye(4, dtype=np.float32)

    def at(cosine):
        return (cosine * e[0] + np.sqrt(1 - cosine**2) * e[1]).astype(np.float32)

    vectors = {"probe": e[0], "0.1": at(0.1), "0.6": at(0.6), "0.8": at(0.8), "0.9": at(0.9)}
    pairs = [
        Pair("probe", "0.9", True, "A", 2),
        Pair("probe", "0.8", False, "A", 3),
        Pair("probe", "0.6", True, "B", 4),
        Pair("probe", "0.1", False, "B", 5),
    ]
    found = report.judge(pairs, vectors, "m")
    assert found.accuracy_by_fold == {"A": 0.5, "B": 0.5}
    assert found.accuracy == 0.5


def test_a_photograph_without_a_face_is_an_error_in_every_pair_it_is_in():
    pairs, vectors = made_up(1_010, spread=0.01)
    whole = report.judge(pairs, vectors, "m")
    assert whole.accuracy == 1
    vectors["7a"] = None
    found = report.judge(pairs, vectors, "m")
    assert found.failed == 2
    assert found.accuracy == pytest.approx(1 - 2 / 2_020)
    assert found.fnmr[1e-2].value == 1 / 1_010
    assert whole.fnmr[1e-2].value == 0
    assert whole.eer == 0
    assert found.eer == pytest.approx(0.5 / 1_010)  # no false match beside the one that failed
    assert found.fnmr[1e-2].low < 0.001 < found.fnmr[1e-2].high < 0.01


def test_rates_that_the_pairs_cannot_support_are_absent():
    assert list(report.judge(*made_up(1_000), "m").fnmr) == [1e-2]
    assert report.judge(*made_up(999), "m").fnmr == {}


def test_a_failed_impostor_pair_does_not_support_a_false_match_rate():
    pairs, vectors = made_up(1_000)
    vectors["7a"] = None
    assert report.judge(pairs, vectors, "m").fnmr == {}


def test_words_that_round_another_way_are_counted():
    """A threshold between scores that lie closer together than a word: some are decided otherwise."""
    rng = np.random.default_rng(5)
    differing = []
    for _ in range(20):
        face = unit(rng.normal(size=DIM))
        other = unit(rng.normal(size=DIM))
        shade = [unit(face + 0.5 * other + 1e-3 * k * rng.normal(size=DIM)) for k in range(8)]
        vectors = {"face": face, **{str(k): one for k, one in enumerate(shade)}}
        cosines = sorted((float(face @ one), str(k)) for k, one in enumerate(shade))
        pairs = [
            Pair("face", name, rank >= 4, fold, 2) for rank, (_, name) in enumerate(cosines) for fold in ("x", "y")
        ]
        differing.append(report.judge(pairs, vectors, "m").decisions_differing)
    assert max(differing) > 0


def test_the_share_of_differing_decisions_is_of_those_that_were_made():
    """Fold x has no other with both kinds to take a threshold from; only the eight pairs of fold y are decided."""
    rng = np.random.default_rng(5)
    differing = []
    for _ in range(20):
        face, other = unit(rng.normal(size=DIM)), unit(rng.normal(size=DIM))
        shade = {str(k): unit(face + 0.5 * other + 1e-3 * k * rng.normal(size=DIM)) for k in range(8)}
        order = sorted(shade, key=lambda name: float(face @ shade[name]))
        pairs = [Pair("face", name, rank >= 4, "x", 2) for rank, name in enumerate(order)]
        pairs += [Pair("face", name, False, "y", 2) for name in order]
        found = report.judge(pairs, {"face": face, **shade}, "m")
        assert found.accuracy_by_fold["x"] is None
        differing.append(found.decisions_differing * 8)
    assert all(count == round(count) for count in differing)
    assert any(count % 2 for count in differing)


def test_words_decide_as_the_scores_do_where_nothing_lies_close():
    e = np.eye(4, dtype=np.float32)
    pairs = [Pair("a", "a2", True, fold, 2) for fold in "xy"] + [Pair("a", "b", False, fold, 2) for fold in "xy"]
    found = report.judge(pairs, {"a": e[0], "a2": e[0], "b": e[1]}, "m")
    assert (found.accuracy, found.decisions_differing) == (1, 0)


def test_pairs_without_folds_are_dealt_into_ten_the_same_way_each_time():
    pairs, vectors = made_up(600, folds=0)
    found = report.judge(pairs, vectors, "m")
    assert not found.folds_given
    assert sorted(found.accuracy_by_fold, key=int) == [str(n) for n in range(1, 11)]
    assert found.accuracy > 0.99
    assert report.judge(pairs, vectors, "m") == found
    same = np.array([pair.same for pair in pairs])
    folds = np.array(report.seeded_folds(same))
    assert {int(np.count_nonzero((folds == fold) & same)) for fold in set(folds)} == {60}
    assert list(folds[same][:10]) != [str(n) for n in range(1, 11)]


@pytest.mark.parametrize("fold", ["1", None])
@pytest.mark.parametrize("kinds", [[], [True], [False], [True] * 30, [False] * 30])
def test_pairs_that_cannot_tell_are_answered_with_none(kinds, fold):
    e = np.eye(4, dtype=np.float32)
    pairs = [Pair("a", "b", same, fold, 2) for same in kinds]
    found = report.judge(pairs, {"a": e[0], "b": e[1]}, "m")
    assert found.pairs == len(kinds)
    assert (found.accuracy, found.eer, found.decisions_differing, found.fnmr) == (None, None, None, {})
    assert set(found.accuracy_by_fold.values()) <= {None}


def test_one_fold_alone_has_no_other_to_take_a_threshold_from():
    pairs, vectors = made_up(20, folds=1)
    found = report.judge(pairs, vectors, "m")
    assert found.accuracy is None
    assert found.eer is not None


def test_no_face_anywhere_is_answered_too():
    pairs, vectors = made_up(5)
    found = report.judge(pairs, dict.fromkeys(vectors), "m")
    assert (found.failed, found.accuracy, found.eer) == (10, None, None)


def test_labels_that_contradict_each_other_need_no_threshold_that_custodians_would_refuse():
    e = np.eye(4, dtype=np.float32)
    pairs = [Pair("a", "a", same, fold, 2) for fold in "xy" for same in (True, False, False)]
    found = report.judge(pairs, {"a": e[0]}, "m")
    assert found.accuracy == pytest.approx(1 / 3)
    words.threshold_words(report.HIGHEST_THRESHOLD)


@pytest.mark.parametrize(("target", "name"), [(1e-2, "1e-2"), (1e-3, "1e-3"), (1e-4, "1e-4")])
def test_a_target_is_named_as_it_is_spoken(target, name):
    assert report.target_name(target) == name
