"""Identify (1:N): whom of this purpose may this picture show?"""

from __future__ import annotations

from moiety.identity.ports import Face, Models, Picture, Search
from moiety.identity.pseudonym import Pseudonym
from moiety.identity.purpose import Purpose
from moiety.identity.results import Candidates
from moiety.stages import stage


def identify(purpose: Purpose, picture: Picture, *, search: Search, models: Models) -> Candidates:
    """Everybody who matches, in no order; the probe is forgotten whether or not anybody does.

    Raises each refusal of a picture.
    """
    return candidates_of(purpose, models.recogniser(purpose.model).probe(picture), search=search)


def candidates_of(purpose: Purpose, face: Face, *, search: Search) -> Candidates:
    """As `identify`, of a face that was found already."""
    from moiety.matching.words import quantise

    words = quantise(face.vector)
    with stage("custodians"):
        answer = search(purpose.name, words[None, :])
    return Candidates(
        pseudonyms=frozenset(Pseudonym(purpose.name, value) for value in answer.found[0]),
        fmr=answer.point.fmr,
        gallery=answer.rows,
        expected_false=answer.point.expected_false,
        carried=answer.point.carried,
    )
