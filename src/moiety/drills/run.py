"""The drill: the table of attacks, one run of all of them, and the verdict."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from moiety.drills import dig, link, match, mix, order, read, reuse, together
from moiety.drills.people import invent
from moiety.drills.scene import Scene
from moiety.drills.verdict import Expected, Measured, Trial

if TYPE_CHECKING:
    from moiety.identity.ports import Entropy, Progress

DIM: Final = 192
"""Coordinates of the default model."""
FEWEST_PEOPLE: Final = 40
MOST_PEOPLE: Final = 5_000

_FOUND: Final = "share of people found"
_RANKED: Final = "share of wrong rows below the right one"
_NEAR: Final = "share of rows near another"


@dataclass(frozen=True, slots=True)
class Attack:
    """One row of the table: what is attacked by what, what should come out, and what that means in plain words."""

    name: str
    carry_out: Callable[[Scene, np.random.Generator], tuple[Trial, Trial]]
    unit: str
    sentence: str
    expected: Expected = "chance"
    custodians: int = 1


ATTACKS: Final = (
    Attack("read names", read.names, _FOUND, "No name or folder name stands in the files, in any encoding."),
    Attack("read numbers", read.numbers, _FOUND, "No identity number or file name stands in the files."),
    Attack("read photographs", read.pictures, _FOUND, "No part of a photograph stands in the files."),
    Attack("read face vectors", read.vectors, _FOUND, "No face vector stands in the files, in any number format."),
    Attack("read pseudonyms", read.pseudonyms, _FOUND, "No pseudonym stands in the files, printed or as bytes."),
    Attack(
        "match a photograph", match.another_photograph, _RANKED, "A photograph does not tell which row is the person's."
    ),
    Attack(
        "match the enrolled photograph",
        match.same_photograph,
        _RANKED,
        "Nor does the very photograph that was enrolled.",
    ),
    Attack(
        "link two deployments", link.two_deployments, _RANKED, "Rows of the same people elsewhere cannot be linked."
    ),
    Attack("link two epochs", link.two_epochs, _RANKED, "After a refresh the parts do not tell which row was which."),
    Attack(
        "order of arrival",
        order.of_arrival,
        _RANKED,
        "Who saw people come learns the day of a row, no more.",
        "bounded",
    ),
    Attack(
        "mix epochs: match", mix.photographs, _RANKED, "An old file beside another's new one is noise.", "chance", 2
    ),
    Attack("mix epochs: pseudonyms", mix.pseudonyms, _FOUND, "Nor do the two give a pseudonym.", "chance", 2),
    Attack("reuse of masks", reuse.masks, _NEAR, "No two rows share a mask."),
    Attack("dig for the erased", dig.erased, _FOUND, "Of the erased nothing is left in file or log."),
    Attack("dig for the old epoch", dig.old_epoch, _FOUND, "Of the parts before the refresh nothing is left."),
    Attack("together: match", together.match, _RANKED, "Two custodians together see every face.", "everything", 2),
    Attack("together: link", together.link, _RANKED, "Two custodians together link every row.", "everything", 2),
    Attack(
        "together: pseudonyms", together.pseudonyms, _FOUND, "Two custodians together name everybody.", "everything", 2
    ),
)


def rob_and_attack(
    seat: str, people: int, seed: int, progress: Progress, attacks: tuple[Attack, ...] = ATTACKS
) -> list[Measured]:
    """Build deployments in a temporary folder, steal custodian `seat`, and carry out the attacks.

    `people` is at least `FEWEST_PEOPLE`. The same seed gives the same people, masks and verdict.
    """
    from moiety.drills.site import build

    rng = np.random.default_rng(seed)
    who, strangers = invent(people, DIM, rng), invent(people, DIM, rng)
    return attack(build(seat, who, strangers, partial(seeded, seed), rng, progress), seed, progress, attacks)


def attack(scene: Scene, seed: int, progress: Progress, attacks: tuple[Attack, ...] = ATTACKS) -> list[Measured]:
    """Carry out the attacks on a scene, each with randomness of its own."""
    measured = []
    for done, row in enumerate(attacks):
        progress("attacking", done, len(attacks))
        split, plain = row.carry_out(scene, np.random.default_rng([seed, done]))
        stores = tuple(f"custodian-{seat}" for seat in (scene.seat, scene.partner)[: row.custodians])
        measured.append(Measured(row.name, stores, split, plain, row.unit, row.expected, row.sentence))
    progress("attacking", len(attacks), len(attacks))
    return measured


def seeded(seed: int, party: str) -> Entropy:
    """Random bytes of one party that a seed repeats, for drills only: SHAKE-256 of both and a count of draws."""
    draws = itertools.count()

    def entropy(count: int) -> bytes:
        return hashlib.shake_256(f"moiety drill 1 {seed} {party} {next(draws)}".encode()).digest(count)

    return entropy
