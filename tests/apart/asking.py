"""A pinned gateway that says whatever a test has it say, to each custodian by itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import numpy as np
from numpy.typing import NDArray

from moiety.custody import messages, wire
from moiety.custody.gateway import trial
from moiety.custody.gateway.deployment import DEPLOYMENT
from moiety.custody.gateway.three import Headers
from moiety.custody.messages import Array, HeaderMessage
from moiety.custody.net import ends
from moiety.custody.net.config import Deployment
from moiety.custody.net.tls import Identity
from moiety.custody.store.handles import handles
from moiety.custody.store.slots import SLOTS
from moiety.custody.trust.asked import OFFICE, said
from moiety.custody.trust.pledges import commitment, share_of
from moiety.custody.trust.roster import entry_text
from moiety.custody.trust.signing import Kind, Signer, Statement, sign
from moiety.custody.verbs import SECONDS_A_DAY, Standing
from moiety.matching.policy import identify_point, verify_point
from moiety.sharing.seat import SEATS, Seat
from moiety.sharing.split import split
from tests.apart.scene import Site
from tests.custody.scene import DOOR, Person
from tests.custody.signers import Signatory

NONE = wire.Pledge(bytes(32), [bytes(32)] * 3)
"""What pledges nothing yet."""

METHOD = "/moiety.custodian.1/"
DONE = "done"


@dataclass(frozen=True)
class Said:
    """What came back: `DONE` or the code of a refusal, its numbers, and the answer's bytes."""

    code: str
    numbers: dict[str, int] = field(default_factory=dict)
    value: bytes = b""

    def read(self, kind: Any) -> Any:
        """The answer."""
        assert self.code == DONE, self.code
        return wire.read_answer(wire.Answer(wire.msgspec.Raw(self.value)), kind)


class Asking:
    """Raw requests to three custodians. `hand` signs as the deployment's own people do."""

    def __init__(self, site: Site, identity: Identity | None = None) -> None:
        deployment = Deployment.read(site.folder / DEPLOYMENT)
        shown = identity or deployment.identity()
        self._clock = site.clock
        self._channels = {seat: ends.channel(at.address, at.key, shown) for seat, at in deployment.custodians().items()}
        self.hand = deployment.hand(site.clock, os.urandom)

    def close(self) -> None:
        for channel in self._channels.values():
            channel.close()

    def raw(self, seat: Seat, data: bytes) -> Said:
        """These bytes to one custodian."""
        some = wire.read_said(self._channels[seat].unary_unary(METHOD + "ask")(data, timeout=60))
        if isinstance(some, wire.Refusal):
            return Said(some.code, dict(some.numbers))
        assert isinstance(some, wire.Answer)
        return Said(DONE, value=bytes(some.value))

    def ask(
        self,
        seat: Seat,
        ask: Any,
        *,
        lease: bytes = b"",
        call: bytes | None = None,
        approvals: Sequence[bytes] | None = None,
    ) -> Said:
        """A request, signed as it should be unless a test says otherwise."""
        if call is None and isinstance(ask, wire.Pledging):
            ask = pledged({seat: ask})[seat]
        signed = self.hand.call(ask) if call is None else call
        agreed = self.hand.approvals(ask) if approvals is None else approvals
        return self.raw(seat, wire.request(ask, lease, signed, agreed))

    def begin(self, seat: Seat, ask: Any) -> Any:
        """A request whose answer is not waited for: a call that can be cancelled."""
        data = wire.request(ask, b"", self.hand.call(ask))
        return self._channels[seat].unary_unary(METHOD + "ask").future(data, timeout=60)

    def each(self, ask: Callable[[Seat], Said]) -> dict[Seat, Said]:
        """All three at once."""
        with ThreadPoolExecutor(len(SEATS)) as threads:
            return dict(zip(SEATS, threads.map(ask, SEATS), strict=True))

    def all(self, asks: Mapping[Seat, Any], *, leased: bool = False, **with_: Any) -> dict[Seat, str]:
        """The codes of three requests at once, under the leases of all three where they take them."""
        with ExitStack() as held:
            leases = {seat: held.enter_context(self.leased(seat)) if leased else b"" for seat in SEATS}
            found = self.each(lambda seat: self.ask(seat, asks[seat], lease=leases[seat], **with_))
        return {seat: some.code for seat, some in found.items()}

    @contextmanager
    def leased(self, seat: Seat) -> Iterator[bytes]:
        """One custodian's lease."""
        call = self.hold(seat)
        try:
            said_ = wire.read_said(next(call))
            assert isinstance(said_, wire.Answer)
            lease: bytes = wire.read_answer(said_, bytes)
            yield lease
        finally:
            call.cancel()

    def hold(self, seat: Seat) -> Any:
        """A call that waits for a lease."""
        data = wire.request(wire.Hold(), call=self.hand.call(wire.Hold()))
        return self._channels[seat].unary_stream(METHOD + "hold")(data, timeout=60)

    def standing(self, seat: Seat = "a") -> Standing:
        """Where one custodian stands."""
        message: messages.StandingMessage = self.ask(seat, wire.Stand()).read(messages.StandingMessage)
        return message.standing()

    def headers(self) -> Headers:
        """Headers for the custodians as they stand."""
        return Headers(self.standing(), self._clock, os.urandom)

    def signed(
        self, signer: Signer, ask: Any, kind: Kind = Kind.CALL, *, nonce: bytes | None = None, **other: Any
    ) -> bytes:
        """A statement about a request, or about something else in what `other` says."""
        begun = said(ask)
        assert begun is not None
        fields: dict[str, Any] = {
            "operation": begun.operation,
            "purpose": begun.purpose or OFFICE,
            "digest": begun.digest,
            "at": int(self._clock().timestamp()),
            "office": self.hand.office,
        }
        fields |= other
        return sign(Statement(kind=kind, nonce=nonce or os.urandom(16), **fields), signer).to_bytes()

    def header(self, operation: Any, rows: int, gallery: str = DOOR) -> HeaderMessage:
        """The header of one fresh attempt at the custodians as they stand."""
        return HeaderMessage.of(self.headers().make(operation, gallery, rows=rows))

    # Requests as a gateway makes them, one for each custodian.

    def identify(self, *persons: Person, gallery: str = DOOR, attempt: bytes = b"", **other: Any) -> dict[Seat, Any]:
        """A search; what `other` says is otherwise in its header."""
        headers = self.headers()
        rows = int(self.ask("a", wire.Alive(gallery, headers.now() // SECONDS_A_DAY)).read(int))
        threshold = identify_point(headers.terms(gallery), rows).threshold
        slots = headers.gallery(gallery).pages * SLOTS
        header = headers.make("identify", gallery, rows=slots, threshold=threshold, probes=len(persons))
        message = changed(HeaderMessage.of(header), **({"attempt": attempt} if attempt else {}), **other)
        parts = shares(np.stack([person.words for person in persons]))
        return pledged({seat: wire.Identify(gallery, message, Array.of(parts[seat]), pledge=NONE) for seat in SEATS})

    def verify(self, person: Person, gallery: str = DOOR, **other: Any) -> dict[Seat, Any]:
        """A comparison."""
        headers = self.headers()
        threshold = verify_point(headers.terms(gallery)).threshold
        header = headers.make("verify", gallery, rows=SLOTS, threshold=threshold, probes=1)
        message = changed(HeaderMessage.of(header), **other)
        parts, known = shares(person.words[None]), handles(gallery, [person.pseudonym])
        asks = {
            seat: wire.Verify(gallery, message, Array.of(parts[seat]), known[seat].tobytes(), pledge=NONE)
            for seat in SEATS
        }
        return pledged(asks)

    def identify_row(self, person: Person, gallery: str = DOOR, **other: Any) -> dict[Seat, Any]:
        """A search with somebody who is enrolled."""
        header = changed(self.identify(person, gallery=gallery)["a"].header, attempt=os.urandom(16), **other)
        known = handles(gallery, [person.pseudonym])
        return pledged({seat: wire.IdentifyRow(gallery, header, known[seat].tobytes(), pledge=NONE) for seat in SEATS})

    def verify_row(self, person: Person, claim: Person, gallery: str = DOOR) -> dict[Seat, Any]:
        """A comparison of two who are enrolled."""
        header, known = self.verify(person, gallery)["a"].header, handles(gallery, [person.pseudonym])
        other = handles(gallery, [claim.pseudonym])
        asks = {
            seat: wire.VerifyRow(gallery, header, known[seat].tobytes(), other[seat].tobytes(), pledge=NONE)
            for seat in SEATS
        }
        return pledged(asks)


def pledged(asks: Mapping[Seat, Any]) -> dict[Seat, Any]:
    """The same requests with commitments to what they are: one alone commits for its own seat."""
    blinds = {seat: os.urandom(32) for seat in asks}
    made = {seat: commitment(blinds[seat], share_of(ask)) for seat, ask in asks.items()}
    commitments = [made.get(seat, bytes(32)) for seat in SEATS]
    return {seat: changed(ask, pledge=wire.Pledge(blinds[seat], commitments)) for seat, ask in asks.items()}


def changed(message: Any, **fields: Any) -> Any:
    """The same structure with other values, bounds and all unchecked: as a gateway may send it."""
    return wire.msgspec.structs.replace(message, **fields)


def shares(words: NDArray[np.int16]) -> dict[Seat, NDArray[np.uint32]]:
    """Shares of probes, words (B, dim)."""
    return split(words.astype(np.int32).view(np.uint32), os.urandom)


def enlist(site: Site, *people: Signatory) -> None:
    """Write these into every custodian's roster."""
    for seat in SEATS:
        for someone in people:
            file = trial.home(site.folder, seat) / trial.OPERATORS / f"{someone.name}.toml"
            file.write_text(entry_text(someone.person))
            file.chmod(0o600)


def down(call: Callable[[], Any]) -> grpc.StatusCode:
    """How a call ended that the server did not take."""
    try:
        call()
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()
        return code
    raise AssertionError("the call was answered")
