"""A custodian that runs apart, as a gateway asks it: the verbs of `verbs.Verbs` over mutual TLS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any, TypeVar

import grpc
import numpy as np
from numpy.typing import NDArray

from moiety.custody import tls, wire
from moiety.custody.epochs import Renewal
from moiety.custody.gallery import Progress
from moiety.custody.life import Batch, Slots
from moiety.custody.lines import Neighbour
from moiety.custody.mending import Help
from moiety.custody.refusals import CustodianDown, MessageRefused, PeerUnknown
from moiety.custody.serving import LONG
from moiety.custody.tls import Identity
from moiety.custody.verbs import Standing
from moiety.custody.wire import Array, BatchMessage, HeaderMessage, HelpMessage
from moiety.errors import MoietyError, Refused, Unavailable
from moiety.matching.header import Header
from moiety.matching.opening import Opening
from moiety.matching.rounds import Rounds
from moiety.sharing.seat import SEATS, Seat

_PREFIX = "/moiety.custodian.1/"

SHORT_S = 60.0
"""What any one request but a long one may take: a search of 67 million rows takes ten seconds."""

LONG_S = 3_600.0
"""A refresh or check of 67 million rows."""

Kind = TypeVar("Kind")


class Remote:
    """One custodian elsewhere. The connection is made when first needed, and again after it broke. Safe for threads."""

    def __init__(self, seat: Seat, at: Neighbour, identity: Identity) -> None:
        self.seat: Seat = seat
        self._at = at
        self._identity = identity
        self._lock = Lock()
        self._channel: grpc.Channel | None = None
        self._lease = b""

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._channel is not None:
                self._channel.close()
                self._channel = None

    @contextmanager
    def leased(self) -> Iterator[None]:
        """Hold this custodian's lease."""
        with self._calls():
            call = self._open().unary_stream(_PREFIX + "hold")(b"", timeout=LONG_S)
        try:
            with self._calls():
                self._lease = self._told(next(call), bytes)
            yield
        finally:
            self._lease = b""
            call.cancel()

    def standing(self) -> Standing:
        message: wire.StandingMessage = self._ask(wire.Stand(), wire.StandingMessage)
        if message.seat != self.seat:
            raise PeerUnknown
        return message.standing()

    def coin(self) -> bytes:
        return self._ask(wire.Coin(), bytes)

    def add_gallery(self, name: str, terms: bytes, document: bytes) -> None:
        self._ask(wire.AddGallery(name, terms, document))

    def replace_document(self, name: str, terms: bytes, document: bytes) -> None:
        self._ask(wire.ReplaceDocument(name, terms, document))

    def load(self, name: str, progress: Progress) -> None:
        self._ask(wire.Load(name), progress=progress)

    def alive(self, name: str, day: int) -> int:
        return self._ask(wire.Alive(name, day), int)

    def offer(self, name: str, batch: Batch, header: Header) -> Rounds[None]:
        yield from self._played(wire.Offer(name, BatchMessage.of(batch), HeaderMessage.of(header)), None)

    def prepare(self, name: str, coin: bytes, attempts: list[bytes]) -> Slots:
        return self._array(wire.Prepare(name, coin, attempts), np.int64, 1)

    def forget(self, attempts: list[bytes]) -> None:
        self._ask(wire.Forget(attempts))

    def activate(self, name: str, slots: Slots) -> None:
        self._ask(wire.Activate(name, Array.of(slots)))

    def locate(self, name: str, handle: bytes) -> Slots:
        return self._array(wire.Locate(name, handle), np.int64, 1)

    def erase(self, name: str, slots: Slots) -> None:
        self._ask(wire.Erase(name, Array.of(slots)))

    def scrub(self, step: str = "scrub") -> None:
        self._ask(wire.Scrub(step))

    def identify(self, name: str, header: Header, probe: NDArray[np.uint32]) -> Rounds[Opening]:
        asked = wire.Identify(name, HeaderMessage.of(header), Array.of(probe))
        return wire.read_opening((yield from self._played(asked, wire.OpeningMessage)))

    def verify(self, name: str, header: Header, probe: NDArray[np.uint32], handle: bytes) -> Rounds[Opening]:
        asked = wire.Verify(name, HeaderMessage.of(header), Array.of(probe), handle)
        return wire.read_opening((yield from self._played(asked, wire.OpeningMessage)))

    def release(self, name: str, attempt: bytes, slots: Slots) -> NDArray[np.uint8]:
        return self._array(wire.Release(name, attempt, Array.of(slots)), np.uint8, 2)

    def seed(self) -> bytes:
        return self._ask(wire.Seed(), bytes)

    def stage(self, renewal: Renewal, progress: Progress) -> None:
        self._ask(wire.Stage(renewal.epoch, list(renewal.seeds), renewal.day), progress=progress)

    def switch(self) -> None:
        self._ask(wire.Switch())

    def discard(self) -> None:
        self._ask(wire.Discard())

    def survey(self, name: str, progress: Progress) -> list[int]:
        return self._ask(wire.Survey(name), list[int], progress=progress)

    def integrity(self, name: str, header: Header, progress: Progress) -> Rounds[bool]:
        return bool((yield from self._played(wire.Integrity(name, HeaderMessage.of(header)), bool, progress)))

    def record(self, name: str, checked: int | None) -> None:
        self._ask(wire.Record(name, checked))

    def helping(self) -> bytes:
        return self._ask(wire.Helping(), bytes)

    def assist(self, name: str, lost: Seat, numbers: list[int], nonces: Mapping[Seat, bytes]) -> Help:
        message: HelpMessage = self._ask(wire.Assist(name, lost, numbers, dict(nonces)), HelpMessage)
        return message.help()

    def pseudonym_parts(self, name: str, numbers: list[int]) -> NDArray[np.uint8]:
        return self._array(wire.PseudonymParts(name, numbers), np.uint8, 3)

    def mend(self, name: str, numbers: list[int], one: Help, other: Help, handles: NDArray[np.uint8]) -> None:
        self._ask(wire.Mend(name, numbers, HelpMessage.of(one), HelpMessage.of(other), Array.of(handles)))

    def states(self, name: str) -> NDArray[np.uint8]:
        return self._array(wire.States(name), np.uint8, 1)

    def level(self, name: str, version: int) -> None:
        self._ask(wire.Level(name, version))

    def settle(self, name: str, states: NDArray[np.uint8], terms: bytes, document: bytes) -> None:
        self._ask(wire.Settle(name, Array.of(states), terms, document))

    def _played(self, asked: Any, kind: Any, progress: Progress | None = None) -> Rounds[Any]:
        """A side that its custodian plays with the other two: nothing is exchanged here."""
        return self._ask(asked, kind, progress=progress)
        yield  # what makes this a generator

    def _array(self, asked: Any, dtype: Any, dims: int) -> NDArray[Any]:
        message: Array = self._ask(asked, Array)
        return message.array(dtype, dims)

    def _ask(self, asked: Any, kind: type[Kind] | None = None, *, progress: Progress | None = None) -> Kind:
        data = wire.request(asked, self._lease)
        with self._calls():
            if not isinstance(asked, LONG):
                return self._told(self._open().unary_unary(_PREFIX + "ask")(data, timeout=SHORT_S), kind)
            for said in self._open().unary_stream(_PREFIX + "watch")(data, timeout=LONG_S):
                some = wire.read_said(said)
                if not isinstance(some, wire.Progress):
                    return self._told(said, kind)
                if progress is not None:
                    progress(some.stage, some.done, some.total)
        raise MessageRefused

    def _told(self, data: bytes, kind: type[Kind] | None) -> Kind:
        said = wire.read_said(data)
        if isinstance(said, wire.Answer):
            value: Kind = wire.read_answer(said, kind)
            return value
        if isinstance(said, wire.Refusal):
            raise error(said.code, said.numbers)
        raise MessageRefused

    def _open(self) -> grpc.Channel:
        with self._lock:
            if self._channel is None:
                self._channel = tls.channel(self._at.address, self._at.key, self._identity)
            return self._channel

    @contextmanager
    def _calls(self) -> Iterator[None]:
        """Turn whatever goes wrong with the connection into the refusal that it means."""
        try:
            yield
        except OSError:
            raise CustodianDown(seat=SEATS.index(self.seat)) from None
        except StopIteration:
            raise MessageRefused from None
        except grpc.RpcError as failure:
            if failure.code() == grpc.StatusCode.PERMISSION_DENIED:
                raise PeerUnknown from None
            # Whoever comes next looks at the key again: a restarted custodian may show a renewed certificate.
            self.close()
            raise CustodianDown(seat=SEATS.index(self.seat)) from None


def finished(side: Rounds[Kind]) -> Kind:
    """What a side returned that exchanges nothing here."""
    try:
        next(side)
    except StopIteration as stop:
        value: Kind = stop.value
        return value
    raise RuntimeError("a side that is played elsewhere exchanges nothing here")


def error(code: str, numbers: Mapping[str, int]) -> MoietyError:
    """The error of this code, as it was raised at the other end; an unknown one is `Unavailable`."""
    kind = _by_code().get(code, Unavailable)
    try:
        return kind(**numbers)
    except (KeyError, TypeError, IndexError):
        return Unavailable()


def _by_code() -> dict[str, type[MoietyError]]:
    found: dict[str, type[MoietyError]] = {}
    kinds: list[type[MoietyError]] = [Refused, Unavailable]
    while kinds:
        kind = kinds.pop()
        found[kind.code] = kind
        kinds += kind.__subclasses__()
    return found
