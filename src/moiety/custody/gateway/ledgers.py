"""The four ledgers of an office, as its gateway reads them: held against each other, a person's entries in them, what
lies in the clear, and proofs of any of it for others to check.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, TypeVar

from moiety.custody import noting
from moiety.custody.auditing import Showing
from moiety.custody.chronicle import PARTIES, Chronicle, number_of, origin_of, tags_of
from moiety.custody.gateway.three import Three
from moiety.custody.refusals import OfficeUnwritable
from moiety.custody.unopened import LedgerChanged, LedgerTampered
from moiety.custody.verbs import ACKNOWLEDGED_AT_ONCE, DAYS_AT_ONCE, ROWS_AT_ONCE, AuditVerbs, Row, Shown
from moiety.errors import MoietyError
from moiety.ledger import audit, proof, seal, tree
from moiety.ledger import head as heads
from moiety.ledger import many as among
from moiety.ledger.audit import Difference, Finding, What
from moiety.ledger.entry import Enrolments, Entry, decode
from moiety.ledger.many import Within
from moiety.ledger.operation import Line, Party
from moiety.ledger.refusals import (
    EntryUnopened,
    EntryWrong,
    HeadWrong,
    LedgerAltered,
    OperationUnwritten,
    ProofWrong,
)
from moiety.ledger.seal import Leaf
from moiety.ledger.state import State
from moiety.matching.header import Header
from moiety.sharing.seat import SEATS, Seat

_SEEN_BYTES: Final = 4_096
"""Of four keys and heads, less than a thousand."""

SEEN: Final = "seen.json"
"""In the gateway's folder: of each custodian's ledger the key, and the last head that was found good."""


@dataclass(frozen=True, slots=True)
class Noted:
    """One operation as ledgers have it, and whose; `shown` is what each of them committed to (see `seal.disclosed`):
    who has it can prove to others what the entry says. Of somebody who came with many the operation is theirs all, and
    `within` is the place of this one."""

    operation: bytes
    entry: Entry
    parties: Party
    shown: Mapping[Party, bytes] = field(repr=False)
    within: Within | None = field(default=None, repr=False)


class Ledgers:
    """Three custodians' ledgers, `three`, and the gateway's own, in whose folder it is remembered what was seen."""

    def __init__(self, three: Three, book: Chronicle, office: bytes) -> None:
        self._three = three
        self._book = book
        self._office = office
        self._own = Showing(book)
        self._seen = book.folder / SEEN

    def audit(self, in_flight: int) -> Finding:
        """Hold all four against each other. `in_flight`: operations that may be on their way.

        Raises `LedgerChanged` where one shows another key than before, a head that it did not sign, or is not what it
        grew from, and `OfficeUnwritable` where what was found good cannot be remembered.
        """
        try:
            finding = self._audited(in_flight)
        except LedgerTampered as error:
            party = next(party for party in Party if number_of(party) == error.numbers["ledger"])
            return Finding(Difference(What.ALTERED, party, error.numbers["position"]), dict.fromkeys(Party, 0), 0)
        first = finding.first
        if first is not None and first.what is What.ALTERED and first.position is None:
            with suppress(MoietyError):  # whoever keeps it is asked from where on, and need not answer
                return replace(finding, first=replace(first, position=self._side(first.log).altered()))
        return finding

    def _audited(self, in_flight: int) -> Finding:
        """As `audit`. Raises `LedgerTampered` where whoever keeps a ledger finds it altered."""
        before, heads, keys = self._remembered(), {}, {}
        for party, shown in self._shown().items():
            if party in before and before[party][0] != shown.key:
                raise LedgerChanged(ledger=number_of(party))
            heads[party], keys[party] = self._verified(party, shown), shown.key
        logs = {party: audit.Shown(head, self._grown(party, head, before.get(party))) for party, head in heads.items()}
        finding = audit.audited(logs, in_flight)
        if finding.first is None:
            self._remember({party: (keys[party], head.size, head.root) for party, head in heads.items()})
        return finding

    def acknowledge(self, header: Callable[[], Header]) -> dict[Party, int]:
        """Write into the gateway's ledger what custodians have and it lacks, as they show it, and have each custodian
        write down what it lacks of what others have: how many operations each lacked.

        What was said of a person stays with the custodians. Only where what comes first is that something is missing:
        for what was altered, or said otherwise, nobody makes up. That it was done is written down too. `header` makes
        those of the custodians' attempts. Raises as `audit`, and `LedgerOlder`.
        """
        found = self.audit(0)
        counts = dict.fromkeys(Party, 0)
        if found.first is None or found.first.what is not What.MISSING:
            return counts
        if any(parties & Party.GATEWAY for parties in found.lacking.values()):
            counts[Party.GATEWAY] = self._take_over()
        lacking = sorted(operation for operation, parties in found.lacking.items() if parties & noting.CUSTODIANS)
        for start in range(0, len(lacking), ACKNOWLEDGED_AT_ONCE):
            # To each of them alike: what it lacks itself, and what the others do, they tell each other.
            for seat, count in self._acknowledged(header(), lacking[start : start + ACKNOWLEDGED_AT_ONCE]).items():
                counts[PARTIES[seat]] += count
        return counts

    def _acknowledged(self, header: Header, operations: Sequence[bytes]) -> dict[Seat, int]:
        return self._three.play(lambda custodian: custodian.audit.acknowledge(header, operations))

    def _take_over(self) -> int:
        """What custodians have and the gateway lacks: how many operations."""
        digest, count = hashlib.sha256(), 0
        for seat, shown in self._three.each(lambda custodian: custodian.audit.head()).items():
            size = self._verified(PARTIES[seat], shown).size
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
                end = self._verified(PARTIES[seat], shown).size
                rows = side.rows(max(0, end - audit.IN_FLIGHT), end)
                if any(row.line.operation == operation for row in rows):
                    return True
        return False

    def keys(self) -> dict[str, bytes]:
        """The public keys that custodians sign heads and receipts with, by seat: Ed25519, 32 bytes."""
        return {seat: some.key for seat, some in self._three.each(lambda custodian: custodian.audit.head()).items()}

    def listed(self, last: int) -> list[Noted]:
        """What the four have in the clear among the `last` rows of each, in order. Raises `LedgerTampered`."""
        found: dict[bytes, Noted] = {}
        for party, shown in self._shown().items():
            size = self._verified(party, shown).size
            for row in self._asked(party, max(0, size - last), size, clear=True):
                _add(found, party, row, None)
        return sorted(found.values(), key=lambda noted: noted.entry.minute)

    def prove(self, operation: bytes, said: Mapping[Party, bytes], since: bytes | None, within: Within | None) -> bytes:
        """A file (see `ledger.proof`) of all ledgers that have this operation, with the proof of it; of all four and
        what they are now where none is named (no bytes). `said` is what the person was `shown` whom it is about, and
        where they are `within` it: so shows the file, as it does what is in the clear. `since` is an earlier such file,
        whose heads these ledgers are proven to have grown from.

        Raises `OperationUnwritten`, `ProofWrong` for another `since`, `LedgerTampered`, and `LedgerChanged` where one
        did not grow from what it signed then.
        """
        before = {} if since is None else proof.heads(since)
        parts = []
        for party, shown in self._shown().items():
            part = self._part(party, shown, operation, said.get(party), before.get(_name(party)), within)
            if part is not None:
                parts.append(part)
        if not parts:
            raise OperationUnwritten
        return proof.written(parts)

    def _part(
        self,
        party: Party,
        shown: Shown,
        operation: bytes,
        said: bytes | None,
        earlier: bytes | None,
        within: Within | None,
    ) -> proof.Part | None:
        """What one ledger proves, looked at before anybody else is given it; None where it has not the operation."""
        head = self._verified(party, shown)
        old = None if earlier is None else self._verified(party, Shown(earlier, shown.key))
        if old is not None and old.size > head.size:
            raise LedgerChanged(ledger=number_of(party))
        given = _told(party, lambda: self._side(party).prove(head.size, operation, old.size if old else 0))
        if old is not None:
            try:
                tree.verify_consistency(old.size, head.size, old.root, head.root, given.consistency)
            except ProofWrong:
                raise LedgerChanged(ledger=number_of(party)) from None
        grown = None if earlier is None else (earlier, given.consistency)
        if not operation:
            return proof.part(_name(party), shown.head, None, grown)
        if given.row is None or given.position is None:
            return None
        try:
            leaf = tree.leaf_hash(given.row.commitment)
            tree.verify_inclusion(leaf, given.position, head.size, given.inclusion, head.root)
        except ProofWrong:
            raise LedgerTampered(ledger=number_of(party), position=given.position) from None
        within = None if said is None else within
        if said is None:
            with suppress(EntryUnopened):  # somebody's, or acknowledged: that it is there is proven all the same
                said = seal.disclosed(_leaf(given.row))
        placed = (given.position, given.row.commitment, given.inclusion, said)
        return proof.part(_name(party), shown.head, placed, grown, within)

    def about(self, private: bytes, public: bytes, first_day: int, last_day: int) -> list[Noted]:
        """What the four say of whoever has this key, from one day to another (since 1970-01-01), in order."""
        # Whoever came with many came before anything else was done with them.
        found = {noted.operation: noted for noted in self._among(public, first_day, last_day)}
        for first in range(first_day, last_day + 1, DAYS_AT_ONCE):
            days = range(first, min(first + DAYS_AT_ONCE, last_day + 1))
            for party, rows in self._entries([tag for day in days for tag in tags_of(public, day)]).items():
                for row in rows:
                    _add(found, party, row, private)
        # Within a minute in the order of the first ledger that has it.
        return sorted(found.values(), key=lambda noted: noted.entry.minute)

    def _among(self, public: bytes, first_day: int, last_day: int) -> Iterator[Noted]:
        """Entries about many whose root is over somebody, who came with them: in which ledgers they are."""
        sizes: dict[Party, int] = {}
        for operation, many in self._book.log.many(first_day, last_day):
            within = among.within(operation, public, many)
            if within is None:
                continue
            sizes = sizes or {party: self._verified(party, one).size for party, one in self._shown().items()}
            shown: dict[Party, bytes] = {}
            for party in Party:
                row = _told(party, partial(self._side(party).prove, sizes[party], operation, 0)).row
                with suppress(EntryUnopened, EntryWrong, ProofWrong):  # acknowledged, or not what they came with
                    said = b"" if row is None else seal.disclosed(_leaf(row))
                    entry = decode(said[seal.RANDOM_BYTES :])
                    if isinstance(entry, Enrolments) and entry.people is not None:
                        within.verify(entry.people)
                        shown[party] = said
            if shown:
                parties = Party(sum(shown))
                yield Noted(operation, decode(many.entry), parties, shown, within)

    def _entries(self, tags: Sequence[bytes]) -> dict[Party, list[Row]]:
        own = self._own.entries(tags)
        theirs = self._three.each(lambda custodian: custodian.audit.entries(tags))
        return {Party.GATEWAY: own} | {PARTIES[seat]: rows for seat, rows in theirs.items()}

    def _side(self, party: Party) -> AuditVerbs | Showing:
        if party is Party.GATEWAY:
            return self._own
        return next(self._three.custodians[seat].audit for seat in SEATS if PARTIES[seat] is party)

    def _shown(self) -> dict[Party, Shown]:
        """What all four sign that they are now. Raises `LedgerTampered`."""
        shown = self._three.each(lambda custodian: _told(PARTIES[custodian.seat], custodian.audit.head))
        return {PARTIES[seat]: some for seat, some in shown.items()} | {
            Party.GATEWAY: _told(Party.GATEWAY, self._own.head)
        }

    def _verified(self, party: Party, shown: Shown) -> heads.Head:
        try:
            return heads.verify(shown.head, origin_of(party, self._office), shown.key)
        except HeadWrong:
            raise LedgerChanged(ledger=number_of(party)) from None

    def _asked(self, party: Party, start: int, size: int, *, clear: bool = False) -> Iterator[Row]:
        """Rows of one ledger. Raises `LedgerTampered`."""
        side = self._side(party)
        for at in range(start, size, ROWS_AT_ONCE):
            end = min(size, at + ROWS_AT_ONCE)
            found = _told(party, partial(side.rows, at, end, clear=True) if clear else partial(side.rows, at, end))
            yield from found
            if len(found) != end - at:  # whoever signs for more than there is is not asked for it for ever
                return

    def _rows(self, party: Party, size: int) -> Iterator[tuple[bytes, Line]]:
        for row in self._asked(party, 0, size):
            yield row.commitment, row.line

    def _grown(
        self, party: Party, head: heads.Head, before: tuple[bytes, int, bytes] | None
    ) -> Iterator[tuple[bytes, Line]]:
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


Told = TypeVar("Told")


def _told(party: Party, ask: Callable[[], Told]) -> Told:
    """What a ledger shows. Raises `LedgerTampered` where whoever keeps it finds it altered."""
    try:
        return ask()
    except LedgerAltered as error:
        raise LedgerTampered(ledger=number_of(party), **error.numbers) from None


def _name(party: Party) -> proof.Name:
    return proof.NAMES[number_of(party)]


def _leaf(row: Row) -> Leaf:
    return Leaf(row.commitment, row.line, row.kept, None)


def _add(found: dict[bytes, Noted], party: Party, row: Row, private: bytes | None) -> None:
    """One ledger's row, if it opens by this key, or in the clear: what does not is nothing of this person's."""
    try:
        written = seal.disclosed(_leaf(row), private)
        entry = decode(written[seal.RANDOM_BYTES :])
    except (EntryUnopened, EntryWrong):
        return
    operation = row.line.operation
    before = found[operation] if operation in found else Noted(operation, entry, Party(0), {})
    found[operation] = Noted(operation, entry, before.parties | party, {**before.shown, party: written})
