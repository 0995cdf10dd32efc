"""Budgets: what can be drawn from a custodian, or destroyed at it, in a burst and in a day.

Each question is charged to the certificate that brought it, to the purpose that it is about and to the person who
signed it: to all of them or to none. Commits are slow, so amounts are written off ahead, a portion at a time, and
drawn from memory; what was written off and not drawn when a process dies is lost to the caller. What is on the disk
never allows more than what is in memory.

Matches are known after a search only: they are owed then, and may take an account below nought. Until that is paid
everything is refused that would be charged to the same certificate, purpose or person. One step gives a day's at most:
a debt of several days is paid by being asked for on each of them.

A clock that is set back refills nothing until it has caught up, and a day that is over does not come back; set
forward, it gives one day's. The rows' accounts are bounded: each new one takes the place of up to two of those that
were used longest ago, if they are full again and untouched today, so that nothing is forgotten that would still count.
Where there is no room, the new one is refused.
"""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Final, NamedTuple

from moiety.custody.refusals import FormatUnknown
from moiety.custody.store.keeping import Keeping
from moiety.custody.trust.account import Account, fresh
from moiety.custody.trust.limits import Limit, Limits, Scope, Unit
from moiety.custody.trust.spending import SPENT

MOST: Final = {Scope.GATEWAY: 16_384, Scope.PURPOSE: 16_384, Scope.CALLER: 16_384, Scope.ROW: 262_144}
"""Accounts of each scope. A default gateway can touch 20,000 rows a day, so a dozen of them can do their worst for a
day before anybody's first comparison finds no room."""

_KIND: Final = "budget"
_FLOOR: Final = b"floor"
_ROW_BYTES: Final = 16
_HOUR_S: Final = 3_600

Alarm = Callable[[Scope, Unit], None]
"""Hears of every charge that is refused: whose account, and of what. It names nobody."""


class _Key(NamedTuple):
    scope: Scope
    unit: Unit
    owner: bytes

    def to_bytes(self) -> bytes:
        return f"{self.scope} {self.unit} ".encode() + self.owner

    @classmethod
    def from_bytes(cls, data: bytes) -> _Key:
        scope, unit, owner = data.split(b" ", 2)
        return cls(Scope(scope.decode()), Unit(unit.decode()), owner)


@dataclass(slots=True)
class _Held:
    """An account as it is, and as it is on the disk: which covers it."""

    now: Account
    kept: Account | None


class Charge(NamedTuple):
    """What `Budget.charge` is asked for, of accounts that are no row's."""

    gateway: bytes
    purpose: str
    caller: bytes
    unit: Unit
    amount: int


@dataclass(frozen=True)
class Allowance:
    """One account of whoever asks: its limit; `drawn` today (UTC) or set aside; what is `left` now, below nought where
    something is owed; and in how many seconds it is whole again, None where waiting does not help."""

    scope: Scope
    unit: Unit
    burst: int
    daily: int
    drawn: int
    left: int
    whole_s: int | None


class _Short(Exception):
    """An account does not suffice."""

    def __init__(self, scope: Scope, unit: Unit) -> None:
        super().__init__()
        self.scope, self.unit = scope, unit


class Budget:
    """The budgets of one custodian. Safe for threads; one process has it.

    Raises `FormatUnknown` for what another version kept.
    """

    def __init__(self, limits: Limits, keeping: Keeping, clock: Callable[[], datetime], alarm: Alarm) -> None:
        self._limits = limits
        self._keeping = keeping
        self._clock = clock
        self._alarm = alarm
        self._lock = Lock()
        self._held: dict[Scope, OrderedDict[_Key, _Held]] = {scope: OrderedDict() for scope in Scope}
        kept = keeping.kept(_KIND)
        self._aside: Counter[_Key] = Counter()
        self._floor = int.from_bytes(kept.pop(_FLOOR, b""))
        accounts = [(_read_key(key), Account.from_bytes(value)) for key, value in kept.items()]
        for key, account in sorted(accounts, key=lambda one: one[1].at):
            self._held[key.scope][key] = _Held(account, account)

    def charge(
        self, gateway: bytes, purpose: str, caller: bytes, unit: Unit, amount: int, row: bytes | None = None
    ) -> None:
        """Draw `amount` from every account concerned, or raise the `BudgetSpent` of the unit and draw nothing.

        `gateway` is the fingerprint of its certificate, `caller` the public key of who signed, and `row` the handle
        that a comparison is about. A charge of nought asks whether anything is owed.
        """
        if amount < 0:
            raise ValueError("nobody is given back what was charged")
        keys = _keys(gateway, purpose, caller, unit)
        if row is not None:
            keys.append(_Key(Scope.ROW, unit, _row_owner(purpose, row)))
        try:
            with self._lock:
                now = int(self._clock().timestamp())
                if unit is not Unit.REQUESTS:  # whoever owes may connect, recover and check
                    self._require_paid(keys, now)
                if amount:
                    self._take(keys, amount, now, owing=False)
        except _Short as short:
            self._alarm(short.scope, short.unit)
            raise SPENT[short.unit] from None

    def require(self, charges: Iterable[Charge]) -> None:
        """Raise what a `charge` of these, together, would raise now, and draw nothing: asked before something is used
        up that a refusal would not give back."""
        try:
            with self._lock:
                now = int(self._clock().timestamp())
                sums: Counter[_Key] = Counter()
                for charge in charges:
                    keys = _keys(charge.gateway, charge.purpose, charge.caller, charge.unit)
                    if charge.unit is not Unit.REQUESTS:
                        self._require_paid(keys, now)
                    sums.update(dict.fromkeys(keys, charge.amount))
                for key, amount in sums.items():
                    if self._left(key, now) < amount:
                        raise _Short(key.scope, key.unit)
        except _Short as short:
            self._alarm(short.scope, short.unit)
            raise SPENT[short.unit] from None

    def reserve(self, gateway: bytes, purpose: str, caller: bytes, unit: Unit, amount: int) -> None:
        """Set aside what a question may turn out to draw, until `owe` says how much it was; not over a restart.

        Raises the `BudgetSpent` of the unit where not so much is left beside what others have set aside.
        """
        keys = _keys(gateway, purpose, caller, unit)
        with self._lock:
            now = int(self._clock().timestamp())
            short = next((key for key in keys if self._left(key, now) - self._aside[key] < amount), None)
            if short is None:
                self._aside.update(dict.fromkeys(keys, amount))
                return
        self._alarm(short.scope, short.unit)
        raise SPENT[unit]

    def owe(self, gateway: bytes, purpose: str, caller: bytes, unit: Unit, amount: int, *, reserved: int = 0) -> bool:
        """Draw what was found out afterwards, below nought where it must be, and end what was reserved for it. Durable,
        within a portion. Whether it was there to be drawn."""
        if amount < 0:
            raise ValueError("nobody is given back what was found")
        keys = _keys(gateway, purpose, caller, unit)
        with self._lock:
            self._aside.subtract(dict.fromkeys(keys, reserved))
            self._aside += Counter()  # what is nought is forgotten
            now = int(self._clock().timestamp())
            if amount:
                self._take(keys, amount, now, owing=True)
            return all(self._left(key, now) >= 0 for key in keys)

    def allowances(self, gateway: bytes, caller: bytes) -> list[Allowance]:
        """What is left to whoever asks, unit by unit: in the accounts of this certificate and of this person, and in
        nobody else's. A purpose's account says what others asked for, and a row's when somebody was at a door."""
        owners = {Scope.GATEWAY: gateway, Scope.CALLER: caller}
        with self._lock:
            now = int(self._clock().timestamp())
            return [self._allowance(_Key(scope, unit, owner), now) for scope, owner in owners.items() for unit in Unit]

    def close(self) -> None:
        """Write every account as it is, so that nothing is lost to anybody by an orderly stop."""
        with self._lock:
            changed = {key: held for some in self._held.values() for key, held in some.items() if held.kept != held.now}
            if changed:
                self._keeping.keep(_KIND, {key.to_bytes(): held.now.to_bytes() for key, held in changed.items()})
            for held in changed.values():
                held.kept = held.now

    def _require_paid(self, keys: list[_Key], now: int) -> None:
        own = [_Key(scope, unit, owner) for scope, _, owner in keys if scope is not Scope.ROW for unit in Unit]
        owing = [key for key in own if self._left(key, now) < 0]  # all of them are looked at, see `_account`
        if owing:
            raise _Short(owing[0].scope, owing[0].unit)

    def _allowance(self, key: _Key, now: int) -> Allowance:
        limit = self._limits.of(key.scope, key.unit)
        account = self._account(key, now).less(self._aside[key])  # as if all were found that may be
        return Allowance(
            key.scope,
            key.unit,
            limit.burst,
            limit.daily,
            account.drawn,
            account.left(limit),
            account.whole_s(limit, now),
        )

    def _left(self, key: _Key, now: int) -> int:
        return self._account(key, now).left(self._limits.of(key.scope, key.unit))

    def _account(self, key: _Key, now: int) -> Account:
        """An account as it is now, to look at."""
        limit, held = self._limits.of(key.scope, key.unit), self._held[key.scope].get(key)
        if held is None:
            return fresh(limit, now)
        account = held.now.on(limit, now)
        if held.now.level < 0:  # nothing is drawn from it before it is paid, so nothing else takes this step
            held.now = account
        return account

    def _take(self, keys: list[_Key], amount: int, now: int, owing: bool) -> None:
        """All or nothing: memory changes only once the disk has."""
        after: dict[_Key, _Held] = {}
        values: dict[bytes, bytes] = {}
        gone: list[_Key] = []
        for key in keys:
            limit, held = self._limits.of(key.scope, key.unit), self._held[key.scope].get(key)
            if held is None:
                gone += self._room(key, now)
                held = _Held(fresh(limit, max(now, self._floor)), None)
            account = held.now.on(limit, now if key.scope is not Scope.ROW else _end_of_hour(now))
            if not owing and account.left(limit) < amount:
                raise _Short(key.scope, key.unit)
            account = account.less(amount)
            kept = held.kept
            if kept is None or not kept.on(limit, account.at).covers(account):
                kept = account.less(_portion(limit, account))
                values[key.to_bytes()] = kept.to_bytes()
            after[key] = _Held(account, kept)
        floor = max([self._floor, *(self._held[key.scope][key].now.at for key in gone), now if gone else 0])
        if gone:
            values[_FLOOR] = floor.to_bytes(8)
        if values:
            self._keeping.keep(_KIND, values, [key.to_bytes() for key in gone])
        self._floor = floor
        for key in gone:
            del self._held[key.scope][key]
        for key, held in after.items():
            self._held[key.scope][key] = held
            self._held[key.scope].move_to_end(key)

    def _room(self, key: _Key, now: int) -> list[_Key]:
        """Up to two accounts that are as good as new, to forget for the sake of this one; or no room."""
        some = self._held[key.scope]
        oldest = [other for other, _ in zip(some, range(2), strict=False)]
        gone = [other for other in oldest if self._is_as_new(other, some[other], now)]
        if len(some) - len(gone) >= MOST[key.scope]:
            raise _Short(key.scope, key.unit)
        return gone

    def _is_as_new(self, key: _Key, held: _Held, now: int) -> bool:
        limit = self._limits.of(key.scope, key.unit)
        account = held.now.on(limit, now)
        return account == fresh(limit, account.at)


@dataclass(frozen=True)
class Drawn:
    """One account as the disk has it: `drawn` today (UTC), and what is `left` now. `owner`: see `Budget.charge`."""

    scope: Scope
    unit: Unit
    owner: bytes
    drawn: int
    left: int


def written_down(limits: Limits, keeping: Keeping, now: int) -> list[Drawn]:
    """Every account that was ever drawn from and is remembered, at a unix second.

    The disk is up to a portion ahead of what was drawn, see above. Raises `FormatUnknown`.
    """
    found = []
    for stored, value in keeping.kept(_KIND).items():
        if stored != _FLOOR:
            key = _read_key(stored)
            limit = limits.of(key.scope, key.unit)
            account = Account.from_bytes(value).on(limit, now)
            found.append(Drawn(key.scope, key.unit, key.owner, account.drawn, account.left(limit)))
    return sorted(found, key=lambda one: (one.scope, one.owner, one.unit))


def _end_of_hour(now: int) -> int:
    """The last second of its hour, which is what an account of a row remembers: to the second, a store would tell when
    somebody was last at a door. Later rather than earlier, so that it refills no sooner, and on the same day."""
    return now - now % _HOUR_S + _HOUR_S - 1


def _portion(limit: Limit, account: Account) -> int:
    """What is written off ahead: little enough to lose, and never what is not there."""
    return max(0, min(limit.burst // 32, limit.daily // 256, account.left(limit)))


def _keys(gateway: bytes, purpose: str, caller: bytes, unit: Unit) -> list[_Key]:
    owners = {Scope.GATEWAY: gateway, Scope.PURPOSE: purpose.encode(), Scope.CALLER: caller}
    return [_Key(scope, unit, owner) for scope, owner in owners.items()]


def _row_owner(purpose: str, handle: bytes) -> bytes:
    name = purpose.encode()
    return hashlib.sha256(b"moiety row 1\0" + len(name).to_bytes(2) + name + handle).digest()[:_ROW_BYTES]


def _read_key(data: bytes) -> _Key:
    try:
        return _Key.from_bytes(data)
    except ValueError:
        raise FormatUnknown(found=0, known=1) from None
