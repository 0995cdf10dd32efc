"""`moiety bench cluster`: a search at three custodians in processes of their own, over mutual TLS on loopback.

Beside it, in the same run: the same search at the same rows in one process; the search by either circuit, whichever
was chosen; and the messages of each over the custodians' lines with nothing computed, and over bare mutual TLS, which
is the floor. Then once more with delay added between the custodians.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from moiety.bench import scene, timing
from moiety.bench.delay import delayed
from moiety.bench.refusals import WrongAnswer
from moiety.bench.ring import Sizes, ring
from moiety.custody.crew import cores
from moiety.custody.gateway import processes, searching, trial
from moiety.custody.gateway.apart import Apart
from moiety.custody.gateway.deployment import DEPLOYMENT
from moiety.custody.gateway.elsewhere import Elsewhere
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.gateway.three import Headers, Three, unheard
from moiety.custody.net.config import Deployment
from moiety.custody.refusals import CustodianDown
from moiety.custody.trust.limits import Unit
from moiety.custody.verbs import Verbs
from moiety.matching.header import CIRCUITS, FAR_PASS_WORDS, Circuit
from moiety.matching.rounds import Message, Rounds, lockstep
from moiety.matching.words import quantise_rows
from moiety.sharing.seat import SEATS, Seat

ROUNDS = 9
BATCH = 32
DELAYS_MS = (0.0, 0.1, 1.0, 10.0)
"""With nothing added, what passes through a process more is measured: that is in the others too."""
READY_S = 300.0

Answer = TypeVar("Answer")

_MUCH = "{ burst = 1_000_000_000_000, daily = 1_000_000_000_000 }"


@dataclass(frozen=True)
class Delayed:
    """A search with this much added to every message between custodians, there and back.

    `round_trip_ms` is the shortest that any custodian measured over its lines. With 0 added it is what the lines and
    the process that delays take by themselves.
    """

    added_ms: float
    round_trip_ms: float
    circuit: str
    single_ms: float
    batch32_ms: float


@dataclass(frozen=True)
class ByCircuit:
    """One probe by one circuit: what each custodian sent, and how long its messages took by themselves."""

    circuit: Circuit
    bytes_per_row: float
    rounds: int
    single_ms: float
    wire_ms: float
    wire_floor_ms: float
    wire_ratio: float


@dataclass(frozen=True)
class ClusterFigures:
    """The figures of one run; times in milliseconds, medians; `ratio` and `wire_ratio` within rounds.

    `start_s` is how many seconds the three processes took, at once, from nothing until the last one served.
    """

    rows: int
    dim: int
    ratio: float
    circuit: str
    bytes_per_row: float
    rounds: int
    single_ms: float
    batch32_ms: float
    in_process_ms: float
    in_process_batch32_ms: float
    wire_ms: float
    wire_floor_ms: float
    wire_ratio: float
    circuits: tuple[ByCircuit, ...]
    delays: tuple[Delayed, ...]
    cores: int
    start_s: float


def run(rows: int, dim: int, *, seed: int, edge: scene.Edge) -> ClusterFigures:
    """Measure. Raises `WrongAnswer` where a search did not find whom it had to."""
    rng = np.random.default_rng(seed)
    vectors = scene.random_vectors(max(rows, 1), dim, rng)
    words = quantise_rows(vectors[rng.integers(0, len(vectors), BATCH)])
    with scene.office(dim, edge) as (folder, embedded):
        scene.fill(embedded, vectors[:rows], edge)
        del vectors
        deployment = folder.parent / "deployment"
        move_in(folder, deployment, embedded, edge)
        with started(deployment, edge) as (apart, start_s), ring(folder.parent, edge) as moving:
            found = [len(some) for some in apart.identify(scene.GALLERY, words).found]
            if found != [len(some) for some in embedded.identify(scene.GALLERY, words).found] or (
                rows and not min(found)
            ):
                raise WrongAnswer
            slots = embedded.gallery(scene.GALLERY).slots
            circuit = apart.three.circuit(slots)
            sizes = {one: _sizes(embedded, (one, circuit[1]), words[:1], edge) for one in CIRCUITS}
            works: dict[str, timing.Work] = {
                "in process": lambda: embedded.identify(scene.GALLERY, words[:1]),
                "apart": lambda: apart.identify(scene.GALLERY, words[:1]),
                "in process, batch": lambda: embedded.identify(scene.GALLERY, words),
                "apart, batch": lambda: apart.identify(scene.GALLERY, words),
            }
            for one in CIRCUITS:
                works[f"by {one}"] = partial(_search, _By(apart, one), words[:1], edge)
                works[f"lines, {one}"] = partial(moving.lines, sizes[one])
                works[f"bare, {one}"] = partial(moving.bare, sizes[one])
            times = timing.in_turn(works, ROUNDS, lambda done: edge.progress("measuring, in turn", done, ROUNDS))
        delays = tuple(_delayed(deployment, added_ms, words, slots, edge) for added_ms in DELAYS_MS)
    circuits = tuple(
        ByCircuit(
            circuit=one,
            bytes_per_row=max(sum(map(sum, some)) for some in sizes[one].values()) / max(slots, 1),
            rounds=len(sizes[one]["a"]),
            single_ms=times.median_ms(f"by {one}"),
            wire_ms=times.median_ms(f"lines, {one}"),
            wire_floor_ms=times.median_ms(f"bare, {one}"),
            wire_ratio=times.ratio(f"lines, {one}", f"bare, {one}"),
        )
        for one in CIRCUITS
    )
    chosen = next(one for one in circuits if one.circuit == circuit[0])
    return ClusterFigures(
        rows=rows,
        dim=dim,
        ratio=times.ratio("apart", "in process"),
        circuit=chosen.circuit,
        bytes_per_row=chosen.bytes_per_row,
        rounds=chosen.rounds,
        single_ms=times.median_ms("apart"),
        batch32_ms=times.median_ms("apart, batch"),
        in_process_ms=times.median_ms("in process"),
        in_process_batch32_ms=times.median_ms("in process, batch"),
        wire_ms=chosen.wire_ms,
        wire_floor_ms=chosen.wire_floor_ms,
        wire_ratio=chosen.wire_ratio,
        circuits=circuits,
        delays=delays,
        cores=cores(),
        start_s=start_s,
    )


def move_in(office: Path, deployment: Path, embedded: Embedded, edge: scene.Edge) -> None:
    """A deployment over copies of an office's stores, with budgets that a benchmark does not meet."""
    named = embedded.three.standings()["a"].office
    trial.lay_out(deployment, edge.clock(), edge.entropy, trial.free_ports(), office=named)
    tables = "".join(
        f"\n[limits.{scope}]\n" + "".join(f"{unit} = {_MUCH}\n" for unit in Unit)
        for scope in ("gateway", "purpose", "caller")
    )
    tables += "\n[limits]\nrow = " + _MUCH + "\n"
    for seat in SEATS:
        embedded.three.custodians[seat].scrub()
        shutil.copytree(office / f"custodian-{seat}", trial.home(deployment, seat) / trial.STORE)
        with (trial.home(deployment, seat) / trial.CONFIG).open("a") as config:
            config.write(tables)


@contextmanager
def started(deployment: Path, edge: scene.Edge) -> Iterator[tuple[Apart, float]]:
    """The three processes, and a gateway; and in how many seconds all three served."""
    began = perf_counter()
    for seat in SEATS:
        processes.start(deployment, seat)
    try:
        connected: list[Apart] = []
        read = Deployment.read(deployment / DEPLOYMENT)

        def serving() -> bool:
            try:
                for at in read.custodians().values():
                    host, _, port = at.address.rpartition(":")
                    socket.create_connection((host, int(port))).close()
            except OSError:
                return False
            return True

        if not processes.wait_until(serving, deployment, READY_S):
            raise CustodianDown(seat=0)
        start_s = perf_counter() - began

        def ready() -> bool:
            try:
                connected.append(Apart.connect(read, clock=edge.clock, entropy=edge.entropy, progress=edge.progress))
            except CustodianDown:
                return False
            return True

        if not processes.wait_until(ready, deployment, READY_S):
            raise CustodianDown(seat=0)
        try:
            yield connected[0], start_s
        finally:
            connected[0].close()
    finally:
        processes.stop(deployment)


class _Tapped(Three):
    """Custodians of one process, searched by a given circuit; keeps what each sent in each round."""

    def __init__(self, custodians: Mapping[Seat, Verbs], circuit: tuple[Circuit, int]) -> None:
        super().__init__(custodians)
        self._circuit = circuit
        self.sizes: dict[Seat, Sizes] = {seat: [] for seat in SEATS}

    def circuit(self, rows: int) -> tuple[Circuit, int]:
        return self._circuit

    def play(self, ask: Callable[[Verbs], Rounds[Answer]]) -> dict[Seat, Answer]:
        return lockstep({seat: self._tapped(seat, ask(self.custodians[seat])) for seat in SEATS})

    def _tapped(self, seat: Seat, side: Rounds[Answer]) -> Rounds[Answer]:
        try:
            sent = next(side)
            while True:
                self.sizes[seat].append((_bytes(sent.next), _bytes(sent.previous)))
                sent = side.send((yield sent))
        except StopIteration as stop:
            answer: Answer = stop.value
            return answer


def _bytes(message: Message) -> int:
    return sum(array.nbytes for array in message)


class _By(Elsewhere):
    """Custodians apart, searched by a given circuit."""

    def __init__(self, apart: Apart, circuit: Circuit) -> None:
        super().__init__(apart.remotes)
        self._given: Circuit = circuit

    def circuit(self, rows: int) -> tuple[Circuit, int]:
        return self._given, FAR_PASS_WORDS


def _search(three: Three, words: NDArray[np.int16], edge: scene.Edge) -> None:
    headers = Headers(three.standings()["a"], edge.clock, edge.entropy)
    searching.identify(three, headers, edge.entropy, scene.GALLERY, words, unheard)


def _sizes(
    embedded: Embedded, circuit: tuple[Circuit, int], words: NDArray[np.int16], edge: scene.Edge
) -> dict[Seat, Sizes]:
    """What each custodian sends in each round of one search."""
    tapped = _Tapped(embedded.three.custodians, circuit)
    _search(tapped, words, edge)
    return tapped.sizes


def _delayed(deployment: Path, added_ms: float, words: NDArray[np.int16], slots: int, edge: scene.Edge) -> Delayed:
    """The same searches with half of this added to every message between custodians: so much, there and back."""
    at = Deployment.read(deployment / DEPLOYMENT).custodians()
    own = {seat: int(at[seat].address.rpartition(":")[2]) for seat in SEATS}
    files = [trial.home(deployment, seat) / trial.CONFIG for seat in SEATS]
    before = [file.read_text() for file in files]
    with delayed([own[seat] for seat in SEATS], added_ms / 2_000) as slower:
        try:
            for seat, file, text in zip(SEATS, files, before, strict=True):
                for other, port in zip(SEATS, slower, strict=True):
                    if other != seat:
                        text = text.replace(
                            f'address = "{trial.HOST}:{own[other]}"', f'address = "{trial.HOST}:{port}"'
                        )
                file.write_text(text)
            with started(deployment, edge) as (apart, _):
                circuit, _ = apart.three.circuit(slots)
                works: dict[str, timing.Work] = {
                    "single": lambda: apart.identify(scene.GALLERY, words[:1]),
                    "batch": lambda: apart.identify(scene.GALLERY, words),
                }
                stage = f"measuring with {added_ms:g} ms more"
                times = timing.in_turn(works, ROUNDS, lambda done: edge.progress(stage, done, ROUNDS))
                trips = [remote.round_trip_s() for remote in apart.remotes.values()]
        finally:
            for file, text in zip(files, before, strict=True):
                file.write_text(text)
    return Delayed(added_ms, max(trips) * 1_000, circuit, times.median_ms("single"), times.median_ms("batch"))
