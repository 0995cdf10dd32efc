"""A database for whatever is no custodian's store: SQLite in a folder, or PostgreSQL by its URL.

| file | what |
|---|---|
| `kind` | what is kept there: a name, a format, tables |
| `sql` | made, opened, transactions, commit points, overwriting |
| `sqlite`, `postgresql` | what differs between the two |
| `idle` | connections between two transactions |
| `prepared` | statements that are asked for all the time |
| `refusals` | what is refused, and what makes a database unavailable |

Nothing here seals anything: whoever keeps a secret in a database seals it before.
"""

from __future__ import annotations

from moiety.database.kind import Kind
from moiety.database.sql import Database, Observer, unobserved

__all__ = ["Database", "Kind", "Observer", "unobserved"]
