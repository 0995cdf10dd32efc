"""What is left of what may be asked for, as custodians that run apart count it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Account(Protocol):
    """One account at the custodian that has least left; its attributes are `Budget`'s."""

    @property
    def scope(self) -> str: ...

    @property
    def unit(self) -> str: ...

    @property
    def burst(self) -> int: ...

    @property
    def daily(self) -> int: ...

    @property
    def drawn(self) -> int: ...

    @property
    def left(self) -> int: ...

    @property
    def whole_s(self) -> int | None: ...


class Told(Protocol):
    """What custodians say, and which of them know no such question."""

    @property
    def accounts(self) -> Sequence[Account]: ...

    @property
    def unknown(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Budget:
    """One account of this gateway's certificate (`scope` is `gateway`) or of who signs at it (`caller`).

    Of `unit` (see docs/operations), `burst` at once and `daily` in one day (UTC) may be asked for at most; `drawn` was
    today, and so much is `left` now: below nought where something is owed, and nothing is answered until it is paid.
    In `whole_s` seconds a burst is there again if nothing more is asked for; None: not by waiting.
    """

    scope: str
    unit: str
    burst: int
    daily: int
    drawn: int
    left: int
    whole_s: int | None


@dataclass(frozen=True, slots=True)
class Budgets:
    """Of each account what the custodian says that has least left. `unknown`: the letters of those of an older
    version, that cannot be asked; what is left there may be less."""

    budgets: tuple[Budget, ...]
    unknown: tuple[str, ...]

    @classmethod
    def of(cls, told: Told) -> Budgets:
        """The same, in this folder's words."""
        rows = (
            Budget(str(one.scope), str(one.unit), one.burst, one.daily, one.drawn, one.left, one.whole_s)
            for one in told.accounts
        )
        return cls(tuple(rows), tuple(told.unknown))
