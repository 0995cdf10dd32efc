"""Turns at one custodian: many searches at once, or one step that changes something; and the lease of whoever changes.

A *turn* lasts for one step of a change, or for one custodian's side of a search. A *lease* lasts for one change of a
gateway's, which takes several requests at all three custodians: nobody else changes anything meanwhile, while
searches go on between its steps.

Searches wait for each other across custodians and so could wait in a circle with those who wait for their turn alone.
So no step waits for another custodian while it holds its turn alone, and a search gives up soon where somebody else
waits before it: its gateway asks again.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Condition, Lock
from time import monotonic

from moiety.custody.refusals import LeaseLost, StoreBusy, TurnTaken
from moiety.custody.store.noise import Entropy

LEASE_BYTES = 16

MOST_WAITING = 32
"""Who may wait for a lease at once: each takes one of the server's 64 threads, and half are left for what goes on."""

_LOOK_S = 0.2
"""How often it is looked whether who waits for a lease is still there."""

UNUSED_S = 60.0
"""How long a lease may lie unused: a gateway takes it for what it does at once."""

LONGEST_S = 3_600.0
"""How long anybody may have it: a refresh of 67 million rows."""

_PATIENCE_S = 0.25
_WHOLE_S = 2.0
_STEP_S = 600.0
"""The longest step, reading 67 million rows again."""


class Turns:
    """Whose turn it is. Whoever changes something goes before those who search."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._searching = 0
        self._waiting = 0
        self._alone = False
        self._whole = Lock()

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Together with others who search. Raises `TurnTaken`."""
        with self._changed:
            while self._alone or self._waiting:
                # A step that runs ends by itself; one that only waits may be waiting for a search elsewhere.
                if not self._changed.wait(_STEP_S if self._alone else _PATIENCE_S):
                    raise TurnTaken
            self._searching += 1
        try:
            yield
        finally:
            with self._changed:
                self._searching -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Alone."""
        with self._changed:
            self._waiting += 1
            try:
                self._changed.wait_for(lambda: not self._alone and not self._searching)
            finally:
                self._waiting -= 1
            self._alone = True
        try:
            yield
        finally:
            with self._changed:
                self._alone = False
                self._changed.notify_all()

    @contextmanager
    def whole(self) -> Iterator[None]:
        """The only one of the steps that are about the whole office: a gateway may ask for several at once, and an
        epoch that one of them discards is not one that another enters. Searches go on. Raises `TurnTaken`."""
        if not self._whole.acquire(timeout=_WHOLE_S):
            raise TurnTaken
        try:
            yield
        finally:
            self._whole.release()


class Leases:
    """The one lease of a custodian."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._free = Lock()
        self._waiting = BoundedSemaphore(MOST_WAITING)
        self._held = b""
        self._using = Lock()
        self._users = 0
        self._since = 0.0

    def take(self, wait_s: float, still_there: Callable[[], bool]) -> bytes:
        """A new lease, 16 bytes, once nobody has one. Raises `StoreBusy`, at once where too many wait already, and
        soon where who asked is not there any more."""
        if not self._waiting.acquire(blocking=False):
            raise StoreBusy
        try:
            until = monotonic() + wait_s
            while not self._free.acquire(timeout=_LOOK_S):
                if monotonic() > until or not still_there():
                    raise StoreBusy
        finally:
            self._waiting.release()
        self._held = self._entropy(LEASE_BYTES)
        return self._held

    @contextmanager
    def used(self, lease: bytes) -> Iterator[None]:
        """While something is done under this lease, if it is the one that is held."""
        if not self.is_held(lease):
            yield
            return
        with self._using:
            self._users += 1
        try:
            yield
        finally:
            with self._using:
                self._users -= 1
                self._since = monotonic()

    def wait(self, ended: SimpleQueue[None]) -> None:
        """Until whoever holds the lease ends it, has left it unused for `UNUSED_S`, or has had it for `LONGEST_S`."""
        began = self._since = monotonic()
        while True:
            with suppress(Empty):
                ended.get(timeout=_LOOK_S)
                return
            with self._using:
                unused = not self._users and monotonic() > self._since + UNUSED_S
            if unused or monotonic() > began + LONGEST_S:
                return

    def give_back(self) -> None:
        """End the lease that is held."""
        self._held = b""
        self._free.release()

    def require(self, lease: bytes) -> None:
        """Raises `LeaseLost` unless this is the lease that is held now."""
        if not self.is_held(lease):
            raise LeaseLost

    def is_held(self, lease: bytes) -> bool:
        """Whether this is the lease that is held now."""
        return bool(self._held) and hmac.compare_digest(self._held, lease)

    @property
    def held(self) -> bool:
        """Whether somebody is changing something."""
        return bool(self._held)
