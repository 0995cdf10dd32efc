"""Custodians that run apart, as one gateway uses them: verbs over the network, and leases instead of a lock file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from threading import Lock, Thread
from time import monotonic, sleep
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from moiety.custody import recovery
from moiety.custody.chronicle import Chronicle, caller_of
from moiety.custody.doubts import GalleryUnchecked
from moiety.custody.gateway import allowances, approving, book, checks
from moiety.custody.gateway.book import BOOK
from moiety.custody.gateway.elsewhere import Elsewhere
from moiety.custody.gateway.entries import Identified
from moiety.custody.gateway.opening import Opened
from moiety.custody.gateway.three import Headers
from moiety.custody.gateway.together import Together
from moiety.custody.net.config import Deployment
from moiety.custody.net.remote import Remote
from moiety.custody.refusals import AttemptStopped, CustodianDown, HeaderRefused, TurnTaken
from moiety.custody.store.kinds import keys_of
from moiety.custody.store.noise import Entropy
from moiety.custody.trust import requests
from moiety.custody.trust.denials import ApprovalNeedless, ApprovalRefused, CallerRefused
from moiety.custody.trust.hand import Hand
from moiety.custody.trust.matter import Matter
from moiety.custody.trust.policy import BULK, EARLY, NEEDED, POLICY, FourEyes
from moiety.custody.trust.roster import Role
from moiety.custody.trust.signing import NONCE_BYTES
from moiety.custody.verbs import UNAPPROVED, Approved, Clock, Progress, Standing
from moiety.errors import MoietyError
from moiety.matching.refusals import Disagreement
from moiety.sharing.seat import SEATS, Seat

_PATIENCE_S = 10.0
"""How long a search that met a change on its way is asked again."""

_PAUSE_S = 0.02

_STOOD_S = 1.0
"""How long a gateway goes by where the three stood, before it asks them again. Of what another gateway changed in that
time, the first search is refused, which it is charged for, and asked again."""

_AGAIN_S = 60.0
"""Between two tries to have the daily check made."""

Answer = TypeVar("Answer")


def _sound(standings: Mapping[Seat, Standing]) -> dict[str, int]:
    """Since which day all three answer for a gallery, see `soundness`. What is closed needs mending, and no check."""
    held = {
        name: [standing.galleries[name] for standing in standings.values() if name in standing.galleries]
        for name in sorted(standings["a"].galleries)
    }
    return {name: min(one.sound for one in some) for name, some in held.items() if not any(one.damaged for one in some)}


def _approvers(what: Matter, headers: Headers) -> Role | None:
    """Whose signatures custodians want for this, as far as that can be told here; None where nobody's."""
    if what.operation == POLICY or (what.operation == EARLY and len(what.parts) > len(SEATS)):
        return Role.OFFICER
    eyes = FourEyes.of(headers.terms(what.purpose))
    return eyes.bulk(_gallery(what))[0] if what.operation == BULK else eyes.approvers(what.operation)


def _gallery(bulk: Matter) -> str:
    """What many are brought to: a purpose's faces, or the keys of its records."""
    return bulk.parts[0].decode() if bulk.parts else bulk.purpose


def _unsound(standings: Mapping[Seat, Standing]) -> bool:
    """Whether a custodian wants something checked first."""
    return 0 in _sound(standings).values()


class Leases:
    """Excludes other gateways' changes: the lease of each custodian, taken in the order of seats by everybody."""

    def __init__(self, remotes: Mapping[Seat, Remote]) -> None:
        self._remotes = remotes

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Nothing is held: custodians themselves see to it that a search meets one state of all three."""
        yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """All three leases."""
        with ExitStack() as held:
            for seat in SEATS:
                held.enter_context(self._remotes[seat].leased())
            yield


class Apart(Together):
    """Three custodians elsewhere, `remotes`, of the office that `hand` signs for. Safe for threads, and for several
    gateways at once."""

    def __init__(
        self,
        hand: Hand,
        remotes: Mapping[Seat, Remote],
        written: Chronicle,
        clock: Clock,
        entropy: Entropy,
        progress: Progress,
        warning: str,
    ) -> None:
        super().__init__(Elsewhere(remotes), Leases(remotes), written, clock, entropy, progress, warning)
        self.office = hand.office
        self._hand = hand
        self.remotes = remotes
        self._checking = Lock()
        self._tried = self._denied = float("-inf")
        self._stood: tuple[float, Headers] | None = None
        self._loaded: set[tuple[str, int]] = set()

    @classmethod
    def connect(
        cls, deployment: Deployment, *, clock: Clock, entropy: Entropy, progress: Progress, hand: Hand | None = None
    ) -> Apart:
        """Connect to a deployment, recover what was interrupted, and have checked what is due. Its own caller signs
        unless another `hand` does.

        Raises `CustodianDown`, `PeerUnknown`, and what `Embedded.open` raises of stores that do not fit.
        """
        identity = deployment.identity()
        hand = hand or deployment.hand(clock, entropy)
        remotes = {seat: Remote(seat, at, identity, hand) for seat, at in deployment.custodians().items()}
        written = book.opened(deployment.folder / BOOK, hand.office, clock=clock, entropy=entropy)
        apart = cls(hand, remotes, written, clock, entropy, progress, deployment.warning())
        try:
            apart._three.each(lambda custodian: remotes[custodian.seat].round_trip_s())  # who has no line does nothing
            apart._look_first()
        except BaseException:
            apart.close()
            raise
        return apart

    def close(self) -> None:
        """As `Together.close`, once a check that is under way has ended."""
        with self._checking:
            super().close()

    def _caller(self, operation: str) -> str:
        return caller_of(self._hand.signer(operation).public)

    def budgets(self) -> allowances.Allowances:
        """What is left to this gateway and to who signs at it: the least of what the three say."""
        return allowances.least(self._three.each(lambda custodian: allowances.told(self.remotes[custodian.seat])))

    def verify(self, name: str, words: NDArray[np.int16], pseudonym: bytes, *, stricter: int = 0) -> bool:
        """As `Together.verify`, asked again where a change came between."""
        return self._again(lambda: super(Apart, self).verify(name, words, pseudonym, stricter=stricter))

    def identify(self, name: str, words: NDArray[np.int16]) -> Identified:
        """As `Together.identify`, asked again where a change came between."""
        return self._again(lambda: super(Apart, self).identify(name, words))

    def identify_enrolled(self, name: str, pseudonym: bytes) -> Identified:
        """As `Together.identify_enrolled`, asked again where a change came between."""
        return self._again(lambda: super(Apart, self).identify_enrolled(name, pseudonym))

    def verify_enrolled(self, name: str, pseudonym: bytes, claimed: bytes, *, stricter: int = 0) -> bool:
        """As `Together.verify_enrolled`, asked again where a change came between."""
        return self._again(lambda: super(Apart, self).verify_enrolled(name, pseudonym, claimed, stricter=stricter))

    def pseudonyms(self, purpose: str, inputs: Sequence[bytes], *, approved: bytes | None = None) -> list[bytes]:
        """As `Together.pseudonyms`, asked again where a change came between."""
        return self._again(lambda: super(Apart, self).pseudonyms(purpose, inputs, approved=approved))

    def unlock(self, purpose: str, version: bytes, secrets: Sequence[str], *, role: str, reason: str) -> Opened:
        """As `Together.unlock`, asked again where a change came between."""
        return self._again(lambda: super(Apart, self).unlock(purpose, version, secrets, role=role, reason=reason))

    def drop(self, purpose: str, version: bytes, *, waiting: bool = False) -> bool:
        """As `Together.drop`."""
        try:
            return super().drop(purpose, version)
        except ApprovalRefused:
            if not waiting:
                self.restrict(keys_of(purpose), version, True)
            return False

    def drop_face(self, purpose: str, pseudonym: bytes) -> bool:
        """As `Together.drop_face`."""
        try:
            return super().drop_face(purpose, pseudonym)
        except ApprovalRefused:
            return False

    def _request(self, what: Matter) -> bytes:
        if what.operation != POLICY:
            with self._shared() as headers:
                if _approvers(what, headers) is None:
                    raise ApprovalNeedless
        nonce = self._entropy(NONCE_BYTES)
        return requests.ask(what, office=self.office, at=int(self._clock().timestamp()), nonce=nonce).to_bytes()

    def _signed(self, what: Matter, approved: bytes | None, headers: Headers) -> Approved:
        approvers = _approvers(what, headers)
        if approved is not None:
            if approvers is None:  # nobody would verify them
                raise ApprovalNeedless
            return approving.approved(approved, what, self.office, headers.now())
        # Said now: newcomers are charged when they are offered, and custodians ask for signatures only after that. Who
        # else was enrolled today, they know alone.
        if what.operation == BULK:
            approvers, above = FourEyes.of(headers.terms(what.purpose)).bulk(_gallery(what))
            if approvers is not None and what.people > above:
                raise ApprovalRefused(needed=NEEDED, valid=0)
        return UNAPPROVED

    @contextmanager
    def _carried(self, what: Matter, approved: bytes | None, headers: Headers) -> Iterator[None]:
        signed = self._signed(what, approved, headers)
        try:
            for remote in self.remotes.values():
                remote.approved = signed
            yield
        finally:
            for remote in self.remotes.values():
                remote.approved = UNAPPROVED

    @contextmanager
    def _shared(self) -> Iterator[Headers]:
        standings = self._three.standings()
        if not recovery.searchable(standings):
            until = monotonic() + _PATIENCE_S
            while not recovery.searchable(standings := self._three.standings()):
                if monotonic() > until:
                    with self._alone():  # nobody else is changing anything, so this is an interruption
                        standings = self._three.standings()
                sleep(_PAUSE_S)
        self._keep_checked(standings)
        yield Headers(standings["a"], self._clock, self._entropy)

    @contextmanager
    def _searching(self, name: str) -> Iterator[Headers]:
        headers = self._known(name)
        key = (name, headers.epoch)
        if key not in self._loaded:  # once an epoch, before any of them waits for another: what comes later is followed
            self._load(headers, name)
            self._loaded.add(key)
        yield headers

    def _known(self, name: str) -> Headers:
        """How the three stood a moment ago. Where they stand otherwise by now they refuse, and are asked again."""
        kept = self._stood
        if kept is None or monotonic() > kept[0] or name not in kept[1]:
            kept = self._stood = (monotonic() + _STOOD_S, super()._known(name))
        return kept[1]

    @contextmanager
    def _answering(self) -> Iterator[None]:
        with ExitStack() as held:
            # Two are enough: each refuses by its own copy, and that both are in one epoch is seen by their answers.
            with suppress(CustodianDown):
                held.enter_context(self._shared())
            yield

    @contextmanager
    def _changing(self, many: int = 0) -> Iterator[Headers]:
        try:
            with super()._changing(many) as headers:
                if _unsound(self._three.standings()):
                    self._check(headers)
                yield headers
        finally:
            self._stood = None

    def _keep_checked(self, standings: Mapping[Seat, Standing]) -> None:
        """Have checked first what a custodian answers for only then; have the daily check made beside what goes on."""
        if _unsound(standings):
            self._look_first()
        elif self._due(standings):
            self._look_beside()

    def _look_first(self) -> None:
        """As `_look`, by one of those who come at once; the others wait until it is done."""
        with self._checking:
            self._look()

    def _look_beside(self) -> None:
        if monotonic() < self._tried + _AGAIN_S or not self._checking.acquire(blocking=False):
            return
        self._tried = monotonic()
        Thread(target=self._check_beside, name="check", daemon=True).start()

    def _check_beside(self) -> None:
        try:
            with suppress(MoietyError):  # what it finds, custodians keep; what hinders it is met by whoever asks next
                self._look()
        finally:
            self._checking.release()

    def _look(self) -> None:
        standings = self._three.standings()
        if not recovery.settled(standings) or self._due(standings):
            with self._alone() as headers:
                self._check(headers)

    def _check(self, headers: Headers) -> None:
        """Check what is due. Who may not ask for that goes on: what custodians answer for, they decide themselves."""
        if self._may_not_check:
            return
        try:
            for name in self._due(self._three.standings()):
                checks.check(self._three, headers, name, self._progress)
        except CallerRefused:
            self._denied = monotonic()

    @property
    def _may_not_check(self) -> bool:
        return monotonic() < self._denied + _AGAIN_S

    def _due(self, standings: Mapping[Seat, Standing]) -> list[str]:
        now = int(self._clock().timestamp())
        return [name for name, last in _sound(standings).items() if checks.due(now, last)]

    def _again(self, ask: Callable[[], Answer]) -> Answer:
        """Ask again where a change came between: the custodians' states were not one then."""
        until = monotonic() + _PATIENCE_S
        while True:
            try:
                return ask()
            except (AttemptStopped, Disagreement, GalleryUnchecked, HeaderRefused, TurnTaken) as error:
                refusal: MoietyError = error
            self._stood = None
            if monotonic() > until or (isinstance(refusal, GalleryUnchecked) and self._may_not_check):
                raise refusal
            sleep(_PAUSE_S)
