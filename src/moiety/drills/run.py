"""The drill: the table of attacks, one run of all of them, and the verdict."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

import numpy as np

from moiety.drills import (
    certificate,
    counter,
    dig,
    enumeration,
    epoch,
    fields,
    join,
    link,
    malformed,
    match,
    mix,
    order,
    read,
    retry,
    reuse,
    rewind,
    together,
)
from moiety.drills.counter import GATEWAY_STORE, Counter
from moiety.drills.people import invent
from moiety.drills.register import RECORDS, Register
from moiety.drills.scene import Scene
from moiety.drills.verdict import Expected, Measured, Trial

if TYPE_CHECKING:
    from moiety.identity.ports import Entropy, Progress

DIM: Final = 192
"""Coordinates of the default model."""

FOUND: Final = "people found"
GATEWAY: Final = "gateway"
"""What is stolen where it is no custodian, or beside one: a certificate, with the caller's key beside it."""

RANKED: Final = "wrong rows ranked below the right one"
ERASED: Final = "people erased"
NEAR: Final = "rows near another"
READ: Final = "coordinates read"
LET_IN: Final = "strangers let in"
KEYS: Final = "keys found"
REBUILT: Final = "faces rebuilt"


class Material(Protocol):
    """What an attack is carried out on: the stores that the thief has, as answers call them, those first that he always
    has."""

    @property
    def stolen(self) -> tuple[str, ...]: ...


Robbed = TypeVar("Robbed", bound=Material)


@dataclass(frozen=True, slots=True)
class Attack(Generic[Robbed]):
    """One row of the table: what is attacked by what, what should come out, and what that means in plain words. Of the
    stores that were stolen it takes the first `custodians`, or none."""

    name: str
    carry_out: Callable[[Robbed, np.random.Generator], tuple[Trial, Trial]]
    unit: str
    sentence: str
    expected: Expected = "chance"
    custodians: int = 1
    gateway: bool = False


def _registered(
    attack: Callable[[Register, np.random.Generator], tuple[Trial, Trial]],
) -> Callable[[Scene, np.random.Generator], tuple[Trial, Trial]]:
    """An attack on records, at the custodian of a scene."""
    return lambda scene, rng: attack(scene.registered, rng)


# Whatever stores something new adds its attacks here, a line each; the verdict thins itself out over all of them.
ATTACKS: Final = (
    Attack("read names", read.names, FOUND, "No name or folder name is in the files, however encoded."),
    Attack("read numbers", read.numbers, FOUND, "No identity number or file name is in the files."),
    Attack("read photographs", read.pictures, FOUND, "No part of a photograph is in the files."),
    Attack("read face vectors", read.vectors, FOUND, "No face vector is in the files, in any format."),
    Attack("read pseudonyms", read.pseudonyms, FOUND, "No pseudonym is in the files, printed or as bytes."),
    Attack("match a photograph", match.another_photograph, RANKED, "A photograph does not tell which row is whose."),
    Attack(
        "match the enrolled photograph",
        match.same_photograph,
        RANKED,
        "Nor does the very photograph that was enrolled.",
    ),
    Attack("link two deployments", link.two_deployments, RANKED, "Rows of the same people elsewhere are not linked."),
    Attack("link two epochs", link.two_epochs, RANKED, "After a refresh no row is known again by its parts."),
    Attack(
        "order of arrival",
        order.of_arrival,
        RANKED,
        "Who saw people come learns a row's day, no more.",
        "bounded",
    ),
    Attack("last arrival", order.of_the_last, RANKED, "Nor does a look between two arrivals tell who just came."),
    Attack("mix epochs: match", mix.photographs, RANKED, "An old file beside another's new one is noise.", "chance", 2),
    Attack("mix epochs: pseudonyms", mix.pseudonyms, FOUND, "Nor do the two give a pseudonym.", "chance", 2),
    Attack("reuse of masks", reuse.masks, NEAR, "No two rows share a mask."),
    Attack("dig for the erased", dig.erased, FOUND, "Of the erased nothing is left in file or log."),
    Attack("dig for the old epoch", dig.old_epoch, FOUND, "Of the parts before the refresh nothing is left."),
    Attack("open the old epoch", epoch.copied_before, FOUND, "No key is left for a copy from before the refresh."),
    Attack(
        "enumerate identity numbers",
        _registered(enumeration.every_number),
        FOUND,
        "Trying every number of a county and a year tells of nobody.",
    ),
    Attack(
        "join two purposes",
        _registered(join.two_purposes),
        RANKED,
        "Whoever is kept for two purposes is not known again by it.",
    ),
    Attack(
        "rewind the erased",
        _registered(rewind.erased),
        FOUND,
        "An old copy beside all live stores and every copy of the records brings nobody back.",
    ),
    Attack(
        "malformed probe: units",
        malformed.coordinates,
        READ,
        "A stolen gateway reads no template with a probe that is no face.",
        custodians=0,
        gateway=True,
    ),
    Attack(
        "malformed probe: overlong",
        malformed.projections,
        RANKED,
        "Nor with one whose length lowers the threshold.",
        custodians=0,
        gateway=True,
    ),
    Attack(
        "malformed template",
        malformed.templates,
        LET_IN,
        "Nor does it enrol a template that everybody matches.",
        custodians=0,
        gateway=True,
    ),
    Attack(
        "retry",
        retry.templates,
        READ,
        "Together with what one custodian hears, an attempt made to run again gives nothing.",
        gateway=True,
    ),
    Attack("drain", certificate.drain, FOUND, "A stolen gateway names whom a budget leaves it.", "budgeted", 0, True),
    Attack("wreck", certificate.wreck, ERASED, "Nor does it erase more people than one leaves.", "budgeted", 0, True),
    Attack("together: match", together.match, RANKED, "Two custodians together see every face.", "everything", 2),
    Attack("together: link", together.link, RANKED, "Two custodians together link every row.", "everything", 2),
    Attack(
        "together: pseudonyms", together.pseudonyms, FOUND, "Two custodians together name everybody.", "everything", 2
    ),
)

RECORD_ATTACKS: Final = (
    Attack("read fields", fields.texts, FOUND, "No name, number, address or employer is in the files."),
    Attack("read photographs", fields.photographs, FOUND, "No part of a photograph is in the files."),
    Attack(
        "match lengths",
        fields.lengths,
        RANKED,
        "Who knows how long everything is learns which of four lengths, no more.",
        "bounded",
    ),
    Attack(
        "enumerate identity numbers",
        enumeration.every_number,
        FOUND,
        "Trying every number of a county and a year tells of nobody, not even who is in it.",
    ),
    Attack(
        "join two purposes",
        join.two_purposes,
        RANKED,
        "Whoever is kept for two purposes is known again by those lengths at most.",
        "bounded",
    ),
    Attack(
        "rewind the erased",
        rewind.erased,
        FOUND,
        "An old copy beside all live custodians, or put back, brings nobody back.",
    ),
)
"""Those on the record store; its bytes and its look-ups are no custodian's."""

GATEWAY_ATTACKS: Final[tuple[Attack[Counter], ...]] = (
    Attack("read keys", counter.keys, KEYS, "No API key, token or secret of a client is in the files."),
    Attack("read names", counter.texts, FOUND, "Nothing that a job or a client said of people is in the files."),
    Attack("read photographs", counter.photographs, FOUND, "No part of a photograph is in the files."),
    Attack("read face vectors", counter.vectors, FOUND, "No face vector is in the files, in any format."),
    Attack("read pseudonyms", counter.pseudonyms, FOUND, "No pseudonym is in the files, printed or as bytes."),
    Attack(
        "enumerate identity numbers",
        counter.every_number,
        FOUND,
        "Trying every number of a county and a year tells of nobody who asked, or was asked for.",
    ),
    Attack(
        "join two purposes",
        counter.two_purposes,
        RANKED,
        "Whom a client calls the same for two purposes is not known again by it.",
    ),
    Attack(
        "climb by what is found",
        counter.climbed,
        REBUILT,
        "In an hour a client rebuilds no face from what is found: each is found so often in a day, and no more.",
        custodians=0,
    ),
    Attack(
        "together: with root.key",
        counter.with_the_root,
        FOUND,
        "With root.key the words of clients are read: it belongs elsewhere than copies of the store.",
        "everything",
        2,
    ),
)
"""Those on what a gateway's service keeps."""


def rob_and_attack(store: str, people: int, seed: int, progress: Progress) -> list[Measured]:
    """Build deployments in a temporary folder, steal a custodian (its seat), the record store (`RECORDS`) or what a
    gateway keeps (`GATEWAY_STORE`), and carry out the attacks.

    `people` is at least `drills.FEWEST_PEOPLE`. The same seed gives the same people, masks and verdict.
    """
    from moiety.drills.reception import checked_in
    from moiety.drills.site import build

    rng = np.random.default_rng(seed)
    entropies = partial(seeded, seed)
    if store == RECORDS:
        return attack(checked_in(store, people, entropies, rng, progress), seed, progress, RECORD_ATTACKS)
    if store == GATEWAY_STORE:
        from moiety.drills.service import counted

        return attack(counted(people, entropies, rng, progress), seed, progress, GATEWAY_ATTACKS)
    who, strangers = invent(people, DIM, rng), invent(people, DIM, rng)
    return attack(build(store, who, strangers, entropies, rng, progress), seed, progress, ATTACKS)


def attack(robbed: Robbed, seed: int, progress: Progress, attacks: Sequence[Attack[Robbed]]) -> list[Measured]:
    """Carry out the attacks; each has randomness of its own, whatever others are carried out."""
    measured = []
    for done, row in enumerate(attacks):
        progress("attacking", done, len(attacks))
        split, plain = row.carry_out(robbed, np.random.default_rng([seed, *row.name.encode()]))
        stolen = robbed.stolen[: row.custodians]
        stores = (*stolen, GATEWAY) if row.gateway else stolen
        measured.append(Measured(row.name, stores, split, plain, row.unit, row.expected, row.sentence))
    progress("attacking", len(attacks), len(attacks))
    return measured


def seeded(seed: int, party: str) -> Entropy:
    """Random bytes of one party that a seed repeats, for drills only: SHAKE-256 of both and a count of draws."""
    draws = itertools.count()

    def entropy(count: int) -> bytes:
        return hashlib.shake_256(f"moiety drill 1 {seed} {party} {next(draws)}".encode()).digest(count)

    return entropy
