"""The four ledgers of an office, as its gateway reads them: held against each other, and a person's entries in them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from moiety.custody import noting
from moiety.custody.chronicle import PARTIES, Chronicle, number_of, origin_of, tags_of
from moiety.custody.gateway.three import Answer, Three
from moiety.custody.refusals import OfficeUnwritable
from moiety.custody.unopened import LedgerChanged, LedgerTampered
from moiety.custody.verbs import DAYS_AT_ONCE, ROWS_AT_ONCE, AuditVerbs, Row
from moiety.errors import MoietyError
from moiety.ledger import audit, seal
from moiety.ledger.audit import Difference, Finding, What
from moiety.ledger.entry import Entry
from moiety.ledger.head import Head, verify
from moiety.ledger.operation import Line, Party
from moiety.ledger.refusals import EntryUnopened, HeadWrong, LedgerAltered
from moiety.ledger.seal import Leaf
from moiety.ledger.state import State
from moiety.sharing.seat import SEATS

_SEEN_BYTES: Final = 4_096
"""Of four keys and heads, less than a thousand."""

SEEN: Final = "seen.json"
"""In the gateway's folder: of each custodian's ledger the key, and the last head that was found good."""


@dataclass(frozen=True, slots=True)
class Noted:
    """One operation as ledgers have it, and whose."""

    operation: bytes
    entry: Entry
    parties: Party


class Ledgers:
    """Three custodians' ledgers, `three`, and the gateway's own, in whose folder it is remembered what was seen."""

    def __init__(self, three: Three, book: Chronicle, office: bytes) -> None:
        self._three = three
        self._book = book
        self._office = office
        self._seen = book.folder / SEEN

    def audit(self, in_flight: int) -> Finding:
        """Hold all four against each other. `in_flight`: operations that may be on their way.

        Raises `LedgerTampered`, `LedgerChanged` where one shows another key than before, a head that it did not sign,
        or is not what it grew from, and `OfficeUnwritable` where what was found good cannot be remembered.
        """
        shown = self._three.each(lambda custodian: _named(PARTIES[custodian.seat], custodian.audit.head))
        keys = {PARTIES[seat]: some.key for seat, some in shown.items()} | {Party.GATEWAY: self._book.public}
        own = _named(Party.GATEWAY, self._book.head)
        written = {PARTIES[seat]: some.head for seat, some in shown.items()} | {Party.GATEWAY: own}
        before = self._remembered()
        heads: dict[Party, Head] = {}
        for party, head in written.items():
            if party in before and before[party][0] != keys[party]:
                raise LedgerChanged(ledger=number_of(party))
            heads[party] = self._verified(party, head, keys[party])
        logs = {party: audit.Shown(head, self._grown(party, head, before.get(party))) for party, head in heads.items()}
        try:
            finding = audit.audited(logs, in_flight)
        except LedgerTampered as error:
            party = next(party for party in heads if number_of(party) == error.numbers["ledger"])
            return Finding(Difference(What.ALTERED, party, error.numbers["position"]), dict.fromkeys(heads, 0), 0)
        if finding.first is None:
            self._remember({party: (keys[party], head.size, head.root) for party, head in heads.items()})
        return finding

    def acknowledge(self) -> int:
        """Write into the gateway's ledger what custodians have and it lacks, as they show it: how many operations.

        What was said of a person stays with the custodians. Only where all else agrees: for what was altered, or said
        otherwise, nobody makes up. That it was done is written down too. Raises as `audit`.
        """
        found = self.audit(0).first
        if found is None or (found.what, found.log) != (What.MISSING, Party.GATEWAY):
            return 0
        digest, count = hashlib.sha256(), 0
        for seat, shown in self._three.each(lambda custodian: custodian.audit.head()).items():
            size = self._verified(PARTIES[seat], shown.head, shown.key).size
            for start in range(0, size, ROWS_AT_ONCE):
                rows = self._three.custodians[seat].audit.rows(start, min(size, start + ROWS_AT_ONCE))
                named = {row.line.operation: row for row in rows if Party.GATEWAY in row.line.parties}
                lacking = self._book.log.lacking(list(named))
                missed = [row for operation, row in named.items() if operation in lacking]
                self._book.log.append([Leaf(row.commitment, row.line, None, None) for row in missed])
                for row in missed:
                    digest.update(row.line.operation)
                count += len(missed)
        noting.acknowledged(self._book, digest.digest())
        return count

    def lately(self, operation: bytes) -> bool:
        """Whether one of the custodians that answer has this operation among the last that it wrote down."""
        for seat in SEATS:
            with suppress(MoietyError):
                side = self._three.custodians[seat].audit
                shown = side.head()
                end = self._verified(PARTIES[seat], shown.head, shown.key).size
                rows = side.rows(max(0, end - audit.IN_FLIGHT), end)
                if any(row.line.operation == operation for row in rows):
                    return True
        return False

    def keys(self) -> dict[str, bytes]:
        """The public keys that custodians sign heads and receipts with, by seat: Ed25519, 32 bytes."""
        return {seat: some.key for seat, some in self._three.each(lambda custodian: custodian.audit.head()).items()}

    def about(self, private: bytes, public: bytes, first_day: int, last_day: int) -> list[Noted]:
        """What the four say of whoever has this key, from one day to another (since 1970-01-01), in order."""
        found: dict[bytes, Noted] = {}
        for first in range(first_day, last_day + 1, DAYS_AT_ONCE):
            days = range(first, min(first + DAYS_AT_ONCE, last_day + 1))
            for party, rows in self._entries([tag for day in days for tag in tags_of(public, day)]).items():
                for row in rows:
                    _add(found, party, row, private)
        # Within a minute in the order of the first ledger that has it.
        return sorted(found.values(), key=lambda noted: noted.entry.minute)

    def _entries(self, tags: Sequence[bytes]) -> dict[Party, list[Row]]:
        own = [Row(leaf.commitment, leaf.line, leaf.kept) for _, leaf in self._book.log.leaves_of(*tags)]
        theirs = self._three.each(lambda custodian: custodian.audit.entries(tags))
        return {Party.GATEWAY: own} | {PARTIES[seat]: rows for seat, rows in theirs.items()}

    def _side(self, party: Party) -> AuditVerbs:
        return next(self._three.custodians[seat].audit for seat in SEATS if PARTIES[seat] is party)

    def _verified(self, party: Party, head: bytes, key: bytes) -> Head:
        try:
            return verify(head, origin_of(party, self._office), key)
        except HeadWrong:
            raise LedgerChanged(ledger=number_of(party)) from None

    def _rows(self, party: Party, size: int) -> Iterator[tuple[bytes, Line]]:
        """Raises `LedgerTampered` where whoever keeps it finds it altered."""
        try:
            if party is Party.GATEWAY:
                for leaf in self._book.log.checked(0, size):
                    yield leaf.commitment, leaf.line
                return
            side = self._side(party)
            for start in range(0, size, ROWS_AT_ONCE):
                end = min(size, start + ROWS_AT_ONCE)
                found = side.rows(start, end)
                for row in found:
                    yield row.commitment, row.line
                if len(found) != end - start:  # whoever signs for more than there is is not asked for it for ever
                    return
        except LedgerAltered as error:
            raise LedgerTampered(ledger=number_of(party), **error.numbers) from None

    def _grown(self, party: Party, head: Head, before: tuple[bytes, int, bytes] | None) -> Iterator[tuple[bytes, Line]]:
        """The rows of one ledger, once what it was before is their beginning. Raises `LedgerChanged`."""
        if before is None:
            yield from self._rows(party, head.size)
            return
        _, size, root = before
        if head.size < size:
            raise LedgerChanged(ledger=number_of(party))
        state = State()
        for at, row in enumerate(self._rows(party, head.size)):
            if at == size and state.frontier.root() != root:
                raise LedgerChanged(ledger=number_of(party))
            if at < size:
                state, _ = state.after([row])
            yield row
        if head.size == size and state.frontier.root() != root:
            raise LedgerChanged(ledger=number_of(party))

    def _remembered(self) -> dict[Party, tuple[bytes, int, bytes]]:
        try:
            with self._seen.open("rb") as file:
                said: Mapping[str, list[str | int]] = json.loads(file.read(_SEEN_BYTES))
            return {
                Party(int(party)): (bytes.fromhex(str(key)), int(size), bytes.fromhex(str(root)))
                for party, (key, size, root) in said.items()
            }
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError):
            raise LedgerChanged(ledger=0) from None

    def _remember(self, seen: Mapping[Party, tuple[bytes, int, bytes]]) -> None:
        said = {str(int(party)): [key.hex(), size, root.hex()] for party, (key, size, root) in seen.items()}
        partial = self._seen.with_suffix(".new")
        try:
            partial.unlink(missing_ok=True)
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(json.dumps(said))
                file.flush()
                os.fsync(file.fileno())
            partial.rename(self._seen)
        except OSError:
            raise OfficeUnwritable from None


def _named(party: Party, head: Callable[[], Answer]) -> Answer:
    """What a ledger shows. Raises `LedgerTampered` where whoever keeps it finds it altered."""
    try:
        return head()
    except LedgerAltered as error:
        raise LedgerTampered(ledger=number_of(party), **error.numbers) from None


def _add(found: dict[bytes, Noted], party: Party, row: Row, private: bytes) -> None:
    """One ledger's row, if it opens: what does not is nothing of this person's."""
    try:
        entry = seal.opened(Leaf(row.commitment, row.line, row.kept, None), private)
    except EntryUnopened:
        return
    operation = row.line.operation
    parties = party | (found[operation].parties if operation in found else Party(0))
    found[operation] = Noted(operation, entry, parties)
