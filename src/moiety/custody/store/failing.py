"""What an error of a database's driver means to a custodian: as anywhere (`database`), in its store's words."""

from __future__ import annotations

from typing import Final

from moiety.custody import refusals
from moiety.database import refusals as databases
from moiety.errors import MoietyError

_STORES: Final[dict[type[MoietyError], type[MoietyError]]] = {
    databases.DatabaseFull: refusals.StoreFull,
    databases.DatabaseBusy: refusals.StoreBusy,
    databases.DatabaseLost: refusals.StoreLost,
    databases.DatabaseShut: refusals.StoreShut,
    databases.DatabaseFailed: refusals.StoreFailed,
    databases.DatabaseUnreadable: refusals.StoreUnreadable,
}


def of_store(found: MoietyError) -> MoietyError:
    """The refusal of a custodian's store for that of a database's."""
    return _STORES[type(found)](**found.numbers)
