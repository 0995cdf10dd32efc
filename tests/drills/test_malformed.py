"""Probes and templates that are no faces: each check that is left out is found, by what it lets through."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from moiety.drills import malformed
from moiety.drills.malformed import COORDINATES, factors_of, unit_probes
from moiety.drills.scene import Scene
from moiety.matching import admission, checks
from moiety.matching.words import NORM_HIGH, NORM_LOW, WORD_HIGH
from tests.drills.conftest import DIM, PEOPLE
from tests.drills.running import Running, findings

UNITS, OVERLONG, TEMPLATE = NAMES = ("malformed probe: units", "malformed probe: overlong", "malformed template")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Running:
    return Running(tmp_path_factory.mktemp("malformed"))


def test_the_product_answers_no_such_probe_and_enrols_no_such_template(scene: Scene) -> None:
    told = scene.probed.checked
    assert not any(answers.any() for answers in (told.units, told.bent, told.behind, told.overlong))
    assert np.array_equal(told.let_in, told.let_in_before)
    assert findings(scene, *NAMES) == set()


@pytest.mark.parametrize("manner", ["units", "bent"])
def test_custodians_that_check_nothing_give_every_coordinate_that_is_asked_for(scene: Scene, manner: str) -> None:
    asked = scene.probed
    read = malformed._read(getattr(asked.unchecked, manner), asked)
    assert read.shape == (PEOPLE, COORDINATES)
    assert (read == asked.templates[:, :COORDINATES]).all()


def test_what_unit_probes_hide_behind_is_the_norm_of_a_face() -> None:
    """So that the range alone stands before them."""
    factors = factors_of(np.random.default_rng(1))
    probes = unit_probes(factors, DIM).reshape(-1, DIM).astype(object)
    norms = (probes * probes).sum(axis=1) % 2**32
    assert all(NORM_LOW <= norm <= NORM_HIGH for norm in norms)
    assert len(set(factors.tolist())) == len(factors) == 31
    assert factors.min() > WORD_HIGH


def test_a_range_that_is_not_checked_is_found(
    scene: Scene, running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "additive", lambda share, seat: np.zeros_like(share))
    probing = running.probed(tmp_path / "office")
    assert not any(answers.any() for answers in (probing.checked.bent, probing.checked.overlong))
    assert findings(replace(scene, probing=probing), *NAMES) == {UNITS}


def test_a_degree_that_is_not_checked_is_found(
    scene: Scene, running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Range and norm, which see a face, do not stand in for it."""
    monkeypatch.setattr(checks, "degree_weight", lambda seat: (0, 0))
    probing = running.probed(tmp_path / "office")
    assert not any(answers.any() for answers in (probing.checked.units, probing.checked.bent, probing.checked.overlong))
    assert findings(replace(scene, probing=probing), *NAMES) == {OVERLONG}


def test_a_norm_that_is_not_checked_is_found(
    scene: Scene, running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "NORM_HIGH", 1 << 30)
    probing = running.probed(tmp_path / "office")
    assert findings(replace(scene, probing=probing), *NAMES) == {OVERLONG}


def test_templates_whose_norm_is_not_checked_are_found(
    scene: Scene, running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "NORM_HIGH", 1 << 30)
    probing = running.probed(tmp_path / "office")
    assert findings(replace(scene, probing=probing), *NAMES) == {TEMPLATE}


def test_only_the_first_probe_of_a_batch_checked_is_found(
    scene: Scene, running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = checks.are_faces
    monkeypatch.setattr("moiety.matching.search.are_faces", lambda channel, shares: whole(channel, shares[:1]))
    probing = running.probed(tmp_path / "office")
    assert findings(replace(scene, probing=probing), *NAMES) == {UNITS, OVERLONG}


def test_a_twin_that_tells_nothing_proves_nothing(scene: Scene) -> None:
    probing = scene.probed
    silenced = {field.name: np.zeros_like(getattr(probing.unchecked, field.name)) for field in fields(probing.checked)}
    mute = replace(probing, unchecked=replace(probing.unchecked, **silenced))
    assert findings(replace(scene, probing=mute), *NAMES) == set(NAMES)


def test_where_nobody_sent_any_there_is_nothing_to_judge(scene: Scene) -> None:
    with pytest.raises(LookupError):
        findings(replace(scene, probing=None), UNITS)
