"""`moiety bench gateway`: a gateway over three custodians, each a process, asked over HTTP by programs.

A trial on this machine: mutual TLS on loopback, a gallery of random people and one of a photograph. Every time is the
client's; what of it was which stage, the gateway's own journal says of the same request.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Container, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, sleep
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from moiety.bench import cluster, scene
from moiety.bench.refusals import WrongAnswer
from moiety.custody.crew import cores
from moiety.custody.gateway import processes, trial
from moiety.custody.gateway.apart import Apart
from moiety.gateway import config, serve
from moiety.gateway.batching import Batches
from moiety.gateway.callers.newcomer import Newcomer
from moiety.gateway.callers.roles import EVERY, Role, Scope
from moiety.identity import examples, purpose, terms
from moiety.identity.ports import Card, Identified
from moiety.matching.words import quantise_rows

CALLERS: Final = (1, 8, 32)
REQUESTS: Final = 192
"""Of each kind and number of callers: the last one in a hundred is still two."""

MODEL: Final = ("turn", "detector", "embedder")
"""What the gateway has no part in: the model, and that another caller is at it."""

TOGETHER: Final = (8, 32)
_SEARCHES: Final = 6
"""Of each of so many callers who only search, one by one and together."""

REST: Final = "rest"
"""What no stage has: the client, the socket, the server's own work before and after a route's, turns of threads."""

_WARM: Final = 8
_SAID_S: Final = 10.0
_PAUSE_S: Final = 0.05
_CALLER: Final = "bench"
_MUCH: Final = "\n[rates]\na_second = 100_000\nat_once = 100_000\n"
_BOUNDARY: Final = "f6a1c2d4"


@dataclass(frozen=True)
class Asked:
    """One request: what the client waited, and how long each stage took, in milliseconds."""

    ms: float
    stages: Mapping[str, float]

    @property
    def overhead_ms(self) -> float:
        """Without the model's own time."""
        return self.ms - sum(self.stages.get(name, 0.0) for name in MODEL)


@dataclass(frozen=True)
class Load:
    """So many callers at once: every request of theirs, and how many were answered in a second."""

    asked: tuple[Asked, ...]
    per_s: float

    @property
    def p50_ms(self) -> float:
        """Half are faster."""
        return median(one.ms for one in self.asked)

    @property
    def p99_ms(self) -> float:
        """One in a hundred is slower."""
        return quantiles((one.ms for one in self.asked), n=100, method="inclusive")[98]

    @property
    def overhead_p50_ms(self) -> float:
        """As `p50_ms`, without the model's own time."""
        return median(one.overhead_ms for one in self.asked)

    def shares(self) -> dict[str, float]:
        """Of all the time that callers waited, which part was which stage's."""
        whole = sum(one.ms for one in self.asked)
        names = dict.fromkeys(name for one in self.asked for name in one.stages)
        found = {name: sum(one.stages.get(name, 0.0) for one in self.asked) / whole for name in names}
        return {**found, REST: 1 - sum(found.values())}


@dataclass(frozen=True)
class Searches:
    """Searches in a second, without HTTP and model: each by itself, and as the gateway makes one of several."""

    single_per_s: float
    batched_per_s: float


@dataclass(frozen=True)
class GatewayFigures:
    """By the number of callers."""

    people: int
    dim: int
    verify: Mapping[int, Load]
    identify: Mapping[int, Load]
    together: Mapping[int, Searches]
    cores: int


def run(people: int, *, seed: int, card: Card, known: bytes, probe: bytes, edge: scene.Edge) -> GatewayFigures:
    """Measure. `known` and `probe` are two photographs of one person. Raises `WrongAnswer` where they were not found to
    be."""
    rng = np.random.default_rng(seed)
    vectors = scene.random_vectors(people, card.dim, rng)
    document = examples.DOOR.encode()
    with scene.empty(edge) as (folder, embedded):
        name = purpose.read(document).name
        embedded.add_gallery(name, terms.derive(purpose.read(document), card), document)
        scene.fill(embedded, vectors, edge, name)
        deployment = folder.parent / "deployment"
        cluster.move_in(folder, deployment, embedded, edge)
        with cluster.started(deployment, edge) as (apart, _), _gateway(deployment) as site:
            enrolled = site.ask("faces", known, {"grounds": "consent"})
            claimed = {"claimed": str(enrolled["pseudonym"])}

            def verified() -> str:
                return _held(site.ask("verify", probe, claimed), lambda told: told["match"] is True)

            def identified() -> str:
                return _held(site.ask("identify", probe, {}), lambda told: told["candidates"] == [claimed["claimed"]])

            for _ in range(_WARM):
                verified()
                identified()
            done = 0
            loads: dict[Callable[[], str], dict[int, Load]] = {verified: {}, identified: {}}
            for callers in CALLERS:
                for ask, found in loads.items():
                    found[callers] = site.load(callers, ask)
                    done += 1
                    edge.progress("measuring, more and more callers", done, len(loads) * len(CALLERS))
            words = quantise_rows(vectors[:1])
            together = {callers: _searches(apart, name, words, callers) for callers in TOGETHER}
    return GatewayFigures(people, card.dim, loads[verified], loads[identified], together, cores())


def _searches(apart: Apart, name: str, words: NDArray[np.int16], callers: int) -> Searches:
    batches = Batches(lambda probes: None)

    def per_s(ask: Callable[[int], Identified]) -> float:
        with ThreadPoolExecutor(callers) as threads:
            began = perf_counter()
            found = list(threads.map(ask, range(callers * _SEARCHES)))
            took = perf_counter() - began
        if any(len(one.found[0]) != 1 for one in found):
            raise WrongAnswer
        return len(found) / took

    single = per_s(lambda _: apart.identify(name, words))
    return Searches(single, per_s(lambda _: batches(apart.identify, name, words)))


def _held(told: Mapping[str, Any], good: Callable[[Mapping[str, Any]], bool]) -> str:
    if not good(told):
        raise WrongAnswer
    return str(told[_Site.NUMBER])


class _Site:
    """A gateway that runs, and a caller with a key."""

    NUMBER: Final = "number of the request"

    def __init__(self, address: str, key: str, purpose: str, log: Path) -> None:
        self._address = address
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
        }
        self._path = f"/v1/purposes/{purpose}/"
        self._log = log
        self._connections: list[http.client.HTTPConnection] = []

    def ask(self, what: str, picture: bytes, fields: Mapping[str, str]) -> dict[str, Any]:
        """The answer, and the number of the request. Raises `WrongAnswer` for a refusal."""
        connection = self._connections.pop() if self._connections else http.client.HTTPConnection(self._address)
        connection.request("POST", self._path + what, _form(picture, fields), self._headers)
        response = connection.getresponse()
        told = json.loads(response.read())
        self._connections.append(connection)
        if response.status >= http.client.BAD_REQUEST:
            raise WrongAnswer
        return {**told, self.NUMBER: response.headers["X-Request-Id"]}

    def load(self, callers: int, ask: Callable[[], str]) -> Load:
        """So many callers at once, each again as soon as it is answered."""

        def timed(_: int) -> tuple[str, float]:
            began = perf_counter()
            number = ask()
            return number, (perf_counter() - began) * 1_000

        self.close()  # what was idle for a while, the gateway closes
        with ThreadPoolExecutor(callers) as threads:
            began = perf_counter()
            times = dict(threads.map(timed, range(REQUESTS)))
            took = perf_counter() - began
        until = perf_counter() + _SAID_S  # the line of a request is written once it was answered
        while (said := self._said(times)).keys() != times.keys():
            if perf_counter() > until:
                raise WrongAnswer
            sleep(_PAUSE_S)
        return Load(tuple(Asked(ms, said[number]) for number, ms in times.items()), REQUESTS / took)

    def close(self) -> None:
        """Close what is open."""
        while self._connections:
            self._connections.pop().close()

    def _said(self, numbers: Container[str]) -> dict[str, dict[str, float]]:
        """What the journal says of these requests: their stages."""
        lines = [json.loads(line) for line in self._log.read_text().splitlines() if '"what":"request"' in line]
        return {line["request"]: line["stages"] for line in lines if line["request"] in numbers}


def _form(picture: bytes, fields: Mapping[str, str]) -> bytes:
    mark = f"--{_BOUNDARY}\r\nContent-Disposition: form-data; name="
    said = "".join(f'{mark}"{name}"\r\n\r\n{value}\r\n' for name, value in fields.items())
    head = f'{said}{mark}"picture"; filename="picture"\r\nContent-Type: application/octet-stream\r\n\r\n'
    return head.encode() + picture + f"\r\n--{_BOUNDARY}--\r\n".encode()


@contextmanager
def _gateway(deployment: Path) -> Iterator[_Site]:
    """The gateway of this deployment as a process, and a caller who may all."""
    place = deployment / config.FOLDER
    file = config.written(place, f"{trial.HOST}:{trial.free_ports()['a']}")
    with file.open("a") as opened:
        opened.write(_MUCH)
    said = config.read(file)
    with closing(serve.credentials_of(said, place)) as credentials:
        key = credentials.add(Newcomer(_CALLER, frozenset({Role.OPERATOR}), frozenset({Scope(EVERY, EVERY)}), 1))
    processes.start(deployment, processes.GATEWAY)
    try:
        if not processes.wait_until(lambda: serve.answers(said), deployment, cluster.READY_S, [processes.GATEWAY]):
            raise processes.GatewayDown
        with closing(
            _Site(said.listen, str(key), purpose.read(examples.DOOR.encode()).name, place / "gateway.log")
        ) as site:
            yield site
    finally:
        processes.stop(deployment, [processes.GATEWAY])
