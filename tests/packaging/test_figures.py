"""The README's figures are those of docs/measurements, and of nobody's memory."""

from __future__ import annotations

import json

import pytest

from tests.house.source import ROOT
from tools import figures

MACHINE = {
    "processor": "Some Processor", "cores": 2, "memory_gb": 24, "python": "3.11.7",
    "numpy": "2.4", "numba": "0.68", "faiss-cpu": "1.15",
}  # fmt: skip


def test_the_readme_says_what_was_measured():
    records = {path.stem: json.loads(path.read_text()) for path in figures.MEASUREMENTS.glob("*.json")}
    text = (ROOT / "README.md").read_text()
    assert figures.BLOCK.search(text), "the README has no block of figures"
    assert figures.rendered(text, records) == text
    assert figures.NOT_MEASURED not in text


def search_record(probes: int, ours_ms: float) -> figures.Record:
    result = {
        "rows": 1_000_000, "dim": 512, "probes": probes,
        "ours_ms": ours_ms, "peers_ms": {"numpy": 100.0, "FAISS": 50.0}, "peer": "FAISS, 2 threads",
        "ratio": ours_ms / 50, "ratio_faiss_default": 0.5,
        "distance_ms_per_custodian": 20.0, "threshold_ms": 7.0, "checks_ms": 1.0, "mb_per_custodian": 1100.4,
    }  # fmt: skip
    return {"command": ["moiety", "bench", "search"], "machine": MACHINE, "result": result}


def test_a_block_is_filled_and_filled_again_to_the_same():
    records = {"search-1": search_record(1, 81.25), "search-32": search_record(32, 900.0)}
    text = "before\n<!-- figures: search -->\nold words\n<!-- end of figures -->\nafter"
    once = figures.rendered(text, records)
    assert "| 1,000,000 x 512 | 1 | **81.2** | 50.0 (FAISS, 2 threads) | **1.62** |" in once
    assert "old words" not in once
    assert once.startswith("before\n")
    assert once.endswith("\nafter")
    assert figures.rendered(once, records) == once


def test_a_block_without_figures_says_so():
    text = figures.rendered("<!-- figures: search -->\n81 ms, I think\n<!-- end of figures -->", {"enrol": {}})
    assert figures.NOT_MEASURED in text
    assert "I think" not in text


def test_a_block_that_nobody_knows_ends_the_run():
    with pytest.raises(SystemExit, match="nonsense"):
        figures.rendered("<!-- figures: nonsense -->\n<!-- end of figures -->", {})
