"""The three custodians from outside: asked all at once, each in a thread of its own, and headers for their attempts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from typing import Final, TypeVar

from moiety.behalf import carried
from moiety.custody.refusals import AttemptStopped, CustodianDown, GalleryUnknown, NeighbourSilent
from moiety.custody.store.kinds import keys_of, read_papers
from moiety.custody.store.noise import Entropy
from moiety.custody.verbs import SECONDS_A_DAY, Clock, GalleryStanding, Standing, Verbs
from moiety.errors import MoietyError
from moiety.matching.header import ATTEMPT_BYTES, NEAR_PASS_WORDS, Circuit, Header, Operation
from moiety.matching.policy import Terms
from moiety.matching.rounds import Rounds, Step, lockstep
from moiety.sharing.seat import SEATS, Seat

Answer = TypeVar("Answer")

TWO: Final = 2
"""Custodians whose parts are enough."""

Noted = Callable[[Header], AbstractContextManager[None]]
"""Within it the three do what this header says, and write that down: what they wrote, the gateway writes too."""


@contextmanager
def unheard(header: Header) -> Iterator[None]:
    """Nobody writes down what is only measured or attacked with."""
    yield


class Three:
    """Three custodians that know nothing of each other beside their public keys."""

    def __init__(self, custodians: Mapping[Seat, Verbs], *, threads: int = len(SEATS)) -> None:
        self.custodians = custodians
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="custodian")

    def each(self, ask: Callable[[Verbs], Answer]) -> dict[Seat, Answer]:
        """Ask all three, wait for all three whatever happens, then raise the first one's error if there is one."""
        return self._at_once(SEATS, ask)

    def some(self, seats: Collection[Seat], ask: Callable[[Verbs], Answer], *, small: bool) -> dict[Seat, Answer]:
        """As `each`, of these alone; what is small is asked one after the other, which is faster than threads are."""
        if small:
            return {seat: ask(self.custodians[seat]) for seat in seats}
        return self._at_once(seats, ask)

    def two(self, ask: Callable[[Verbs], Answer]) -> dict[Seat, Answer]:
        """Ask two, and the third where one of them is down: one after the other, which for a small read is faster than
        threads are. Any other refusal is the answer."""
        told: dict[Seat, Answer] = {}
        down = None
        for seat in SEATS:
            try:
                told[seat] = ask(self.custodians[seat])
            except CustodianDown as error:
                down = error
            if len(told) == TWO:
                break
        return enough(told, down)

    def has_loaded(self, name: str) -> bool:
        """Whether all three are known to have a gallery in memory, so that to bring it up to date is small."""
        return False

    def play(self, ask: Callable[[Verbs], Rounds[Answer]]) -> dict[Seat, Answer]:
        """Play a protocol: its three sides, as `ask` begins them, in lockstep, and what each of them returned."""
        return lockstep({seat: ask(self.custodians[seat]) for seat in SEATS})

    def work(self, ask: Callable[[Verbs], Rounds[Answer]]) -> dict[Seat, Answer]:
        """As `play`, for sides that have much to do between two rounds: each in a thread of its own."""

        def every(step: Step) -> None:
            self.each(lambda custodian: step(custodian.seat))

        return lockstep({seat: ask(self.custodians[seat]) for seat in SEATS}, every)

    def circuit(self, rows: int) -> tuple[Circuit, int]:
        """How so many rows, over all probes, are compared the fastest, and how many words of them at a time."""
        return "chain", NEAR_PASS_WORDS

    def standings(self) -> dict[Seat, Standing]:
        """Where the three stand. One after the other: a few small reads are faster than three threads."""
        return {seat: self.custodians[seat].standing() for seat in SEATS}

    def close(self) -> None:
        """Close all three, beside each other: gRPC takes a fifth of a second to let go of one."""
        self._threads.shutdown()
        with ThreadPoolExecutor(len(SEATS)) as threads:
            list(threads.map(lambda seat: self.custodians[seat].close(), SEATS))

    def _at_once(self, seats: Collection[Seat], ask: Callable[[Verbs], Answer]) -> dict[Seat, Answer]:
        """Each in a thread of its own, the last in this one; whatever happens, all have ended when this does."""
        *others, last = seats
        elsewhere = carried(ask)
        asked: dict[Seat, Future[Answer]] = {}
        own: Future[Answer] = Future()
        try:
            for seat in others:
                asked[seat] = self._threads.submit(elsewhere, self.custodians[seat])
            try:
                own.set_result(ask(self.custodians[last]))
            except MoietyError as raised:  # as a thread keeps what was raised in it
                own.set_exception(raised)
        finally:
            _finish(asked.values())
        asked[last] = own
        errors = [error for future in asked.values() if (error := future.exception()) is not None]
        # That a custodian is down is the reason of whatever else went wrong; that one stopped because another did, or
        # heard nothing of it, of nothing.
        after = (AttemptStopped, NeighbourSilent)
        errors.sort(key=lambda error: (not isinstance(error, CustodianDown), isinstance(error, after)))
        if errors:
            raise errors[0]
        return {seat: future.result() for seat, future in asked.items()}


class Headers:
    """Headers for attempts on galleries as one custodian's standing describes them, at the instant of making."""

    def __init__(self, standing: Standing, clock: Clock, entropy: Entropy) -> None:
        self._standing = standing
        self._clock = clock
        self._entropy = entropy
        self._alive: dict[tuple[str, int], int] = {}
        self._terms: dict[str, Terms] = {}

    @property
    def epoch(self) -> int:
        """The custodians' epoch."""
        return self._standing.epoch

    def __contains__(self, name: str) -> bool:
        return name in self._standing.galleries

    def gallery(self, name: str) -> GalleryStanding:
        """Raises `GalleryUnknown`."""
        if name not in self._standing.galleries:
            raise GalleryUnknown
        return self._standing.galleries[name]

    def keeps_records(self, name: str) -> bool:
        """Whether this is a purpose whose people's records are kept, and not the gallery of their keys."""
        return keys_of(name) in self._standing.galleries

    def terms(self, name: str) -> Terms:
        """A gallery's terms; raises `GalleryUnknown`."""
        if name not in self._terms:
            self._terms[name] = read_papers(name, self.gallery(name).terms)
        return self._terms[name]

    def dim(self, name: str) -> int:
        """Words in a row of a gallery; raises `GalleryUnknown`."""
        return self.terms(name).dim

    def now(self) -> int:
        """Unix seconds."""
        return int(self._clock().timestamp())

    def alive(self, three: Three, name: str) -> int:
        """How many people of a gallery are valid today, asked once: it changes with the version."""
        key = (name, self.now() // SECONDS_A_DAY)
        if key not in self._alive:
            self._alive[key] = three.custodians["a"].alive(*key)
        return self._alive[key]

    def office(self, operation: Operation) -> Header:
        """The header of one fresh attempt that is about the whole office."""
        return Header(
            attempt=self._entropy(ATTEMPT_BYTES),
            operation=operation,
            gallery="",
            version=0,
            epoch=0,
            threshold=0,
            at=self.now(),
            rows=0,
            probes=0,
            dim=0,
            circuit="chain",
            pass_words=NEAR_PASS_WORDS,
        )

    def make(
        self,
        operation: Operation,
        name: str,
        *,
        rows: int,
        threshold: int = 0,
        probes: int = 0,
        extra: int = 0,
        circuit: Circuit = "chain",
        pass_words: int = NEAR_PASS_WORDS,
        steps: int = 0,
    ) -> Header:
        """The header of one fresh attempt; `extra` words a row beside the template's, after so many `steps` that have
        changed the gallery since these headers began.

        Circuit and passes are by default the fastest where the three are one process.
        """
        return Header(
            attempt=self._entropy(ATTEMPT_BYTES),
            operation=operation,
            gallery=name,
            version=self.gallery(name).version + steps,
            epoch=self._standing.epoch,
            threshold=threshold,
            at=self.now(),
            rows=rows,
            probes=probes,
            dim=self.dim(name) + extra,
            circuit=circuit,
            pass_words=pass_words,
        )


def enough(told: dict[Seat, Answer], down: CustodianDown | None) -> dict[Seat, Answer]:
    """Two answers. Raises `CustodianDown` where there are fewer."""
    if down is not None and len(told) < TWO:
        raise down
    return told


def _finish(asked: Collection[Future[Answer]]) -> None:
    """Wait for all of them: an interrupt must not let go of the lock while a thread still writes."""
    interrupt: KeyboardInterrupt | None = None
    while not all(future.done() for future in asked):
        try:
            wait(asked)
        except KeyboardInterrupt as raised:
            interrupt = raised
    if interrupt is not None:
        raise interrupt
