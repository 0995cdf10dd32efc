"""`moiety models`, by the real command."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import pytest

from tests.models.cards import EMBEDDER, with_file

CONTENT = b"bytes that nobody runs"
OWN = with_file(EMBEDDER, len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def models(tmp_path):
    def run(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "moiety", "models", *map(str, words)],
            env={**os.environ, "MOIETY_DATA": str(tmp_path / "data")},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


@pytest.fixture
def own(tmp_path):
    card, file = tmp_path / "mine.toml", tmp_path / "mine.onnx"
    card.write_text(OWN)
    file.write_bytes(CONTENT)
    return card, "--file", file


def answer(done, status=0):
    assert done.returncode == status, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_the_list_says_what_matters_of_each_model(models):
    listed = {model["name"]: model for model in answer(models("list", "--json"))["models"]}
    default = listed["mobilefacenet-192"]
    assert (default["installed"], default["own"], default["dim"]) == (False, False, 192)
    assert default["training_data"] == "unknown"
    assert default["licence"] == "MIT"
    assert default["source"].startswith("npm: ")
    assert min(rate["fmr"] for rate in default["rates"]) <= 1e-5
    words = models("list").stdout
    for name, model in listed.items():
        assert name in words
        assert model["training_data"] in words
    assert "not installed" in words


def test_a_model_of_ones_own_is_added_listed_checked_and_found_damaged(models, own, tmp_path):
    assert answer(models("add", *own, "--json")) == {"added": "of-my-own"}
    listed = answer(models("list", "--json"))["models"]
    assert [model["name"] for model in listed if model["own"] and model["installed"]] == ["of-my-own"]
    assert answer(models("check", "--json")) == {"models": [{"name": "of-my-own", "state": "whole"}]}
    (tmp_path / "data" / "models" / "of-my-own" / "network.onnx").write_bytes(CONTENT[:-1] + b"!")
    assert answer(models("check", "--json"), status=1) == {"models": [{"name": "of-my-own", "state": "damaged"}]}
    assert "of-my-own: damaged" in models("check").stdout


def test_a_damaged_card_is_named_and_the_others_are_shown(models, own, tmp_path):
    assert answer(models("list", "--json"))["damaged"] == []
    answer(models("add", *own, "--json"))
    with (tmp_path / "data" / "models" / "of-my-own" / "card.toml").open("a") as card:
        card.write("junk")
    listed = answer(models("list", "--json"))
    assert listed["damaged"] == ["of-my-own"]
    assert "mobilefacenet-192" in [model["name"] for model in listed["models"]]
    assert "of-my-own (damaged" in models("list").stdout
    assert answer(models("check", "--json"), status=1) == {"models": [{"name": "of-my-own", "state": "damaged"}]}
    assert answer(models("install", "of-my-own", "--json"), status=3)["refused"] == "card_damaged"


@pytest.mark.parametrize(
    ("card", "content", "code"),
    [
        (OWN, CONTENT[:-1], "file_wrong_size"),
        (OWN, CONTENT[:-1] + b"!", "file_wrong_hash"),
        (OWN + "colour = 1\n", CONTENT, "card_unknown_fields"),
        (OWN.replace("of-my-own", "../mine"), CONTENT, "card_invalid"),
        ("no card", CONTENT, "card_not_toml"),
    ],
)
def test_what_is_wrong_ends_with_two_and_keeps_nothing(models, own, tmp_path, card, content, code):
    own[0].write_text(card)
    own[2].write_bytes(content)
    refusal = answer(models("add", *own, "--json"), status=2)
    assert refusal["refused"] == code
    assert "mine" not in refusal["advice"]
    data = tmp_path / "data"
    assert not data.exists() or not any(path.is_file() for path in data.rglob("*"))


def test_installing_from_a_file(models, tmp_path):
    wrong = tmp_path / "centerface.onnx"
    wrong.write_bytes(CONTENT)
    assert answer(models("install", "centerface", "--file", wrong, "--json"), 2)["refused"] == "file_wrong_size"
    assert answer(models("install", "nobody", "--json"), 2)["refused"] == "model_unknown"


@pytest.mark.parametrize(
    "words", [[], ["--defaults", "centerface"], ["--defaults", "--file", "f"], ["a", "b", "--file", "f"]], ids=str
)
def test_what_to_install_has_to_be_clear(models, words):
    assert answer(models("install", *words, "--json"), 2)["refused"] == "install_what"


def test_listing_needs_no_network_and_no_numpy(tmp_path):
    code = (
        "import sys; from moiety.cli import run; run(['models', 'list', '--json']);"
        "sys.exit(bool({'numpy', 'cv2', 'PIL', 'onnxruntime', 'ai_edge_litert'} & set(sys.modules)))"
    )
    environment = {**os.environ, "MOIETY_DATA": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False)
    assert done.returncode == 0
