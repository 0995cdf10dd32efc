"""The error that a custodian's refusal is, by its code.

A gateway runs little of what custodians run. So the modules whose refusals custodians answer with are named here: one
that a gateway had not loaded would be told as `Unavailable`, and the command that met it ended with the wrong status.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import moiety.database.refusals
import moiety.ledger.refusals
import moiety.matching.refusals
import moiety.oprf.refusals
from moiety import errors, sodium
from moiety.custody import doubts, refusals, unopened
from moiety.custody.trust import denials, spending
from moiety.errors import MoietyError, Refused, Unavailable

_DEFINING: Final = (
    errors,
    sodium,
    doubts,
    refusals,
    unopened,
    denials,
    spending,
    moiety.database.refusals,
    moiety.ledger.refusals,
    moiety.matching.refusals,
    moiety.oprf.refusals,
)

KINDS: Final[Mapping[str, type[MoietyError]]] = {
    kind.code: kind
    for module in _DEFINING
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Refused | Unavailable)
}
"""Every refusal that a custodian answers with, by its code."""


def error(code: str, numbers: Mapping[str, int]) -> MoietyError:
    """The error of this code, as it was raised at the other end; an unknown one is `Unavailable`."""
    kind = KINDS.get(code, Unavailable)
    try:
        return kind(**numbers)
    except (KeyError, TypeError, IndexError):
        return Unavailable()
