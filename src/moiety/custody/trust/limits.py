"""How much a custodian lets itself be asked for: a table on its own host, which no request can change."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

AMOUNT_MOST: Final = 10**15
"""A million searches of a thousand million rows: whoever needs more has no budget."""

_STRICT: Final = ConfigDict(extra="forbid", frozen=True, strict=True)


class Unit(StrEnum):
    """What is counted: what leaks, or what destroys. What a ticket of two officers carries is not (see `tickets`).

    `requests`: everything that somebody signs. `rows`: rows x probes x thresholds of a search. `matches`: rows that
    matched. `openings`: classes of a person's fields, and pseudonyms, that are opened. `evaluations`: of the pseudonym
    function. `erasures`, `enrolments`: people. An erasure is also a restriction, and each whose handle a custodian
    has lost and takes from a gateway; none is whose time is over by the custodian's own clock. `corrections`: records
    that are written anew, whose keys before may then be destroyed, and grounds that are given or taken back.
    `lists`: of who looked at somebody, which each of those who ask has an account for. `comparisons`: 1:1, probes;
    also of each row by itself. `helps`: requests for help with mending. `approvals`: approvals that are used up, each
    charged to who signed it as the caller.
    """

    REQUESTS = "requests"
    ROWS = "rows"
    MATCHES = "matches"
    OPENINGS = "openings"
    EVALUATIONS = "evaluations"
    ERASURES = "erasures"
    ENROLMENTS = "enrolments"
    CORRECTIONS = "corrections"
    COMPARISONS = "comparisons"
    HELPS = "helps"
    APPROVALS = "approvals"
    LISTS = "lists"


class Scope(StrEnum):
    """Whose account: the certificate that asks, the purpose asked about, the person who signed, the row compared."""

    GATEWAY = "gateway"
    PURPOSE = "purpose"
    CALLER = "caller"
    ROW = "row"


class Limit(BaseModel):
    """`burst` at once, refilled evenly by `daily` in 24 hours, and `daily` at most in one day (UTC). Noughts forbid."""

    model_config = _STRICT

    burst: int = Field(ge=0, le=AMOUNT_MOST, description="at once, at most")
    daily: int = Field(ge=0, le=AMOUNT_MOST, description="in one day (UTC), at most, and what a day refills")

    @model_validator(mode="after")
    def _burst_fits_a_day(self) -> Self:
        if self.burst > self.daily:
            raise ValueError("a burst is at most a day's")
        return self


class Table(BaseModel):
    """One limit for each unit.

    The defaults are for a door: some thousand people, one gateway. In an hour a stolen certificate gets the burst and a
    twenty-fourth of the day:

    | unit | an hour's | which bounds |
    |---|---|---|
    | requests | 8,333 | everything signed: refreshes, checks and changes of purposes too |
    | rows | 25 million | 6,100 probes over 4,096 rows: nine of a template's thousand bits, see below |
    | matches | 1,416 | names put to faces; the morning of a door with 1,400 people |
    | openings | 283 | people whose fields are read |
    | evaluations | 583 | guesses at identity numbers, of which there are 2^37 in the smallest known space |
    | erasures | 24 | people who have to be enrolled again |
    | enrolments | 1,083 | rows of rubbish, and impostors; a first day's bulk enrolment still fits |
    | corrections | 62 | people whose record is written over with rubbish; a desk's day has some dozens |
    | comparisons | 1,833 | 1:1 questions; `row` in `Limits` bounds those about one person |
    | helps | 26 | pieces of a store that two others must mask for a third |
    | approvals | 58 | what two people's stolen keys can agree to |
    | lists | 283 | people of whom is read who looked at them |

    At a false match rate of 1e-4 the answer to one probe tells 0.0015 bits about a row; looser thresholds tell more.
    """

    model_config = _STRICT

    requests: Limit = Limit(burst=5_000, daily=80_000)
    rows: Limit = Limit(burst=8_388_608, daily=400_000_000)
    matches: Limit = Limit(burst=1_000, daily=10_000)
    openings: Limit = Limit(burst=200, daily=2_000)
    evaluations: Limit = Limit(burst=500, daily=2_000)
    erasures: Limit = Limit(burst=20, daily=100)
    enrolments: Limit = Limit(burst=1_000, daily=2_000)
    corrections: Limit = Limit(burst=50, daily=300)
    comparisons: Limit = Limit(burst=1_000, daily=20_000)
    helps: Limit = Limit(burst=16, daily=256)
    approvals: Limit = Limit(burst=50, daily=200)
    lists: Limit = Limit(burst=200, daily=2_000)


class Limits(BaseModel):
    """One table for each gateway certificate, each purpose and each verified caller, and what is asked about one row.

    `row` bounds who may be tried at one person's door: at a false match rate of 1e-4 a hundred strangers a day get in
    as one given person on one day in a hundred; and it bounds what a thief learns of one template by asking for it
    again and again, 0.15 bits a day where the probes are ordinary faces. Lists of who looked are counted by it for each
    who asks a gateway for them, and not for each person: whoever looked too often must not keep that from being seen.
    """

    model_config = _STRICT

    gateway: Table = Table()
    purpose: Table = Table()
    caller: Table = Table()
    row: Limit = Limit(burst=20, daily=100)

    def of(self, scope: Scope, unit: Unit) -> Limit:
        """The limit of one account."""
        if scope is Scope.ROW:
            return self.row
        table: Table = getattr(self, scope.value)
        limit: Limit = getattr(table, unit.value)
        return limit


def real_bound(configured: int) -> int:
    """What somebody gets who spreads the questions: one and a half times what each custodian is configured to give.

    Any two of three custodians serve, and each of the two charges the whole question to its own account. With `c` at
    each of three accounts there are 3c to spend and every question spends two of it, so 3c / 2 questions are answered:
    half of c by a and b, half by b and c, half by c and a. Where all three have to serve, as in a search, it is c.
    """
    return 3 * configured // 2
