"""What a database refuses, and what makes it unavailable. None of it quotes data, a path or a name."""

from __future__ import annotations

from typing import ClassVar

from moiety.errors import Refused, Unavailable


class DatabaseMissing(Unavailable):
    code: ClassVar[str] = "database_missing"
    advice: ClassVar[str] = (
        "there is no database of this kind where it should be: where it was moved away, put it back, or say where it is"
    )


class DatabaseExists(Refused):
    code: ClassVar[str] = "database_exists"
    advice: ClassVar[str] = "there is a database of this kind already, and none is replaced: choose another place"


class DatabaseExposed(Refused):
    code: ClassVar[str] = "database_exposed"
    advice: ClassVar[str] = (
        "others than this user may reach a store or a ledger: `chmod 600` its files (`.sqlite`, `.sqlite-wal` and "
        "`.sqlite-shm`), `chmod 700` the folder that they are in, and think about who has read or changed them"
    )


class DatabaseForeign(Refused):
    code: ClassVar[str] = "database_foreign"
    advice: ClassVar[str] = "this database was made by another program or for another purpose: choose another place"


class DatabaseFormatUnknown(Refused):
    code: ClassVar[str] = "database_format_unknown"
    advice: ClassVar[str] = (
        "this database was written in format {found} and this version reads format {known}: use the "
        "version that wrote it"
    )


class DatabaseUnavailable(Unavailable):
    """Any reason why a database cannot be used now: what follows says which."""

    code: ClassVar[str] = "database_unavailable"
    advice: ClassVar[str] = "a database is not available: see to it and ask again"


class DatabaseFull(DatabaseUnavailable):
    code: ClassVar[str] = "database_full"
    advice: ClassVar[str] = "the disk of a database is full or refuses to be written: make room and try again"


class DatabaseBusy(DatabaseUnavailable):
    code: ClassVar[str] = "database_busy"
    advice: ClassVar[str] = (
        "another program holds a database for longer than is waited; what was asked may have been done. "
        "End it and ask again: until then old bytes may remain in the log file"
    )


class DatabaseLost(DatabaseUnavailable):
    code: ClassVar[str] = "database_lost"
    advice: ClassVar[str] = (
        "a database is not there or broke off the connection: what was asked may have been done. "
        "See to the database and ask again"
    )


class DatabaseShut(DatabaseUnavailable):
    code: ClassVar[str] = "database_shut"
    advice: ClassVar[str] = (
        "a database does not let this program in: check its name, the user, the password and the user's rights"
    )


class DatabaseFailed(DatabaseUnavailable):
    code: ClassVar[str] = "database_failed"
    advice: ClassVar[str] = "a database cannot be read or written (database error {error}): see to its disk or server"


class DatabaseUnreadable(Refused):
    code: ClassVar[str] = "database_unreadable"
    advice: ClassVar[str] = "a file is not a database any more (database error {error}): put its newest copy in place"


class DatabaseReplaced(Refused):
    code: ClassVar[str] = "database_replaced"
    advice: ClassVar[str] = (
        "the file of a database was moved or replaced while it was open; put it right, close and open again"
    )


class DatabaseUrlWrong(Refused):
    code: ClassVar[str] = "database_url_wrong"
    advice: ClassVar[str] = "a database is named as postgresql://USER:PASSWORD@HOST/NAME"
