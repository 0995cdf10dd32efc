"""On which legal grounds somebody is kept, in the words of the purpose's document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from moiety.identity.desk import date_of
from moiety.identity.purpose import Purpose
from moiety.vault.consent import Entry, Given, Ground, How, decode


@dataclass(frozen=True, slots=True)
class Basis:
    """One ground that somebody gave: `grounds` is its key in the purpose's document, `text` the version of what they
    were told. `stands` says whether it holds: it does not once it was withdrawn, or given anew; of a duty of the law
    with a consent to the face the duty holds also after that."""

    grounds: str
    article_6: str
    article_9: str
    text: str
    given: date
    how: How
    withdrawn: date | None
    withdrawn_how: How | None
    stands: bool

    @classmethod
    def of(cls, purpose: Purpose, ground: Ground) -> Basis:
        """In the words of this document, which is that of the purpose or one that came after it."""
        given, end = ground.given, ground.withdrawn
        keys = list(purpose.grounds)
        return cls(
            keys[given.place] if given.place is not None else "",
            given.article_6,
            given.article_9,
            given.text,
            date_of(given.day),
            given.how,
            None if end is None else date_of(end.day),
            None if end is None else end.how,
            ground.holds is not None,
        )


def history(purpose: Purpose, entries: Sequence[bytes]) -> list[Entry]:
    """The entries of one person. One of version 1 says no place: it is of the first grounds with its articles, and a
    document keeps those that there were."""
    return [_placed(purpose, decode(entry)) for entry in entries]


def _placed(purpose: Purpose, entry: Entry) -> Entry:
    if not isinstance(entry, Given) or entry.place is not None:
        return entry
    articles = [(grounds.article_6, grounds.article_9) for grounds in purpose.grounds.values()]
    wanted = (entry.article_6, entry.article_9)
    return msgspec.structs.replace(entry, place=articles.index(wanted)) if wanted in articles else entry
