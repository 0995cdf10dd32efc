"""How a custodian lives on its host: it stops without dropping anything, counts, and tells whoever looks after it."""

from __future__ import annotations

import io
import json
import logging
import socket
import threading
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from time import monotonic, sleep

import grpc
import pytest

from moiety.cli import journal as lines
from moiety.custody import refusals
from moiety.custody.gateway import trial
from moiety.custody.gateway.apart import Apart
from moiety.custody.net import ends, server
from moiety.custody.net import lines as net_lines
from moiety.custody.net.config import Custody, identity, read
from moiety.custody.net.grpc import SERVICE
from moiety.custody.net.journal import News, fault, say
from moiety.custody.net.metrics import Metrics, Page, Stand, loopback, readiness
from moiety.custody.trust.spending import ErasuresSpent
from moiety.sharing.seat import Seat
from tests.apart.scene import Held, Site
from tests.custody.damage import flip
from tests.custody.scene import DOCUMENT, DOOR, TERMS, Clock, matched, people

CROWD = people(3)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as some:
        port: int = some.getsockname()[1]
        return port


def configure(site: Site, seat: str, line: str) -> None:
    """Put a line before everything in a custodian's configuration."""
    config = site.folder / f"custodian-{seat}" / trial.CONFIG
    config.write_text(line + "\n" + config.read_text())


@pytest.mark.parametrize("point", ["b before prepare", "b before activate"])
def test_a_change_that_is_under_way_ends_and_nothing_else_begins(tmp_path: Path, clock: Clock, point: str) -> None:
    """With requests that are still to come from whoever holds the lease, and in its own time."""
    held = Held(point)
    site = Site.make(tmp_path / "site", clock, observer=held)
    address = watch(site, "b")
    office, other = site.gateway(), site.gateway()
    try:
        office.add_gallery(DOOR, TERMS, DOCUMENT)
        with ThreadPoolExecutor(2) as threads:
            try:
                enrolling = threads.submit(office.enrol, DOOR, CROWD[:2])
                assert held.come.wait(30)
                assert asked(f"{address}/ready")[0] == 200
                stopping = threads.submit(site.stop, "b")
                with pytest.raises(refusals.CustodianDown) as raised:
                    other.verify(DOOR, CROWD[0].words, CROWD[0].pseudonym)
                assert raised.value.numbers == {"seat": 1}
                assert asked(f"{address}/ready") == (
                    503, "lines 2 of 2, galleries 1, not loaded 0, closed 0, stopping\n"
                )  # fmt: skip
                sleep(server._LINGER_S + server._LAST_WORDS_S + 1.0)  # longer than anything but the grace
                assert not stopping.done()
            finally:
                held.go.set()
            enrolling.result(30)  # acknowledged
            stopping.result(30)
        site.start("b")
        site.gateway().close()
        assert matched(office, CROWD) == [True, True, False]
        assert office.check() == []
    finally:
        office.close()
        other.close()
        site.close()


def test_a_neighbour_that_takes_a_call_and_forgets_it_is_called_again(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As gRPC does with a call that comes in the moment in which its server stops: it never ends."""
    monkeypatch.setattr(net_lines, "_GREETING_S", 0.3)
    site = Site.make(tmp_path / "site", clock)
    site.stop("b")
    config = read(site.folder / "custodian-b" / trial.CONFIG, Custody)
    calls: SimpleQueue[None] = SimpleQueue()

    def forget(incoming: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        calls.put(None)
        while context.is_active():
            sleep(0.02)
        yield from ()

    forgetful = grpc.server(ThreadPoolExecutor(4))
    handlers = {"line": grpc.stream_stream_rpc_method_handler(forget)}
    forgetful.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    shown = ends.credentials(identity(site.folder / "custodian-b", config))
    forgetful.add_secure_port(config.listen, shown)
    forgetful.start()
    try:
        for _ in range(3):
            calls.get(timeout=10)
        forgetful.stop(0).wait()
        site.start("b")
        site.gateway().close()
    finally:
        forgetful.stop(0).wait()
        site.close()


def test_who_is_about_to_stop_takes_no_new_line(office: Apart, site: Site) -> None:
    """Its neighbours try again at once: a line that came up now would be cut the next moment."""
    lines = site.servers["c"]._lines
    lines.close()
    until = monotonic() + 10
    while lines.up():
        assert monotonic() < until
        sleep(0.01)
    sleep(5 * net_lines._AGAIN_S)
    assert lines.up() == set()
    site.stop("c")
    site.start("c")
    site.gateway().close()


def test_whoever_does_not_end_in_time_is_cut_short(office: Apart, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_GRACE_S", 0.3)
    with office._lock.alone():  # a gateway that holds its leases and does nothing
        began = monotonic()
        site.stop("b")
        assert monotonic() - began < 8
    site.start("b")
    site.gateway().close()
    office.enrol(DOOR, CROWD[:1])
    assert matched(office, CROWD[:1]) == [True]


def watch(site: Site, seat: Seat) -> str:
    """Have a custodian show its figures: where it does."""
    site.stop(seat)
    address = f"127.0.0.1:{free_port()}"
    configure(site, seat, f'metrics = "{address}"')
    site.start(seat)
    return f"http://{address}"


@pytest.fixture
def watched(tmp_path: Path, clock: Clock) -> Iterator[tuple[Site, str]]:
    """A site whose custodian c shows its figures, and where."""
    site = Site.make(tmp_path / "site", clock, "\n[limits.caller]\nerasures = { burst = 1, daily = 1 }\n")
    yield site, watch(site, "c")
    site.close()


def asked(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def figures(url: str) -> dict[str, float]:
    text = asked(f"{url}/metrics")[1]
    pairs = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_figures_tell_counts_and_how_it_stands(watched: tuple[Site, str]) -> None:
    site, url = watched
    office = site.gateway()
    try:
        office.add_gallery(DOOR, TERMS, DOCUMENT)
        office.enrol(DOOR, CROWD[:2])
        assert matched(office, CROWD[:2]) == [True, True]
        office.refresh()
        assert office.erase(DOOR, CROWD[0].pseudonym)
        with pytest.raises(ErasuresSpent):
            office.erase(DOOR, CROWD[1].pseudonym)
        while (found := figures(url))["moiety_lease_held"]:  # a lease ends a moment after what it was taken for
            sleep(0.05)
        assert found['moiety_requests_total{outcome="done",verb="identify"}'] == 1
        assert found['moiety_requests_total{outcome="done",verb="verify"}'] == 2
        assert found['moiety_requests_total{outcome="budget_erasures_spent",verb="erase"}'] == 1
        assert found['moiety_budget_spent_total{scope="caller",unit="erasures"}'] == 1
        assert found['moiety_request_seconds_count{verb="verify"}'] == 2
        assert (found["moiety_lines_up"], found["moiety_epoch"], found["moiety_ready"]) == (2, 2, 1)
        assert (found["moiety_galleries"], found["moiety_galleries_closed"]) == (1, 0)
        assert found["moiety_rows_loaded"] >= 64
        with office._lock.alone():
            assert figures(url)["moiety_lease_held"] == 1
        assert asked(f"{url}/elsewhere") == (404, "")
    finally:
        office.close()


def test_it_is_ready_with_both_lines_and_every_gallery_open(watched: tuple[Site, str]) -> None:
    site, url = watched
    office = site.gateway()
    try:
        office.add_gallery(DOOR, TERMS, DOCUMENT)
        office.enrol(DOOR, CROWD)
        assert asked(f"{url}/live") == (200, "live\n")
        assert asked(f"{url}/ready") == (200, "lines 2 of 2, galleries 1, not loaded 0, closed 0\n")
        before = figures(url)["moiety_attempts_stopped_total"]
        site.stop("a")
        assert asked(f"{url}/ready") == (503, "lines 1 of 2, galleries 1, not loaded 0, closed 0\n")
        assert asked(f"{url}/live")[0] == 200
        with pytest.raises(refusals.CustodianDown):
            office.verify(DOOR, CROWD[0].words, CROWD[0].pseudonym)
        assert figures(url)["moiety_attempts_stopped_total"] >= before
        site.start("a")
        site.gateway().close()
        site.stop("c")
        flip(site.folder / "custodian-c" / "store", "page", "parts", 3)
        site.start("c")
        site.gateway().close()
        assert asked(f"{url}/ready") == (503, "lines 2 of 2, galleries 1, not loaded 0, closed 1\n")
        assert figures(url)["moiety_galleries_closed"] == 1
    finally:
        office.close()


def test_it_is_not_ready_while_a_gallery_is_not_in_memory(watched: tuple[Site, str]) -> None:
    """As after a refresh, until its rows have been read again."""
    site, url = watched
    office = site.gateway()
    try:
        office.add_gallery(DOOR, TERMS, DOCUMENT)
        office.enrol(DOOR, CROWD[:1])
        assert asked(f"{url}/ready") == (200, "lines 2 of 2, galleries 1, not loaded 0, closed 0\n")
        gallery = site.servers["c"]._serving._custodian._galleries[DOOR]  # type: ignore[attr-defined]
        gallery._read = gallery._cached = None
        assert asked(f"{url}/ready") == (503, "lines 2 of 2, galleries 1, not loaded 1, closed 0\n")
        found = figures(url)
        assert (found["moiety_ready"], found["moiety_galleries_unloaded"], found["moiety_rows_loaded"]) == (0, 1, 0)
        assert matched(office, CROWD[:1]) == [True]
        assert asked(f"{url}/ready") == (200, "lines 2 of 2, galleries 1, not loaded 0, closed 0\n")
    finally:
        office.close()


def test_a_gallery_that_nobody_has_had_checked_since_the_start_is_counted(watched: tuple[Site, str]) -> None:
    """Until a gateway comes it answers nobody about it: whoever watches sees that."""
    site, url = watched
    office = site.gateway()
    office.add_gallery(DOOR, TERMS, DOCUMENT)
    assert figures(url)["moiety_galleries_unchecked"] == 0  # of nobody
    office.enrol(DOOR, CROWD)
    assert figures(url)["moiety_galleries_unchecked"] == 0
    office.close()
    site.stop("c")
    site.start("c")
    assert figures(url)["moiety_galleries_unchecked"] == 1
    site.gateway().close()
    assert figures(url)["moiety_galleries_unchecked"] == 0


def test_where_the_store_cannot_be_asked_it_is_not_ready_and_says_nothing_else() -> None:
    """As while its database is down; it lives meanwhile, and nobody has to start it again."""

    def stand() -> Stand:
        raise refusals.StoreLost

    page = Page(address := f"127.0.0.1:{free_port()}", lambda: readiness(stand()), lambda: Metrics().text(stand()))
    try:
        assert asked(f"http://{address}/ready") == (503, "")
        assert asked(f"http://{address}/metrics") == (503, "")
        assert asked(f"http://{address}/live") == (200, "live\n")
    finally:
        page.close()


@pytest.mark.parametrize(
    "address", ["0.0.0.0:9464", "192.0.2.7:9464", "[::]:9464", "localhost:9464", "127.0.0.1:99999"]
)
def test_figures_are_for_this_host_alone(address: str, tmp_path: Path, clock: Clock) -> None:
    with pytest.raises(refusals.MetricsElsewhere):
        loopback(address)


def test_a_custodian_does_not_start_that_would_show_them_to_others(site: Site) -> None:
    site.stop("a")
    configure(site, "a", 'metrics = "0.0.0.0:9464"')
    with pytest.raises(refusals.MetricsElsewhere):
        site.start("a")


def test_an_address_that_is_taken_is_said(site: Site) -> None:
    site.stop("a")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        configure(site, "a", f'metrics = "127.0.0.1:{taken.getsockname()[1]}"')
        with pytest.raises(refusals.AddressTaken):
            site.start("a")


def test_loopback_is_taken_apart() -> None:
    assert loopback("127.0.0.1:9464") == ("127.0.0.1", 9464)
    assert loopback("[::1]:9464") == ("::1", 9464)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What a serving process would write to stderr."""
    stream = io.StringIO()
    root, excepthook, hook = logging.getLogger(), threading.excepthook, lines.sys.unraisablehook
    handlers, level = list(root.handlers), root.level
    monkeypatch.setattr(lines.sys, "stderr", stream)
    lines.begin(lines.Level.INFO)
    yield stream
    root.handlers[:], threading.excepthook, lines.sys.unraisablehook = handlers, excepthook, hook
    root.setLevel(level)
    logging.captureWarnings(False)
    logging.raiseExceptions = True


def test_a_line_has_fixed_keys_and_no_words_but_our_own(written: io.StringIO) -> None:
    say(News.REQUEST, verb="erase", outcome="done", ms=7)
    say(News.SERVING, level=logging.DEBUG)
    theirs = "Ada Lovelace"
    try:
        trial.lay_out(Path("/proc/x"), theirs, None, {})  # type: ignore[arg-type]
    except Exception as error:
        fault(error, "erase")
    try:
        raise ValueError(theirs)
    except ValueError:
        logging.getLogger("grpc._server").exception("of %s", theirs)
    logging.getLogger("moiety.elsewhere").warning(theirs)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(theirs, stacklevel=1)
    thread = threading.Thread(target=lambda: int(theirs))
    thread.start()
    thread.join()
    text = written.getvalue()
    assert theirs not in text
    said = [json.loads(line) for line in text.splitlines()]
    assert [tuple(line) for line in said] == [lines.KEYS] * 6
    assert [(line["level"], line["event"], line["verb"]) for line in said] == [
        ("info", "request", "erase"),
        ("error", "fault", "erase"),
        ("error", "elsewhere", "grpc"),
        ("warning", "elsewhere", "moiety"),
        ("warning", "elsewhere", "py"),
        ("error", "fault", ""),
    ]
    assert said[0]["ms"] == 7
    assert " at custody/gateway/trial.py line " in said[1]["outcome"]
    assert said[2]["outcome"] == "ValueError"


def test_loading_is_told_once_a_second_and_not_of_what(written: io.StringIO) -> None:
    at = iter([0.0, 0.5, 1.2, 1.2, 1.9])
    told = lines.progress(lambda: next(at))
    told("custodian a: reading a-theirs-place", 64, 640)
    told("custodian a: reading a-theirs-place", 128, 640)
    told("custodian a: reading a-theirs-place", 192, 640)
    [line] = [json.loads(some) for some in written.getvalue().splitlines()]
    assert (line["event"], line["outcome"]) == ("loading", "128/640")
