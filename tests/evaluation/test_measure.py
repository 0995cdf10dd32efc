"""From photographs to a report, with the real models in real processes."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moiety import cli
from moiety.evaluation.embed import embed, usual_workers
from moiety.evaluation.measure import measure
from moiety.evaluation.refusals import ImageMissing, WorkersInvalid
from moiety.face.card_refusals import ModelUnknown
from moiety.face.progress import silent
from moiety.face.recogniser import Recogniser
from tests.stories.scene import Photographs

MODEL = "mobilefacenet-192"


@pytest.fixture
def packaged(photographs: Photographs, tmp_path: Path) -> Path:
    """A list of all pairs of the packaged photographs, in two folds, and one pair with a picture of nothing."""
    names = [one.name for one in (*photographs.anna, photographs.bert, photographs.stranger)]
    images = tmp_path / "images"
    images.mkdir()
    for one in (*photographs.anna, photographs.bert, photographs.stranger):
        (images / one.name).write_bytes(one.read_bytes())
    (images / "nothing.jpg").write_bytes(b"no picture at all")
    anna = {one.name for one in photographs.anna}
    lines = ["image_a,image_b,same,fold"]
    for fold in "xy":
        lines += [f"{a},{b},{int({a, b} <= anna)},{fold}" for at, a in enumerate(names) for b in names[at + 1 :]]
    lines.append(f"{names[0]},nothing.jpg,1,x")
    (tmp_path / "pairs.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_the_packaged_people_are_told_apart_and_a_picture_of_nothing_is_an_error(packaged: Path, data: Path) -> None:
    steps: list[tuple[int, int]] = []
    report = measure(
        packaged / "pairs.csv",
        packaged / "images",
        model=MODEL,
        data=data,
        workers=2,
        progress=lambda _, done, total: steps.append((done, total)),
    )
    assert (report.pairs, report.failed) == (21, 1)
    assert report.accuracy_by_fold == {"x": pytest.approx(10 / 11), "y": 1}
    assert report.decisions_differing == 0
    assert report.model == MODEL
    assert steps[0] == (0, 6)
    assert steps[-1] == (6, 6)


def test_every_worker_gives_the_templates_of_the_recogniser_in_the_order_asked_for(
    photographs: Photographs, data: Path, tmp_path: Path
) -> None:
    nothing = tmp_path / "nothing.png"
    nothing.write_bytes(b"")
    pictures = [*photographs.anna, nothing, photographs.bert, *photographs.anna, photographs.stranger]
    found = embed(pictures, MODEL, data, 3, silent)
    recogniser = Recogniser.open(MODEL, data, threads=1)
    assert found[3] is None
    for picture, vector in zip(pictures, found, strict=True):
        if picture != nothing:
            np.testing.assert_allclose(vector, recogniser.embed_nearest_centre(picture), atol=1e-6)
    assert embed([], MODEL, data, 1, silent) == []


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked for in /proc")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_whoever_started_them(
    how: signal.Signals, photographs: Photographs, data: Path, tmp_path: Path
) -> None:
    """Pictures enough for a minute; the process is ended as soon as its workers have done some."""
    images = tmp_path / "images"
    images.mkdir()
    lines = ["image_a,image_b,same,fold"]
    for number in range(400):
        for one in (photographs.bert, photographs.stranger):
            (images / f"{number}-{one.name}").symlink_to(one)
        lines.append(f"{number}-{photographs.bert.name},{number}-{photographs.stranger.name},0,x")
    (tmp_path / "pairs.csv").write_text("\n".join(lines) + "\n")
    command = [sys.executable, "-m", "moiety", "evaluate", "pairs", "pairs.csv", "--images", "images", "--workers", "2"]
    ended = subprocess.Popen(
        command, cwd=tmp_path, env={**os.environ, "MOIETY_DATA": str(data)}, stderr=subprocess.DEVNULL
    )
    workers = eventually(lambda: [one for one in children(ended.pid) if "spawn_main" in one[1]], 2)
    ended.send_signal(how)
    ended.wait(30)
    eventually(lambda: [] if any(alive(pid) for pid, _ in workers) else [1], 1)


def eventually(found: Callable[[], list[Any]], count: int) -> list[Any]:
    """What is found once there are so many, within half a minute."""
    until = time.monotonic() + 30
    while len(there := found()) < count:
        assert time.monotonic() < until
        time.sleep(0.05)
    return there


def children(parent: int) -> list[tuple[int, str]]:
    """The processes that this one started, each with its command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if (entry / "stat").read_text().rpartition(")")[2].split()[1] == str(parent):
                    found.append((int(entry.name), (entry / "cmdline").read_text()))
    return found


def alive(pid: int) -> bool:
    with suppress(OSError):
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.mark.parametrize("workers", [0, -1, 65])
def test_no_such_number_of_workers(workers: int, data: Path) -> None:
    with pytest.raises(WorkersInvalid):
        embed([], MODEL, data, workers, silent)


@pytest.mark.parametrize("workers", ["0", "65"])
def test_the_command_takes_the_number_of_workers_as_it_is_given(
    workers: str, data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pairs.csv").write_text("image_a,image_b,same\n")
    words = ["evaluate", "pairs", str(tmp_path / "pairs.csv"), "--images", str(tmp_path), "--workers", workers]
    assert cli.run([*words, "--json"]) == 2
    assert json.loads(capfd.readouterr().out)["refused"] == "evaluate_workers_invalid"


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not say which cores may be used")
@pytest.mark.parametrize(("cores", "workers"), [(1, 1), (2, 2), (128, 64)])
def test_the_usual_number_of_workers_is_that_of_the_usable_cores_and_never_refused(
    cores: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    assert usual_workers() == workers


def test_a_mistake_in_the_list_is_refused_before_a_model_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("image_a,image_b,same\nhere.jpg,gone.jpg,1\n")
    (tmp_path / "here.jpg").write_bytes(b"")
    with pytest.raises(ImageMissing):
        measure(tmp_path / "pairs.csv", tmp_path, model="none", data=tmp_path, workers=1, progress=silent)


def test_a_model_that_nobody_knows_is_refused_once(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("image_a,image_b,same\n")
    with pytest.raises(ModelUnknown):
        measure(tmp_path / "pairs.csv", tmp_path, model="none", data=tmp_path, workers=2, progress=silent)


def test_the_command_answers_with_one_object(packaged: Path, data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", "pairs", str(packaged / "pairs.csv"), "--images", str(packaged / "images"), "--workers", "1"]
    assert cli.run([*words, "--json"]) == 0
    out, _ = capfd.readouterr()
    answer = json.loads(out)
    assert list(answer) == [
        "pairs", "failed", "accuracy", "accuracy_by_fold", "eer", "fnmr", "decisions_differing", "model",
    ]  # fmt: skip
    assert (answer["pairs"], answer["failed"], answer["fnmr"]) == (21, 1, {})
    assert answer["accuracy"] == pytest.approx(20 / 21)


def test_each_rate_that_the_command_tells_is_the_one_of_its_name(
    packaged: Path, data: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Three pairs of one person and one without a face, seven of strangers, and all of them often enough."""
    known = (packaged / "pairs.csv").read_text().splitlines()
    mated = [line for line in known[1:] if line.endswith(",1,x")]
    strangers = [line for line in known[1:] if line.endswith(",0,x")]
    assert (len(mated), len(strangers)) == (4, 7)
    lines = mated + strangers * 72
    rows = [line[:-1] + fold for fold in "xy" for line in lines]
    (packaged / "many.csv").write_text("\n".join([known[0], *rows]) + "\n")
    words = ["evaluate", "pairs", str(packaged / "many.csv"), "--images", str(packaged / "images"), "--workers", "1"]
    assert cli.run([*words, "--json"]) == 0
    answer = json.loads(capfd.readouterr().out)
    assert answer["accuracy"] == pytest.approx(1 - 2 / len(rows))
    # Where the two rates cross, the one who failed is a fourth and the strangers who are nearest a seventh.
    assert answer["eer"] == pytest.approx((1 / 4 + 1 / 7) / 2)
    [(target, (value, low, high))] = answer["fnmr"].items()
    assert (target, value) == ("1e-2", 0.25)
    assert 0 < low < value < high < 1
    assert cli.run(words) == 0
    out, _ = capfd.readouterr()
    assert f"equal error rate    {answer['eer']:.2%}".replace("%", " %") in out
    assert f"FNMR at FMR 0.01    25.00 %; 95 % interval {100 * low:.2f} % to {100 * high:.2f} %" in out


@pytest.mark.parametrize("content", ["image_a,image_b,same\n", "image_b,image_a,same,fold\n"])
def test_no_pairs_at_all_are_answered_with_null(
    tmp_path: Path, data: Path, content: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pairs.csv").write_text(content)
    words = ["evaluate", "pairs", str(tmp_path / "pairs.csv"), "--images", str(tmp_path)]
    assert cli.run([*words, "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == {
        "pairs": 0,
        "failed": 0,
        "accuracy": None,
        "accuracy_by_fold": {},
        "eer": None,
        "fnmr": {},
        "decisions_differing": None,
        "model": MODEL,
    }
    assert cli.run(words) == 0
    out, _ = capfd.readouterr()
    assert out.count("these pairs cannot tell") == 4


def test_the_command_refuses_a_list_without_its_columns(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pairs.csv").write_text("image_a,same\n")
    assert cli.run(["evaluate", "pairs", str(tmp_path / "pairs.csv"), "--images", str(tmp_path), "--json"]) == 2
    assert json.loads(capfd.readouterr().out)["refused"] == "pairs_column_missing"


def test_strangers_photographs_are_told_apart_99_times_of_100(labelled_faces: Path, data: Path, tmp_path: Path) -> None:
    """Twenty pairs of each kind from each of five folds; all 3,000 give 0.992. A wrong alignment or channel order
    loses several points."""
    with (labelled_faces / "pairs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    some = [
        row
        for fold in "12345"
        for same in "01"
        for row in [one for one in rows if (one["fold"], one["same"]) == (fold, same)][:20]
    ]
    with (tmp_path / "pairs.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(some)
    report = measure(
        tmp_path / "pairs.csv", labelled_faces / "images", model=MODEL, data=data, workers=2, progress=silent
    )
    assert (report.pairs, report.failed) == (200, 0)
    assert report.accuracy is not None
    assert report.accuracy >= 0.975
    assert report.decisions_differing is not None
    assert report.decisions_differing <= 1 / 200
