"""Whether a stored log is what it was: its last entries each time it is opened, all of them when somebody asks.

What a thief who owns the whole database rewrites from beginning to end, other logs and heads that others hold find
(`audit`); what is altered, cut or put in without that is found here. Whether a sealed entry is still the one that was
committed to, only the person whom it is about can tell, and three other logs have theirs.
"""

from __future__ import annotations

from sqlalchemy import Connection

from moiety.ledger import head, seal, sql
from moiety.ledger.head import Head
from moiety.ledger.refusals import EntryUnopened, HeadWrong, LedgerAltered
from moiety.ledger.seal import KEPT_MAX, SEALED, TAG_BYTES, Leaf
from moiety.ledger.state import State
from moiety.ledger.tree import Frontier, Node


def stored_state(connection: Connection) -> State:
    """The state as stored. Raises `LedgerAltered` where it is none."""
    try:
        return State.decode(sql.state(connection) or b"")
    except ValueError:
        raise LedgerAltered(position=0) from None


def nodes(connection: Connection) -> Node:
    """Hashes of perfect subtrees from what is stored. Raises `LedgerAltered` where something of one is missing."""

    def node(level: int, index: int) -> bytes:
        found = sql.node(connection, level, index)
        if found is None:
            raise LedgerAltered(position=index << level)
        return found

    return node


def check_end(connection: Connection, origin: str, key: bytes) -> State:
    """The state, where the last leaves, the kept nodes above them and the last signed head agree with it.

    It reads at most 255 rows for each eighth level of the tree, twice. Raises `LedgerAltered`.
    """
    state = stored_state(connection)
    end = sql.end(connection)
    if end != state.size:
        raise LedgerAltered(position=min(end, state.size))
    if Frontier.of(state.size, nodes(connection)) != state.frontier:
        raise LedgerAltered(position=0)
    written = sql.last_head(connection)
    if written is not None:
        signed = _signed(written, origin, key, state.size)
        if signed.root != Frontier.of(signed.size, nodes(connection)).root():
            raise LedgerAltered(position=0)
        if signed.size == state.size and signed.lines != state.lines:
            raise LedgerAltered(position=0)
    return state


def check_all(connection: Connection, origin: str, key: bytes) -> State:
    """The state, where every leaf, every kept node, every entry in the clear and every signed head agrees with it.

    Raises `LedgerAltered` with a position before which nothing is wrong, as near as the hashes tell: 256 leaves for
    what is in the tree, the last signed head for lines.
    """
    stored = stored_state(connection)
    walk = _Walk(connection, origin, key, stored.size)
    while page := sql.page(connection, walk.state.size, max(stored.size, sql.end(connection))):
        walk.over(page)
    walk.beyond(stored)
    return stored


class _Walk:
    """From the first leaf to the last, and how far the tree and the lines are known to be right."""

    def __init__(self, connection: Connection, origin: str, key: bytes, size: int) -> None:
        self._connection = connection
        self._origin = origin
        self._key = key
        self._size = size
        self.state = State()
        self._tree_good = 0
        self._lines_good = 0
        self._kept = 0
        self._head = self._next_head(0)

    def over(self, page: list[tuple[int, Leaf]]) -> None:
        """The next leaves, in parts that end where a head was signed. What is wrong with the tree before a leaf that
        is none is found before that leaf is."""
        good, wrong = _good(page, self.state.size)
        while good:
            self._check_head()
            count = len(good) if self._head is None else min(len(good), self._head.size - self.state.size)
            self._add(good[:count])
            good = good[count:]
        if wrong is not None:
            self._check_head()
            raise wrong

    def beyond(self, stored: State) -> None:
        """After the last leaf: what is stored of the whole."""
        self._check_head()
        if self.state.size != stored.size:
            raise LedgerAltered(position=min(self.state.size, stored.size))
        if self.state.frontier != stored.frontier:
            raise LedgerAltered(position=self._tree_good)
        if self.state.lines != stored.lines:
            raise LedgerAltered(position=self._lines_good)
        if sql.kept_nodes(self._connection) != self._kept:
            raise LedgerAltered(position=0)

    def _add(self, leaves: list[Leaf]) -> None:
        self.state, complete = self.state.after((leaf.commitment, leaf.line) for leaf in leaves)
        for node in complete:
            if sql.kept_node(self._connection, node.level, node.index) != node.hash:
                raise LedgerAltered(position=self._tree_good)
            self._tree_good = (node.index + 1) << node.level
            self._kept += 1

    def _check_head(self) -> None:
        while self._head is not None and self._head.size == self.state.size:
            if self._head.root != self.state.frontier.root():
                raise LedgerAltered(position=self._tree_good)
            if self._head.lines != self.state.lines:
                raise LedgerAltered(position=self._lines_good)
            self._tree_good = self._lines_good = self.state.size
            self._head = self._next_head(self.state.size + 1)

    def _next_head(self, size: int) -> Head | None:
        written = sql.first_head(self._connection, size)
        return None if written is None else _signed(written, self._origin, self._key, self._size)


def _good(page: list[tuple[int, Leaf]], start: int) -> tuple[list[Leaf], LedgerAltered | None]:
    """The leaves before the first that is none, and what is wrong with that."""
    good: list[Leaf] = []
    for at, (position, leaf) in enumerate(page, start):
        try:
            check_leaf(at, position, leaf)
        except LedgerAltered as error:
            return good, error
        good.append(leaf)
    return good, None


def check_leaf(expected: int, position: int, leaf: Leaf) -> None:
    """That nothing is missing before a leaf, and that what lies beside it in the clear is what it committed to. Raises
    `LedgerAltered`."""
    if position != expected:
        raise LedgerAltered(position=min(expected, position))
    kept = leaf.kept or b""
    if leaf.tag is not None and (len(leaf.tag) != TAG_BYTES or len(kept) != KEPT_MAX or not kept.startswith(SEALED)):
        raise LedgerAltered(position=position)
    if leaf.tag is None and leaf.kept is not None:
        try:
            seal.read(leaf)
        except EntryUnopened:
            raise LedgerAltered(position=position) from None


def _signed(written: bytes, origin: str, key: bytes, size: int) -> Head:
    """A head that this log signed and has not outlived: where it is of more leaves than there are, some were cut."""
    try:
        signed = head.verify(written, origin, key)
    except HeadWrong:
        raise LedgerAltered(position=0) from None
    if signed.size > size:
        raise LedgerAltered(position=size)
    return signed
