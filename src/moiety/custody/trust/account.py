"""One account of a budget: a token bucket with a daily ceiling, in whole numbers, whose time never goes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from moiety.custody.refusals import FormatUnknown
from moiety.custody.trust.limits import Limit

DAY_S: Final = 86_400
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Account:
    """`level` in 86,400ths of a unit, below nought where something is owed; `drawn` units on the day of `at`; `at`,
    the latest unix second that it has seen."""

    level: int
    drawn: int
    at: int

    def on(self, limit: Limit, now: int) -> Account:
        """The account at `now`, refilled; at its own latest second where the clock was set back.

        One step refills at most a day's, however far the clock was set forward.
        """
        at = max(self.at, now)
        level = min(limit.burst * DAY_S, self.level + min(at - self.at, DAY_S) * limit.daily)
        return Account(level, self.drawn if at // DAY_S == self.at // DAY_S else 0, at)

    def less(self, amount: int) -> Account:
        """Drawn from."""
        return Account(self.level - amount * DAY_S, self.drawn + amount, self.at)

    def left(self, limit: Limit) -> int:
        """Whole units that can be drawn; below nought where something is owed."""
        return min(self.level // DAY_S, limit.daily - self.drawn)

    def whole_s(self, limit: Limit, now: int) -> int | None:
        """Seconds from `now` until a burst can be drawn again if nothing else is; None where nothing is refilled. Of an
        account `on` this second."""
        if self.left(limit) >= limit.burst:
            return 0
        missing = limit.burst * DAY_S - self.level
        if missing > 0 and not limit.daily:
            return None
        whole = self.at - (-missing // limit.daily) if missing > 0 else self.at
        if limit.daily - self.drawn < limit.burst:  # a day that is spent gives nothing before the next
            whole = max(whole, self.at - self.at % DAY_S + DAY_S)
        return whole - now

    def covers(self, other: Account) -> bool:
        """Whether nobody gains by going on from this one instead of the other, both on the same second."""
        return self.level <= other.level and self.drawn >= other.drawn

    def to_bytes(self) -> bytes:
        """version 1 | level 16 B, signed | drawn 16 B | at 8 B; big-endian."""
        return bytes((VERSION,)) + self.level.to_bytes(16, signed=True) + self.drawn.to_bytes(16) + self.at.to_bytes(8)

    @classmethod
    def from_bytes(cls, data: bytes) -> Account:
        """The inverse; raises `FormatUnknown`."""
        if len(data) != 41 or data[0] != VERSION:
            raise FormatUnknown(found=data[0] if data else 0, known=VERSION)
        level = int.from_bytes(data[1:17], signed=True)
        return cls(level, int.from_bytes(data[17:33]), int.from_bytes(data[33:]))


def fresh(limit: Limit, now: int) -> Account:
    """An account that nobody has drawn from."""
    return Account(limit.burst * DAY_S, 0, now)
