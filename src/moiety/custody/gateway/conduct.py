"""How whatever a gateway does with the three custodians is done: with others or alone, over an office that is put right
first where it was left halfway, with people's signatures where there are any, and written down in the gateway's ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from typing import Protocol

import numpy as np

from moiety.custody import noting, recovery
from moiety.custody.chronicle import CALLER, Chronicle, asked_by, called
from moiety.custody.doubts import GalleryUnchecked
from moiety.custody.gateway import checks
from moiety.custody.gateway.entries import GalleryState, Newcomer
from moiety.custody.gateway.ledgers import Ledgers
from moiety.custody.gateway.three import Headers, Three
from moiety.custody.refusals import AlreadyEnrolled, GalleryDamaged, HeaderRefused, TurnTaken
from moiety.custody.store.kinds import SECRETS, is_keys, purpose_of
from moiety.custody.store.noise import Entropy
from moiety.custody.store.slots import SLOTS
from moiety.custody.trust.denials import NobodySigns
from moiety.custody.trust.matter import Matter
from moiety.custody.trust.policy import POLICY
from moiety.custody.unopened import NobodyThere
from moiety.custody.verbs import SECONDS_A_DAY, UNAPPROVED, Approved, Clock, Progress
from moiety.errors import MoietyError
from moiety.ledger.entry import Erasures
from moiety.ledger.operation import ID_BYTES, Party
from moiety.matching.header import Header
from moiety.matching.refusals import Disagreement
from moiety.sharing.seat import SEATS

_TRIES = 3
"""How often an attempt starts over because another process was interrupted meanwhile."""


_BEFORE = (AlreadyEnrolled, Disagreement, GalleryUnchecked, HeaderRefused, NobodyThere, TurnTaken)
"""What custodians refuse before they have agreed to do anything, and often: nothing is looked for then."""


class Exclusion(Protocol):
    """Many who search, or one who changes something. Neither nests."""

    def shared(self) -> AbstractContextManager[None]:
        """Hold with others who only search."""

    def alone(self) -> AbstractContextManager[None]:
        """Hold alone."""


class Conduct:
    """What all that is done with three custodians has in common."""

    def __init__(
        self,
        three: Three,
        lock: Exclusion,
        book: Chronicle,
        clock: Clock,
        entropy: Entropy,
        progress: Progress,
        warning: str,
    ) -> None:
        self._three = three
        self._book = book
        self._lock = lock
        self._warning = warning
        self._clock = clock
        self._entropy = entropy
        self._progress = progress

    @property
    def three(self) -> Three:
        """The three custodians, for who measures them."""
        return self._three

    def close(self) -> None:
        """Let go of the custodians and the ledger; nothing is written, since everything already was."""
        self._three.close()
        self._book.close()

    def _request(self, what: Matter) -> bytes:
        raise NobodySigns

    def _signed(self, what: Matter, approved: bytes | None, headers: Headers) -> Approved:
        """What goes with it. Raises what is wrong with the signatures, or with their absence."""
        if approved is not None:
            raise NobodySigns
        return UNAPPROVED

    @contextmanager
    def _carried(self, what: Matter, approved: bytes | None, headers: Headers) -> Iterator[None]:
        """Have people's signatures go with what custodians are asked meanwhile; held alone."""
        self._signed(what, approved, headers)
        yield

    # The gateway's own ledger.

    def _ledgers(self) -> Ledgers:
        return Ledgers(self._three, self._book, self._three.custodians["a"].standing().office)

    @property
    def book(self) -> Chronicle:
        """The gateway's own ledger."""
        return self._book

    def refused(self, purpose: str, code: str) -> None:
        """Write into the gateway's ledger that something about a purpose's people was refused: once a minute for each
        code, however often it is asked."""
        with called(self._caller("find")):
            noting.refused(self._book, code, purpose)

    def _caller(self, operation: str) -> str:
        """Who asks, as custodians write it down; for whom goes with it, see `chronicle.asked_by`."""
        return CALLER.get()

    def _adopted(self, name: str, terms: bytes, document: bytes) -> None:
        with called(self._caller(POLICY)):
            noting.adopted(self._book, self._entropy(ID_BYTES), self._book.now(), name, terms, document)

    def _enrolling(
        self, newcomers: Sequence[Newcomer], carried: Sequence[str] | None
    ) -> Callable[[Header], AbstractContextManager[None]]:
        def write(header: Header) -> None:
            rows = np.stack([newcomer.words for newcomer in newcomers]).view(np.uint16)
            kept = None if carried is None else [SECRETS.index(name) for name in carried]
            with called(self._caller("enrol")):
                noting.enrolled(self._book, header, rows, newcomers[0].grounds, kept)

        return lambda header: self._noted(header, write)

    def _recognising(self, header: Header) -> AbstractContextManager[None]:
        def write(header: Header) -> None:
            with called(self._caller(header.operation)):
                noting.recognised(self._book, header)

        return self._noted(header, write)

    @contextmanager
    def _noted(self, header: Header, write: Callable[[Header], None]) -> Iterator[None]:
        """Have written down here what custodians do meanwhile and write down: also where they did not end it, or it
        would be missed here for ever. Before they agreed to do it, none of them has written anything."""
        try:
            yield
        except BaseException as error:
            if not isinstance(error, _BEFORE):
                with suppress(MoietyError):
                    if self._ledgers().lately(header.attempt):
                        write(header)
            raise
        write(header)

    def _erased(self, name: str, count: int) -> None:
        if count:
            with called(self._caller("erase")):
                entry = Erasures(self._book.now(), asked_by(), purpose_of(name), count)
            self._book.nobody(self._entropy(ID_BYTES), entry, Party.GATEWAY)

    # Holding the lock.

    @contextmanager
    def _shared(self) -> Iterator[Headers]:
        """With others, over an office that no interruption has left halfway."""
        for _ in range(_TRIES):
            with self._lock.shared():
                standings = self._three.standings()
                if recovery.settled(standings):
                    yield Headers(standings["a"], self._clock, self._entropy)
                    return
            with self._alone():
                pass
        raise Disagreement

    @contextmanager
    def _searching(self, name: str) -> Iterator[Headers]:
        """As `_shared`, for a search of a gallery that all three have in memory."""
        with self._shared() as headers:
            self._load(headers, name)
            yield headers

    def _known(self, name: str) -> Headers:
        """How the three stand, for who only looks a gallery up."""
        with self._shared() as headers:
            return headers

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """As `_shared`, for what any two custodians answer, also while the third is down."""
        with self._shared():
            yield

    @contextmanager
    def _alone(self) -> Iterator[Headers]:
        """Alone, over an office that is put right first if it was left halfway."""
        with self._lock.alone():
            self._recover()
            yield self._headers()

    @contextmanager
    def _changing(self, many: int = 0) -> Iterator[Headers]:
        """As `_alone`, for a change, of so many people's: what does not succeed is undone before anybody else sees
        it."""
        self._book.require_writable(many)
        with self._alone() as headers:
            try:
                yield headers
            except BaseException:
                # Where undoing fails too, say on a full disk, whoever comes next tries again before anything else.
                with suppress(MoietyError):
                    self._recover()
                raise

    def _recover(self) -> None:
        if recovery.settled(self._three.standings()):
            return
        header = self._headers().office("reconcile")
        interrupted = self._three.play(lambda custodian: custodian.reconcile(header))
        for name in interrupted["a"]:
            checks.check(self._three, self._headers(), name, self._progress)

    def _headers(self) -> Headers:
        return Headers(self._three.custodians["a"].standing(), self._clock, self._entropy)

    def _names(self) -> list[str]:
        return sorted(self._three.custodians["a"].standing().galleries)

    def _purposes(self) -> list[str]:
        return [name for name in self._names() if not is_keys(name)]

    def _load(self, headers: Headers, name: str) -> None:
        headers.gallery(name)
        small = self._three.has_loaded(name)
        self._three.some(SEATS, lambda custodian: custodian.load(name, self._progress), small=small)

    def _check_if_due(self, headers: Headers, name: str) -> None:
        last = min(standing.galleries[name].sound for standing in self._three.standings().values())
        if checks.due(headers.now(), last):
            checks.check(self._three, headers, name, self._progress)

    def _renew(self, headers: Headers, progress: Progress) -> int:
        def write(header: Header) -> None:
            with called(self._caller("refresh")):
                noting.refreshed(self._book, header)

        renewing = headers.office("renew")
        with self._noted(renewing, write):
            self._three.play(lambda custodian: custodian.renew(renewing))
        self._three.each(lambda custodian: custodian.stage(progress))
        switching = headers.office("switch")
        self._three.play(lambda custodian: custodian.switch(switching))
        return headers.epoch + 1

    def _looked_at(self, headers: Headers, name: str) -> GalleryState:
        state = self._state(headers, name)
        try:
            self._load(headers, name)
        except GalleryDamaged:
            return replace(state, damaged=True)
        except GalleryUnchecked:
            return replace(state, checked=0)
        return state

    def _state(self, headers: Headers, name: str) -> GalleryState:
        held = headers.gallery(name)
        standings = self._three.standings().values()
        return GalleryState(
            name=name,
            terms=headers.terms(name),
            document=held.document,
            rows=self._three.custodians["a"].alive(name, headers.now() // SECONDS_A_DAY),
            slots=held.pages * SLOTS,
            epoch=headers.epoch,
            version=held.version,
            checked=min(standing.galleries[name].checked for standing in standings),
            damaged=any(standing.galleries[name].damaged for standing in standings),
        )
