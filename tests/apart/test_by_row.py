"""Searches with somebody who is enrolled, at served custodians: what travels, what is charged, and who is older."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from moiety.custody import messages, wire
from moiety.custody.net import attempts
from moiety.custody.net.remote import Remote
from moiety.custody.older import CustodianOlder
from moiety.custody.refusals import MessageRefused
from moiety.custody.unopened import NobodyThere
from moiety.sharing.seat import SEATS
from tests.apart.test_budgets import said
from tests.apart.test_spending import ALL_DONE, CROWD, SLOTS, Scene, scene, spent
from tests.custody.scene import DOOR

__all__ = ["scene"]

ANNA, BERT, _ = CROWD
TWIN = replace(ANNA, pseudonym=bytes(range(16)))


def test_what_a_gateway_sends_and_gets_holds_no_part_of_a_face(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    some = scene()
    some.office.enrol(DOOR, [TWIN])
    traffic: list[bytes] = []
    request, read = wire.request, wire.read_said

    def sent(*rest: Any, **more: Any) -> bytes:
        traffic.append(request(*rest, **more))
        return traffic[-1]

    def came(data: bytes) -> Any:
        traffic.append(data)
        return read(data)

    monkeypatch.setattr(wire, "request", sent)
    monkeypatch.setattr(wire, "read_said", came)

    def parts() -> list[bytes]:
        """Some words of every part, as they lie in every custodian's memory."""
        held = []
        for seat in SEATS:
            gallery = some.site.servers[seat]._serving._custodian._gallery(DOOR)
            for slot in np.flatnonzero(gallery.matrix.states() == 2).tolist():
                rows = gallery.matrix.panel(slot // 64)[0, :, slot % 64]
                held.append(np.ascontiguousarray(rows[:4]).tobytes())
        return held

    assert len(parts()) == 12
    assert some.office.identify_enrolled(DOOR, ANNA.pseudonym).found == [[TWIN.pseudonym]]
    assert some.office.verify_enrolled(DOOR, ANNA.pseudonym, TWIN.pseudonym)
    assert not some.office.verify_enrolled(DOOR, ANNA.pseudonym, BERT.pseudonym)
    whole = b"".join(traffic)
    assert whole.count(b"identifyrow") == 3
    assert not [part for part in parts() if part in whole]
    assert ANNA.words[:8].tobytes() not in whole
    # The twin: a part that is sent is found.
    asks = some.asking.identify(ANNA)
    share = asks["a"].probe.data
    wire.request(asks["a"])
    assert share[:16] in b"".join(traffic)
    assert some.office.audit().first is None


def test_it_is_charged_as_a_search_and_to_the_face(scene: Callable[..., Scene]) -> None:
    some = scene(gateway_rows=3 * SLOTS, row=2)
    some.office.enrol(DOOR, [TWIN])
    search = lambda who: some.asking.all(some.asking.identify_row(who))  # noqa: E731
    asks = some.asking.identify_row(ANNA)
    assert some.asking.all(asks) == ALL_DONE
    some.counted(asks["a"].header.attempt)
    left = {seat: said(some.asking, seat) for seat in SEATS}
    for seat in SEATS:
        assert left[seat]["gateway", "rows"].drawn == SLOTS
        assert left[seat]["gateway", "matches"].drawn == 1
        assert left[seat]["gateway", "comparisons"].drawn == 1
    assert some.asking.all(some.asking.verify_row(BERT, ANNA)) == ALL_DONE  # of both
    assert search(ANNA) == spent("comparisons")
    assert some.asking.all(some.asking.verify_row(ANNA, BERT)) == spent("comparisons")
    assert search(BERT) == ALL_DONE
    assert search(TWIN) == spent("rows")


def test_who_may_not_be_answered_about_is_nobody_and_more_than_one_probe_is_none(scene: Callable[..., Scene]) -> None:
    some = scene()
    some.office.restrict(DOOR, ANNA.pseudonym, True)
    for nobody in (ANNA, replace(ANNA, pseudonym=bytes(16))):
        assert some.asking.all(some.asking.identify_row(nobody)) == dict.fromkeys(SEATS, "nobody_there")
        assert some.asking.all(some.asking.verify_row(nobody, BERT)) == dict.fromkeys(SEATS, "nobody_there")
        with pytest.raises(NobodyThere):
            some.office.identify_enrolled(DOOR, nobody.pseudonym)
    two = some.asking.identify_row(BERT, probes=2)
    assert some.asking.all(two) == dict.fromkeys(SEATS, "header_refused")


def test_a_custodian_of_an_older_version_is_named(scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch) -> None:
    some = scene()
    monkeypatch.setattr(attempts, "ROUND_S", 0.3)
    server = some.site.servers["b"]
    answered = server._answered

    def older(gateway: Any, data: bytes, progress: Any) -> bytes:
        if isinstance(wire.read_request(data).ask, wire.IdentifyRow | wire.VerifyRow):
            return wire.say(wire.Refusal(MessageRefused.code, {}))
        return answered(gateway, data, progress)

    monkeypatch.setattr(server, "_answered", older)
    for ask in (
        lambda: some.office.identify_enrolled(DOOR, ANNA.pseudonym),
        lambda: some.office.verify_enrolled(DOOR, ANNA.pseudonym, BERT.pseudonym),
    ):
        with pytest.raises(CustodianOlder) as raised:
            ask()
        assert "custodian b is of an older version" in raised.value.text
    assert messages.VERSION == b"\x01"
    assert Remote is type(some.office.remotes["b"])
    assert some.searched() == ALL_DONE
