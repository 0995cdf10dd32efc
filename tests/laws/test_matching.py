"""The law: three custodians decide exactly as the clear reference does, ties and edge norms included."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from moiety.matching import reference
from moiety.matching.header import CIRCUITS, NEAR_PASS_WORDS, Circuit
from moiety.matching.opening import opened
from moiety.matching.rounds import lockstep
from moiety.matching.search import attempt
from moiety.matching.words import NORM_HIGH, NORM_LOW, quantise
from moiety.sharing.seat import SEATS
from moiety.sharing.split import split

from .three import Three, header, table


def decide(
    probes: NDArray[np.int16],
    templates: NDArray[np.int16],
    threshold: int,
    mask: NDArray[np.bool_],
    circuit: Circuit = "chain",
    pass_words: int = NEAR_PASS_WORDS,
) -> NDArray[np.bool_]:
    """What the three custodians decide, bool (B, n)."""
    count, dim = templates.shape
    rows = max(64, -(-count // 64) * 64)
    padded = np.zeros((rows, dim), dtype=np.int16)
    padded[:count] = templates
    live = np.zeros(rows, dtype=bool)
    live[:count] = mask
    parts = split(padded.view(np.uint16), os.urandom)
    sides = Three().sides(
        probes, parts, live, header(rows, len(probes), dim, threshold, circuit=circuit, pass_words=pass_words)
    )
    openings = lockstep({seat: attempt(sides[seat]) for seat in SEATS})
    pairs = opened(openings, len(probes))
    assert pairs.tolist() == sorted(pairs.tolist())
    found = table(pairs, len(probes), rows)
    assert not found[:, count:].any()
    return found[:, :count]


@st.composite
def galleries(draw: st.DrawFn) -> tuple[NDArray[np.int16], NDArray[np.int16], int, NDArray[np.bool_]]:
    dim = 2 * draw(st.one_of(st.integers(1, 8), st.sampled_from([16, 96, 256, 352, 1024])))
    rows = draw(st.integers(0, 130))
    probes = draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    centre = rng.standard_normal(dim)
    spread = draw(st.sampled_from([0.05, 0.5, 3.0]))

    def faces(count: int) -> NDArray[np.int16]:
        drawn = centre + spread * rng.standard_normal((count, dim))
        return np.array([quantise(row) for row in drawn], dtype=np.int16).reshape(count, dim)

    probe, template = faces(probes), faces(rows)
    products = probe.astype(np.int64) @ template.astype(np.int64).T
    # Most thresholds are ties with some pair, or one beside a tie: there a wrong comparison shows.
    ties = [int(p) + step for p in products.reshape(-1)[:200] for step in (-1, 0, 1) if abs(p) < 15_990]
    edges = [-16_000, 0, 16_000]
    threshold = draw(st.sampled_from(ties or edges) if draw(st.booleans()) else st.sampled_from(edges))
    return probe, template, threshold, rng.random(rows) < draw(st.sampled_from([0.0, 0.7, 1.0]))


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(galleries(), st.sampled_from(CIRCUITS), st.sampled_from([1, 2, 5, NEAR_PASS_WORDS]))
def test_three_custodians_decide_as_the_reference_does(
    case: tuple[NDArray[np.int16], NDArray[np.int16], int, NDArray[np.bool_]], circuit: Circuit, pass_words: int
) -> None:
    probes, templates, threshold, mask = case
    found = decide(probes, templates, threshold, mask, circuit, pass_words)
    for probe, answer in zip(probes, found, strict=True):
        assert (answer == reference.decide(probe, templates, threshold, mask)).all()


@pytest.mark.parametrize("norm", [NORM_LOW, NORM_HIGH])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("circuit", CIRCUITS)
def test_edge_norms_at_both_ends_of_the_word(norm: int, sign: int, circuit: Circuit) -> None:
    """The longest and shortest vectors allowed, with themselves and their opposites, at the outermost thresholds."""
    dim = 64
    vector = _of_norm(norm, dim)
    templates = np.stack([vector, (-vector).astype(np.int16)])
    everyone = np.ones(2, dtype=bool)
    for threshold in (16_000, norm if norm <= 16_000 else 16_000, 15_599, 0, -16_000):
        probe = (sign * vector).astype(np.int16)
        found = decide(probe[None], templates, threshold, everyone, circuit)
        assert (found[0] == reference.decide(probe, templates, threshold, everyone)).all()


def _of_norm(norm: int, dim: int) -> NDArray[np.int16]:
    """Whole numbers (dim,) with exactly this self product: greedy squares."""
    out = np.zeros(dim, dtype=np.int16)
    left = norm
    for k in range(dim):
        out[k] = min(int(np.sqrt(left)), 100)
        left -= int(out[k]) ** 2
    assert left == 0
    return out


def test_every_even_dimension_counts_alike() -> None:
    """One pass over odd and large dimensions that the generator above does not draw."""
    rng = np.random.default_rng(5)
    for dim in (2, 6, 34, 1_000, 2_046, 2_048):
        templates = np.array([quantise(row) for row in rng.standard_normal((70, dim))])
        probes = templates[[3, 69]]
        found = decide(probes, templates, 12_000, np.ones(70, dtype=bool))
        for probe, answer in zip(probes, found, strict=True):
            assert (answer == reference.decide(probe, templates, 12_000, np.ones(70, dtype=bool))).all()
        assert found[0, 3]
        assert found[1, 69]
