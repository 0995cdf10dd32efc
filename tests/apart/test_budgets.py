"""What custodians say is left: of the asker's own accounts, as they are drawn, and of nobody else's."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, Union, get_args

import msgspec
import pytest

from moiety.custody import messages, wire
from moiety.custody.gateway.allowances import least
from moiety.custody.messages import BudgetMessage
from moiety.custody.refusals import CustodianDown, MessageRefused
from moiety.custody.trust.budget import Allowance
from moiety.custody.trust.limits import Scope, Unit
from moiety.custody.trust.roster import Role
from moiety.sharing.seat import SEATS, Seat
from tests.apart.asking import DONE, Asking, enlist
from tests.apart.test_spending import ALL_DONE, CROWD, SLOTS, Scene, counting_waits, scene, spent
from tests.custody.scene import DOOR, people
from tests.custody.signers import Signatory

__all__ = ["scene"]

BEN, OLGA = Signatory("ben"), Signatory("olga", Role.OFFICER)
IDLE = Signatory("idle", purposes=frozenset({"cellar"}), operations=frozenset({"export"}))
NOON_TO_MIDNIGHT_S = 43_200


def said(asking: Asking, seat: Seat = "a", by: Signatory | None = None) -> dict[tuple[str, str], BudgetMessage]:
    """What one custodian answers, to the deployment's own caller or to somebody else."""
    ask = wire.Budgets()
    told = asking.ask(seat, ask, call=None if by is None else asking.signed(by, ask))
    rows: list[BudgetMessage] = told.read(wire.Budgets.ANSWER)
    found = {(row.scope, row.unit): row for row in rows}
    assert len(found) == len(rows)
    return found


def shown(office: Any) -> dict[tuple[str, str], Allowance]:
    return {(one.scope, one.unit): one for one in office.budgets().accounts}


def test_what_is_left_is_less_by_what_is_spent_at_each_custodian(scene: Callable[..., Scene]) -> None:
    some = scene(gateway_rows=5 * SLOTS)
    before = {seat: said(some.asking, seat) for seat in SEATS}
    assert some.searched(*CROWD[:2]) == ALL_DONE
    for seat in SEATS:
        rows, was = said(some.asking, seat)["gateway", "rows"], before[seat]["gateway", "rows"]
        assert (was.left, was.drawn, was.whole_s) == (5 * SLOTS, 0, 0)
        assert (rows.burst, rows.daily) == (5 * SLOTS, 5 * SLOTS)
        assert (rows.drawn, rows.left) == (2 * SLOTS, 3 * SLOTS)
        # A burst that is a day's: whole when the day (UTC) is over, which began at noon.
        assert rows.whole_s is not None
        assert NOON_TO_MIDNIGHT_S - 60 < rows.whole_s <= NOON_TO_MIDNIGHT_S
        untouched = before[seat]["gateway", "comparisons"]
        assert said(some.asking, seat)["gateway", "comparisons"] == untouched


def test_a_gateway_is_told_the_least_and_at_nought_the_refusal_is_the_known_one(scene: Callable[..., Scene]) -> None:
    some = scene(gateway_rows=2 * SLOTS)
    ask = some.asking.identify(CROWD[0], threshold=0)["c"]  # the header is refused, the rows are drawn: at c alone
    assert some.asking.ask("c", ask).code == "header_refused"
    assert [said(some.asking, seat)["gateway", "rows"].left for seat in SEATS] == [2 * SLOTS, 2 * SLOTS, SLOTS]
    assert shown(some.office)["gateway", "rows"].left == SLOTS
    assert some.office.budgets().unknown == ()
    assert some.searched() == ALL_DONE
    assert shown(some.office)["gateway", "rows"].left == 0
    assert some.searched()["c"] == spent("rows")["c"]
    some.site.clock.pass_(days=1)
    some.site.gateway().close()
    assert shown(some.office)["gateway", "rows"].left == 2 * SLOTS
    assert some.searched() == ALL_DONE


def test_nobody_is_told_of_anybody_elses_account(scene: Callable[..., Scene]) -> None:
    some = scene()
    other = some.second()
    enlist(some.site, BEN)
    assert some.searched() == ALL_DONE
    assert some.compared() == ALL_DONE
    mine, elsewhere, bens = said(some.asking), said(other), said(some.asking, by=BEN)
    for unit, drawn in (("rows", SLOTS), ("comparisons", 1)):
        assert (mine["gateway", unit].drawn, mine["caller", unit].drawn) == (drawn, drawn)
        assert (elsewhere["gateway", unit].drawn, elsewhere["caller", unit].drawn) == (
            0,
            drawn,
        )  # who signs is the same
        assert (bens["gateway", unit].drawn, bens["caller", unit].drawn) == (drawn, 0)
    other.close()


def test_nothing_is_said_of_purposes_or_of_any_person(scene: Callable[..., Scene]) -> None:
    """The accounts of a purpose say what others asked for, and those of rows when somebody was at a door."""
    some = scene()
    before = some.asking.ask("a", wire.Budgets())
    assert some.searched() == ALL_DONE
    for person in CROWD:
        assert some.compared(person) == ALL_DONE
    after = some.asking.ask("a", wire.Budgets())
    rows = after.read(wire.Budgets.ANSWER)
    every = [(scope, unit.value) for scope in ("gateway", "caller") for unit in Unit if unit != "lists"]
    assert [(row.scope, row.unit) for row in rows] == every
    assert {name for row in msgspec.msgpack.decode(after.value) for name in row} == set(BudgetMessage.__struct_fields__)
    assert all(isinstance(row[name], int) for row in msgspec.msgpack.decode(after.value) for name in NUMBERS)
    for told in (before.value, after.value):
        assert DOOR.encode() not in told
        assert not [person for person in CROWD if person.pseudonym in told]


NUMBERS: Final = ("burst", "daily", "drawn", "left", "whole_s")


def test_whoever_is_on_the_roster_for_anything_is_told_what_is_theirs(scene: Callable[..., Scene]) -> None:
    some = scene()
    enlist(some.site, OLGA, IDLE)
    for someone in (OLGA, IDLE):
        assert said(some.asking, by=someone)["caller", "requests"].drawn == 1
    refused = some.asking.ask("a", wire.Budgets(), call=some.asking.signed(Signatory("stranger"), wire.Budgets()))
    assert refused.code == "caller_refused"
    assert some.asking.ask("a", wire.Budgets(), call=b"").code == "caller_refused"


def test_asking_is_a_request_like_any_other(scene: Callable[..., Scene]) -> None:
    some = scene(gateway_requests=60)
    left = said(some.asking)["gateway", "requests"].left
    assert 2 < left < 60
    for expected in range(left - 1, -1, -1):
        assert said(some.asking)["gateway", "requests"].left == expected
    assert some.asking.ask("a", wire.Budgets()).code == "budget_requests_spent"
    assert said(some.asking, "b")["gateway", "requests"].left > 0


def test_what_is_set_aside_is_not_left(scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch) -> None:
    some = scene(gateway_matches=10)
    go_on = counting_waits(monkeypatch)
    asks = some.asking.identify(*people(2, seed=77))
    assert some.asking.all(asks) == ALL_DONE  # finds nobody, which nobody knows yet
    matches = said(some.asking)["gateway", "matches"]
    assert (matches.left, matches.drawn) == (8, 2)
    assert matches.whole_s
    go_on.set()
    some.counted(asks["a"].header.attempt)
    matches = said(some.asking)["gateway", "matches"]
    assert (matches.left, matches.drawn, matches.whole_s) == (10, 0, 0)


def test_what_is_owed_is_below_nought(scene: Callable[..., Scene]) -> None:
    some = scene(gateway_matches=1)
    some.office.enrol(DOOR, [replace(CROWD[0], pseudonym=os.urandom(16))])
    asks = some.asking.identify(CROWD[0])
    assert some.asking.all(asks) == ALL_DONE  # finds two, where one is left
    some.counted(asks["a"].header.attempt)  # a search waits for that, a comparison does not
    assert some.compared() == spent("matches")
    assert [said(some.asking, seat)["gateway", "matches"].left for seat in SEATS] == [-1] * 3
    assert shown(some.office)["gateway", "matches"].left == -1


# A custodian of an older version, and one that does not answer.

BEFORE: Final = msgspec.msgpack.Decoder(
    msgspec.defstruct(
        "Request",
        [
            ("ask", Union[tuple(set(get_args(wire.Asked)) - {wire.Budgets})]),  # noqa: UP007 - made of what there is
            ("lease", bytes),
            ("call", bytes),
            ("approvals", list[bytes]),
        ],
        forbid_unknown_fields=True,
    )
)
"""Requests as they were read before there was this question."""


def test_a_custodian_that_knows_no_such_question_refuses_it_and_serves_on(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    some = scene()
    server = some.site.servers["b"]
    answered = server._answered

    def older(gateway: Any, data: bytes, progress: Any) -> bytes:
        try:
            messages.read(data, BEFORE)
        except MessageRefused as error:
            return wire.say(wire.Refusal(error.code, error.numbers))
        return answered(gateway, data, progress)

    monkeypatch.setattr(server, "_answered", older)
    assert some.asking.ask("b", wire.Budgets()).code == "message_refused"
    assert some.searched() == ALL_DONE
    found = some.office.budgets()
    assert found.unknown == ("b",)
    assert {(one.scope, one.unit) for one in found.accounts} == {
        (scope, unit) for scope in (Scope.GATEWAY, Scope.CALLER) for unit in Unit if unit is not Unit.LISTS
    }
    assert shown(some.office)["gateway", "rows"].drawn == SLOTS


def test_an_account_of_a_kind_that_is_not_known_is_no_answer(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    some = scene()
    serving = some.site.servers["a"]._serving
    row = BudgetMessage("gateway", "wishes", 1, 1, 0, 1, 0)
    monkeypatch.setattr(serving, "_budgets", lambda asker: [row])
    assert some.asking.ask("a", wire.Budgets()).code == DONE
    assert some.office.budgets().unknown == ("a",)


def test_where_one_does_not_answer_nothing_is_said(scene: Callable[..., Scene]) -> None:
    some = scene()
    some.site.stop("c")
    with pytest.raises(CustodianDown):
        some.office.budgets()
    some.site.start("c")
    some.site.gateway().close()


# Of three the least.


def one(
    left: int, whole_s: int | None, burst: int = 9, unit: Unit = Unit.ROWS, scope: Scope = Scope.CALLER
) -> Allowance:
    return Allowance(scope, unit, burst, 100, burst - left, left, whole_s)


@pytest.mark.parametrize(
    ("three", "expected"),
    [
        ([one(5, 40), one(3, 10), one(4, 90)], one(3, 10)),
        ([one(5, 40), one(5, 60), one(5, 50)], one(5, 60)),  # of equals, who waits longest
        ([one(5, None), one(5, 60), one(6, None)], one(5, None)),
        ([one(-2, 50), one(0, 0, burst=0), one(1, 9)], one(-2, 50)),
    ],
)
def test_of_each_account_the_least_is_shown(three: list[Allowance], expected: Allowance) -> None:
    for turn in range(3):
        turned = three[turn:] + three[:turn]
        found = least({seat: [some] for seat, some in zip(SEATS, turned, strict=True)})
        assert found.accounts == (expected,)
        assert found.unknown == ()


def test_accounts_are_told_apart_and_unknown_ones_are_named() -> None:
    mine, other, match = one(1, 1), one(2, 2, scope=Scope.GATEWAY), one(0, 3, unit=Unit.MATCHES)
    found = least({"a": [match, mine], "b": None, "c": [other]})
    assert least({"a": [mine], "b": [], "c": [mine]}).unknown == ("b",)  # who says nothing says not that all is whole
    assert found.accounts == (mine, other, match)
    assert found.unknown == ("b",)
    assert least(dict.fromkeys(SEATS)).accounts == ()
