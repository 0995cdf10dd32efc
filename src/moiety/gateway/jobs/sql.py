"""What became of each job. Nothing of what was sent is here: numbers of rows, counts and codes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, update

from moiety.database import Database
from moiety.gateway.callers.tables import JOBS
from moiety.gateway.jobs.refusals import JobUnknown

KEPT_S: Final = 7 * 86_400
"""For how long a job that has ended is listed."""

REFUSED_LIMIT: Final = 1_000
"""Rows that were refused and are listed; all of them are counted."""

WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"
CANCELLED, INTERRUPTED = "cancelled", "interrupted"
LIVE: Final = (WAITING, RUNNING)


@dataclass(frozen=True, slots=True)
class Job:
    """`done` of `total` rows were read; `added` people came in, of `there` there were already; `refused` are rows by
    number and code; `code` says why it failed. `at` is the unix second at which it was begun."""

    job: bytes
    caller: str
    purpose: str
    state: str
    done: int
    total: int | None
    added: int
    there: int
    aside: int
    refused: Sequence[tuple[int, str]]
    code: str | None
    at: int


class JobTable:
    """Safe for threads, and for processes. `worker` is this process; `now` a unix second."""

    def __init__(self, database: Database, worker: str, now: Callable[[], int]) -> None:
        self._database = database
        self._worker = worker
        self._now = now

    def add(self, job: bytes, caller: str, purpose: str) -> None:
        """A new one, which waits; those that ended long ago are forgotten."""
        with self._database.writing("job") as connection:
            old = (JOBS.c.at < self._now() - KEPT_S) & JOBS.c.state.not_in(LIVE)
            connection.execute(delete(JOBS).where(old))
            row = {"job": job, "caller": caller, "purpose": purpose, "worker": self._worker, "state": WAITING}
            zero = {"done": 0, "added": 0, "there": 0, "aside": 0, "refused": "[]", "at": self._now()}
            connection.execute(insert(JOBS).values(row | zero))

    def get(self, job: bytes) -> Job:
        """Raises `JobUnknown`."""
        with self._database.reading() as connection:
            row = connection.execute(select(JOBS).where(JOBS.c.job == job)).first()
        if row is None:
            raise JobUnknown
        return _job(row)

    def listed(self) -> list[Job]:
        """All, the oldest first."""
        with self._database.reading() as connection:
            return [_job(row) for row in connection.execute(select(JOBS).order_by(JOBS.c.at, JOBS.c.job)).all()]

    def say(self, job: bytes, state: str, was: Sequence[str] = LIVE, **said: Any) -> bool:
        """Whether it was in one of those states, and is now in this one."""
        if "refused" in said:
            said["refused"] = json.dumps(said["refused"][:REFUSED_LIMIT])
        with self._database.writing("job") as connection:
            there = (JOBS.c.job == job) & JOBS.c.state.in_(was)
            return bool(connection.execute(update(JOBS).where(there).values(state=state, **said)).rowcount)

    def interrupt(self, workers: Sequence[str]) -> None:
        """What these processes had not finished is not going on any more."""
        with self._database.writing("job") as connection:
            left = JOBS.c.worker.in_(workers) & JOBS.c.state.in_(LIVE)
            connection.execute(update(JOBS).where(left).values(state=INTERRUPTED))


def _job(row: Row[Any]) -> Job:
    refused = [(int(number), str(code)) for number, code in json.loads(row.refused)]
    return Job(
        bytes(row.job),
        row.caller,
        row.purpose,
        row.state,
        row.done,
        row.total,
        row.added,
        row.there,
        row.aside,
        refused,
        row.code,
        row.at,
    )
