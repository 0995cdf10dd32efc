"""The format of a store, and how an older one is brought to this version's: Alembic, over the store's own connection.

`migrations/versions` holds a step for each format. A step never changes; what it needs of a format that is over, it
brings along. All steps are one transaction, on both databases.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from moiety.sharing.seat import Seat

_STEPS = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class Found:
    """What every format says of a store in the same way."""

    format: int
    seat: Seat


def found(connection: Connection) -> Found | None:
    """The format of a store and whose it is, or None where there is no store."""
    if not inspect(connection).has_table("custodian"):
        return None
    row = connection.execute(text("SELECT format, seat FROM custodian")).one_or_none()
    return None if row is None else Found(row.format, row.seat)


def upgrade(connection: Connection) -> None:
    """Bring tables and rows to this version's format, or make the tables where there are none."""
    # Importing Alembic takes a third of a second, and a store of this format never needs it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    config.attributes["connection"] = connection
    tables = set(inspect(connection).get_table_names())
    if "custodian" in tables and "alembic_version" not in tables:
        command.stamp(config, "0001")  # the first format knew no Alembic
    command.upgrade(config, "head")
