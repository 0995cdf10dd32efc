"""Everything that begins something carries somebody's signature over just that; what needs none is written down here.

A verb that is new stands in neither table, and a test says so until it is put into one of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, Final, get_args

import numpy as np
import pytest

from moiety.custody import wire
from moiety.custody.gateway.enrolment import _split
from moiety.custody.messages import Array, BatchMessage, HeaderMessage, HelpMessage
from moiety.custody.store.handles import handles
from moiety.custody.store.page import HANDLE_BYTES
from moiety.custody.store.slots import SLOTS
from moiety.custody.trust import asked
from moiety.custody.trust.roster import EVERYBODYS_CALL, OFFICERS_CALL, Role
from moiety.custody.trust.signing import Kind
from moiety.identity.purpose import NOT_YET
from moiety.oprf.voprf import blind_all
from moiety.sharing.seat import SEATS, Seat
from tests.apart.asking import DONE, METHOD, NONE, Asking, Said, changed, enlist, pledged
from tests.apart.scene import Site
from tests.custody.records import KEPT, REVEAL, versions
from tests.custody.scene import DIM, DOCUMENT, DOOR, TERMS, Clock, matched, people
from tests.custody.signers import Signatory

CROWD = people(3)
KNOWN = versions(1)
STRANGER = Signatory("stranger")
ELSEWHERE = Signatory("elsewhere", purposes=frozenset({"cellar"}))
IDLE = Signatory("idle", operations=frozenset({"export"}))
OLGA = Signatory("olga", Role.OFFICER)

AT_ONCE_S = 5.0
"""Less than a neighbour waits for one that says nothing."""

Asks = dict[Seat, Any]

STANDS = "asks how things stand, in numbers that every gateway of the deployment works with"
GOES_ON = "goes on with what somebody signed, and is refused where nobody did"
TIDIES = "ends what an interruption left, for whoever comes next, or overwrites what is over already"

UNSIGNED: Final[dict[type, str]] = {
    wire.Stand: STANDS,
    wire.RoundTrip: STANDS,
    wire.Versions: STANDS,
    wire.Alive: STANDS,
    wire.Load: "reads rows into the custodian's own memory, as the next search would",
    wire.Helping: "draws a nonce, for a mending that is signed",
    wire.Prepare: GOES_ON,
    wire.Activate: GOES_ON,
    wire.Release: GOES_ON,
    wire.Stage: GOES_ON,
    wire.Switch: GOES_ON,
    wire.Forget: TIDIES,
    wire.Scrub: TIDIES,
    wire.Reconcile: TIDIES,
}


# One request of each verb that is signed, for each custodian; and others that its signature does not cover.


def _purpose(asking: Asking) -> wire.AddGallery:
    return wire.AddGallery("gate", TERMS.to_json(), DOCUMENT)


def _replaced(asking: Asking) -> wire.ReplaceDocument:
    return wire.ReplaceDocument(DOOR, REVEAL.to_json(), DOCUMENT + b"else\n", asking.header("replace", 0))


def _offered(asking: Asking) -> Asks:
    batches = _split(DIM, DOOR, people(1, seed=8), os.urandom)
    header = asking.header("enrol", 1)
    return pledged({seat: wire.Offer(DOOR, BatchMessage.of(batches[seat]), header, pledge=NONE) for seat in SEATS})


def _located(asking: Asking) -> Asks:
    known = handles(DOOR, [CROWD[0].pseudonym])
    return {seat: wire.Locate(DOOR, known[seat].tobytes()) for seat in SEATS}


def _erased(asking: Asking) -> Asks:
    known, header = handles(DOOR, [CROWD[0].pseudonym]), asking.header("erase", 1)
    return {seat: wire.Erase(DOOR, header, known[seat].tobytes()) for seat in SEATS}


def _opened(asking: Asking) -> Asks:
    known = handles(KEPT, [KNOWN[0].name])
    return {seat: wire.Unlock(KEPT, known[seat].tobytes(), ["document"], "at_the_desk", bytes(16)) for seat in SEATS}


def _restricted(asking: Asking) -> Asks:
    known, header = handles(KEPT, [KNOWN[0].name]), asking.header("restrict", 1, KEPT)
    return {seat: wire.Restrict(KEPT, header, known[seat].tobytes(), True) for seat in SEATS}


def _grounded(asking: Asking) -> Asks:
    known, header = handles(KEPT, [KNOWN[0].name]), asking.header("ground", 1, KEPT)
    return {seat: wire.NoteGround(KEPT, header, known[seat].tobytes(), 1, "notice-3", "paper") for seat in SEATS}


def _evaluated(asking: Asking) -> wire.Evaluate:
    return wire.Evaluate(DOOR, ("a", "b"), blind_all([b"somebody"], os.urandom).elements, True)


def _renewed(asking: Asking) -> wire.Renew:
    return wire.Renew(HeaderMessage.of(asking.headers().office("renew")))


def _acknowledged(asking: Asking) -> wire.AuditAcknowledge:
    return wire.AuditAcknowledge(HeaderMessage.of(asking.headers().office("acknowledge")), [bytes(16)])


def _whole(asking: Asking) -> wire.Integrity:
    return wire.Integrity(DOOR, HeaderMessage.of(asking.headers().make("integrity", DOOR, rows=3, extra=8)))


def _assisted(asking: Asking) -> wire.Assist:
    return wire.Assist(DOOR, "b", [0], {"a": asking.ask("a", wire.Helping()).read(bytes), "c": bytes(32)})


def _mended(asking: Asking) -> wire.Mend:
    handles_ = Array.of(np.zeros((1, SLOTS, HANDLE_BYTES), dtype=np.uint8))
    return wire.Mend(DOOR, [0], _help("a", 0), _help("c", 0), handles_)


def _help(seat: Seat, grounds: int) -> HelpMessage:
    columns = [Array.of(np.zeros((1, SLOTS), dtype=dtype)) for dtype in (np.uint8, np.uint32)]
    said = Array.of(np.full((1, SLOTS), grounds, dtype=np.uint8))
    return HelpMessage(seat, bytes(32), columns[0], said, columns[1], b"")


def _alike(make: Callable[[Asking], Any]) -> Callable[[Asking], Asks]:
    return lambda asking: dict.fromkeys(SEATS, make(asking))


SIGNED: Final[dict[type, Callable[[Asking], Asks]]] = {
    wire.Hold: _alike(lambda asking: wire.Hold()),
    wire.Budgets: _alike(lambda asking: wire.Budgets()),
    wire.AddGallery: _alike(_purpose),
    wire.ReplaceDocument: _alike(_replaced),
    wire.Identify: lambda asking: asking.identify(CROWD[0]),
    wire.Verify: lambda asking: asking.verify(CROWD[0]),
    wire.IdentifyRow: lambda asking: asking.identify_row(CROWD[0]),
    wire.VerifyRow: lambda asking: asking.verify_row(CROWD[0], CROWD[1]),
    wire.Offer: _offered,
    wire.Locate: _located,
    wire.Erase: _erased,
    wire.Unlock: _opened,
    wire.Restrict: _restricted,
    wire.NoteGround: _grounded,
    wire.Carry: _alike(lambda asking: wire.Carry(KEPT, bytes(16), bytes(16), ["document", "access"])),
    wire.AuditHead: _alike(lambda asking: wire.AuditHead()),
    wire.AuditRows: _alike(lambda asking: wire.AuditRows(0, 1)),
    wire.AuditProve: _alike(lambda asking: wire.AuditProve(1, os.urandom(16), 0)),
    wire.AuditAltered: _alike(lambda asking: wire.AuditAltered()),
    wire.AuditAcknowledge: _alike(_acknowledged),
    wire.AuditEntries: _alike(lambda asking: wire.AuditEntries([os.urandom(16)])),
    wire.Attest: _alike(lambda asking: wire.Attest(bytes(32), [KEPT], [os.urandom(16)])),
    wire.AgreeKey: _alike(lambda asking: wire.AgreeKey(DOOR, asking.header("key", 0))),
    wire.Evaluate: _alike(_evaluated),
    wire.Renew: _alike(_renewed),
    wire.Survey: _alike(lambda asking: wire.Survey(DOOR)),
    wire.Integrity: _alike(_whole),
    wire.Assist: _alike(_assisted),
    wire.PseudonymParts: _alike(lambda asking: wire.PseudonymParts(DOOR, [0])),
    wire.Mend: _alike(_mended),
}
VERBS = pytest.mark.parametrize("verb", SIGNED, ids=lambda verb: verb.__name__)


def _others(ask: Any) -> dict[str, Any]:
    """Requests of the same verb that differ from this one in one thing that is signed."""
    found = {}
    for name, value in {
        "name": "cellar",
        "terms": TERMS.to_json() + b" ",
        "document": b"none",
        "handle": os.urandom(16),
        "lost": "c",
        "numbers": [1],
        "nonces": {"a": bytes(32), "c": bytes(32)},
        "handles": Array.of(np.ones((1, SLOTS, HANDLE_BYTES), dtype=np.uint8)),
        "secrets": ["contact"],
        "reason": "at_the_door",
        "asked": os.urandom(16),
        "attempt": os.urandom(16),
        "start": 1,
        "end": 7,
        "clear": True,
        "size": 9,
        "operation": os.urandom(16),
        "operations": [os.urandom(16)],
        "since": 5,
        "tags": [bytes(16)],
        "subject": b"1" * 32,
        "galleries": [DOOR],
        "rows": [bytes(16)],
        "on": False,
        "place": 2,
        "text": "",
        "how": "spoken",
        "pair": ("b", "c"),
        "elements": blind_all([b"somebody else"], os.urandom).elements,
        "proven": False,
        "one": _help("a", 1),
        "other": _help("c", 1),
    }.items():
        if hasattr(ask, name):
            found[name] = changed(ask, **{name: value})
    if hasattr(ask, "header") and not isinstance(ask, wire.ReplaceDocument):  # of a purpose its papers are signed
        found["header"] = changed(ask, header=changed(ask.header, attempt=os.urandom(16)))
    if isinstance(ask, wire.Verify | wire.IdentifyRow | wire.VerifyRow):
        del found["handle"]  # a share of the request like the probe: see `pledges`
    if isinstance(ask, wire.Pledging):
        found.pop("name")  # which the header names, and custodians compare
        found["pledge"] = changed(ask, pledge=wire.Pledge(ask.pledge.blind, [os.urandom(32)] * 3))
    if isinstance(ask, wire.Integrity):
        found.pop("name")
    return found


Call = Callable[[Any], bytes]


def _held(asking: Asking, seat: Seat, call: bytes) -> Said:
    """What becomes of a lease that is asked for, and given back."""
    stream: Any = asking._channels[seat].unary_stream(METHOD + "hold")(wire.request(wire.Hold(), call=call), timeout=60)
    told = wire.read_said(next(stream))
    stream.cancel()
    return Said(told.code) if isinstance(told, wire.Refusal) else Said(DONE)


def _codes(asking: Asking, asks: Asks, call: Call | None = None) -> dict[Seat, str]:
    """What becomes of it at each custodian, under all leases, with this signature or the one that it needs."""
    with ExitStack() as held:
        leases = dict.fromkeys(SEATS, b"")
        if not isinstance(asks["a"], wire.Hold):
            leases = {seat: held.enter_context(asking.leased(seat)) for seat in SEATS}

        def one(seat: Seat) -> Said:
            signed = asking.hand.call(asks[seat]) if call is None else call(asks[seat])
            if isinstance(asks[seat], wire.Hold):
                return _held(asking, seat, signed)
            return asking.ask(seat, asks[seat], lease=leases[seat], call=signed)

        began = monotonic()
        found = asking.each(one)
        assert monotonic() - began < AT_ONCE_S  # none of them waited for another
    return {seat: some.code for seat, some in found.items()}


@contextmanager
def _inhabited(folder: Path) -> Iterator[tuple[Asking, Site]]:
    site = Site.make(folder / "site", Clock())
    try:
        office = site.gateway()
        office.add_gallery(DOOR, REVEAL, DOCUMENT)
        office.enrol(DOOR, CROWD)
        office.keep(DOOR, KNOWN)
        enlist(site, ELSEWHERE, IDLE, OLGA)
        asking = Asking(site)
        office.close()
        yield asking, site
        asking.close()
    finally:
        site.close()


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    """Three custodians at which nothing happens, since everything is refused: everybody is there in the end."""
    with _inhabited(tmp_path_factory.mktemp("signed")) as (asking, site):
        yield asking
        office = site.gateway()
        assert matched(office, CROWD) == [True] * 3
        office.close()


ENTRUSTED: Final[dict[str, set[type]]] = {
    "lease": {wire.Hold},
    "budgets": {wire.Budgets},
    "policy": {wire.AddGallery, wire.ReplaceDocument},
    "identify": {wire.Identify, wire.IdentifyRow},
    "verify": {wire.Verify, wire.VerifyRow},
    "enrol": {wire.Offer},
    "erase": {wire.Locate, wire.Erase},
    "reveal": {wire.Unlock},
    "restrict": {wire.Restrict},
    "find": {wire.AgreeKey, wire.Evaluate},
    "correct": {wire.Carry, wire.NoteGround},
    "audit": {
        wire.AuditHead,
        wire.AuditRows,
        wire.AuditEntries,
        wire.Attest,
        wire.AuditProve,
        wire.AuditAltered,
    },
    "acknowledge": {wire.AuditAcknowledge},
    "refresh": {wire.Renew},
    "check": {wire.Survey, wire.Integrity},
    "mend": {wire.Assist, wire.PseudonymParts, wire.Mend},
}
"""By the word that a roster entrusts somebody with."""


def test_a_word_in_a_roster_entrusts_with_these_verbs_and_no_others(asking: Asking) -> None:
    found: dict[str, set[type]] = {}
    for verb, make in SIGNED.items():
        begun = asked.said(make(asking)["a"])
        assert begun is not None
        found.setdefault(begun.operation, set()).add(verb)
    assert found == ENTRUSTED


def test_every_verb_is_signed_or_says_why_it_need_not_be() -> None:
    everything = set(get_args(wire.Asked))
    assert set(asked._SAID) == set(SIGNED)
    assert everything - set(SIGNED) == set(UNSIGNED)
    assert not set(SIGNED) & set(UNSIGNED)


def test_what_a_purpose_is_told_to_lack_no_custodian_does(asking: Asking) -> None:
    operations = {begun.operation for make in SIGNED.values() if (begun := asked.said(make(asking)["a"])) is not None}
    assert not operations & set(NOT_YET)


def _operation(asks: Asks) -> str:
    begun = asked.said(asks["a"])
    assert begun is not None
    return begun.operation


LESS = ("somebody of another purpose", "somebody with another task")


@VERBS
def test_nobody_is_served_unsigned_by_a_stranger_or_for_something_else(asking: Asking, verb: type) -> None:
    asks = SIGNED[verb](asking)
    officers = (wire.AddGallery, wire.ReplaceDocument, wire.AuditAcknowledge)
    caller = asking.hand.officers[0] if verb in officers else asking.hand.caller
    wrong: dict[str, Call] = {
        "unsigned": lambda ask: b"",
        "a stranger": lambda ask: asking.signed(STRANGER, ask),
        LESS[0]: lambda ask: asking.signed(ELSEWHERE, ask),
        LESS[1]: lambda ask: asking.signed(IDLE, ask),
        "another operation": lambda ask: asking.signed(caller, ask, operation="export"),
        "another purpose": lambda ask: asking.signed(caller, ask, purpose="cellar"),
        "another request": lambda ask: asking.signed(caller, ask, digest=os.urandom(32)),
        "another office": lambda ask: asking.signed(caller, ask, office=bytes(16)),
        "an approval": lambda ask: asking.signed(caller, ask, Kind.APPROVAL),
    }
    if caller is asking.hand.caller and _operation(asks) not in OFFICERS_CALL:
        wrong["an officer"] = lambda ask: asking.signed(OLGA, ask)
    if _operation(asks) in EVERYBODYS_CALL:  # whoever is in the roster for anything may
        wrong = {why: call for why, call in wrong.items() if why not in ("an officer", *LESS)}
    for why, call in wrong.items():
        assert _codes(asking, asks, call) == dict.fromkeys(SEATS, "caller_refused"), why


@VERBS
def test_a_signature_is_of_one_request_in_everything(asking: Asking, verb: type) -> None:
    asks = SIGNED[verb](asking)
    others = {seat: _others(asks[seat]) for seat in SEATS}
    # Which say nothing but that.
    assert others["a"] or verb in (wire.Hold, wire.Budgets, wire.AuditHead, wire.AuditAltered)
    for name in others["a"]:
        bent = {seat: others[seat][name] for seat in SEATS}
        signed = {id(bent[seat]): asking.hand.call(asks[seat]) for seat in SEATS}
        found = _codes(asking, bent, lambda ask, signed=signed: signed[id(ask)])  # type: ignore[misc]
        assert found == dict.fromkeys(SEATS, "caller_refused"), name


ELSE: Final[dict[type, dict[Seat, str]]] = {
    wire.Carry: dict.fromkeys(SEATS, "nobody_there"),
    wire.Attest: dict.fromkeys(SEATS, "nothing_destroyed"),
    wire.Assist: {"a": DONE, "b": "help_refused", "c": "help_refused"},  # the lost one, and the nonce that is not c's
    wire.Mend: dict.fromkeys(SEATS, "help_refused"),  # nothing was sealed for it
    wire.Evaluate: {"a": DONE, "b": DONE, "c": "not_of_the_pair"},
}


def test_signed_as_they_should_be_they_are_done(tmp_path: Path) -> None:
    """The twin: the very same requests, one after the other; those last that leave something else behind."""
    last = (wire.Erase, wire.Renew)
    with _inhabited(tmp_path) as (asking, _):
        for verb in [*(verb for verb in SIGNED if verb not in last), *last]:
            assert _codes(asking, SIGNED[verb](asking)) == ELSE.get(verb, dict.fromkeys(SEATS, DONE)), verb


def test_what_goes_on_with_nothing_is_refused(asking: Asking) -> None:
    nobody = Array.of(np.zeros(0, dtype=np.int64))
    switching = HeaderMessage.of(asking.headers().office("switch"))
    asks: dict[type, tuple[Any, str]] = {
        wire.Prepare: (wire.Prepare(DOOR, asking.header("prepare", 1), [os.urandom(16)]), "caller_refused"),
        wire.Activate: (wire.Activate(DOOR, asking.header("activate", 0), nobody), "states_differ"),
        wire.Release: (wire.Release(DOOR, os.urandom(16), nobody), "answer_unknown"),
        wire.Stage: (wire.Stage(), "not_staged"),
        wire.Switch: (wire.Switch(switching), "not_staged"),
    }
    assert set(asks) == {verb for verb, why in UNSIGNED.items() if why == GOES_ON}
    for ask, code in asks.values():
        found = set(_codes(asking, dict.fromkeys(SEATS, ask)).values())
        assert code in found, ask
        assert found <= {code, "attempt_stopped"}, ask  # whoever is told of it before coming so far


def test_whoever_comes_too_early_is_known_and_told_to_come_again(tmp_path: Path) -> None:
    """In the second in which a custodian began, what was signed is refused; but not before the doors are open."""
    with _inhabited(tmp_path) as (asking, site):
        site.stop("b")
        site.start("b")
        site.clock.pass_(seconds=-1)
        for ask in (wire.Hold(), wire.Survey(DOOR)):
            signed = asking.hand.call(ask)
            told = _held(asking, "b", signed) if isinstance(ask, wire.Hold) else asking.ask("b", ask, call=signed)
            assert told.code == "custodian_down", ask
        site.clock.pass_(seconds=1)
        assert _held(asking, "b", asking.hand.call(wire.Hold())).code == DONE
