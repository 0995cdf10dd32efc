"""What ledgers differ in, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from moiety.ledger.audit import Difference

LEDGERS: Final = {1: "gateway", 2: "a", 4: "b", 8: "c"}
"""Whose ledger it is, by `operation.Party`."""

CUSTODIANS: Final = ("a", "b", "c")


def difference(first: Difference) -> str:
    """Of the first that was found."""
    log = f"ledger {LEDGERS[int(first.log)]}"
    if first.what.value == "altered":
        return altered(LEDGERS[int(first.log)], first.position)
    place = "" if first.position is None else f" at position {first.position}"
    beside = "" if first.beside is None else f" that ledger {LEDGERS[int(first.beside)]} has at {first.beside_position}"
    words = {
        "missing": f"{log} lacks what{beside}".replace("what that", "what"),
        "otherwise": f"{log}{place} says in other words what{beside}".replace("what that", "what"),
        "uninvited": f"{log}{place} has what is not for it to record",
        "denied": f"{log}{place} has what it acknowledged that it lacks",
    }
    return words[first.what.value]


def altered(ledger: str, position: int | None) -> str:
    """Nothing is wrong before the position; what is wrong may come after it, where no hash tells."""
    return f"ledger {ledger} is not what its head signed" + (
        "" if position is None else f", at position {position} or after it"
    )


def ledgers_of(parties: int) -> list[str]:
    """Whose ledgers these are."""
    return [name for bit, name in LEDGERS.items() if parties & bit]
