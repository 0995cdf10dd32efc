"""Jobs, one after another: people who are brought in from what was sent.

All that a job needs is on the disk before it is begun, so it does not matter whether it is gone on with by this process
or by another one: its turn begins where the last batch was written down.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Final

from moiety.behalf import on_behalf
from moiety.errors import MoietyError, Unavailable
from moiety.gateway.callers.roles import Caller, Role
from moiety.gateway.jobs import inputs as sealed
from moiety.gateway.jobs.inputs import Entropy, Inputs
from moiety.gateway.jobs.refusals import JobDenied, JobsFull, JobStopped, JobsUnwritable
from moiety.gateway.jobs.sql import (
    CANCELLED,
    DONE,
    FAILED,
    INTERRUPTED,
    REFUSED,
    REFUSED_LIMIT,
    RUNNING,
    WAITING,
    JobTable,
)
from moiety.gateway.jobs.standing import Standings
from moiety.gateway.jobs.tickets import Bulk, Ticket, Tickets
from moiety.gateway.refusals import RootKeyWrong
from moiety.identity.importing import KEY_BYTES, Imported, run
from moiety.vault.mapping import BadRow, FieldMapping, taken
from moiety.vault.readers import rows

if TYPE_CHECKING:
    from moiety.identity.people import People

AT_ONCE: Final = 8
"""Jobs that wait or run: each may have what was sent on this disk."""

LOOK_S: Final = 30.0
"""Seconds between two looks for processes beside this one that have ended."""

TRIES: Final = 10
PAUSE_S: Final = 30.0
"""Seconds between two tries while something is down: after a power cut custodians may come later than the gateway."""

_JOB_BYTES: Final = 16
_AGAIN_S: Final = 60


class Jobs:
    """`failed` hears of what nobody foresaw; `people` opens the desk of a purpose in a role. What processes that have
    ended left is gone on with from the beginning, and what those leave beside this one that end later."""

    def __init__(
        self,
        inputs: Inputs,
        table: JobTable,
        tickets: Tickets,
        standings: Standings,
        people: Callable[[str, Role], People],
        entropy: Entropy,
        failed: Callable[[str, BaseException], None],
    ) -> None:
        self._inputs = inputs
        self.table = table
        self._tickets = tickets
        self._standings = standings
        self._people = people
        self._entropy = entropy
        self._failed = failed
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="job")
        self._lock = Lock()
        self._under_way = 0
        self._ending = Event()
        self._take_over()
        self._looking = Thread(target=self._look, name="jobs left", daemon=True)
        self._looking.start()

    def begin(self, caller: Caller, bulk: Bulk, whole: bytes) -> bytes:
        """A new job's name. Raises `JobsFull` and `JobsUnwritable`."""
        with self._lock:
            if self._under_way >= AT_ONCE or self._ending.is_set():
                raise JobsFull(seconds=_AGAIN_S)
            self._under_way += 1
        job = self._entropy(_JOB_BYTES)
        key, mark = self._entropy(sealed.KEY_BYTES), self._entropy(KEY_BYTES)
        ticket = Ticket(key, mark, self._standings.of(caller), bulk)
        try:
            self._inputs.keep(job, key, whole)
            self.table.add(job, caller.name, bulk.purpose, self._tickets.sealed(job, ticket))
            self._thread.submit(self._run, job)
        except BaseException:
            with suppress(MoietyError):
                self.table.end(job, CANCELLED)
            self._inputs.drop(job)
            self._one_less()
            raise
        return job

    def cancel(self, job: bytes) -> None:
        """Stop it before its next batch; one that has ended stays as it is."""
        self.table.end(job, CANCELLED)

    def close(self) -> None:
        """Stop what runs after its batch, and leave it, and what waits, to whoever starts next."""
        self._ending.set()
        self._looking.join()
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._inputs.close()

    def _look(self) -> None:
        while not self._ending.wait(LOOK_S):
            with suppress(JobsUnwritable):
                self._take_over()

    def _take_over(self) -> None:
        for worker in self._inputs.taken_over():
            try:
                again = self.table.taken_over(worker, self._inputs.has)
            except MoietyError:  # the next look finds it again
                self._inputs.give_back(worker)
                continue
            self._inputs.keep_of(worker, set(again))
            with self._lock:
                self._under_way += len(again)
            for job in again:
                self._thread.submit(self._run, job)

    def _run(self, job: bytes) -> None:
        try:
            self._over(job, *self._ended(job))
        except MoietyError as error:  # where its end cannot be written down it stays for whoever starts next
            self._failed(job.hex(), error)
        except Exception as error:
            self._failed(job.hex(), error)
            self._over(job, FAILED, "went_wrong")
            raise
        finally:
            self._one_less()

    def _over(self, job: bytes, state: str, code: str | None) -> None:
        if state == WAITING and self.table.say(job, WAITING):
            return
        self.table.end(job, state, code)  # of one that was cancelled this changes nothing
        self._inputs.drop(job)
        self.table.scrub()

    def _ended(self, job: bytes) -> tuple[str, str | None]:
        """As what it ended, and why; `WAITING` where this process ends first."""
        try:
            if not self._ending.is_set() and not self.table.say(job, RUNNING, (WAITING,)):
                raise JobStopped
            self._bring_in(job)
        except JobStopped:
            return WAITING if self._ending.is_set() else CANCELLED, None
        except JobDenied as error:
            return REFUSED, error.code
        except RootKeyWrong:  # another one than it was sealed under: nobody has its key
            return INTERRUPTED, None
        except MoietyError as error:
            return FAILED, error.code
        return DONE, None

    def _bring_in(self, job: bytes) -> None:
        for left in reversed(range(TRIES)):
            if self._ending.is_set():
                raise JobStopped
            try:
                self._go_on(job)
            except JobsUnwritable:
                raise
            except Unavailable:
                if not left:
                    raise
                self._ending.wait(PAUSE_S)
            else:
                return

    def _go_on(self, job: bytes) -> None:
        ticket, after = self.table.ticket(job)
        opened = self._tickets.opened(job, ticket)
        bulk, standing, said = opened.bulk, opened.standing, self.table.get(job)
        on_behalf(self._standings.behalf(said.caller))
        people = self._people(bulk.purpose, self._standings.role(standing, bulk.purpose))
        fields = FieldMapping(bulk.mapping, people.schema())
        refused = list(said.refused)

        def done(so_far: Imported, left: list[BadRow]) -> None:
            refused.extend((row.position, row.code) for row in left[: REFUSED_LIMIT - len(refused)])
            aside = so_far.aside.total()
            counts = {"done": so_far.rows, "added": so_far.added, "there": so_far.there, "aside": aside}
            if not self.table.read(job, so_far.after, refused, **counts) or self._ending.is_set():
                raise JobStopped
            self._standings.role(standing, bulk.purpose)

        with self._inputs.opened(job, opened.key) as file:
            if said.total is None:
                self.table.say(job, RUNNING, (RUNNING,), total=sum(1 for _ in rows(file, fields, kind=bulk.kind)))
            run(
                people,
                taken(rows(file, fields, after, kind=bulk.kind), fields),
                grounds=bulk.grounds,
                text=bulk.text,
                approved=bulk.approved,
                # The batch behind the last that was written down may be there; of rows set aside only their number is
                # asked for any more.
                so_far=Imported(after, said.added, said.there, Counter(rows=said.aside), opened.mark, resumed=True),
                done=done,
            )

    def _one_less(self) -> None:
        with self._lock:
            self._under_way -= 1
