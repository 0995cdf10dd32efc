"""Attack: retry. Whoever stole a gateway and listens at one custodian makes an attempt run again, and subtracts.

What the custodian before the listener sends it is the inner products of its rows with its share of a probe, under a
mask. A gateway chooses the shares: two attempts whose shares differ by the right element differ by one word of every
row, if the mask is the same. With the listener's own rows, two words are an element of everybody's template.

The first attempt is broken off once that was heard. Then it is asked for again: at once, under another name, with the
custodian put back to an old copy, and when all three have forgotten it. The twin's nonces and line keys are the same
each time.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.custody.custodian import Custodian
from moiety.custody.gateway.deployment import home
from moiety.custody.store.slots import SLOTS
from moiety.drills import parties
from moiety.drills.algebra import combine
from moiety.drills.links import Links, is_sum
from moiety.drills.loot import steal
from moiety.drills.malformed import COORDINATES, MOST, Gateway, Shares, shared
from moiety.drills.parties import Entropies, Forgetful, Kind
from moiety.drills.people import Vectors
from moiety.drills.scene import Retrying, Scene, Theft
from moiety.drills.verdict import Trial, best, by_reading
from moiety.identity.ports import Entropy
from moiety.matching.distance import zero_weight
from moiety.matching.header import ATTEMPT_BYTES, Header
from moiety.matching.words import quantise
from moiety.sharing.ring import POINTS, Element, inverse, multiply, scale
from moiety.sharing.seat import SEATS, Seat, previous_seat

Sums = Sequence[NDArray[np.uint16]]

_PROBES: Final = 3 * COORDINATES
"""A page of rows is compared with all of them in one pass, a third for each pair of custodians: of one third the
listener hears what the custodian before it has."""

_SEVENTH: Final = pow(7, -1, 1 << 64)
_WEIGHS_ONE: Final[tuple[Element, Element]] = (
    (3 * _SEVENTH, 2 * _SEVENTH),
    (2 * _SEVENTH, -_SEVENTH),
)
"""(c0, c1) for which the weights of a product, c0 + 2 c1 and 2 c0 - 3 c1, are 1 and 0, and 0 and 1."""


def templates(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """How many coordinates of people's templates the differences of two attempts give."""
    made = scene.retried

    def on(heard: Sums) -> Trial:
        later = [sums for sums in heard[1:] if len(sums) == len(heard[0]) > 0]
        tried = [by_reading(_read(made, sums - heard[0]), made.templates, rng) for sums in later]
        return best(tried) if tried else Trial(0.0, 0.0, 1.0, made.templates.size)

    return on(made.heard), on(made.by_twin)


def retried(
    office: Path, gallery: str, now: datetime, stolen: str, theft: Theft, enrolled: Vectors, entropies: Entropies
) -> Retrying:
    """Carry it out on the office in a folder, of which nobody else makes use, listening at the custodian whose store is
    `stolen`; nothing is changed. `theft` is what was stolen of the office."""
    seat = next(seat for seat in SEATS if seat == stolen)
    some = np.arange(len(enrolled))[:MOST]
    heard = {kind: _Retrying(office, gallery, now, seat, kind, entropies).heard() for kind in (Custodian, Forgetful)}
    return Retrying(
        seat=seat,
        slots=theft.slots[seat][some],
        own=theft.rows(seat, some).words[:, :COORDINATES],
        templates=np.stack([quantise(vector)[:COORDINATES] for vector in enrolled[some]]),
        heard=heard[Custodian],
        by_twin=heard[Forgetful],
    )


class _Retrying:
    """One kind of custodians, the gateway that asks them, and who listens."""

    def __init__(self, office: Path, gallery: str, now: datetime, seat: Seat, kind: Kind, entropies: Entropies) -> None:
        self._office = office
        self._gallery = gallery
        self._now = now
        self._kind = kind
        self._seat: Seat = seat
        self._victim: Seat = previous_seat(seat)
        self._links = Links(seat)
        self._entropies = entropies
        self._starts = itertools.count()

    def _entropy(self, party: str) -> Entropy:
        """A party's randomness from a start on: it never comes back."""
        return self._entropies(f"retry {self._kind.__name__} {party} {next(self._starts)}")

    def heard(self) -> list[NDArray[np.uint16]]:
        """What was heard in every attempt: the first, and each that was to be the same again."""
        entropy = self._entropy("gateway")
        with closing(parties.three(self._office, self._kind, lambda: self._now, self._entropy)) as three:
            gateway = Gateway(three, self._gallery, self._now, entropy)
            header = gateway.header(_PROBES, circuit="prefix", pass_words=_PROBES)
        face = np.broadcast_to(quantise(np.ones(header.dim)), (_PROBES, header.dim))
        first = shared(face, entropy)
        others = stepped(first, self._seat)
        copy = steal(home(self._office, self._victim)).files
        with closing(self._links):
            self._start(*SEATS)
            with self._links.breaking(header.rows // SLOTS):
                heard = [self._asked(header, first)]
            heard.append(self._asked(header, others))
            heard.append(self._asked(replace(header, attempt=entropy(ATTEMPT_BYTES)), others))
            self._links.end(self._victim)
            _put_back(home(self._office, self._victim), copy)
            self._start(self._victim)
            heard.append(self._asked(header, others))
            self._links.close()
            self._start(*SEATS)
            heard.append(self._asked(header, others))
        return heard

    def _start(self, *seats: Seat) -> None:
        for seat in seats:
            self._links.begin(parties.opened(self._office, seat, self._kind, lambda: self._now, self._entropy(seat)))

    def _asked(self, header: Header, shares: Shares) -> NDArray[np.uint16]:
        heard = self._links.play(
            header.attempt, lambda custodian: custodian.identify(self._gallery, header, shares[custodian.seat])
        )
        sums = [array for array in heard if is_sum(array)]
        # Of an attempt that ends early there is nothing to subtract from.
        whole = len(sums) == header.rows // SLOTS
        return np.stack(sums).reshape(-1, COORDINATES, SLOTS) if whole else np.empty((0, COORDINATES, SLOTS), np.uint16)


def stepped(shares: Shares, listener: Seat) -> Shares:
    """Other shares of the same probes: in the k-th that `listener` hears of, the weights of the custodian before it are
    one more at word k, and else the same."""
    other = {seat: share.copy() for seat, share in shares.items()}
    victim = previous_seat(listener)
    undone = inverse(multiply(zero_weight(victim), POINTS[victim]))
    first = COORDINATES * ((SEATS.index(listener) + 1) % len(SEATS))
    for word in range(COORDINATES):
        step = multiply(_WEIGHS_ONE[word % 2], undone)
        element = slice(word - word % 2, word - word % 2 + 2)
        for seat in SEATS:
            other[seat][first + word, element] += scale(multiply(step, POINTS[seat]), np.array([1, 0], np.uint32))
    return other


def _read(made: Retrying, steps: NDArray[np.uint16]) -> NDArray[np.int16]:
    """The first words of everybody's template that these differences (pages, 8, 64) give."""
    pages, slots = np.divmod(made.slots, SLOTS)
    together = combine({previous_seat(made.seat): steps[pages, :, slots], made.seat: made.own})
    return together.view(np.int16)


def _put_back(folder: Path, copy: Mapping[str, bytes]) -> None:
    """Make a folder what it was when it was copied."""
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in copy:
            path.unlink()
    for name, content in copy.items():
        (folder / name).write_bytes(content)
