"""How long a person is kept: states, and days that pass whatever is done to the clock. Pure.

| from | move | to |
|---|---|---|
| pending | settle | active |
| active | restrict | restricted: kept, never used (GDPR Art. 18) |
| restricted | lift | active |
| pending, active, restricted | erase | erasing: never used, destroyed after 72 hours |
| erasing | restore | active: nobody had wanted it; not after the 72 hours |

Destroyed is no state: nothing is left. A person who is erasing is destroyed when the hours have passed, and not before
whatever else is due: in them, an erasure that nobody wanted is noticed. One who is active or pending is destroyed when
the last day of retention has passed. A restricted one stays until the restriction is lifted: it is
there because somebody needs what is kept, and only they can say that they do not any more.

The clock can be set wrong, so it is not believed: the highest minute that was ever seen is kept, and whose retention is
over is judged by it (`read`). A clock set back stops nothing and revives nobody. Of a clock that is further ahead than
a step, one step is believed, however often it is asked; and another step each time that the clock itself has gone on
for about a day since. A clock that was set years ahead by mistake destroys what falls due within two weeks, and two
weeks' more for each day on which nobody puts it right. An office that was closed for two months is right again after
four days, and at once where somebody confirms its clock.

Three days from an erasure are counted by the clock as it stands: whoever asked for it is not to wait until a clock is
believed. Where a clock was wrong and is right again, nobody waits longer than three days from then.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from moiety.vault.refusals import MoveRefused

MINUTES_PER_DAY: Final = 24 * 60
ERASURE_MINUTES: Final = 72 * 60
"""Three days: an erasure that a thief asked for on a Friday evening is seen on Monday."""

STEP_MINUTES: Final = 14 * MINUTES_PER_DAY
"""How far a clock may be ahead of when it was last seen: an office closed for two weeks opens without a question."""

PROGRESS_MINUTES: Final = 20 * 60
"""How far a clock that is further ahead has to go on before another step is believed: a timer that runs daily, and some
hours sooner than the day before, moves it on each day."""


class State(IntEnum):
    """What may be done with a person. Only who is active is matched or opened; who is restricted is found, too."""

    PENDING = 0
    ACTIVE = 1
    RESTRICTED = 2
    ERASING = 3


class Move(StrEnum):
    """What changes a state."""

    SETTLE = "settle"
    RESTRICT = "restrict"
    LIFT = "lift"
    ERASE = "erase"
    RESTORE = "restore"


MOVES: Final[dict[Move, tuple[frozenset[State], State]]] = {
    Move.SETTLE: (frozenset({State.PENDING}), State.ACTIVE),
    Move.RESTRICT: (frozenset({State.ACTIVE}), State.RESTRICTED),
    Move.LIFT: (frozenset({State.RESTRICTED}), State.ACTIVE),
    Move.ERASE: (frozenset({State.PENDING, State.ACTIVE, State.RESTRICTED}), State.ERASING),
    Move.RESTORE: (frozenset({State.ERASING}), State.ACTIVE),
}
"""The table above: from which states, and to which."""


def moved(state: State, move: Move) -> State:
    """The state after a move. Raises `MoveRefused` where the table has none."""
    origins, target = MOVES[move]
    if state not in origins:
        raise MoveRefused(state=int(state))
    return target


class Trust(StrEnum):
    """What a clock says, compared with what was seen before."""

    ON_TIME = "on time"
    BEHIND = "behind"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Reading:
    """What is taken for now: minutes since 1970-01-01T00:00Z. `clock` is what the clock says, and `minute` what is
    believed of it.

    `seen` and `shown` are to be kept for the next reading: `shown` is what a clock too far ahead said when it was last
    believed a step, None for any other.
    """

    clock: int
    minute: int
    seen: int
    trust: Trust
    shown: int | None = None

    @property
    def day(self) -> int:
        """The day that what is done now is dated with, and from which the retention of whoever comes is counted: the
        later of the two, since custodians go by the clock, and nobody comes with days that are over."""
        return max(self.clock, self.minute) // MINUTES_PER_DAY

    @property
    def days_off(self) -> int:
        """How many days the clock is ahead of what is believed, each that has begun; less than 0 where it is behind, by
        so many whole ones."""
        return -((self.minute - self.clock) // MINUTES_PER_DAY)


def read(clock: int, seen: int | None, shown: int | None = None) -> Reading:
    """What a clock's minute is taken for; `seen` and `shown` are what was kept, None where nothing was."""
    if seen is None or seen <= clock <= seen + STEP_MINUTES:
        return Reading(clock, clock, clock, Trust.ON_TIME)
    if clock < seen:
        return Reading(clock, seen, seen, Trust.BEHIND)
    if shown is not None and clock >= shown + PROGRESS_MINUTES:
        return read(clock, seen + STEP_MINUTES, clock)
    return Reading(clock, seen + STEP_MINUTES, seen, Trust.AHEAD, clock if shown is None else min(clock, shown))


def confirmed(clock: int) -> Reading:
    """What is kept once somebody has looked at the clock: whatever was seen before, also if it was later."""
    return Reading(clock, clock, clock, Trust.ON_TIME)


@dataclass(frozen=True, slots=True)
class Stay:
    """How long one person stays. `expires`: the last day (since 1970-01-01) of retention. `destroy_at`: the minute
    from which who is erasing is destroyed, and 0 for anybody else.
    """

    state: State
    expires: int
    destroy_at: int = 0

    @property
    def due(self) -> int | None:
        """The minute from which this person is to be destroyed: the clock's where they are erasing, else the one that
        is believed. None for who is kept until somebody says otherwise."""
        if self.state is State.ERASING:
            return self.destroy_at
        return None if self.state is State.RESTRICTED else (self.expires + 1) * MINUTES_PER_DAY

    def after(self, move: Move, now: Reading) -> Stay:
        """What a move makes of it. Raises `MoveRefused`, also where an erasure would be taken back whose hours are
        over: to whoever asked for it, the record is destroyed."""
        if move is Move.RESTORE and now.clock >= self.destroy_at:
            raise MoveRefused(state=int(self.state))
        return Stay(moved(self.state, move), self.expires, now.clock + ERASURE_MINUTES if move is Move.ERASE else 0)
