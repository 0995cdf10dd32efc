"""Attack: read. Search every byte that was stolen for what went in, in every form that it may have there.

Success is the share of people of whom anything was found; chance is the same for people who were never enrolled.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from moiety.drills import canaries
from moiety.drills.haystack import Haystack
from moiety.drills.scene import PLAIN, Scene
from moiety.drills.standin import photograph, pixels, portrait
from moiety.drills.verdict import Trial, by_decoys
from moiety.identity.pseudonym import Pseudonym

Needles = Sequence[list[bytes]]
"""For each person, everything that would give that person away."""


def search(haystack: Haystack, wanted: Needles, decoys: Needles, rng: np.random.Generator) -> Trial:
    """How many people's canaries turn up in stolen bytes, beside how many strangers' do.

    What a person and a stranger have in common, such as the head of a picture file, says nothing and is left out.
    """
    shared = set(chain.from_iterable(wanted)) & set(chain.from_iterable(decoys))
    wanted, decoys = ([[one for one in needles if one not in shared] for needles in some] for some in (wanted, decoys))
    accident = haystack.accident(sum(map(len, wanted)))
    return by_decoys(found(haystack, wanted), found(haystack, decoys), accident, rng)


def found(haystack: Haystack, people: Needles) -> NDArray[np.bool_]:
    """Whose canaries, any of them, stand in the bytes: bool (people,)."""
    owners = np.repeat(np.arange(len(people)), [len(needles) for needles in people])
    hits = haystack.holds([needle for needles in people for needle in needles])
    return np.bincount(owners[hits], minlength=len(people)) > 0


def names(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """Names, which are also the names of the folders that the photographs were enrolled from."""
    wanted, decoys = ([canaries.text(name) for name in people.names] for people in (scene.people, scene.strangers))
    return _both(scene, wanted, decoys, rng)


def numbers(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """Identity numbers, which are also the names of the photographs' files."""
    wanted, decoys = (
        [canaries.text(number) for number in people.numbers] for people in (scene.people, scene.strangers)
    )
    return _both(scene, wanted, decoys, rng)


def pictures(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """Photographs: their files and their pixels."""
    never = [
        photograph(portrait(vector, rng), name)
        for vector, name in zip(scene.strangers.enrolled, scene.strangers.names, strict=True)
    ]
    wanted, decoys = ([canaries.picture(file, pixels(file)) for file in files] for files in (scene.photographs, never))
    return _both(scene, wanted, decoys, rng)


def pseudonyms(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """Pseudonyms, printed and as bytes."""
    never = rng.integers(0, 256, scene.pseudonyms.shape, dtype=np.uint8)
    wanted, decoys = (
        [
            canaries.raw(name.tobytes()) + canaries.text(str(Pseudonym(scene.enrolled.gallery, name.tobytes())))
            for name in some
        ]
        for some in (scene.pseudonyms, never)
    )
    return _both(scene, wanted, decoys, rng)


def vectors(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """Face vectors, of both deployments."""
    wanted, decoys = (
        [
            canaries.vector(one) + canaries.vector(other)
            for one, other in zip(people.enrolled, people.elsewhere, strict=True)
        ]
        for people in (scene.people, scene.strangers)
    )
    return _both(scene, wanted, decoys, rng)


def _both(scene: Scene, wanted: Needles, decoys: Needles, rng: np.random.Generator) -> tuple[Trial, Trial]:
    return (
        search(scene.haystack(scene.seat), wanted, decoys, rng),
        search(scene.haystack(PLAIN), wanted, decoys, rng),
    )
