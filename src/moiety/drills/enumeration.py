"""Attack: enumerate. Identity numbers are few: a thief who knows county and year of birth tries every number there is.

He hashes each and looks for that in what he stole. Whatever takes longer he does here for the guests and for as many
numbers that nobody has, instead of for minutes: he hashes what a pseudonym is evaluated from; and who has a custodian
has its part of the pseudonym key, and makes with it alone what a pseudonym might be, and the handle of such a person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache

import numpy as np

from moiety.custody.store.handles import handles
from moiety.drills import sql
from moiety.drills.guests import numbers
from moiety.drills.loot import Loot
from moiety.drills.register import HOTEL, Register
from moiety.drills.scene import PLAIN
from moiety.drills.verdict import Trial, by_decoys
from moiety.oprf import voprf
from moiety.oprf.keys import PAIRS, weight
from moiety.sharing.seat import SEATS
from moiety.sodium import ORDER
from moiety.vault.identifier import Identifier

_NAME_BYTES = 16


def every_number(register: Register, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """How many guests' numbers are found by trying all, beside how many of the numbers that nobody has."""
    return _on(register, register.store, rng), _on(register, PLAIN, rng)


def _on(register: Register, store: str, rng: np.random.Generator) -> Trial:
    haystack = register.haystack(store)
    hit = haystack.holds(_hashes())
    places = {number: at for at, number in enumerate(numbers())}
    own = np.array([places[guest.number] for guest in register.guests])
    others = np.setdiff1d(np.arange(len(hit)), own)
    tried = np.concatenate([own, rng.choice(others, len(own), replace=False)])
    inputs = [_input(numbers()[at]) for at in tried]
    forms = [_hashed(inputs)] + (_made(register.before[store], inputs) if store in SEATS else [])
    found = haystack.holds([needle for needles in forms for needle in needles])
    hit[tried] |= found.reshape(len(forms), -1).any(axis=0)
    return by_decoys(hit[own], hit[others], haystack.accident((1 + len(forms)) * len(own)), rng)


@cache
def _hashes() -> list[bytes]:
    """Of every number."""
    return _hashed([number.encode() for number in numbers()])


def _hashed(some: Sequence[bytes]) -> list[bytes]:
    return [hashlib.sha256(one).digest()[:_NAME_BYTES] for one in some]


def _made(loot: Loot, inputs: Sequence[bytes]) -> list[list[bytes]]:
    """What one part of a key makes of these: under that part alone, and with what it weighs in each pair."""
    part = sql.key_parts(loot.files)[HOTEL]
    seat = SEATS[part.number - 1]
    made: list[list[bytes]] = []
    for factor in (1, *(weight(part.number, pair) for pair in PAIRS if part.number in pair)):
        outputs = voprf.evaluate_clear(part.scalar * factor % ORDER, inputs)
        names = [output[:_NAME_BYTES] for output in outputs]
        made += [names, [handle.tobytes() for handle in handles(HOTEL, names)[seat]]]
    return made


def _input(number: str) -> bytes:
    return Identifier("national_id", "CN", number).input_bytes(HOTEL)
