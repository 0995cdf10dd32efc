"""Identify (1:N): whom of this purpose may this picture show?"""

from __future__ import annotations

from moiety.identity.claim import of_purpose
from moiety.identity.ports import Custodians, Face, Identified, Models, Picture, Search
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
        return _candidates(purpose, search(purpose.name, words[None, :]))


def identify_enrolled(purpose: Purpose, person: Pseudonym | str, *, custodians: Custodians) -> Candidates:
    """Everybody else whom somebody enrolled matches: the custodians search with their own parts of that face, which
    nobody puts together.

    Raises `PseudonymUnreadable`, `PseudonymOfAnotherPurpose`, and `NobodyThere` of nobody: erased, expired and
    restricted people among them.
    """
    with stage("custodians"):
        return _candidates(purpose, custodians.identify_enrolled(purpose.name, of_purpose(person, purpose).value))


def _candidates(purpose: Purpose, answer: Identified) -> Candidates:
    return Candidates(
        pseudonyms=frozenset(Pseudonym(purpose.name, value) for value in answer.found[0]),
        fmr=answer.point.fmr,
        gallery=answer.rows,
        expected_false=answer.point.expected_false,
        carried=answer.point.carried,
    )
