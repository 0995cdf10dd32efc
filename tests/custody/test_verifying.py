"""A custodian takes a request from people whom it knows, once, about exactly this, and from nobody else."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest

from moiety.custody.refusals import CustodianDown
from moiety.custody.store.keeping import Passing
from moiety.custody.trust.denials import ApprovalRefused, CallerRefused, RosterMalformed
from moiety.custody.trust.roster import Person, Role
from moiety.custody.trust.signing import Kind, Signed
from moiety.custody.trust.spent import SpentNonces
from moiety.custody.trust.verifying import APPROVAL_S, CLOCKS_APART_S, MOST_APPROVALS, Calling, Verifier
from moiety.errors import MoietyError
from tests.custody.scene import Clock
from tests.custody.signers import AT, DIGEST, OFFICE, Signatory

ANA = Signatory("ana", purposes=frozenset({"door"}), operations=frozenset({"identify", "replace"}))
BEN = Signatory("ben")
OLGA, OTTO = Signatory("olga", Role.OFFICER), Signatory("otto", Role.OFFICER)
STRANGER = Signatory("stranger")


class People:
    """A roster."""

    def __init__(self, *signatories: Signatory) -> None:
        self.known = {who.public: who.person for who in signatories}

    def find(self, key: bytes) -> Person | None:
        return self.known.get(key)


EVERYBODY = People(ANA, BEN, OLGA, OTTO)


class Custody:
    """A custodian's verifier over what outlives it, and its clock."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.keeping = Passing()
        self.clock.pass_(minutes=-10)
        self.restart()
        self.clock.pass_(minutes=10)

    def restart(self) -> None:
        self.verifier = Verifier("b", EVERYBODY, OFFICE, self.clock, SpentNonces(self.keeping))

    def takes(self, signed: bytes, operation: str = "identify", purpose: str = "door", digest: bytes = DIGEST) -> bool:
        try:
            self.verifier.caller(signed, operation, purpose, digest)
        except CallerRefused as refusal:
            return bool(refusal.numbers)  # it has none: all denials are one
        except CustodianDown:
            return False
        return True

    def turns_away(self, signed: bytes) -> str:
        """The code of what it says to an `identify` that it does not take."""
        with pytest.raises(MoietyError) as refusal:
            self.verifier.caller(signed, "identify", "door", DIGEST)
        return refusal.value.code

    def agrees(self, *approvals: bytes, operation: str = "policy", role: Role = Role.OFFICER) -> int | None:
        """None where it is approved, else how many were valid."""
        try:
            self.verifier.approved(approvals, operation, "door", DIGEST, role=role)
        except ApprovalRefused as refusal:
            return refusal.numbers["valid"]
        return None


@pytest.fixture
def custody() -> Custody:
    return Custody()


def test_somebody_known_asks(custody: Custody) -> None:
    assert custody.verifier.caller(ANA.says(), "identify", "door", DIGEST) == Calling(ANA.person, b"")


def test_a_gateway_that_invents_a_caller_gets_a_refusal(custody: Custody) -> None:
    genuine = Signed.from_bytes(ANA.says())
    forged = Signed(genuine.statement, ANA.public, STRANGER.sign(b"anything"))
    as_somebody_else = Signed(genuine.statement, BEN.public, genuine.signature)
    assert not custody.takes(STRANGER.says())
    assert not custody.takes(forged.to_bytes())
    assert not custody.takes(as_somebody_else.to_bytes())
    assert not custody.takes(b"")
    assert not custody.takes(b"ana")
    assert custody.takes(genuine.to_bytes()), "and none of it used up what is genuine"


@pytest.mark.parametrize(
    "said",
    [
        {"operation": "replace"},
        {"purpose": "gate"},
        {"digest": bytes(32)},
        {"office": b"p" * 16},
        {"kind": Kind.APPROVAL},
    ],
    ids=str,
)
def test_what_was_signed_is_what_is_done(custody: Custody, said: dict[str, object]) -> None:
    assert not custody.takes(BEN.says(**said))  # type: ignore[arg-type]


def test_who_is_known_asks_for_what_is_entrusted(custody: Custody) -> None:
    assert not custody.takes(ANA.says(operation="erase"), operation="erase")
    assert not custody.takes(ANA.says(purpose="gate"), purpose="gate")
    assert not custody.takes(OLGA.says())
    assert custody.takes(BEN.says(operation="erase"), operation="erase")
    assert custody.takes(OLGA.says(operation="policy"), operation="policy")


@pytest.mark.parametrize("seconds", [-CLOCKS_APART_S, 0, CLOCKS_APART_S])
def test_clocks_may_be_so_far_apart(custody: Custody, seconds: int) -> None:
    assert custody.takes(ANA.says(at=AT + seconds))


@pytest.mark.parametrize("seconds", [-CLOCKS_APART_S - 1, CLOCKS_APART_S + 1, -86_400, 86_400])
def test_and_no_further(custody: Custody, seconds: int) -> None:
    assert not custody.takes(ANA.says(at=AT + seconds))


def test_nothing_is_taken_twice(custody: Custody) -> None:
    signed = ANA.says()
    assert custody.takes(signed)
    assert not custody.takes(signed)


def test_a_nonce_is_used_up_whoever_signs_it_and_whatever_for(custody: Custody) -> None:
    assert custody.takes(ANA.says(nonce=b"n" * 16))
    assert not custody.takes(BEN.says(nonce=b"n" * 16, at=AT - 1))


def test_a_refused_call_uses_up_nothing(custody: Custody) -> None:
    signed = ANA.says()
    assert not custody.takes(signed, digest=bytes(32))
    assert not custody.takes(signed, purpose="gate")
    assert custody.takes(signed)


@pytest.mark.parametrize("ahead", [-5, 0, 1, CLOCKS_APART_S])
def test_a_restart_brings_nothing_back(custody: Custody, ahead: int) -> None:
    signed = ANA.says(at=AT + ahead)
    assert custody.takes(signed)
    for _ in range(2 * CLOCKS_APART_S):
        custody.restart()
        assert not custody.takes(signed)
        custody.clock.pass_(seconds=1)
        assert not custody.takes(signed)


@pytest.mark.parametrize("ahead", [1, CLOCKS_APART_S])
@pytest.mark.parametrize("wait", range(0, 2 * CLOCKS_APART_S, 7))
def test_nor_does_one_after_which_it_was_not_tried_at_once(custody: Custody, ahead: int, wait: int) -> None:
    signed = ANA.says(at=AT + ahead)
    assert custody.takes(signed)
    custody.restart()
    custody.clock.pass_(seconds=wait)
    assert not custody.takes(signed)


def test_what_was_signed_before_the_start_is_refused_and_after_it_is_not(custody: Custody) -> None:
    custody.restart()
    assert not custody.takes(ANA.says(at=AT - 1))
    assert not custody.takes(ANA.says(at=AT))
    custody.clock.pass_(seconds=1)
    assert custody.takes(ANA.says(at=AT + 1))


@pytest.mark.parametrize("late", [0, 1, CLOCKS_APART_S])
def test_whoever_signed_before_the_start_is_told_to_ask_again(custody: Custody, late: int) -> None:
    """Signed in the second of the start and come in the next one: nobody says that they are not known."""
    custody.restart()
    custody.clock.pass_(seconds=late)
    with pytest.raises(CustodianDown) as refusal:
        custody.verifier.caller(ANA.says(at=AT), "identify", "door", DIGEST)
    assert refusal.value.text == "unavailable: custodian b"
    assert custody.turns_away(ANA.says(at=AT - CLOCKS_APART_S + late)) == "custodian_down"
    assert custody.turns_away(STRANGER.says(at=AT)) == "caller_refused", "who is not known never is"
    assert custody.turns_away(ANA.says(at=AT, purpose="gate")) == "caller_refused"
    assert custody.turns_away(ANA.says(at=AT + late - CLOCKS_APART_S - 1)) == "caller_refused", "nor what is old"


def test_a_clock_set_back_brings_nothing_back(custody: Custody) -> None:
    signed = ANA.says()
    assert custody.takes(signed)
    custody.clock.pass_(minutes=5)
    assert custody.takes(ANA.says(at=AT + 300))
    custody.clock.pass_(minutes=-5)
    assert not custody.takes(signed)


def test_of_many_threads_one_is_taken(custody: Custody) -> None:
    signed, barrier, taken = ANA.says(), Barrier(8), []

    def run() -> None:
        barrier.wait()
        taken.append(custody.takes(signed))

    threads = [Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 1


def test_a_roster_that_is_not_in_order_lets_nobody_in() -> None:
    class Spoilt:
        def find(self, key: bytes) -> Person | None:
            raise RosterMalformed(files=1)

    verifier = Verifier("a", Spoilt(), OFFICE, Clock(), SpentNonces(Passing()))
    with pytest.raises(RosterMalformed):
        verifier.caller(ANA.says(), "identify", "door", DIGEST)
    with pytest.raises(RosterMalformed):
        verifier.approved([OLGA.approves()], "policy", "door", DIGEST)


def test_two_officers_approve(custody: Custody) -> None:
    found = custody.verifier.approved([OLGA.approves(), OTTO.approves()], "policy", "door", DIGEST)
    assert found.people == (OLGA.person, OTTO.person)


def test_an_approval_ends_a_day_after_what_was_signed_first(custody: Custody) -> None:
    now = int(custody.clock().timestamp())
    early, late, none = OLGA.approves(at=now - 7_200), OTTO.approves(at=now - 60), STRANGER.approves(at=now - 9_000)
    found = custody.verifier.approved([late, early, none], "policy", "door", DIGEST)
    assert found.until == now - 7_200 + APPROVAL_S


def test_two_signatures_of_one_are_one(custody: Custody) -> None:
    second = OLGA.approves()
    assert custody.agrees(OLGA.approves(), second) == 1
    assert custody.agrees(OLGA.approves(), second, OTTO.approves()) is None
    assert custody.agrees(second, OTTO.approves()) is None, "nobody counted it the first time"
    assert custody.agrees() == 0


def test_what_does_not_suffice_is_not_used_up(custody: Custody) -> None:
    first = OLGA.approves()
    assert custody.agrees(first) == 1
    assert custody.agrees(first, OTTO.approves(digest=bytes(32))) == 1
    assert custody.agrees(first, OTTO.approves()) is None


def test_a_nonce_of_several_instants_is_remembered_for_the_latest(custody: Custody) -> None:
    """Otherwise who signed later under the same nonce counts again when the earlier one does not any more."""
    olga, otto = OLGA.approves(nonce=b"n" * 16), OTTO.approves(nonce=b"n" * 16, at=AT - 86_400)
    assert custody.agrees(olga, otto) is None
    custody.clock.pass_(minutes=1)
    assert custody.agrees(OLGA.approves(), OTTO.approves()) is None  # what does not count any more is forgotten
    assert custody.agrees(olga, OTTO.approves()) == 0


def test_approvals_are_used_together_once_and_over_restarts(custody: Custody) -> None:
    olga, otto = OLGA.approves(), OTTO.approves()
    assert custody.agrees(olga, otto) is None
    for _ in range(2):
        assert custody.agrees(olga, otto) == 0
        assert custody.agrees(olga, OTTO.approves()) == 0
        custody.restart()
    fresh = OTTO.approves()
    assert custody.agrees(olga, fresh) == 0
    assert custody.agrees(OLGA.approves(), fresh) is None, "the fresh one was not used up by the failure"


def test_signatures_of_one_request_share_its_nonce(custody: Custody) -> None:
    nonce = b"r" * 16
    three = [who.approves(nonce=nonce) for who in (OLGA, OTTO)]
    assert custody.agrees(*three) is None
    assert custody.agrees(OLGA.approves(nonce=nonce), OTTO.approves(nonce=nonce)) == 0


@pytest.mark.parametrize(
    "said",
    [{"operation": "export"}, {"purpose": "gate"}, {"digest": bytes(32)}, {"office": b"p" * 16}],
    ids=str,
)
def test_an_approval_is_of_exactly_this(custody: Custody, said: dict[str, object]) -> None:
    assert custody.agrees(OLGA.approves(), OTTO.approves(**said)) == 1  # type: ignore[arg-type]


def test_what_is_no_approval_does_not_count(custody: Custody) -> None:
    call = OTTO.says(Kind.CALL, "policy")
    forged = Signed(Signed.from_bytes(OTTO.approves()).statement, OTTO.public, bytes(64)).to_bytes()
    assert custody.agrees(OLGA.approves(), call, forged, STRANGER.approves(), b"", b"otto") == 1


def test_an_operator_is_no_officer(custody: Custody) -> None:
    assert custody.agrees(OLGA.approves(), BEN.approves()) == 1


def test_where_operators_suffice_an_officer_does_too(custody: Custody) -> None:
    def replaced(*who: Signatory) -> int | None:
        return custody.agrees(*(one.approves("replace") for one in who), operation="replace", role=Role.OPERATOR)

    assert replaced(ANA, BEN) is None
    assert replaced(BEN, OLGA) is None
    assert custody.agrees(
        *(one.approves("early_erasure") for one in (ANA, BEN)), operation="early_erasure", role=Role.OPERATOR
    ) == 1  # fmt: skip


@pytest.mark.parametrize("seconds", [-APPROVAL_S, CLOCKS_APART_S])
def test_an_approval_counts_for_a_day(custody: Custody, seconds: int) -> None:
    assert custody.agrees(OLGA.approves(), OTTO.approves(at=AT + seconds)) is None


@pytest.mark.parametrize("seconds", [-APPROVAL_S - 1, CLOCKS_APART_S + 1])
def test_and_no_longer(custody: Custody, seconds: int) -> None:
    assert custody.agrees(OLGA.approves(), OTTO.approves(at=AT + seconds)) == 1


def test_a_day_later_and_a_clock_set_back_an_approval_is_still_used(custody: Custody) -> None:
    olga, otto = OLGA.approves(), OTTO.approves()
    assert custody.agrees(olga, otto) is None
    custody.clock.now += timedelta(days=2)
    later = AT + 2 * 86_400
    assert custody.agrees(OLGA.approves(at=later), OTTO.approves(at=later)) is None
    custody.clock.now -= timedelta(days=2)
    assert custody.agrees(olga, otto) == 0


def test_signatures_that_are_looked_at_are_bounded(custody: Custody) -> None:
    noise = [STRANGER.approves()] * (MOST_APPROVALS - 1)
    assert custody.agrees(*noise, OLGA.approves(), OTTO.approves()) == 1


def test_more_people_may_be_asked_for(custody: Custody) -> None:
    approvals = [OLGA.approves(), OTTO.approves()]
    with pytest.raises(ApprovalRefused) as refusal:
        custody.verifier.approved(approvals, "policy", "door", DIGEST, needed=3)
    assert refusal.value.numbers == {"needed": 3, "valid": 2}
