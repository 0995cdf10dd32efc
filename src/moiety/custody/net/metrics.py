"""What a custodian counts: requests and durations, and how it stands. Never a name of a purpose, person or gateway.

Served over plain HTTP, so on a loopback address only: `/metrics` for Prometheus, `/live` and `/ready` for whoever
restarts processes and routes questions to them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from socket import AF_INET, AF_INET6
from threading import Thread
from typing import ClassVar, Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from moiety.custody.refusals import AddressTaken, MetricsElsewhere
from moiety.custody.trust.limits import Scope, Unit
from moiety.errors import MoietyError
from moiety.sharing.seat import SEATS

_SECONDS: Final = (0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 120, 600)
"""A verification takes milliseconds, a search of millions of rows a second, a refresh of them minutes."""

_READ_S: Final = 5.0

Answer = Callable[[], tuple[int, bytes]]
"""A status and a page."""


@dataclass(frozen=True)
class Stand:
    """How a custodian stands: lines to the others, galleries, those of them that are not loaded, closed or unchecked,
    rows that are loaded, its epoch, and whether somebody holds its lease."""

    lines: int
    galleries: int
    unloaded: int
    closed: int
    unchecked: int
    rows: int
    epoch: int
    leased: bool
    open: bool = True

    @property
    def ready(self) -> bool:
        """Whether nothing is missing here that a search needs. What is unchecked, a gateway has checked first."""
        return self.open and self.lines == len(SEATS) - 1 and not self.unloaded and not self.closed


class Metrics:
    """One custodian's figures, in a registry of their own. Safe for threads."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # when each was first counted is nobody's business
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "moiety_requests", "Requests of gateways, by verb and outcome", ["verb", "outcome"], registry=self._registry
        )
        self._seconds = Histogram(
            "moiety_request_seconds", "How long requests took", ["verb"], buckets=_SECONDS, registry=self._registry
        )
        self._stopped = Counter(
            "moiety_attempts_stopped", "Attempts that ended before their end", registry=self._registry
        )
        self._spent = Counter(
            "moiety_budget_spent", "Charges refused, by unit and account", ["unit", "scope"], registry=self._registry
        )
        said = {
            "lines_up": "Lines to the other custodians that are up, of two",
            "galleries": "Galleries",
            "galleries_unloaded": "Galleries that are not in memory",
            "galleries_closed": "Galleries that are refused until they are mended",
            "galleries_unchecked": "Galleries that are refused until a gateway has had them checked",
            "rows_loaded": "Rows in memory, those that hold nobody among them",
            "epoch": "The epoch",
            "lease_held": "Whether a gateway is changing something",
            "ready": "Whether nothing is missing here that a search needs",
        }
        self._gauges = {name: Gauge(f"moiety_{name}", words, registry=self._registry) for name, words in said.items()}

    def asked(self, verb: str, outcome: str, seconds: float) -> None:
        """A request was answered; `outcome` is `done` or the code of a refusal."""
        self._requests.labels(verb, outcome).inc()
        self._seconds.labels(verb).observe(seconds)

    def stopped(self) -> None:
        """An attempt ended before its end."""
        self._stopped.inc()

    def spent(self, scope: Scope, unit: Unit) -> None:
        """A charge was refused."""
        self._spent.labels(unit.value, scope.value).inc()

    def text(self, stand: Stand) -> bytes:
        """Everything, as Prometheus reads it (text format 0.0.4)."""
        values = {
            "lines_up": stand.lines,
            "galleries": stand.galleries,
            "galleries_unloaded": stand.unloaded,
            "galleries_closed": stand.closed,
            "galleries_unchecked": stand.unchecked,
            "rows_loaded": stand.rows,
            "epoch": stand.epoch,
            "lease_held": stand.leased,
            "ready": stand.ready,
        }
        for name, value in values.items():
            self._gauges[name].set(value)
        return generate_latest(self._registry)


class Page:
    """The HTTP server of a process's figures. It listens once it is made; `close` it."""

    def __init__(self, address: str, ready: Answer, figures: Callable[[], bytes]) -> None:
        """`address` is host:port. Raises `MetricsElsewhere` unless it is of this host alone, and `AddressTaken`."""
        host, port = loopback(address)

        class Handler(_Handler):
            answers: ClassVar[dict[str, Answer]] = {
                "/live": lambda: (200, b"live\n"),
                "/ready": ready,
                "/metrics": lambda: (200, figures()),
            }

        class Listening(ThreadingHTTPServer):
            address_family = AF_INET6 if ":" in host else AF_INET
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """Say nothing: whoever asked went away."""

        try:
            self._server = Listening((host, port), Handler)
        except OSError:
            raise AddressTaken from None
        self._thread = Thread(target=self._server.serve_forever, args=(0.1,), name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def loopback(address: str) -> tuple[str, int]:
    """Host and port of an address that nobody but this host reaches. Raises `MetricsElsewhere` for any other."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    try:
        if not ip_address(host).is_loopback or int(port) > 65_535:
            raise MetricsElsewhere
    except ValueError:  # a name: who answers for it is decided elsewhere
        raise MetricsElsewhere from None
    return host, int(port)


def readiness(stand: Stand) -> tuple[int, bytes]:
    """What `/ready` answers of a custodian."""
    said = (
        f"lines {stand.lines} of {len(SEATS) - 1}, galleries {stand.galleries}, not loaded {stand.unloaded}, "
        f"closed {stand.closed}{'' if stand.open else ', stopping'}\n"
    )
    return (200 if stand.ready else 503), said.encode()


class _Handler(BaseHTTPRequestHandler):
    answers: ClassVar[dict[str, Answer]] = {}
    server_version, sys_version = "moiety", ""
    timeout = _READ_S

    def do_GET(self) -> None:
        """One of the three pages."""
        answer = self.answers.get(self.path)
        try:
            status, body = answer() if answer is not None else (404, b"")
        except MoietyError:  # the store cannot be asked
            status, body = 503, b""
        self.send_response(status)
        kind = CONTENT_TYPE_PLAIN_0_0_4 if self.path == "/metrics" else "text/plain; charset=utf-8"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: who asks for figures is no news, and what they type is theirs."""
