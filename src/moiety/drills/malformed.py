"""Attacks: malformed probes and templates. Whoever stole a gateway sends what is no face, and reads what matches.

A *unit* probe holds one large number c: whether c times a coordinate of a row, as a 16-bit word, passes the threshold
tells about that coordinate, and some thirty values of c tell it exactly, in every row at once. Each is sent twice, on
the line with upper halves that make the norm fit, and bent, as shares of two custodians alone. An *overlong* probe is
in range, and its length lowers the threshold until half of all rows match. A probe *behind* a face is bent so that its
range and norm are the face's: a product with a row is off by a multiple of that row's mask, which the answers tell, and
is then compared by as many thresholds as there are multiples. A template a hundred times too long matches
half of all comers; a few let everybody in. The twin is custodians that check nothing of what they are sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.custody.custodian import Custodian
from moiety.custody.gateway.enrolment import enrol
from moiety.custody.gateway.three import Headers, Three
from moiety.custody.store.page import PSEUDONYM_BYTES
from moiety.custody.store.slots import SLOTS
from moiety.custody.verbs import SECONDS_A_DAY
from moiety.drills import parties
from moiety.drills.parties import Credulous, Entropies, Kind
from moiety.drills.people import Vectors
from moiety.drills.scene import Probing, Scene, Told
from moiety.drills.verdict import Trial, best, by_decoys, by_reading, by_shuffling
from moiety.identity.ports import Entropy, Newcomer
from moiety.matching.distance import zero_weight
from moiety.matching.header import FAR_PASS_WORDS, Circuit, Header
from moiety.matching.opening import opened
from moiety.matching.policy import identify_point
from moiety.matching.refusals import MalformedProbe, MalformedTemplate
from moiety.matching.words import NORM_HIGH, NORM_LOW, WORD_HIGH, WORD_LOW, quantise, quantise_rows
from moiety.sharing.encode import encode
from moiety.sharing.ring import POINTS, inverse, lagrange, multiply, scale, subtract
from moiety.sharing.seat import SEATS, Seat
from moiety.sharing.split import split

Shares = Mapping[Seat, NDArray[np.uint32]]

COORDINATES: Final = 8
"""Of each template: what one attempt with 256 probes asks for."""
MOST: Final = 200
"""People judged on, and comers: enough to tell everything from nothing, and few enough for one attempt."""
_VALID_DAYS: Final = 30
_FACTORS: Final = 31
"""Values of c for each coordinate: 2^31 answers tell 256 values apart, and 8 x 31 questions fit one attempt."""
_INTRUDERS: Final = 8
"""Templates that each match half of all comers: all but one in 256 are let in."""
_TOO_LONG: Final = 100
_SMALLEST: Final = 130
"""The first value of c that is out of a coordinate's range."""
_NEAR: Final = 2_000
"""Words from nought within which the products of two people mostly lie."""
_ACCIDENT: Final = 1e-9
"""Bounds the probability that a template of a face would have let in what these let in."""


def coordinates(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """How many coordinates of people's templates unit probes read."""
    asked = scene.probed

    def on(told: Told) -> Trial:
        true = asked.templates[:, :COORDINATES]
        return best([by_reading(_read(answers, asked), true, rng) for answers in (told.units, told.bent)])

    return on(asked.checked), on(asked.unchecked)


def projections(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """Whose template what overlong probes tell of a row is nearest to: the sum of those that it answered. Or what faces
    tell, bent so that they are compared by many thresholds: the sum of those that came over one."""
    asked = scene.probed

    def on(told: Told) -> Trial:
        overlong = (told.overlong - told.overlong.mean(axis=0)).T @ asked.overlong
        hidden = (_sides(told.behind, asked).T @ asked.faces).astype(np.float64)
        return best([by_shuffling(rebuilt @ asked.templates.T, rng) for rebuilt in (overlong, hidden)])

    return on(asked.checked), on(asked.unchecked)


def templates(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """How many people who are enrolled nowhere are let in once templates of no face were enrolled."""

    def on(told: Told) -> Trial:
        return by_decoys(told.let_in, told.let_in_before, _ACCIDENT, rng)

    return on(scene.probed.checked), on(scene.probed.unchecked)


def probed(
    office: Path,
    gallery: str,
    now: datetime,
    slots: NDArray[np.int64],
    enrolled: Vectors,
    comers: Vectors,
    entropies: Entropies,
    rng: np.random.Generator,
) -> Probing:
    """Carry it out on the office in a folder, of which nobody else makes use: as it is, and then by the twin, which
    leaves rows in it. `slots` (people,) say where whose row lies, by which the answers are put in order."""
    known = np.stack([quantise(vector) for vector in enrolled[:MOST]])
    factors = factors_of(rng)
    overlong = rng.choice([-WORD_HIGH, WORD_HIGH], (COORDINATES * _FACTORS, known.shape[1])).astype(np.int16)
    faces = quantise_rows(rng.standard_normal(overlong.shape))
    bends = rng.integers(0, 1 << 15, len(faces)) * 2
    told, threshold = {}, 0
    for kind in (Custodian, Credulous):
        own = partial(_named, entropies, kind)
        with closing(parties.three(office, kind, lambda: now, own)) as three:
            gateway = Gateway(three, gallery, now, own("gateway"))
            threshold = gateway.threshold
            hidden = behind(faces, bends)
            told[kind] = _asked(gateway, factors, hidden, overlong, slots[:MOST], comers[:MOST])
    return Probing(factors, overlong, faces, bends, threshold, known, told[Custodian], told[Credulous])


class Gateway:
    """What a gateway can ask of three custodians, whatever it sends."""

    def __init__(self, three: Three, gallery: str, now: datetime, entropy: Entropy) -> None:
        self.three = three
        self.gallery = gallery
        self.entropy = entropy
        self._now = now
        self.headers = self._as_they_stand()

    def _as_they_stand(self) -> Headers:
        return Headers(self.three.custodians["a"].standing(), lambda: self._now, self.entropy)

    @property
    def slots(self) -> int:
        """How many slots the gallery has."""
        return self.headers.gallery(self.gallery).pages * SLOTS

    @property
    def threshold(self) -> int:
        """By which threshold, in words, the custodians compare."""
        alive = self.three.custodians["a"].alive(self.gallery, self.headers.now() // SECONDS_A_DAY)
        return identify_point(self.headers.terms(self.gallery), alive).threshold

    def header(self, probes: int, circuit: Circuit = "chain", pass_words: int = FAR_PASS_WORDS) -> Header:
        """A header for a search with so many probes."""
        return self.headers.make(
            "identify",
            self.gallery,
            rows=self.slots,
            threshold=self.threshold,
            probes=probes,
            circuit=circuit,
            pass_words=pass_words,
        )

    def ask(self, shares: Shares) -> NDArray[np.bool_]:
        """Which row matches which probe, bool (probes, slots): none where the custodians refuse it."""
        probes = len(shares["a"])
        header = self.header(probes)
        table = np.zeros((probes, self.slots), np.bool_)
        try:
            openings = self.three.play(lambda held: held.identify(self.gallery, header, shares[held.seat]))
        except MalformedProbe:
            return table
        table[tuple(opened(openings, probes).T)] = True
        return table

    def enrol(self, words: NDArray[np.int16]) -> None:
        """Enrol templates (n, dim), if the custodians do not refuse them."""
        day = self.headers.now() // SECONDS_A_DAY + _VALID_DAYS
        newcomers = [Newcomer(some, self.entropy(PSEUDONYM_BYTES), day, 0) for some in words]
        with suppress(MalformedTemplate):
            enrol(self.three, self.headers, self.entropy, self.gallery, newcomers)
        self.headers = self._as_they_stand()


def _asked(
    gateway: Gateway,
    factors: NDArray[np.int64],
    hidden: Shares,
    overlong: NDArray[np.int16],
    slots: NDArray[np.int64],
    comers: Vectors,
) -> Told:
    face = np.stack([quantise(np.ones(overlong.shape[1]))])
    entropy, dim = gateway.entropy, overlong.shape[1]

    def answers(malformed: Shares) -> NDArray[np.bool_]:
        # A face goes first, as if custodians looked at the first of a batch alone.
        first = shared(face, entropy)
        batch = {seat: np.concatenate([first[seat], malformed[seat]]) for seat in SEATS}
        return gateway.ask(batch)[1:, slots]

    def matched(probes: Shares) -> NDArray[np.bool_]:
        return np.asarray(gateway.ask(probes).any(axis=1))

    units = answers(split(unit_probes(factors, dim).reshape(-1, dim), entropy))
    bent = answers(_bent(factors, dim))
    masked = answers(hidden)
    long = answers(shared(overlong, entropy))
    visitors = shared(np.stack([quantise(vector) for vector in comers]), entropy)
    before = matched(visitors)
    templates = np.concatenate([face, _TOO_LONG * np.stack([quantise(vector) for vector in overlong[:_INTRUDERS]])])
    gateway.enrol(templates.astype(np.int16))
    return Told(units, bent, masked, long, before, matched(visitors))


def shared(words: NDArray[np.int16], entropy: Entropy) -> Shares:
    """Shares of probes (n, dim), as a gateway makes them."""
    return split(words.astype(np.int32).view(np.uint32), entropy)


def factors_of(rng: np.random.Generator) -> NDArray[np.int64]:
    """Large odd numbers (31,) whose square, modulo 2^17, a self product of a face may be: upper halves do the rest."""
    odd = np.arange(_SMALLEST | 1, 1 << 16, 2)
    squares = odd * odd % (1 << 17)
    fitting = odd[(squares >= NORM_LOW) & (squares <= NORM_HIGH)]
    return np.asarray(rng.choice(fitting, _FACTORS, replace=False))


def unit_probes(factors: NDArray[np.int64], dim: int) -> NDArray[np.uint32]:
    """Probes (8, 31, dim) over R_32: coordinate k is c in its low half, and the self product is that of a face."""
    probes = np.zeros((COORDINATES, len(factors), dim), np.uint32)
    for at, factor in enumerate(factors.tolist()):
        # (c + 2^16 h)^2 = c^2 + 2^17 c h modulo 2^32, so h makes up for all of c^2 but its low 17 bits.
        upper = -(factor**2 >> 17) * pow(factor, -1, 1 << 15) % (1 << 15)
        probes[range(COORDINATES), at, range(COORDINATES)] = factor + (upper << 16)
    return probes


def _bent(factors: NDArray[np.int64], dim: int) -> Shares:
    """Shares (8 x 31, dim) on no line: with the weights of a product of two sharings, a's and b's alone give c times
    what their rows give together, a coordinate of the template, and c's share is zero."""
    plain = np.zeros((COORDINATES, len(factors), dim), np.uint32)
    for coordinate in range(COORDINATES):
        plain[coordinate, :, coordinate] = factors
    elements = encode(plain.reshape(-1, dim))
    shares = {seat: np.zeros_like(elements) for seat in SEATS}
    pair: tuple[Seat, Seat] = ("a", "b")
    for seat, other in (pair, pair[::-1]):
        of_two = lagrange((0, 0), POINTS[seat], (POINTS[other],))
        shares[seat] = scale(multiply(of_two, inverse(zero_weight(seat))), elements)
    return shares


def behind(faces: NDArray[np.int16], bends: NDArray[np.int64]) -> Shares:
    """Shares on a parabola e + v p + w p^2 at the points p, where e are faces (n, dim): what custodians see of range
    and norm is e's, and the product with a row x + r p is e x and beside it a bend, even, times what r has at word 0.

    Weighed as in a product of two sharings, p and p^2 sum to 0, p^3 to the product of the points, and p^4 to that times
    their sum: so w of a bend over that product gives the bend, and v = -w / 2 times their sum hides w from the norm.
    """
    a, b, c = (POINTS[seat] for seat in SEATS)
    total = (a[0] + b[0] + c[0], a[1] + b[1] + c[1])
    half = inverse(multiply(multiply(a, b), c))
    elements = encode(faces.astype(np.int32).view(np.uint32))
    bent = np.stack([bends // 2, np.zeros_like(bends)], axis=1).astype(np.uint32)
    shares: dict[Seat, NDArray[np.uint32]] = {}
    for seat in SEATS:
        point = POINTS[seat]
        twice = multiply((2, 0), multiply(point, point))
        shares[seat] = elements.copy()
        shares[seat][:, :2] += scale(multiply(half, subtract(twice, multiply(total, point))), bent)
    return shares


def _sides(told: NDArray[np.bool_], asked: Probing) -> NDArray[np.int64]:
    """On which side of nought each face's product with each row lies, (faces, people): 1, -1, or 0 where the answers
    do not tell."""
    if not told.any():
        return np.zeros(told.shape, np.int64)
    # A row's own mask: with it most answers are those of a product of nought.
    masks = np.arange(1 << 15)
    offs = asked.bends[:, None] * masks
    agreed = np.where(_passes(offs, asked.threshold), 1.0, -1.0).astype(np.float32).T @ np.where(told, 1.0, -1.0)
    off = asked.bends[:, None] * masks[agreed.argmax(axis=0)]
    answer = np.where(told, 1, -1)
    low = (off - asked.threshold + _NEAR) % (1 << 16) <= 2 * _NEAR
    high = (off - asked.threshold - (1 << 15) + _NEAR) % (1 << 16) <= 2 * _NEAR
    return np.asarray(answer * (low.astype(np.int64) - high))


def _read(told: NDArray[np.bool_], asked: Probing) -> NDArray[np.int64]:
    """The values (people, 8) that answer as each row did, as nearly as any."""
    values = np.arange(WORD_LOW, WORD_HIGH + 1)
    would = _passes(values[:, None] * asked.factors, asked.threshold)
    each = told.reshape(COORDINATES, len(asked.factors), -1)
    alike = (each[:, None] == would[None, :, :, None]).sum(axis=2)
    return np.asarray(values[alike.argmax(axis=1)].T)


def _passes(products: NDArray[np.int64], threshold: int) -> NDArray[np.bool_]:
    """Whether inner products, as 16-bit words, are at least the threshold."""
    return (products - threshold) % (1 << 16) < 1 << 15


def _named(entropies: Entropies, kind: Kind, party: str) -> Entropy:
    return entropies(f"malformed {kind.__name__} {party}")
