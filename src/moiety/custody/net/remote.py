"""A custodian that runs apart, as a gateway asks it: the verbs of `verbs.Verbs` over mutual TLS."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from time import monotonic
from typing import Any, TypeVar
from weakref import finalize

import grpc
import numpy as np
from numpy.typing import NDArray

from moiety.custody import messages, wire
from moiety.custody.messages import Array, BatchMessage, HeaderMessage, HelpMessage
from moiety.custody.net import ends
from moiety.custody.net.remote_audit import RemoteAudit
from moiety.custody.net.remote_records import RemoteRecords
from moiety.custody.net.remote_rows import RemoteRows
from moiety.custody.net.tls import Identity, Neighbour
from moiety.custody.net.told import error
from moiety.custody.refusals import CustodianDown, MessageRefused, PeerUnknown, StoreUnavailable
from moiety.custody.trust.budget import Allowance
from moiety.custody.trust.hand import Hand
from moiety.custody.trust.limits import Scope, Unit
from moiety.custody.trust.pledges import BLIND_BYTES, commitment, share_of
from moiety.custody.trust.signing import ON_BEHALF
from moiety.custody.verbs import UNAPPROVED, Approved, Batch, Help, Progress, Slots, Standing, Survey
from moiety.matching.header import Header
from moiety.matching.opening import Opening
from moiety.matching.rounds import Rounds, shown
from moiety.sharing.seat import SEATS, Seat

_PREFIX = "/moiety.custodian.1/"

_TRIED_S = 1.0
"""How long an attempt to connect that timed out is good for: whoever waited for it, or comes then, is told at once."""

Kind = TypeVar("Kind")


_APPROVED = (wire.AddGallery, wire.ReplaceDocument, wire.Offer, wire.Prepare, wire.Erase)
"""What signatures for a change go with."""


class Remote:
    """One custodian elsewhere. The connection is made when first needed, and again after it broke. Safe for threads."""

    def __init__(self, seat: Seat, at: Neighbour, identity: Identity, hand: Hand) -> None:
        self.seat: Seat = seat
        self._hand = hand
        self.approved = UNAPPROVED
        self._at = at
        self._identity = identity
        self._lock = Lock()
        self._channel: grpc.Channel | None = None
        self._ended: finalize[[], Remote] | None = None
        self._silent_until = 0.0
        self._watch = _Watch()
        self._lease = b""
        self._versions_of: grpc.Channel | None = None
        self._reads_behalf = False
        self.records = RemoteRecords(self._ask)
        self.audit = RemoteAudit(seat, self._ask)
        self.rows = RemoteRows(seat, self._pledged)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._drop()

    @contextmanager
    def leased(self) -> Iterator[None]:
        """Hold this custodian's lease."""
        with self._calls():
            asked = wire.Hold()
            data = wire.request(asked, call=self._hand.call(asked))
            call = self._open().unary_stream(_PREFIX + "hold")(data, timeout=wire.LONG_S)
        try:
            with self._calls():
                self._lease = self._told(next(call), bytes)
            yield
        finally:
            self._lease = b""
            call.cancel()

    def standing(self) -> Standing:
        """As `custodian.Custodian.standing`."""
        message: messages.StandingMessage = self._ask(wire.Stand(), messages.StandingMessage)
        if message.seat != self.seat:
            raise PeerUnknown
        return message.standing()

    def round_trip_s(self) -> float:
        """Seconds to the farther of its two neighbours and back."""
        return self._ask(wire.RoundTrip(), float)

    def knows_behalf(self) -> bool:
        """Whether its custodian reads for whom somebody asks: asked once for each connection, since whoever answers the
        next one may be of another version. While it is down, as it was before."""
        try:
            with self._calls():
                channel = self._open()
            if channel is not self._versions_of:
                self._reads_behalf = self._reads(ON_BEHALF)
                self._versions_of = channel
        except CustodianDown:
            pass  # whoever needs it is told so by what they ask
        return self._reads_behalf

    def _reads(self, version: int) -> bool:
        try:
            return self._ask(wire.Versions(), int) >= version
        except MessageRefused:  # older than the question
            return False

    def budgets(self) -> list[Allowance]:
        """What is left here to this gateway and to who signs at it. Raises `MessageRefused` where the custodian is
        of an older version, which knows no such question."""
        found: list[messages.BudgetMessage] = self._ask(wire.Budgets(), wire.Budgets.ANSWER)
        try:
            return [
                Allowance(Scope(one.scope), Unit(one.unit), one.burst, one.daily, one.drawn, one.left, one.whole_s)
                for one in found
            ]
        except ValueError:
            raise MessageRefused from None

    def add_gallery(self, name: str, terms: bytes, document: bytes) -> None:
        """As `custodian.Custodian.add_gallery`."""
        self._ask(wire.AddGallery(name, terms, document))

    def replace_document(self, name: str, header: Header, terms: bytes, document: bytes) -> Rounds[None]:
        """As `custodian.Custodian.replace_document`."""
        yield from self._played(wire.ReplaceDocument(name, terms, document, HeaderMessage.of(header)), None)

    def load(self, name: str, progress: Progress) -> None:
        """As `custodian.Custodian.load`."""
        self._ask(wire.Load(name), progress=progress)

    def alive(self, name: str, day: int) -> int:
        """As `custodian.Custodian.alive`."""
        return self._ask(wire.Alive(name, day), int)

    def offer(self, name: str, batch: Batch, header: Header) -> Rounds[None]:
        """As `custodian.Custodian.offer`."""
        some = BatchMessage.of(batch)
        people = self.approved.people
        make = lambda pledge: wire.Offer(name, some, HeaderMessage.of(header), people, pledge=pledge)  # noqa: E731
        yield from self._pledged(make, None)

    def prepare(self, name: str, header: Header, attempts: list[bytes]) -> Rounds[Slots]:
        """As `custodian.Custodian.prepare`."""
        asked = wire.Prepare(name, HeaderMessage.of(header), attempts, self.approved.people)
        found: Array = yield from self._played(asked, Array)
        return found.array(np.int64, 1)

    def forget(self, attempts: list[bytes]) -> None:
        """As `custodian.Custodian.forget`."""
        self._ask(wire.Forget(attempts))

    def activate(self, name: str, header: Header, slots: Slots) -> Rounds[None]:
        """As `custodian.Custodian.activate`."""
        yield from self._played(wire.Activate(name, HeaderMessage.of(header), Array.of(slots)), None)

    def locate(self, name: str, handle: bytes) -> Slots:
        """As `custodian.Custodian.locate`."""
        return self._array(wire.Locate(name, handle), np.int64, 1)

    def erase(self, name: str, header: Header, handle: bytes) -> Rounds[None]:
        """As `custodian.Custodian.erase`."""
        asked = wire.Erase(name, HeaderMessage.of(header), handle, list(self.approved.hashed))
        yield from self._played(asked, None)

    def scrub(self, step: str = "scrub") -> None:
        """As `custodian.Custodian.scrub`."""
        self._ask(wire.Scrub(step))

    def identify(self, name: str, header: Header, probe: NDArray[np.uint32]) -> Rounds[Opening]:
        """As `custodian.Custodian.identify`."""
        share = Array.of(probe)
        make = lambda pledge: wire.Identify(name, HeaderMessage.of(header), share, pledge=pledge)  # noqa: E731
        return messages.read_opening((yield from self._pledged(make, messages.OpeningMessage)))

    def verify(self, name: str, header: Header, probe: NDArray[np.uint32], handle: bytes) -> Rounds[Opening]:
        """As `custodian.Custodian.verify`."""
        share = Array.of(probe)
        make = lambda pledge: wire.Verify(name, HeaderMessage.of(header), share, handle, pledge=pledge)  # noqa: E731
        return messages.read_opening((yield from self._pledged(make, messages.OpeningMessage)))

    def release(self, name: str, attempt: bytes, slots: Slots) -> NDArray[np.uint8]:
        """As `custodian.Custodian.release`."""
        return self._array(wire.Release(name, attempt, Array.of(slots)), np.uint8, 2)

    def renew(self, header: Header) -> Rounds[None]:
        """As `custodian.Custodian.renew`."""
        yield from self._played(wire.Renew(HeaderMessage.of(header)), None)

    def stage(self, progress: Progress) -> None:
        """As `custodian.Custodian.stage`."""
        self._ask(wire.Stage(), progress=progress)

    def switch(self, header: Header) -> Rounds[None]:
        """As `custodian.Custodian.switch`."""
        yield from self._played(wire.Switch(HeaderMessage.of(header)), None)

    def reconcile(self, header: Header) -> Rounds[list[str]]:
        """As `custodian.Custodian.reconcile`."""
        return list((yield from self._played(wire.Reconcile(HeaderMessage.of(header)), list[str])))

    def survey(self, name: str, progress: Progress) -> Survey:
        """As `custodian.Custodian.survey`."""
        found: messages.SurveyMessage = self._ask(wire.Survey(name), messages.SurveyMessage, progress=progress)
        return Survey(found.damaged, found.people, found.key)

    def integrity(self, name: str, header: Header, progress: Progress) -> Rounds[bool]:
        """As `custodian.Custodian.integrity`."""
        return bool((yield from self._played(wire.Integrity(name, HeaderMessage.of(header)), bool, progress)))

    def helping(self) -> bytes:
        """As `custodian.Custodian.helping`."""
        return self._ask(wire.Helping(), bytes)

    def assist(self, name: str, lost: Seat, numbers: list[int], nonces: Mapping[Seat, bytes]) -> Help:
        """As `custodian.Custodian.assist`."""
        message: HelpMessage = self._ask(wire.Assist(name, lost, numbers, dict(nonces)), HelpMessage)
        return message.help()

    def pseudonym_parts(self, name: str, numbers: list[int]) -> NDArray[np.uint8]:
        """As `custodian.Custodian.pseudonym_parts`."""
        return self._array(wire.PseudonymParts(name, numbers), np.uint8, 3)

    def mend(self, name: str, numbers: list[int], one: Help, other: Help, handles: NDArray[np.uint8]) -> None:
        """As `custodian.Custodian.mend`."""
        self._ask(wire.Mend(name, numbers, HelpMessage.of(one), HelpMessage.of(other), Array.of(handles)))

    def _pledged(self, make: Callable[[wire.Pledge], wire.Pledging], kind: Any) -> Rounds[Any]:
        """As `_played`, for a share: the gateway's three sides show each other what they commit to first."""
        blind = self._hand.entropy(BLIND_BYTES)
        own = commitment(blind, share_of(make(wire.Pledge(blind, []))))
        shown_ = yield from shown(self.seat, own)
        return self._ask(make(wire.Pledge(blind, [shown_[seat] for seat in SEATS])), kind)

    def _played(self, asked: Any, kind: Any, progress: Progress | None = None) -> Rounds[Any]:
        """A side that its custodian plays with the other two: nothing is exchanged here."""
        return self._ask(asked, kind, progress=progress)
        yield  # what makes this a generator

    def _array(self, asked: Any, dtype: Any, dims: int) -> NDArray[Any]:
        message: Array = self._ask(asked, Array)
        return message.array(dtype, dims)

    def _ask(
        self,
        asked: Any,
        kind: type[Kind] | None = None,
        *,
        progress: Progress | None = None,
        approved: Approved = UNAPPROVED,
    ) -> Kind:
        # Whoever brings signatures means these, and none that this host can make.
        carried = self.approved if isinstance(asked, _APPROVED) else approved
        approvals = list(carried.signatures or self._hand.approvals(asked))
        data = wire.request(asked, self._lease, self._hand.call(asked), approvals)
        with self._calls():
            if not isinstance(asked, wire.LONG):
                return self._told(self._open().unary_unary(_PREFIX + "ask")(data, timeout=wire.SHORT_S), kind)
            for said in self._open().unary_stream(_PREFIX + "watch")(data, timeout=wire.LONG_S):
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
            refused = error(said.code, said.numbers)
            if isinstance(refused, StoreUnavailable):  # it need not tell its own letter
                raise type(refused)(**refused.numbers | {"seat": SEATS.index(self.seat)})
            raise refused
        raise MessageRefused

    def _open(self) -> grpc.Channel:
        with self._lock:
            if self._watch.broken and self._channel is not None:
                # Whoever answers next may show a renewed certificate: its key is looked at again.
                self._drop()
            if self._channel is None:
                if monotonic() < self._silent_until:
                    raise CustodianDown(seat=SEATS.index(self.seat))
                try:
                    self._channel = ends.channel(self._at.address, self._at.key, self._identity)
                except TimeoutError:
                    self._silent_until = monotonic() + _TRIED_S
                    raise
                self._watch = _Watch()
                self._channel.subscribe(self._watch)
                # A channel that is listened to keeps its threads: a program that never closes this would not end.
                self._ended = finalize(self, self._channel.close)
            return self._channel

    def _drop(self) -> None:
        if self._ended is not None:
            self._ended()
            self._channel = self._ended = None

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
            raise CustodianDown(seat=SEATS.index(self.seat), status=failure.code().value[0]) from None


class _Watch:
    """Hears what becomes of a channel's connection."""

    def __init__(self) -> None:
        self.broken = False
        self._was_ready = False

    def __call__(self, state: grpc.ChannelConnectivity) -> None:
        if state == grpc.ChannelConnectivity.READY:
            self._was_ready = True
        elif self._was_ready or state == grpc.ChannelConnectivity.TRANSIENT_FAILURE:
            self.broken = True
