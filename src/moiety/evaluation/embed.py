"""Photographs to templates, each once, in several processes."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from multiprocessing import connection
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from moiety.errors import Refused
from moiety.evaluation.refusals import WorkersInvalid
from moiety.face.progress import Progress
from moiety.face.recogniser import Recogniser

# Each worker holds its own copy of the models and of Python, about 200 MB.
WORKERS_LIMIT = 64
_PICTURES_A_TASK = 8

Vector: TypeAlias = NDArray[np.float32]


def usual_workers() -> int:
    """One for each core that this process may use, as many as are allowed."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, WORKERS_LIMIT)


def embed(pictures: Sequence[Path], model: str, data: Path, workers: int, progress: Progress) -> list[Vector | None]:
    """The template (d,) float32 of unit length of each picture's face nearest the centre, in the pictures'
    order.

    None is a failure to acquire: not a picture, or no face in it that will do. Raises `WorkersInvalid`, and
    what `Recogniser.open` raises where the model is not installed.
    """
    if not 1 <= workers <= WORKERS_LIMIT:
        raise WorkersInvalid(limit=WORKERS_LIMIT)
    Recogniser.open(model, data, threads=1)  # a model that is missing is missed here, once, and not by every worker
    stage = "photographs to templates"
    progress(stage, 0, len(pictures))
    found: list[Vector | None] = [None] * len(pictures)
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawned, initializer=_end_with_parent) as pool:
        tasks = {
            pool.submit(_embed_some, pictures[start : start + _PICTURES_A_TASK], model, data): start
            for start in range(0, len(pictures), _PICTURES_A_TASK)
        }
        done = 0
        try:
            for task in as_completed(tasks):
                vectors = task.result()
                found[tasks[task] : tasks[task] + len(vectors)] = vectors
                done += len(vectors)
                progress(stage, done, len(pictures))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return found


def _end_with_parent() -> None:
    """Whoever is terminated cannot tell its workers, and they would wait for it for ever."""
    parent = multiprocessing.parent_process()
    if parent is None:
        raise RuntimeError("only a worker ends with its parent")
    sentinel = parent.sentinel

    def watch() -> None:
        connection.wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()


@cache
def _opened(model: str, data: Path) -> Recogniser:
    """One recogniser a process: the pool is as wide as the cores, so each keeps to one thread."""
    return Recogniser.open(model, data, threads=1)


def _embed_some(pictures: Sequence[Path], model: str, data: Path) -> list[Vector | None]:
    return [_embed_one(_opened(model, data), picture) for picture in pictures]


def _embed_one(recogniser: Recogniser, picture: Path) -> Vector | None:
    try:
        return recogniser.embed_nearest_centre(picture)
    except Refused:
        return None
