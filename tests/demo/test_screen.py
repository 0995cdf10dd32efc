"""The screen: it fits, it says what was measured, and it says so when something went wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moiety.demo import screen
from moiety.demo.play import Played
from moiety.drills.scene import PLAIN


def drawn(played: Played, width: int = 100, encoding: str = "utf-8") -> list[str]:
    return screen.lines(played, width=width, colour=False, encoding=encoding)


def test_it_fits_on_one_screen(played: Played) -> None:
    large = replace(played, random_rows=1_000_000, haul=replace(played.haul, rows=1_000_002))
    for one in (played, large):
        assert len(drawn(one)) <= 50
        assert max(map(len, drawn(one))) <= 100


@pytest.mark.parametrize("width", [1, 36, 50, 83, 84, 100, 400])
def test_it_keeps_to_any_width_and_loses_nothing(played: Played, width: int) -> None:
    lines = drawn(played, width)
    assert max(map(len, lines)) <= min(100, max(36, width))
    words = " ".join(" ".join(lines).split())
    for figure in ("obama2.jpg", "Barack Obama", "not linked", "pseudonyms", "1st of 302", "noise", "6 of 6"):
        assert figure in words


def test_it_tells_what_was_measured(played: Played) -> None:
    before = "\n".join(drawn(played))
    haul = replace(played.haul, photograph=played.haul.photograph | {"a": 123}, rows=7_654)
    after = "\n".join(drawn(replace(played, haul=haul, names_found=played.names_found | {PLAIN: 1})))
    assert "123rd of 7,654" not in before
    assert "123rd of 7,654" in after
    assert "2 of 2" in before
    assert "1 of 2" in after


def test_where_marks_cannot_be_written_there_are_words(played: Played) -> None:
    lines = drawn(played, encoding="ascii")
    assert "".join(lines).isascii()
    assert any("(right)" in line for line in lines)


def test_a_mistake_is_shown_as_one(played: Played) -> None:
    assert "WRONG" not in "\n".join(drawn(played))
    answers = played.answers
    believed = replace(answers.impostors[1], verified=True)
    wrong = replace(played, answers=replace(answers, impostors=[answers.impostors[0], believed]))
    assert not wrong.good
    told = "\n".join(drawn(wrong))
    assert "WRONG" in told
    assert "Something came out otherwise" in told
    assert "One database tells nothing" not in told


@pytest.mark.parametrize("broken", ["unknown", "after", "attack"])
def test_whatever_goes_wrong_is_not_called_good(played: Played, broken: str) -> None:
    answers = played.answers
    wrong = {
        "unknown": replace(
            played, answers=replace(answers, genuine=[replace(answers.genuine[0], found=()), answers.genuine[1]])
        ),
        "after": replace(played, after=[replace(played.after[0], found=(played.cast.first.name,)), *played.after[1:]]),
        "attack": replace(played, passed=[False, *played.passed[1:]]),
    }[broken]
    assert not wrong.good
    assert "Something came out otherwise" in "\n".join(drawn(wrong))


def test_with_few_rows_it_says_that_places_are_luck(played: Played) -> None:
    few = replace(played, random_rows=1, haul=replace(played.haul, rows=3))
    assert "any place may be luck" in "\n".join(drawn(few))
    assert "any place may be luck" not in "\n".join(drawn(played))


def test_colours_are_written_only_where_they_are_asked_for(played: Played, monkeypatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[" not in "".join(drawn(played))
    assert "\x1b[" in "".join(screen.lines(played, width=100, colour=True, encoding="utf-8"))


@pytest.mark.parametrize(
    ("place", "said"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (113, "113th"), (45_123, "45,123rd")],
)
def test_places_are_counted_as_people_do(place: int, said: str) -> None:
    assert screen._place(place) == said
