"""Faces that were found on a picture, one by one: enrolled, searched for, compared.

The other stories take pictures of one person each. Whoever picks a face out of several looks first, and goes on with
the face that was meant, without looking again.
"""

from __future__ import annotations

from collections.abc import Callable

from moiety.identity import enrol
from moiety.identity.claim import of_purpose
from moiety.identity.desk import Desk, heard
from moiety.identity.identify import candidates_of
from moiety.identity.looks import Look
from moiety.identity.ports import Models, Picture, Template
from moiety.identity.pseudonym import Pseudonym
from moiety.identity.results import Candidates, Enrolled


class Sight:
    """The faces of one purpose's pictures."""

    def __init__(self, desk: Desk, models: Models) -> None:
        self._desk = desk
        self._models = models

    @property
    def model(self) -> str:
        """By which model faces are found and compared."""
        return self._desk.purpose.model

    @heard
    def look(self, picture: Picture) -> Look:
        """Every face of a picture. Raises each refusal of what is no picture."""
        return self._models.recogniser(self._desk.purpose.model).look(picture)

    @heard
    def enrol(self, face: Template, *, grounds: str, before: Callable[[Enrolled], None]) -> Enrolled:
        """Enrol this face as a person; see `identity.enrol`. `before` hears who it will be; where it raises, nobody
        is."""
        desk, custodians = self._desk, self._desk.custody()
        clock, entropy = desk.clock, desk.entropy
        return enrol.enrol_face(
            desk.purpose, face, grounds, custodians=custodians, clock=clock, entropy=entropy, before=before
        )

    @heard
    def identify(self, face: Template) -> Candidates:
        """Everybody whom this face may be; see `identity.identify`."""
        return candidates_of(self._desk.purpose, face, search=self._desk.custody().identify)

    def stricter(self, found: Candidates) -> list[int]:
        """How many points beyond the purpose's own a `matches` may ask for that is stricter than this search was,
        ascending: at most two, and only what was measured."""
        from moiety.matching.policy import STRICTER, claim_points

        points = claim_points(self._desk.custody().gallery(self._desk.name).terms)
        return [beyond for beyond, point in enumerate(points) if point.fmr < found.fmr][:STRICTER]

    @heard
    def match(self, person: Pseudonym, claimed: Pseudonym, *, stricter: int) -> bool:
        """Whether two who are enrolled match by a point so many beyond the purpose's own; as `matches`, of a face that
        custodians have. Raises as `identity.identify_enrolled`."""
        desk = self._desk
        one, other = (of_purpose(each, desk.purpose).value for each in (person, claimed))
        return desk.custody().verify_enrolled(desk.name, one, other, stricter=stricter)

    @heard
    def matches(self, face: Template, claimed: Pseudonym, *, stricter: int) -> bool:
        """Whether this face is that person's, by a point so many beyond the purpose's own."""
        from moiety.matching.words import quantise

        desk = self._desk
        person = of_purpose(claimed, desk.purpose)
        return desk.custody().verify(desk.name, quantise(face.vector), person.value, stricter=stricter)
