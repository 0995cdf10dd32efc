"""A custodian's gRPC server: who calls is checked by the pinned key before a byte of the request is read.

Four methods carry bytes: `ask` one request and its answer, `watch` the same with progress on the way, `hold` a lease
for as long as the call lasts, and `line` the messages of another custodian.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from time import monotonic
from typing import Any, Final, Protocol

import grpc

from moiety.custody import wire
from moiety.custody.net import ends
from moiety.custody.net.doors import Doors
from moiety.custody.net.journal import News, fault, say
from moiety.custody.net.lines import Lines
from moiety.custody.net.metrics import Metrics
from moiety.custody.net.tls import Identity, Pin
from moiety.custody.refusals import AddressTaken, MessageRefused, PeerUnknown
from moiety.custody.turns import Leases
from moiety.errors import MoietyError, Unavailable
from moiety.sharing.seat import Seat

SERVICE: Final = "moiety.custodian.1"

_THREADS: Final = 64
"""Requests at once, lines and leases among them: a thread each, most of them waiting for messages."""

_LEASE_WAIT_S: Final = 600.0


@dataclass(frozen=True)
class Callers:
    """Whose public keys are pinned here: the two other custodians' by seat, the gateways' by name."""

    custodians: Mapping[Pin, Seat]
    gateways: Mapping[Pin, str]


class Answering(Protocol):
    """What does what is asked: `serving.Serving`."""

    def serve(self, gateway: Pin, request: wire.Request, progress: Callable[[str, int, int], None]) -> Any:
        """Do what the gateway of this pinned key asks; the value to be encoded."""

    def hold(self, gateway: Pin, request: wire.Request) -> None:
        """Let the gateway of this pinned key take the lease."""


class Server:
    """One custodian's server, listening once it is made."""

    def __init__(
        self,
        address: str,
        identity: Identity,
        callers: Callers,
        serving: Answering,
        leases: Leases,
        lines: Lines,
        doors: Doors,
        metrics: Metrics,
    ) -> None:
        """Raises `AddressTaken`."""
        self._doors = doors
        self._metrics = metrics
        self._callers = callers
        self._serving = serving
        self._leases = leases
        self._lines = lines
        self._server = grpc.server(
            ThreadPoolExecutor(_THREADS, thread_name_prefix="request"),
            options=ends.OPTIONS,
            maximum_concurrent_rpcs=_THREADS,
        )
        methods = {
            "ask": grpc.unary_unary_rpc_method_handler(self._ask),
            "watch": grpc.unary_stream_rpc_method_handler(self._watch),
            "hold": grpc.unary_stream_rpc_method_handler(self._hold),
            "line": grpc.stream_stream_rpc_method_handler(self._line),
        }
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))
        try:
            self.port = self._server.add_secure_port(address, ends.credentials(identity))
        except RuntimeError:  # all that gRPC says of an address that cannot be had
            raise AddressTaken from None
        self._server.start()

    def stop(self, grace_s: float) -> None:
        """Take no more requests, and give those that run so long to end."""
        self._server.stop(grace_s).wait()

    def _ask(self, data: bytes, context: grpc.ServicerContext) -> bytes:
        gateway = self._gateway(context)
        return self._answered(gateway, data, lambda stage, done, total: None)

    def _watch(self, data: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        gateway = self._gateway(context)
        said: SimpleQueue[bytes | None] = SimpleQueue()

        def progress(stage: str, done: int, total: int) -> None:
            said.put(wire.say(wire.Progress(stage, done, total)))

        def work() -> None:
            try:
                said.put(self._answered(gateway, data, progress))
            finally:
                said.put(None)

        with ThreadPoolExecutor(1) as thread:
            thread.submit(work)
            yield from iter(said.get, None)

    def _hold(self, data: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        """The lease, and then nothing until the gateway ends the call, is gone, or leaves it unused."""
        gateway = self._gateway(context)
        ended: SimpleQueue[None] = SimpleQueue()
        if not context.add_callback(lambda: ended.put(None)):
            return  # gone already: nobody would ever end this
        try:
            self._serving.hold(gateway, wire.read_request(data))
            lease = self._leases.take(min(_LEASE_WAIT_S, context.time_remaining() or _LEASE_WAIT_S), context.is_active)
        except MoietyError as error:
            yield wire.say(wire.Refusal(error.code, error.numbers))
            return
        try:
            with self._doors.inside(leased=False):
                yield wire.answer(lease)
                self._leases.wait(ended)
        except MoietyError as error:
            yield wire.say(wire.Refusal(error.code, error.numbers))
        finally:
            self._leases.give_back()

    def _line(self, incoming: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        seat = self._callers.custodians[self._known(context, self._callers.custodians)]
        yield from self._lines.answer(seat, incoming, context)

    def _gateway(self, context: grpc.ServicerContext) -> Pin:
        return self._known(context, self._callers.gateways)

    def _known(self, context: grpc.ServicerContext, pins: Mapping[Pin, str]) -> Pin:
        try:
            return ends.who(context, pins)
        except PeerUnknown as error:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, error.code)
            raise

    def _answered(self, gateway: Pin, data: bytes, progress: Callable[[str, int, int], None]) -> bytes:
        began = monotonic()
        verb, outcome = "unread", "done"
        try:
            request = wire.read_request(data)
            verb = type(request.ask).__name__.lower()
            return wire.answer(self._serving.serve(gateway, request, progress))
        except MoietyError as error:
            outcome = error.code
            return wire.say(wire.Refusal(error.code, error.numbers))
        except (ValueError, KeyError, TypeError, IndexError, OverflowError):
            # A value that passed the bounds of the message and fits nothing here.
            outcome = MessageRefused.code
            return wire.say(wire.Refusal(MessageRefused.code, {}))
        except Exception as error:  # a fault of ours ends this request, not the custodian; its words may quote data
            outcome = News.FAULT.value
            fault(error, verb)
            return wire.say(wire.Refusal(Unavailable.code, {}))
        finally:
            seconds = monotonic() - began
            self._metrics.asked(verb, outcome, seconds)
            say(News.REQUEST, verb=verb, outcome=outcome, ms=round(seconds * 1000))
