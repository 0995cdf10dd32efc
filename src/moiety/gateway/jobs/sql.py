"""What became of each job, and its ticket until it has ended. Of what was sent only the key is here, sealed: all else
is numbers of rows, counts and codes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from moiety.database import Database
from moiety.database.refusals import DatabaseBusy
from moiety.gateway.callers.tables import JOBS, TICKETS
from moiety.gateway.jobs.refusals import JobStopped, JobUnknown

KEPT_S: Final = 7 * 86_400
"""For how long a job that has ended is listed."""

REFUSED_LIMIT: Final = 1_000
"""Rows that were refused and are listed; all of them are counted."""

WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"
CANCELLED, INTERRUPTED, REFUSED = "cancelled", "interrupted", "refused"
LIVE: Final = (WAITING, RUNNING)


@dataclass(frozen=True, slots=True)
class Job:
    """`done` of `total` rows were read; `added` people came in, of `there` there were already; `refused` are rows by
    number and code; `code` says why it failed or was refused. `at` is the unix second at which it was begun."""

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

    def add(self, job: bytes, caller: str, purpose: str, ticket: bytes) -> None:
        """A new one, which waits, and its ticket, sealed; those that ended long ago are forgotten."""
        with self._database.writing("job") as connection:
            old = (JOBS.c.at < self._now() - KEPT_S) & JOBS.c.state.not_in(LIVE)
            connection.execute(delete(JOBS).where(old))
            row = {"job": job, "caller": caller, "purpose": purpose, "worker": self._worker, "state": WAITING}
            zero = {"done": 0, "added": 0, "there": 0, "aside": 0, "refused": "[]", "at": self._now()}
            connection.execute(insert(JOBS).values(row | zero))
            connection.execute(insert(TICKETS).values(job=job, sealed=ticket, after=0))

    def ticket(self, job: bytes) -> tuple[bytes, int]:
        """Its ticket, sealed, and the number of the last row that was read. Raises `JobStopped` where it has none any
        more."""
        with self._database.reading() as connection:
            row = connection.execute(select(TICKETS).where(TICKETS.c.job == job)).first()
        if row is None:
            raise JobStopped
        return bytes(row.sealed), row.after

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
        with self._database.writing("job") as connection:
            return _said(connection, job, state, was, said)

    def read(self, job: bytes, after: int, refused: Sequence[tuple[int, str]], **counts: int) -> bool:
        """Rows up to this one were read. Whether it still runs: else nothing is written down."""
        with self._database.writing("job") as connection:
            said = counts | {"refused": json.dumps(refused[:REFUSED_LIMIT])}
            if not _said(connection, job, RUNNING, (RUNNING,), said):
                return False
            connection.execute(update(TICKETS).where(TICKETS.c.job == job).values(after=after))
            return True

    def end(self, job: bytes, state: str, code: str | None = None) -> None:
        """It has ended so, unless it had ended before; its ticket goes."""
        with self._database.writing("job") as connection:
            _said(connection, job, state, LIVE, {"code": code})
            connection.execute(delete(TICKETS).where(TICKETS.c.job == job))

    def scrub(self) -> None:
        """No bytes of a ticket stay that went, as far as that can be had now: whoever ends a job next tries again."""
        with suppress(DatabaseBusy):
            self._database.scrub()

    def taken_over(self, worker: str, has: Callable[[bytes], bool]) -> list[bytes]:
        """Jobs of a process that has ended which wait again, the oldest first: those that have a ticket, and of which
        we have what was sent. Nobody goes on with the others."""
        with self._database.writing("job") as connection:
            left = (JOBS.c.worker == worker) & JOBS.c.state.in_(LIVE)
            found = connection.execute(select(JOBS.c.job).where(left).order_by(JOBS.c.at, JOBS.c.job))
            again = []
            for job in [bytes(row.job) for row in found.all()]:
                ticket = TICKETS.c.job == job
                if has(job) and connection.execute(select(TICKETS.c.job).where(ticket)).first():
                    _said(connection, job, WAITING, LIVE, {})
                    again.append(job)
                else:
                    _said(connection, job, INTERRUPTED, LIVE, {})
                    connection.execute(delete(TICKETS).where(ticket))
        return again


def _said(connection: Connection, job: bytes, state: str, was: Sequence[str], said: Mapping[str, Any]) -> bool:
    there = (JOBS.c.job == job) & JOBS.c.state.in_(was)
    return bool(connection.execute(update(JOBS).where(there).values(state=state, **said)).rowcount)


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
