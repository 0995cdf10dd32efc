"""Enrol, verify, identify, erase, expire: what three custodians answer together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moiety.custody import refusals
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.gateway.enrolment import MOST_NEWCOMERS
from moiety.custody.store.slots import BLOCK
from moiety.custody.verbs import MOST_PROBES, OFFERED_TOGETHER
from moiety.matching.policy import Rate, Terms, identify_point
from moiety.matching.reference import decide
from moiety.matching.refusals import MalformedProbe, MalformedTemplate
from moiety.matching.words import quantise
from tests.custody.scene import DIM, DOCUMENT, DOOR, TERMS, TODAY, Clock, matched, opened, people


def test_an_empty_gallery_matches_nobody(office: Embedded) -> None:
    [stranger] = people(1)
    assert matched(office, [stranger]) == [False]
    assert office.gallery(DOOR).rows == office.gallery(DOOR).slots == 0


def test_the_enrolled_match_and_nobody_else_does(office: Embedded) -> None:
    enrolled, strangers = people(5), people(5, seed=2)
    office.enrol(DOOR, enrolled)
    assert matched(office, enrolled + strangers) == [True] * 5 + [False] * 5
    assert not office.verify(DOOR, enrolled[0].words, enrolled[1].pseudonym)
    assert office.gallery(DOOR).rows == 5
    assert office.gallery(DOOR).slots == BLOCK


def test_people_are_added_and_erased_at_any_time(office: Embedded) -> None:
    first, second = people(3), people(3, seed=2)
    office.enrol(DOOR, first)
    assert office.erase(DOOR, first[1].pseudonym)
    office.enrol(DOOR, second)
    assert matched(office, first + second) == [True, False, True] + [True] * 3
    assert not office.erase(DOOR, first[1].pseudonym)
    office.enrol(DOOR, [first[1]])
    assert matched(office, first) == [True] * 3
    assert office.gallery(DOOR).rows == 6


def test_a_gallery_grows_by_blocks_and_everybody_is_found_again(office: Embedded) -> None:
    crowd = people(BLOCK + 10)
    office.enrol(DOOR, crowd[:10])
    office.enrol(DOOR, crowd[10:])
    assert office.gallery(DOOR).slots == 2 * BLOCK
    assert matched(office, crowd[:5] + crowd[-5:]) == [True] * 10
    found = office.identify(DOOR, np.stack([person.words for person in crowd[200:300]])).found
    assert [person.pseudonym in names for person, names in zip(crowd[200:300], found, strict=True)] == [True] * 100


def test_nobody_matches_from_the_day_they_expire(office: Embedded, clock: Clock) -> None:
    today, tomorrow = people(1, expires_day=TODAY + 1), people(1, seed=2, expires_day=TODAY + 2)
    office.enrol(DOOR, today + tomorrow)
    clock.pass_(hours=11, minutes=59, seconds=59)
    assert matched(office, today + tomorrow) == [True, True]
    clock.pass_(seconds=1)
    assert matched(office, today + tomorrow) == [False, True]
    assert office.gallery(DOOR).rows == 1
    assert office.erase(DOOR, today[0].pseudonym)


def test_somebody_who_has_expired_already_never_matches(office: Embedded) -> None:
    past = people(1, expires_day=TODAY)
    office.enrol(DOOR, past)
    assert matched(office, past) == [False]


def test_galleries_keep_apart(office: Embedded) -> None:
    office.add_gallery("gate", TERMS, b"another")
    [person] = people(1)
    office.enrol(DOOR, [person])
    assert matched(office, [person]) == [True]
    assert matched(office, [person], "gate") == [False]
    assert office.galleries() == [DOOR, "gate"]
    assert not office.erase("gate", person.pseudonym)
    assert matched(office, [person]) == [True]


def test_what_was_enrolled_is_there_after_reopening(office: Embedded, folder, clock: Clock) -> None:  # type: ignore[no-untyped-def]
    from tests.custody.scene import opened

    crowd = people(4)
    office.enrol(DOOR, crowd)
    office.erase(DOOR, crowd[0].pseudonym)
    again = opened(folder, clock)
    try:
        assert matched(again, crowd) == [False, True, True, True]
        assert again.gallery(DOOR).document == DOCUMENT
        assert again.gallery(DOOR).terms == TERMS
    finally:
        again.close()


def test_batches_of_any_size_are_answered_in_order(office: Embedded) -> None:
    crowd = people(60)
    office.enrol(DOOR, crowd)
    for count in (1, 2, 7, 60):
        found = office.identify(DOOR, np.stack([person.words for person in crowd[:count]])).found
        assert [list(names) for names in found] == [[person.pseudonym] for person in crowd[:count]]


def test_two_faces_alike_are_both_candidates(office: Embedded) -> None:
    [one] = people(1)
    twin = replace(one, pseudonym=bytes(16))
    office.enrol(DOOR, [one, twin])
    [found] = office.identify(DOOR, one.words[None]).found
    assert sorted(found) == sorted([one.pseudonym, twin.pseudonym])


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from([2, 6, 64, 130]), st.integers(1, 40), st.integers(0, 2**32))
def test_three_custodians_decide_as_the_reference_does(office: Embedded, dim: int, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    terms = Terms("m", dim, (Rate(1e-2, 0.1, int(rng.integers(-4_000, 12_000))),), 1e-2, 1e-2)
    name = f"law-{dim}-{count}-{seed}"
    crowd = [replace(person, pseudonym=rng.bytes(16)) for person in people(count, seed, dim=dim)]
    office.add_gallery(name, terms, b"")
    office.enrol(name, crowd)
    probes = np.stack([quantise(rng.standard_normal(dim)) for _ in range(5)])
    answer = office.identify(name, probes)
    templates = np.stack([person.words for person in crowd])
    for probe, found in zip(probes, answer.found, strict=True):
        expected = decide(probe, templates, terms.rates[0].threshold, np.ones(count, dtype=bool))
        assert sorted(found) == sorted(crowd[at].pseudonym for at in np.flatnonzero(expected))


def test_the_threshold_follows_from_terms_and_living_rows(office: Embedded, clock: Clock) -> None:
    office.enrol(DOOR, people(30, expires_day=TODAY + 1))
    answer = office.identify(DOOR, people(1, seed=3)[0].words[None])
    assert (answer.rows, answer.point) == (30, identify_point(TERMS, 30))
    clock.pass_(days=1)
    answer = office.identify(DOOR, people(1, seed=3)[0].words[None])
    assert (answer.rows, answer.point) == (0, identify_point(TERMS, 0))


def test_papers_are_replaced_but_never_the_model(office: Embedded) -> None:
    [person] = people(1)
    office.enrol(DOOR, [person])
    stricter = replace(TERMS, fmr=1e-5)
    office.replace_document(DOOR, stricter, b"new reasons")
    assert office.gallery(DOOR).terms == stricter
    assert office.gallery(DOOR).document == b"new reasons"
    assert matched(office, [person]) == [True]
    for other in (replace(TERMS, model="another"), replace(TERMS, dim=DIM + 2)):
        with pytest.raises(refusals.GalleryFixed):
            office.replace_document(DOOR, other, b"")
    assert office.gallery(DOOR).terms == stricter


def test_adding_a_gallery_again_is_harmless_unless_it_differs(office: Embedded) -> None:
    office.add_gallery(DOOR, TERMS, DOCUMENT)
    with pytest.raises(refusals.GalleryExists):
        office.add_gallery(DOOR, TERMS, b"something else")
    assert office.gallery(DOOR).document == DOCUMENT


def test_wrong_use_is_refused_and_changes_nothing(office: Embedded) -> None:
    [person] = people(1)
    [other] = people(1, dim=DIM + 2)
    for call in (
        lambda: office.enrol(DOOR, [person, other]),
        lambda: office.verify(DOOR, other.words, other.pseudonym),
        lambda: office.identify(DOOR, other.words[None]),
        lambda: office.identify(DOOR, person.words[None].astype(np.int32)),
    ):
        with pytest.raises(refusals.WordsWrong):
            call()
    for unknown in (
        lambda: office.enrol("gate", [person]),
        lambda: office.verify("gate", person.words, person.pseudonym),
        lambda: office.erase("gate", person.pseudonym),
        lambda: office.gallery("gate"),
        lambda: office.replace_document("gate", TERMS, b""),
    ):
        with pytest.raises(refusals.GalleryUnknown):
            unknown()
    with pytest.raises(refusals.TooMany):
        office.enrol(DOOR, [person] * (MOST_NEWCOMERS + 1))
    with pytest.raises(refusals.TooMany):
        office.identify(DOOR, np.stack([person.words] * (MOST_PROBES * 4)))
    assert office.gallery(DOOR).rows == office.gallery(DOOR).version == 0


def test_a_pseudonym_is_enrolled_once(office: Embedded) -> None:
    [first, second] = people(2)
    same = replace(second, pseudonym=first.pseudonym)
    with pytest.raises(refusals.AlreadyEnrolled):
        office.enrol(DOOR, [first, same])
    office.enrol(DOOR, [first])
    with pytest.raises(refusals.AlreadyEnrolled):
        office.enrol(DOOR, [second, same])
    assert matched(office, [first, second]) == [True, False]
    assert office.gallery(DOOR).rows == 1


def test_what_is_not_a_face_is_neither_stored_nor_searched_with(office: Embedded) -> None:
    [person] = people(1)
    office.enrol(DOOR, [person])
    spike = np.zeros(DIM, dtype=np.int16)
    spike[3] = 16_384
    with pytest.raises(MalformedProbe):
        office.identify(DOOR, spike[None])
    with pytest.raises(MalformedProbe):
        office.verify(DOOR, spike, person.pseudonym)
    with pytest.raises(MalformedTemplate):
        office.enrol(DOOR, [*people(3, seed=4), replace(person, words=spike, pseudonym=bytes(16))])
    assert office.gallery(DOOR).rows == 1


def test_no_newcomers_is_no_change(office: Embedded) -> None:
    office.enrol(DOOR, [])
    assert office.gallery(DOOR).version == 0


def test_a_refused_batch_leaves_nothing_in_memory(office: Embedded) -> None:
    """Several offers are checked side by side; those that passed are forgotten when one did not."""
    spike = np.zeros(DIM, dtype=np.int16)
    spike[3] = 16_384
    crowd = people(3 * OFFERED_TOGETHER // 2)
    with pytest.raises(MalformedTemplate):
        office.enrol(DOOR, [*crowd, replace(crowd[0], words=spike, pseudonym=bytes(16))])
    assert all(not custodian._offers._admitted for custodian in office._three.custodians.values())
    assert office.gallery(DOOR).slots == 0


def test_a_gallery_has_a_name_of_some_length(office: Embedded) -> None:
    for name in ("", "x" * 65, "\N{GREEK SMALL LETTER ALPHA}" * 33):
        with pytest.raises(refusals.GalleryNameWrong):
            office.add_gallery(name, TERMS, b"")
    assert office.galleries() == [DOOR]


def test_a_clock_set_back_brings_nobody_back(folder: Path) -> None:
    """Whoever expired while the office was open stays expired in it, at all three."""
    clock = Clock()
    office = opened(folder, clock)
    crowd = [*people(3, expires_day=TODAY + 2), *people(2, seed=4)]
    office.enrol(DOOR, crowd)
    assert matched(office, crowd) == [True] * 5
    clock.pass_(days=2)
    assert matched(office, crowd) == [False] * 3 + [True] * 2
    clock.pass_(days=-2)
    assert matched(office, crowd) == [False] * 3 + [True] * 2
    assert office.gallery(DOOR).rows == 2
    office.close()
