"""Jobs, one after another: people who are brought in from what was sent."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import TYPE_CHECKING, Final

from moiety.behalf import carried
from moiety.errors import MoietyError
from moiety.gateway.jobs.inputs import Entropy, Inputs
from moiety.gateway.jobs.refusals import JobsFull, JobStopped
from moiety.gateway.jobs.sql import CANCELLED, DONE, FAILED, INTERRUPTED, REFUSED_LIMIT, RUNNING, WAITING, JobTable
from moiety.identity.importing import KEY_BYTES, Imported, run
from moiety.vault.mapping import BadRow, FieldMapping, taken
from moiety.vault.readers import rows

if TYPE_CHECKING:
    from moiety.identity.people import People

AT_ONCE: Final = 8
"""Jobs that wait or run: each may have what was sent on this disk."""

_JOB_BYTES: Final = 16
_AGAIN_S: Final = 60


@dataclass(frozen=True)
class Bulk:
    """People of a file of this kind ("csv", "jsonl", "parquet", "bson"), by a mapping (TOML); `people` opens the desk
    when it is its turn."""

    people: Callable[[], People] = field(repr=False)
    kind: str
    mapping: bytes = field(repr=False)
    grounds: str
    text: str
    approved: bytes | None = field(repr=False)


class Jobs:
    """`failed` hears of what nobody foresaw."""

    def __init__(
        self, inputs: Inputs, table: JobTable, entropy: Entropy, failed: Callable[[str, BaseException], None]
    ) -> None:
        self._inputs = inputs
        self.table = table
        self._entropy = entropy
        self._failed = failed
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="job")
        self._lock = Lock()
        self._under_way = 0
        self._ending = Event()
        table.interrupt(inputs.ended)

    def begin(self, caller: str, purpose: str, bulk: Bulk, whole: bytes) -> bytes:
        """A new job's name. Raises `JobsFull` and `JobsUnwritable`."""
        with self._lock:
            if self._under_way >= AT_ONCE or self._ending.is_set():
                raise JobsFull(seconds=_AGAIN_S)
            self._under_way += 1
        job = self._entropy(_JOB_BYTES)
        try:
            self._inputs.keep(job, whole)
            self.table.add(job, caller, purpose)
            self._thread.submit(carried(self._run), job, bulk)
        except BaseException:
            self._end(job)
            raise
        return job

    def cancel(self, job: bytes) -> None:
        """Stop it before its next batch; one that has ended stays as it is."""
        self.table.say(job, CANCELLED)

    def close(self) -> None:
        """Stop what runs after its batch, and forget what waits."""
        self._ending.set()
        self._thread.shutdown(wait=True, cancel_futures=True)
        self.table.interrupt([self._inputs.name])
        self._inputs.close()

    def _run(self, job: bytes, bulk: Bulk) -> None:
        try:
            if self._ending.is_set() or not self.table.say(job, RUNNING, (WAITING,)):
                return
            self._bring_in(job, bulk)
            self.table.say(job, DONE)
        except JobStopped:
            self.table.say(job, INTERRUPTED)  # of one that was cancelled this changes nothing
        except MoietyError as error:
            self.table.say(job, FAILED, code=error.code)
        except Exception as error:
            self._failed(job.hex(), error)
            self.table.say(job, FAILED, code="went_wrong")
            raise
        finally:
            self._end(job)

    def _bring_in(self, job: bytes, bulk: Bulk) -> None:
        people = bulk.people()
        fields = FieldMapping(bulk.mapping, people.schema())
        refused: list[tuple[int, str]] = []

        def done(so_far: Imported, left: list[BadRow]) -> None:
            refused.extend((row.position, row.code) for row in left[: REFUSED_LIMIT - len(refused)])
            aside = so_far.aside.total()
            counts = {"done": so_far.rows, "added": so_far.added, "there": so_far.there, "aside": aside}
            if not self.table.say(job, RUNNING, (RUNNING,), refused=refused, **counts):
                raise JobStopped
            if self._ending.is_set():
                raise JobStopped

        with self._inputs.opened(job) as file:
            self.table.say(job, RUNNING, total=sum(1 for _ in rows(file, fields, kind=bulk.kind)))
            run(
                people,
                taken(rows(file, fields, kind=bulk.kind), fields),
                grounds=bulk.grounds,
                text=bulk.text,
                approved=bulk.approved,
                so_far=Imported(key=self._entropy(KEY_BYTES)),
                done=done,
            )

    def _end(self, job: bytes) -> None:
        self._inputs.drop(job)
        with self._lock:
            self._under_way -= 1
