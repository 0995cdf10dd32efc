"""What a gateway counts, for Prometheus: requests by route, refusals by code, batches, and what is under way.

No path, no person, no purpose, and no caller: a caller may be somebody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""A key is looked up in a millisecond, a face verified in a tenth of a second, and nobody waits for longer than 60."""

_PROBES: Final = (1, 2, 4, 8, 16, 32)

NOWHERE: Final = "none"
"""The route of what is no page: what was asked for then is the caller's own words."""


class Metrics:
    """One gateway's figures, in a registry of their own. Safe for threads."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # when each was first counted is nobody's business
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "moiety_gateway_requests",
            "Requests, by route and class of status: 2xx, 3xx, 4xx, 5xx, or none where nobody was there to be answered",
            ["verb", "route", "status"],
            registry=self._registry,
        )
        self._begun = Gauge("moiety_gateway_requests_begun", "Requests that are not over", registry=self._registry)
        self._seconds = Histogram(
            "moiety_gateway_request_seconds",
            "How long requests took",
            ["verb", "route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._stages = Counter(
            "moiety_gateway_stage_seconds", "Where that time went, by stage", ["stage"], registry=self._registry
        )
        self._refused = Counter(
            "moiety_gateway_refused", "Refusals, by the code that left", ["code"], registry=self._registry
        )
        self._probes = Histogram(
            "moiety_gateway_search_probes",
            "Probes of a search, of one caller or of several together",
            buckets=_PROBES,
            registry=self._registry,
        )
        self._cut = Counter(
            "moiety_gateway_connections_cut",
            "Connections that were ended because nothing whole came, or nothing was taken, in time",
            registry=self._registry,
        )

    def watch(self, name: str, said: str, value: Callable[[], float]) -> None:
        """Show a number as it is whenever somebody looks."""
        Gauge(f"moiety_gateway_{name}", said, registry=self._registry).set_function(value)

    def begun(self) -> None:
        """A request has begun."""
        self._begun.inc()

    def asked(self, verb: str, route: str | None, status: int, seconds: float, stages: dict[str, float]) -> None:
        """A request has ended; `status` is 0 where it was not answered."""
        self._begun.dec()
        known = route is not None
        named = (verb if known else NOWHERE, route or NOWHERE)
        self._requests.labels(*named, f"{status // 100}xx" if status else NOWHERE).inc()
        self._seconds.labels(*named).observe(seconds)
        for name, some in stages.items():
            self._stages.labels(name).inc(max(0.0, some))

    def refused(self, code: str) -> None:
        """Something was refused with this code."""
        self._refused.labels(code).inc()

    def searched(self, probes: int) -> None:
        """A search of so many probes begins."""
        self._probes.observe(probes)

    def cut(self) -> None:
        """A connection was ended."""
        self._cut.inc()

    def text(self) -> bytes:
        """Everything, as Prometheus reads it (text format 0.0.4)."""
        return generate_latest(self._registry)
