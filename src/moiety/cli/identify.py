"""`moiety identify`: 1:N."""

from __future__ import annotations

from typing import TypedDict

from moiety.cli.options import OfficeFolder, PicturePath, PurposeName, opened
from moiety.cli.outcome import DONE, NO_MATCH, NOT_CARRIED, AsJson, Outcome
from moiety.cli.progress import bar


class IdentifiedAnswer(TypedDict):
    """What `identify` answers: pseudonyms in no order of likeness, and what the answer is worth."""

    candidates: list[str]
    fmr: float
    gallery: int
    expected_false: float
    carried: bool
    text: str


def identify(
    purpose: PurposeName, picture: PicturePath, office: OfficeFolder = None, as_json: AsJson = False
) -> Outcome[IdentifiedAnswer]:
    """Whom of this purpose may this picture show? Candidates are in no order; there is no score.

    Exit status 0 with candidates, 1 without; 4 with or without, where the model cannot keep the purpose's fpir
    at this size of gallery: what is printed then are candidates for a human, not an identification.

    \b
    Examples:
      moiety identify door at-the-door.jpg
      moiety identify door at-the-door.jpg --json
    """
    with bar() as progress, opened(office, progress) as m:
        found = m.purpose(purpose).identify(picture)
    names = sorted(str(pseudonym) for pseudonym in found)
    answer: IdentifiedAnswer = {
        "candidates": names,
        "fmr": found.fmr,
        "gallery": found.gallery,
        "expected_false": found.expected_false,
        "carried": found.carried,
        "text": found.text,
    }
    remarks = [] if names else [f"nobody of {found.gallery} people matches this picture"]
    if names or not found.carried:
        remarks.append(
            f"{found.text}; of {found.gallery} people searched, a stranger matches {found.expected_false:.2g}"
        )
    status = (DONE if found else NO_MATCH) if found.carried else NOT_CARRIED
    return Outcome(answer, [*names, *remarks], status)
