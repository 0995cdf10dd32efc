"""What the demo measures: the story of the six steps, with real photographs, databases and attacks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np

from moiety.demo import crowd
from moiety.demo.cast import Cast
from moiety.demo.play import Played, play
from moiety.demo.premises import Premises
from moiety.demo.theft import PARTNER, THIEF, TOGETHER, place, together
from moiety.drills.people import quantised
from moiety.drills.scene import PLAIN
from moiety.identity.ports import Models, silent
from tests.demo.conftest import ROWS, noon, seeded


def test_everybody_is_found_who_should_be_and_nobody_else(played: Played) -> None:
    first, second = played.cast.first.name, played.cast.second.name
    assert [(one.photograph, one.matched) for one in played.answers.genuine] == [
        ("obama2.jpg", True),
        ("obama3.jpg", True),
    ]
    assert [(one.photograph, one.verified, one.found) for one in played.answers.impostors] == [
        ("biden.jpg", False, (second,)),
        ("astronaut.png", False, ()),
    ]
    assert [one.found for one in played.answers.genuine] == [(first,), (first,)]
    assert not any(one.mistaken for one in played.answers.impostors)
    assert played.good


def test_what_a_stranger_would_meet_is_told_for_as_many_real_people(played: Played) -> None:
    stranger = played.answers.stranger
    assert stranger.gallery == ROWS + 2
    assert stranger.expected_false == stranger.gallery * stranger.fmr > 0
    assert 0 < played.answers.search_ms < played.answers.identify_ms


def test_one_custodian_tells_nothing_and_the_plain_database_and_two_together_everything(played: Played) -> None:
    haul = played.haul
    assert haul.rows == ROWS + 2
    assert haul.numbers[PLAIN] == haul.numbers[TOGETHER] != haul.numbers[THIEF]
    assert (haul.photograph[PLAIN], haul.photograph[TOGETHER]) == (1, 1)
    assert (haul.elsewhere[PLAIN], haul.elsewhere[TOGETHER]) == (1, 1)
    assert haul.pseudonyms == {PLAIN: ROWS + 2, THIEF: 0, TOGETHER: ROWS + 2}
    assert played.names_found == {PLAIN: 2, THIEF: 0, TOGETHER: 0}


def test_every_attack_of_the_drill_comes_out_as_it_should(played: Played) -> None:
    """The demo calls an honest store leaky once in 1,000 runs, and masks are fresh in every run."""
    assert [(row.name, row.expected) for row in played.drill] == [
        ("read names", "chance"),
        ("match the enrolled photograph", "chance"),
        ("link two deployments", "chance"),
        ("mix epochs: match", "chance"),
        ("dig for the erased", "chance"),
        ("together: match", "everything"),
    ]
    assert played.passed == [True] * 6


def test_after_the_erasure_no_photograph_is_known_and_nothing_of_the_row_is_left(played: Played) -> None:
    assert [one.photograph for one in played.after] == ["obama.jpg", "obama2.jpg", "obama3.jpg"]
    assert not any(one.verified or one.found for one in played.after)
    dug = next(row for row in played.drill if row.name == "dig for the erased")
    assert (dug.split.success, dug.plain.success, dug.split.trials) == (0, 1, 1)


def test_the_thief_finds_the_right_row_by_luck_alone(played: Played) -> None:
    """Of 302 rows, so that all three places are the first once in 27 million runs."""
    haul, renewal = played.haul, played.renewal
    assert (haul.photograph[THIEF], haul.elsewhere[THIEF], renewal.mixed) != (1, 1, 1)


def test_the_thiefs_old_file_fits_the_others_old_one(played: Played) -> None:
    assert played.renewal.unmixed == 1
    assert played.renewal.rows == ROWS + 1


def test_with_two_people_alone_it_says_what_can_be_said(people: Cast, models: Models, tmp_path: Path) -> None:
    played = play(people, 0, tmp_path, models, clock=noon, entropy=seeded(2), progress=silent)
    assert played.haul.rows == 2
    assert [row.name for row in played.drill] == ["read names", "dig for the erased"]
    assert played.good


def test_random_rows_are_spread_over_all_directions() -> None:
    vectors = crowd.invent(2_000, 64, np.random.default_rng(1))
    assert vectors.shape == (2_000, 64)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert np.abs(vectors.mean(axis=0)).max() < 0.02


def test_random_rows_are_enrolled_like_faces_and_in_several_batches(
    models: Models, people: Cast, tmp_path: Path, entropy: Callable[[int], bytes], monkeypatch
) -> None:
    monkeypatch.setattr(crowd, "BATCH", 64)
    steps: list[tuple[int, int]] = []
    with closing(Premises(tmp_path / "here", models, noon, entropy)) as here:
        vectors = crowd.invent(150, here.dim, np.random.default_rng(1))
        here.enrol([(people.first, people.first.enrolled)], vectors, lambda _, done, total: steps.append((done, total)))
        assert here.custodians.gallery("door").rows == 151
        for row in (1, 70, 150):
            found = here.custodians.identify("door", quantised(here.templates[row])[None])
            assert found.found == [[here.pseudonyms[row].tobytes()]]
        stolen = here.rob()
    assert steps[:4] == [(0, 150), (64, 150), (128, 150), (150, 150)]
    everybody = np.arange(151)
    clear = together(stolen.rows(THIEF, everybody), stolen.rows(PARTNER, everybody))
    np.testing.assert_array_equal(clear.words.view(np.int16), quantised(here.templates))
    assert [place(quantised(here.templates[row]), clear, row) for row in (0, 80)] == [1, 1]
