"""What a signed request draws at a custodian: from budgets, or from a ticket that two officers signed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from moiety.custody import record_asks, wire
from moiety.custody.store.kinds import ACCESS, is_keys, keys_of, purpose_of
from moiety.custody.store.slots import SLOTS
from moiety.custody.trust.limits import Unit

Drawn = tuple[Unit, int, bytes | None]
"""Of what, how much, and of which row by itself."""

REQUEST: Final[Drawn] = (Unit.REQUESTS, 1, None)

_ELEMENT_BYTES: Final = 32


@dataclass(frozen=True)
class Bulk:
    """What a request draws of an approval of so many people of a gallery, `approved`."""

    gallery: str
    approved: int
    people: int = 0
    evaluations: int = 0


def bulk_of(ask: Any) -> Bulk | None:
    """What a request draws of signatures that it says come with it; None where it is charged to budgets.
    Of records alone: for faces operators may sign, and that takes people past a day's newcomers and past no budget."""
    match ask:
        case wire.Offer() if ask.approved and is_keys(ask.header.gallery):
            return Bulk(ask.header.gallery, ask.approved, people=ask.header.rows)
        case record_asks.Evaluate() if ask.approved:
            return Bulk(keys_of(purpose_of(ask.name)), ask.approved, evaluations=_evaluations(ask))
        case _:
            return None


def charges_of(ask: Any) -> list[Drawn]:
    """What a signed request draws of budgets: itself, and what leaks by it or is destroyed."""
    return [REQUEST, *special(ask)]


def special(ask: Any) -> list[Drawn]:
    """As `charges_of`, beside the request itself."""
    match ask:
        case wire.Identify():
            return [(Unit.ROWS, ask.header.rows * ask.header.probes, None)]
        case wire.Verify():
            return [(Unit.COMPARISONS, ask.header.probes, ask.handle)]
        case wire.IdentifyRow():
            # What is found is told of both faces: whoever may enrol what they like searches with the face they want.
            return [(Unit.ROWS, ask.header.rows * ask.header.probes, None), (Unit.COMPARISONS, 1, ask.handle)]
        case wire.VerifyRow():
            return [(Unit.COMPARISONS, 1, ask.handle), (Unit.COMPARISONS, 1, ask.claim)]
        case wire.Offer():
            return [(Unit.ENROLMENTS, ask.header.rows, None)]
        case wire.Erase():
            return [(Unit.ERASURES, 1, None)]
        case record_asks.Carry():  # the row that it is carried from may be destroyed as soon as this is in place
            return [(Unit.CORRECTIONS, 1, None)]
        case record_asks.NoteGround():  # what is on record changes, and a line of it at all four stays for ever
            return [(Unit.CORRECTIONS, 1, None)]
        case record_asks.Unlock() if set(ask.secrets) == {ACCESS}:  # what ledgers say of them, no more
            return [(Unit.LISTS, 1, ask.handle)]
        case record_asks.Unlock():
            return [(Unit.OPENINGS, len(ask.secrets), ask.handle)]
        case record_asks.Evaluate():
            return [(Unit.EVALUATIONS, _evaluations(ask), None)]
        case record_asks.Restrict():
            return [(Unit.ERASURES, int(ask.on), None)]
        case wire.Assist():
            return [(Unit.HELPS, len(ask.numbers), None)]
        case wire.PseudonymParts():
            return [(Unit.OPENINGS, len(ask.numbers) * SLOTS, None)]
        case _:
            return []


def _evaluations(ask: record_asks.Evaluate) -> int:
    return len(ask.elements) // _ELEMENT_BYTES
