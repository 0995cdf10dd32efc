"""An operation as ledgers have it, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from moiety.gateway.native.shapes import Answer
from moiety.identity.desk import instant_of
from moiety.ledger.entry import Acknowledgement

if TYPE_CHECKING:
    from moiety.identity.ports import Noted

LEDGERS: Final = {1: "gateway", 2: "a", 4: "b", 8: "c"}


class Line(Answer):
    """One operation: its id, in which minute (ISO 8601, UTC), what, by whom, whose ledgers have it, and the rest.

    `caller` is what the ledgers say: the key that signed, and behind a point for whom the gateway asked. `by` is that
    in a word: the name of this gateway's own caller, or its short id where nobody here has it, or the key alone."""

    operation: str
    at: str
    what: str
    caller: str
    by: str
    ledgers: list[str]
    details: dict[str, str]


def line_of(noted: Noted, names: Mapping[str, str]) -> Line:
    """One operation in words; `names` are this gateway's callers, see `Service.names`."""
    said: list[Any] = msgspec.to_builtins(noted.entry, enc_hook=str)
    given = dict(zip(noted.entry.__struct_fields__, said[1:], strict=True))
    if noted.within is not None:
        given["among"] = noted.within.size
    at = instant_of(given.pop("minute"))
    caller: str = given.pop("caller")
    key, _, whose = caller.partition(".")
    details = {name: _word(some) for name, some in given.items() if some is not None}
    if isinstance(noted.entry, Acknowledgement):  # as operations and ledgers are named everywhere else
        details["operation"] = noted.entry.operation.hex()
        details |= {name: _word(_ledgers(given[name])) for name in ("parties", "beside")}
    return Line(
        operation=noted.operation.hex(),
        at=at.isoformat(timespec="minutes"),
        what=said[0],
        caller=caller,
        by=names.get(whose, whose) or key,
        ledgers=_ledgers(int(noted.parties)),
        details=details,
    )


def _word(some: object) -> str:
    return ", ".join(map(str, some)) if isinstance(some, list | tuple) else str(some)


def _ledgers(parties: int) -> list[str]:
    return [name for bit, name in LEDGERS.items() if parties & bit]
