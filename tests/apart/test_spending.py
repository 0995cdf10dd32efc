"""Budgets at served custodians: what is drawn stays drawn, at each for itself, whatever the gateway does."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest

from moiety.custody import messages, wire
from moiety.custody.gateway import trial
from moiety.custody.gateway.apart import Apart
from moiety.custody.gateway.enrolment import _split
from moiety.custody.messages import Array, BatchMessage, HeaderMessage
from moiety.custody.net import serving, tls
from moiety.custody.net.config import shown
from moiety.custody.net.tls import Identity
from moiety.custody.store.handles import handles
from moiety.custody.trust import guard
from moiety.custody.trust.asked import erasure_digest, hashed
from moiety.custody.trust.guard import Guard
from moiety.custody.trust.limits import Unit
from moiety.custody.trust.signing import Kind
from moiety.custody.trust.spending import ApprovalsSpent, RequestsSpent
from moiety.matching.opening import opened
from moiety.matching.rounds import Rounds
from moiety.matching.tally import tally
from moiety.sharing.seat import SEATS, Seat
from tests.apart.asking import DONE, NONE, Asking, changed, enlist, pledged, shares
from tests.apart.scene import Site
from tests.apart.test_tls import another_of_the_authority
from tests.custody.scene import DOCUMENT, DOOR, TERMS, Clock, people
from tests.custody.signers import Signatory

CROWD = people(3)
ALL_DONE = dict.fromkeys(SEATS, DONE)
MUCH = 1_000_000_000
SLOTS = 4096
"""Rows of a gallery with anybody in it."""

BEN, EVA = Signatory("ben"), Signatory("eva")


def limits(row: int = MUCH, **tight: int) -> str:
    """Budgets that are wide but for some, a burst that is a day's: `gateway_rows=100`."""

    def limit(amount: int) -> str:
        return f"{{ burst = {amount}, daily = {amount} }}\n"

    return f"\n[limits]\nrow = {limit(row)}" + "".join(
        f"\n[limits.{scope}]\n" + "".join(f"{unit} = {limit(tight.get(f'{scope}_{unit}', MUCH))}" for unit in Unit)
        for scope in ("gateway", "purpose", "caller")
    )


class Scene:
    """A site with these budgets, people, and a gateway."""

    def __init__(self, folder: Path, tight: str) -> None:
        self.site = Site.make(folder / "site", Clock(), tight)
        self.office: Apart = self.site.gateway()
        self.office.add_gallery(DOOR, TERMS, DOCUMENT)
        self.office.enrol(DOOR, CROWD)
        self.asking = Asking(self.site)

    def close(self) -> None:
        self.asking.close()
        self.office.close()
        self.site.close()

    def restart(self, *seats: Seat) -> None:
        for seat in seats:
            self.site.stop(seat)
            self.site.start(seat)
        self.site.gateway().close()

    def second(self) -> Asking:
        """Another gateway, pinned by all three."""
        identity: Identity = another_of_the_authority(self.site, "second")
        key = shown(tls.pin(identity.certificate))
        for seat in SEATS:
            with (trial.home(self.site.folder, seat) / trial.CONFIG).open("a") as config:
                config.write(f'\n[gateways.second]\nkey = "{key}"\n')
        self.restart(*SEATS)
        return Asking(self.site, identity)

    def searched(self, *persons: Any, asking: Asking | None = None, **other: Any) -> dict[Seat, str]:
        some = asking or self.asking
        return some.all(some.identify(*(persons or CROWD[:1]), **other))

    def compared(self, person: Any = CROWD[0], **other: Any) -> dict[Seat, str]:
        return self.asking.all(self.asking.verify(person, **other))

    def counted(self, attempt: bytes) -> None:
        """Until the matches of this search are counted at all three."""
        nobody = Array.of(np.zeros(0, dtype=np.int64))
        self.asking.all(dict.fromkeys(SEATS, wire.Release(DOOR, attempt, nobody)))


def counting_waits(monkeypatch: pytest.MonkeyPatch) -> Event:
    """From now on no search is counted before this is set."""
    go_on = Event()

    def waiting(channel: Any, bits: Any) -> Rounds[int]:
        assert go_on.wait(30)
        return (yield from tally(channel, bits))

    monkeypatch.setattr(serving, "tally", waiting)
    return go_on


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    made: list[Scene] = []

    def make(**tight: int) -> Scene:
        made.append(Scene(tmp_path, limits(**tight)))
        return made[-1]

    yield make
    for some in made:
        some.close()


def spent(unit: str) -> dict[Seat, str]:
    return dict.fromkeys(SEATS, f"budget_{unit}_spent")


# Rows.


def test_rows_of_a_certificate_are_spent_for_it_alone_and_stay_spent(scene: Callable[..., Scene]) -> None:
    some = scene(gateway_rows=5 * SLOTS)
    other = some.second()
    assert some.searched(*CROWD[:2]) == ALL_DONE  # two probes cost two
    assert some.searched(*CROWD) == ALL_DONE
    assert some.searched() == spent("rows")
    assert some.compared() == ALL_DONE  # another unit
    some.restart("b")
    assert some.searched() == spent("rows")
    assert some.searched(asking=other) == ALL_DONE
    other.close()
    some.site.clock.pass_(days=1)
    some.site.gateway().close()
    assert some.searched() == ALL_DONE


def test_each_custodian_refuses_by_its_own_account(scene: Callable[..., Scene]) -> None:
    """A gateway that draws at one alone finds that one empty, and the other two are told."""
    some = scene(gateway_rows=2 * SLOTS)
    for _ in range(2):
        ask = some.asking.identify(CROWD[0], threshold=0)["c"]  # the header is refused, the rows are drawn
        assert some.asking.ask("c", ask).code == "header_refused"
    assert some.searched() == {"a": "attempt_stopped", "b": "attempt_stopped", "c": "budget_rows_spent"}


@pytest.mark.parametrize("scope", ["purpose", "caller"])
def test_rows_of_a_purpose_and_of_a_caller_are_spent_for_them_alone(scene: Callable[..., Scene], scope: str) -> None:
    some = scene(**{f"{scope}_rows": SLOTS})
    enlist(some.site, BEN)
    some.office.add_gallery("gate", TERMS, DOCUMENT)
    assert some.searched() == ALL_DONE
    assert some.searched() == spent("rows")
    asks = some.asking.identify(CROWD[0])
    by_ben = some.asking.all(asks, call=some.asking.signed(BEN, asks["a"]))
    assert by_ben == (spent("rows") if scope == "purpose" else ALL_DONE)
    some.office.enrol("gate", people(1, seed=5))
    assert some.searched(gallery="gate") == (ALL_DONE if scope == "purpose" else spent("rows"))


# Matches.


def test_matches_that_a_search_found_are_charged_before_the_next(scene: Callable[..., Scene]) -> None:
    some = scene(gateway_matches=4)
    other = some.second()
    some.office.enrol(DOOR, [replace(CROWD[0], pseudonym=os.urandom(16))])  # who looks like somebody else
    assert some.searched(*people(3, seed=77)) == ALL_DONE  # finds nobody
    assert some.searched(*CROWD[1:]) == ALL_DONE  # finds two
    assert some.searched(*people(3, seed=77)) == spent("matches")  # might find three
    assert some.searched(*people(1, seed=77)) == ALL_DONE
    assert some.searched(CROWD[1]) == ALL_DONE  # finds one
    assert some.searched(CROWD[0]) == ALL_DONE  # finds two, where one is left
    assert some.searched(*people(1, seed=77)) == spent("matches")
    assert some.compared() == spent("matches")  # nothing is answered until it is paid
    some.restart(*SEATS)
    assert some.searched() == spent("matches")
    assert some.searched(asking=other) == ALL_DONE
    other.close()


def test_of_a_search_that_was_refused_no_names_are_waited_for(scene: Callable[..., Scene]) -> None:
    some = scene(gateway_matches=2)
    asks = some.asking.identify(*CROWD)
    assert some.asking.all(asks) == spent("matches")
    began, hit = monotonic(), Array.of(np.zeros(1, dtype=np.int64))
    released = some.asking.all(dict.fromkeys(SEATS, wire.Release(DOOR, asks["a"].header.attempt, hit)))
    assert released == dict.fromkeys(SEATS, "answer_unknown")
    assert monotonic() - began < 5


def test_searches_at_once_tell_no_more_names_than_are_left(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thief begins many before the first is counted: what each might find is set aside as it begins."""
    some = scene(gateway_matches=2)
    go_on = counting_waits(monkeypatch)
    asks = [some.asking.identify(person) for person in CROWD]
    with ThreadPoolExecutor(3) as threads:
        searching = [threads.submit(some.asking.all, each) for each in asks]
        outcomes = [set(each.result(timeout=30).values()) for each in searching]
    go_on.set()
    refused = {"budget_matches_spent", "attempt_stopped"}
    assert sum(outcome == {DONE} for outcome in outcomes) <= 2
    assert all(outcome == {DONE} or outcome & {"budget_matches_spent"} for outcome in outcomes)
    assert all(outcome <= refused | {DONE} for outcome in outcomes)
    assert any(outcome & refused for outcome in outcomes)


def test_names_that_there_is_no_budget_for_are_not_told(scene: Callable[..., Scene]) -> None:
    some = scene(gateway_matches=1)
    some.office.enrol(DOOR, [replace(CROWD[0], pseudonym=os.urandom(16))])
    asks = some.asking.identify(CROWD[0])
    said = some.asking.each(lambda seat: some.asking.ask(seat, asks[seat]))
    parts = {seat: messages.read_opening(each.read(messages.OpeningMessage)) for seat, each in said.items()}
    hits = np.array(sorted({int(row) for _, row in opened(parts, 1)}), dtype=np.int64)
    assert len(hits) == 2
    ask = wire.Release(DOOR, asks["a"].header.attempt, Array.of(hits[:1]))
    assert some.asking.all(dict.fromkeys(SEATS, ask)) == dict.fromkeys(SEATS, "budget_matches_spent")


def test_nobody_searches_again_before_it_is_counted(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    some = scene(gateway_matches=3)
    go_on = counting_waits(monkeypatch)
    assert some.searched(*CROWD) == ALL_DONE
    with ThreadPoolExecutor(1) as thread:
        again = thread.submit(some.searched)
        sleep(1)
        assert not again.done()
        go_on.set()
        assert again.result(timeout=20) == spent("matches")


def test_whoever_asks_for_names_before_it_is_counted_waits_and_is_charged(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    some = scene(gateway_matches=3)
    go_on, found = Event(), Guard.found

    def late(guard: Guard, *said: Any) -> None:
        assert go_on.wait(20)
        found(guard, *said)

    monkeypatch.setattr(Guard, "found", late)
    asks = some.asking.identify(*CROWD)
    assert some.asking.all(asks) == ALL_DONE
    ask = wire.Release(DOOR, asks["a"].header.attempt, Array.of(np.zeros(0, dtype=np.int64)))
    with ThreadPoolExecutor(1) as thread:
        released = thread.submit(some.asking.all, dict.fromkeys(SEATS, ask))
        sleep(1)
        assert not released.done()
        go_on.set()
        assert released.result(timeout=20) == ALL_DONE
    assert some.searched() == spent("matches")


def test_what_is_found_is_charged_to_the_purpose_too(scene: Callable[..., Scene]) -> None:
    some = scene(purpose_matches=3)
    assert some.searched(*CROWD) == ALL_DONE
    enlist(some.site, BEN)
    asks = some.asking.identify(CROWD[0])
    assert some.asking.all(asks, call=some.asking.signed(BEN, asks["a"])) == spent("matches")


def test_only_as_many_pseudonyms_are_released_as_were_counted(scene: Callable[..., Scene]) -> None:
    some = scene()
    other = some.second()

    def hits(*persons: Any) -> tuple[bytes, list[int]]:
        asks = some.asking.identify(*persons)
        said = some.asking.each(lambda seat: some.asking.ask(seat, asks[seat]))
        parts = {seat: messages.read_opening(each.read(messages.OpeningMessage)) for seat, each in said.items()}
        return asks["a"].header.attempt, sorted({int(row) for _, row in opened(parts, len(persons))})

    def released(attempt: bytes, slots: list[int], asking: Asking = some.asking, name: str = DOOR) -> set[str]:
        ask = wire.Release(name, attempt, Array.of(np.array(slots, dtype=np.int64)))
        return set(asking.all(dict.fromkeys(SEATS, ask)).values())

    _, everybody = hits(*CROWD)
    assert len(everybody) == 3
    attempt, [hit] = hits(CROWD[0])
    assert released(attempt, everybody) == {"answer_unknown"}
    attempt, _ = hits(CROWD[0])
    assert released(attempt, [hit, hit]) == {"answer_unknown"}
    attempt, _ = hits(CROWD[0])
    assert released(attempt, [hit], other) == {"answer_unknown"}
    attempt, _ = hits(CROWD[0])
    assert released(attempt, [hit], name="gate") == {"answer_unknown"}
    assert released(attempt, [hit]) == {DONE}  # it was nobody's answer that was asked for under another name
    assert released(attempt, [hit]) == {"answer_unknown"}
    other.close()


def prevented(some: Scene, monkeypatch: pytest.MonkeyPatch, gallery: str = DOOR, probes: int = 1) -> bytes:
    """The attempt of a search that was answered, and whose counting its own gateway ended."""
    go_on = counting_waits(monkeypatch)
    asks = some.asking.identify(*CROWD[:probes], gallery=gallery)
    attempt: bytes = asks["a"].header.attempt
    assert some.asking.all(asks) == ALL_DONE
    counted = hashlib.sha256(b"moiety tally 1" + attempt).digest()[:16]
    unsigned = some.asking.verify(CROWD[0], attempt=counted)
    assert some.asking.all(unsigned, call=b"") == dict.fromkeys(SEATS, "caller_refused")
    go_on.set()
    return attempt


@pytest.mark.parametrize(("probes", "budget"), [(1, 60), (2, 100)])
def test_a_count_that_is_prevented_costs_more_than_the_count(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch, probes: int, budget: int
) -> None:
    """A gateway that ends the counting of its own search is charged as if each probe had found many, and gets no
    names."""
    some = scene(gateway_matches=budget)
    attempt = prevented(some, monkeypatch, probes=probes)
    hit = Array.of(np.zeros(1, dtype=np.int64))
    released = some.asking.all(dict.fromkeys(SEATS, wire.Release(DOOR, attempt, hit)))
    assert released == spent("matches")
    assert some.searched() == spent("matches")


def test_nobody_takes_another_searchs_place(scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch) -> None:
    """A second gateway that asks under the same id is refused, and the first is charged for what it found."""
    some = scene(gateway_matches=1)
    other = some.second()
    go_on = counting_waits(monkeypatch)
    asks = some.asking.identify(CROWD[0])
    assert some.asking.all(asks) == ALL_DONE
    again = other.identify(CROWD[1], attempt=asks["a"].header.attempt)
    assert other.all(again) == dict.fromkeys(SEATS, "caller_refused")
    go_on.set()
    some.counted(asks["a"].header.attempt)
    assert some.searched() == spent("matches")
    other.close()


def test_searches_that_nobody_ends_are_forgotten_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_REMEMBERED", 3)
    held: OrderedDict[bytes, str] = OrderedDict()
    for number in range(5):
        guard._remember(held, bytes([number]), "somebody")
    assert list(held) == [b"\2", b"\3", b"\4"]


def test_what_was_found_is_counted_before_a_custodian_stops(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It needs the other two for that; stopped without, it would charge as if the count had been prevented."""
    some = scene(gateway_matches=10)
    go_on = counting_waits(monkeypatch)
    assert some.searched() == ALL_DONE  # finds one
    stopping = Thread(target=some.site.stop, args=("a",))
    stopping.start()
    sleep(1)  # longer than its lines stay where nothing is left to do
    go_on.set()
    stopping.join()
    some.site.start("a")
    some.site.gateway().close()
    assert some.searched(*people(9, seed=77)) == ALL_DONE


def test_where_a_probe_matches_many_a_count_that_is_prevented_costs_as_many(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A purpose whose rates carry nothing: a probe is expected to match 205 of 4,096 rows, and 64 would be a gain."""
    some = scene(gateway_matches=150)
    strict = TERMS.rates[-1]
    some.office.add_gallery("square", replace(TERMS, rates=(replace(strict, fmr=0.05),)), DOCUMENT)
    some.office.enrol("square", CROWD)
    prevented(some, monkeypatch, "square")
    assert some.searched() == spent("matches")


def test_a_search_whose_count_cannot_begin_is_not_answered(scene: Callable[..., Scene]) -> None:
    """The id of the count is used up beforehand, at one custodian: then there is no search either."""
    some = scene(gateway_matches=1)
    asks = some.asking.identify(CROWD[0])
    counted = hashlib.sha256(b"moiety tally 1" + asks["a"].header.attempt).digest()[:16]
    assert some.asking.ask("b", some.asking.verify(CROWD[0], attempt=counted)["b"], call=b"").code == "caller_refused"
    assert DONE not in some.asking.all(asks).values()
    began = monotonic()
    nobody = Array.of(np.zeros(0, dtype=np.int64))
    released = some.asking.all(dict.fromkeys(SEATS, wire.Release(DOOR, asks["b"].header.attempt, nobody)))
    assert released == dict.fromkeys(SEATS, "answer_unknown")
    assert monotonic() - began < 5  # there is nothing to wait for
    assert some.searched() == ALL_DONE


def test_a_gateway_that_hangs_up_is_charged_all_the_same(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    some = scene(gateway_matches=3)
    began, go_on = Event(), Event()

    def waiting(channel: Any, bits: Any) -> Rounds[int]:
        began.set()
        assert go_on.wait(20)
        return (yield from tally(channel, bits))

    monkeypatch.setattr(serving, "tally", waiting)
    asks = some.asking.identify(*CROWD)
    calls = [some.asking.begin(seat, asks[seat]) for seat in SEATS]
    assert began.wait(20)
    for call in calls:
        call.cancel()
    go_on.set()
    some.counted(asks["a"].header.attempt)
    assert some.searched(*people(1, seed=77)) == spent("matches")


# The others.


def test_comparisons_are_bounded_for_each_row(scene: Callable[..., Scene]) -> None:
    some = scene(row=2)
    stranger = people(1, seed=77)[0]
    for _ in range(2):
        tried = type(stranger)(stranger.words, CROWD[0].pseudonym)
        assert some.compared(tried) == ALL_DONE
    assert some.compared(CROWD[0]) == spent("comparisons")
    assert some.compared(CROWD[1]) == ALL_DONE
    some.restart(*SEATS)
    assert some.compared(CROWD[0]) == spent("comparisons")
    assert some.compared(CROWD[1]) == ALL_DONE
    assert some.compared(CROWD[1]) == spent("comparisons")


def test_a_comparison_of_many_probes_is_as_many(scene: Callable[..., Scene]) -> None:
    """One request may bring 256 strangers to one person's door."""
    some = scene(row=3)
    asks = some.asking.verify(CROWD[0], probes=3)
    parts = shares(np.stack([person.words for person in people(3, seed=77)]))
    sent = pledged({seat: changed(asks[seat], probe=Array.of(parts[seat])) for seat in SEATS})
    assert some.asking.all(sent, call=some.asking.hand.call(sent["a"])) == ALL_DONE
    assert some.compared(CROWD[0]) == spent("comparisons")
    assert some.compared(CROWD[1]) == ALL_DONE


def test_nobody_goes_on_with_another_gateways_offers(scene: Callable[..., Scene]) -> None:
    some = scene()
    other = some.second()
    header = some.asking.header("enrol", 1)
    batches = _split(TERMS.dim, DOOR, people(1, seed=77), os.urandom)
    asks = {seat: wire.Offer(DOOR, BatchMessage.of(batches[seat]), header, pledge=NONE) for seat in SEATS}
    assert some.asking.all(asks) == ALL_DONE

    def prepared(asking: Asking) -> dict[Seat, str]:
        ask = wire.Prepare(DOOR, asking.header("prepare", 1), [header.attempt])
        return asking.all(dict.fromkeys(SEATS, ask), leased=True)

    assert prepared(other) == dict.fromkeys(SEATS, "caller_refused")
    assert prepared(some.asking) == ALL_DONE
    other.close()


def test_enrolments_are_bounded(scene: Callable[..., Scene]) -> None:
    some = scene(caller_enrolments=len(CROWD) + 2)

    def offered(count: int, seed: int) -> dict[Seat, str]:
        header = HeaderMessage.of(some.asking.headers().make("enrol", DOOR, rows=count))
        batches = _split(TERMS.dim, DOOR, people(count, seed=seed), os.urandom)
        return some.asking.all(
            {seat: wire.Offer(DOOR, BatchMessage.of(batches[seat]), header, pledge=NONE) for seat in SEATS}
        )

    assert offered(3, 21) == spent("enrolments")
    assert offered(2, 22) == ALL_DONE
    some.restart("a")
    assert offered(1, 23) == spent("enrolments")


def test_an_enrolment_is_charged_for_as_many_as_it_brings(scene: Callable[..., Scene]) -> None:
    some = scene(caller_enrolments=len(CROWD) + 1)
    header = HeaderMessage.of(some.asking.headers().make("enrol", DOOR, rows=1))
    batches = _split(TERMS.dim, DOOR, people(5, seed=21), os.urandom)
    found = some.asking.all(
        {seat: wire.Offer(DOOR, BatchMessage.of(batches[seat]), header, pledge=NONE) for seat in SEATS}
    )
    assert set(found.values()) <= {"header_refused", "attempt_stopped"}
    assert "header_refused" in found.values()


def test_erasures_are_bounded(scene: Callable[..., Scene]) -> None:
    some = scene(gateway_erasures=1)

    def erased(person: Any) -> dict[Seat, str]:
        known = handles(DOOR, [person.pseudonym])

        header = some.asking.header("erase", 1)
        asks = {seat: wire.Erase(DOOR, header, known[seat].tobytes()) for seat in SEATS}
        return some.asking.all(asks, leased=True)

    assert erased(CROWD[0]) == ALL_DONE
    assert erased(CROWD[1]) == spent("erasures")
    some.restart(*SEATS)
    assert erased(CROWD[1]) == spent("erasures")
    assert some.searched(CROWD[1]) == ALL_DONE


class Vault:
    """A purpose with two people, of whom nobody is erased without two signatures."""

    def __init__(self, some: Scene) -> None:
        self._some = some
        enlist(some.site, BEN, EVA)
        some.office.add_gallery("vault", replace(TERMS, four_eyes=("early_erasure",), bulk_above=9), DOCUMENT)
        some.office.enrol("vault", CROWD[:2])
        self._known = [handles("vault", [person.pseudonym]) for person in CROWD[:2]]
        self._hashes = [[hashed(handle.tobytes()) for handle in known.values()] for known in self._known]

    def agreed(self, whom: int) -> list[bytes]:
        ask = wire.Erase("vault", self._some.asking.header("erase", 1, "vault"), bytes(16), self._hashes[whom])
        fields = {"operation": "early_erasure", "digest": erasure_digest("vault", self._hashes[whom])}
        return [self._some.asking.signed(who, ask, Kind.APPROVAL, **fields) for who in (BEN, EVA)]

    def erased(self, whom: int, approvals: list[bytes]) -> dict[Seat, str]:
        header, known = self._some.asking.header("erase", 1, "vault"), self._known[whom]
        asks = {seat: wire.Erase("vault", header, known[seat].tobytes(), self._hashes[whom]) for seat in SEATS}
        return self._some.asking.all(asks, leased=True, approvals=approvals)


def test_a_spent_budget_uses_up_nobodys_signature(scene: Callable[..., Scene]) -> None:
    """Two people would have to sign anew for nothing: what they signed is done the next day."""
    some = scene(purpose_erasures=1)
    vault = Vault(some)
    assert vault.erased(0, vault.agreed(0)) == ALL_DONE
    some.site.clock.pass_(minutes=10)
    agreed = vault.agreed(1)
    assert [vault.erased(1, agreed) for _ in range(2)] == [spent("erasures")] * 2
    some.site.clock.pass_(hours=23, minutes=55)
    assert vault.erased(1, agreed) == ALL_DONE
    assert vault.erased(1, agreed) != ALL_DONE


def test_signatures_that_cannot_be_charged_are_not_used_up(scene: Callable[..., Scene]) -> None:
    """Two officers have adopted the purpose; of what is left one signature could be charged, and not the other."""
    vault = Vault(scene(purpose_approvals=3))
    agreed = vault.agreed(0)
    assert [vault.erased(0, agreed) for _ in range(2)] == [spent("approvals")] * 2


def test_signatures_of_who_owes_are_not_used_up(scene: Callable[..., Scene]) -> None:
    some = scene(gateway_matches=1)
    some.office.enrol(DOOR, [replace(CROWD[0], pseudonym=os.urandom(16))])  # who looks like somebody else
    vault = Vault(some)
    attempt = os.urandom(16)
    assert some.searched(CROWD[0], attempt=attempt) == ALL_DONE  # finds two, where one is left
    some.counted(attempt)
    agreed = vault.agreed(0)
    assert [vault.erased(0, agreed) for _ in range(2)] == [spent("matches")] * 2


def test_helps_are_bounded_by_pages(scene: Callable[..., Scene]) -> None:
    some = scene(gateway_helps=3)

    def helped(*numbers: int) -> str:
        nonce = some.asking.ask("b", wire.Helping()).read(bytes)
        ask = wire.Assist(DOOR, "a", list(numbers), {"b": nonce, "c": bytes(32)})
        return some.asking.ask("b", ask).code

    assert helped(0, 1, 2, 3) == "budget_helps_spent"
    assert helped(0, 1) == DONE
    assert helped(2) == DONE
    some.restart("b")
    assert helped(3) == "budget_helps_spent"


def test_whoever_spreads_the_questions_gets_half_as_many_again(scene: Callable[..., Scene]) -> None:
    """Pseudonym parts of any two open a pseudonym: with two questions at each, three are answered and no fourth."""
    some = scene(gateway_openings=2 * 64)

    def opened_by(one: Seat, other: Seat) -> set[str]:
        return {some.asking.ask(seat, wire.PseudonymParts(DOOR, [0])).code for seat in (one, other)}

    assert [opened_by(*pair) for pair in (("a", "b"), ("b", "c"), ("c", "a"))] == [{DONE}] * 3
    assert [opened_by(*pair) for pair in (("a", "b"), ("b", "c"), ("c", "a"))] == [{"budget_openings_spent"}] * 3


def test_what_nobody_signed_is_charged_to_nobody(scene: Callable[..., Scene]) -> None:
    some = scene(gateway_rows=SLOTS, purpose_rows=SLOTS)
    for _ in range(3):
        asks = some.asking.identify(CROWD[0])
        assert some.asking.all(asks, call=b"") == dict.fromkeys(SEATS, "caller_refused")
    assert some.searched() == ALL_DONE


def test_a_search_is_charged_for_what_its_header_says_or_refused(scene: Callable[..., Scene]) -> None:
    """Rows and probes come from the request, so whoever says fewer than there are is not answered."""
    some = scene()
    for other in ({"rows": 0}, {"rows": 64}, {"probes": 0}, {"probes": 1}):
        asks = some.asking.identify(*CROWD[:2])
        bent = {seat: changed(ask, header=changed(ask.header, **other)) for seat, ask in asks.items()}
        found = set(some.asking.all(bent).values())
        assert found & {"header_refused", "message_refused"}
        assert DONE not in found


@pytest.mark.parametrize("scope", ["gateway", "caller"])
def test_approvals_are_charged_to_who_signed_and_to_who_brought_them(scene: Callable[..., Scene], scope: str) -> None:
    """Of two officers, to each; of one gateway, both."""
    some = scene(**{f"{scope}_approvals": 2 if scope == "caller" else 4})  # one purpose is there already
    some.office.add_gallery("gate", TERMS, DOCUMENT)
    with pytest.raises(ApprovalsSpent):
        some.office.add_gallery("yard", TERMS, DOCUMENT)
    assert [list(standing.galleries) for standing in some.office.three.standings().values()] == [[DOOR, "gate"]] * 3


def test_whatever_is_signed_is_counted(scene: Callable[..., Scene]) -> None:
    some = scene(gateway_requests=40)

    def often() -> None:
        for _ in range(40):
            some.office.check()

    with pytest.raises(RequestsSpent):
        often()


def test_asking_about_a_purpose_that_is_made_up_is_counted(scene: Callable[..., Scene]) -> None:
    some = scene(gateway_requests=40)
    asked = [some.asking.all(dict.fromkeys(SEATS, wire.PseudonymParts("nowhere", [0]))) for _ in range(40)]
    assert asked[0] == dict.fromkeys(SEATS, "gallery_unknown")
    assert asked[-1] == spent("requests")
