"""What is left of what a gateway may ask for, of what three custodians say of their own accounts: the least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from moiety.custody.net.remote import Remote
from moiety.custody.refusals import MessageRefused
from moiety.custody.trust.budget import Allowance
from moiety.custody.trust.limits import Scope, Unit
from moiety.sharing.seat import Seat


@dataclass(frozen=True)
class Allowances:
    """Of each account the one that has least left, in the order of units; and of which custodians nothing is known."""

    accounts: tuple[Allowance, ...]
    unknown: tuple[Seat, ...]


def told(custodian: Remote) -> Sequence[Allowance] | None:
    """What one of them says; None where it is of an older version that is not asked for this."""
    try:
        return custodian.budgets()
    except MessageRefused:
        return None


def least(said: Mapping[Seat, Sequence[Allowance] | None]) -> Allowances:
    """All three have to serve most of what is asked for: that ends with the first account that is spent."""
    found: dict[tuple[Scope, Unit], Allowance] = {}
    for one in (one for some in said.values() for one in some or ()):
        known = found.setdefault((one.scope, one.unit), one)
        if (one.left, _waits(known)) < (known.left, _waits(one)):
            found[one.scope, one.unit] = one
    accounts = sorted(found.values(), key=lambda one: (_PLACE[one.unit], one.scope))
    return Allowances(tuple(accounts), tuple(seat for seat, some in said.items() if not some))


_PLACE = {unit: place for place, unit in enumerate(Unit)}


def _waits(one: Allowance) -> float:
    return float("inf") if one.whole_s is None else one.whole_s
