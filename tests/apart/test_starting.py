"""A custodian's process refuses to start where it could not keep its promise, and says why."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from moiety import cli
from moiety.custody.custodian import Custodian
from moiety.custody.gateway import trial
from tests.custody.scene import NOON
from tests.postgres import TRUST, TRUSTED_SOCKET, Server

REFUSED, UNAVAILABLE = 2, 3


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment that nobody has started."""
    folder = tmp_path_factory.mktemp("laid") / "site"
    trial.lay_out(folder, NOON, os.urandom, trial.free_ports())
    return folder


@pytest.fixture
def home(laid_out: Path, tmp_path: Path) -> Path:
    """The folder of custodian a in a copy of it."""
    return Path(shutil.copytree(laid_out, tmp_path / "site")) / "custodian-a"


@pytest.fixture(scope="module")
def trusting() -> Iterator[Server]:
    """A database server that lets anybody in."""
    server = Server(TRUSTED_SOCKET + TRUST)
    yield server
    server.destroy()


def command(home: Path, does: str = "serve") -> list[str]:
    return [sys.executable, "-m", "moiety", "custodian", does, "--config", str(home / trial.CONFIG)]


def starts(home: Path, status: int, code: str, where: str | None = None, *, does: str = "serve") -> None:
    """It does not start: this exit status and code, one object on stdout, and no traceback."""
    said = subprocess.run([*command(home, does), "--json"], capture_output=True, text=True, timeout=60)
    assert said.returncode == status, said.stderr
    answer = json.loads(said.stdout)
    assert answer["refused"] == code
    assert where is None or answer["where"] == where
    assert "Traceback" not in said.stderr


@contextmanager
def running(home: Path) -> Iterator[None]:
    """A process that serves."""
    with subprocess.Popen(command(home), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            assert any('"event": "serving"' in line for line in process.stderr)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            finally:
                process.kill()  # where it did not stop, it must not keep the address that the next ones need


def alter(home: Path, before: str, after: str) -> None:
    """Another configuration."""
    config = home / trial.CONFIG
    text = config.read_text()
    assert before in text
    config.write_text(text.replace(before, after, 1))


def over(home: Path, url: str, *, create: bool = True) -> None:
    """Have the custodian's rows in a database."""
    seat = home.name[-1]
    if create:
        shutil.rmtree(home / trial.STORE)
        office = (home / trial.CONFIG).read_text().split('office = "')[1][:32]
        Custodian.create(home / trial.STORE, seat, bytes.fromhex(office), os.urandom, database=url)  # type: ignore[arg-type]
    alter(home, f'store = "{trial.STORE}"\n', f'store = "{trial.STORE}"\ndatabase = "{url}"\n')


@pytest.mark.parametrize("gone", ["own.key", "own.pem", "authority.pem"])
def test_without_tls(home: Path, gone: str) -> None:
    (home / gone).unlink()
    starts(home, REFUSED, "key_unreadable")


def test_with_something_else_for_a_key(home: Path) -> None:
    (home / "own.key").write_bytes((home.parent / "custodian-b" / "own.key").read_bytes())
    starts(home, REFUSED, "key_unreadable")


def test_with_a_key_that_everybody_reads(home: Path) -> None:
    """Whoever starts it by hand is told why, on stderr."""
    (home / "own.key").chmod(0o644)
    starts(home, REFUSED, "key_world_readable")
    said = subprocess.run(command(home), capture_output=True, text=True, timeout=60)
    assert (said.returncode, said.stdout) == (REFUSED, "")
    assert "moiety: others may read a private key" in said.stderr
    assert said.stderr.rstrip().endswith("[key_world_readable]")


WORD = "swordfish"
"""What must not be repeated."""


@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        ('seat = "a"', 'seat = "a"\nplaintext = true', "unknown field: plaintext"),
        ("listen =", "lisen =", "unknown field: lisen"),
        ('operators = "operators"\n', "", "missing field: operators"),
        ('certificate = "own.pem"\n', "", "missing field: certificate"),
        ('seat = "a"', 'seat = "d"', "wrong value: seat"),
        ('listen = "127.0.0.1:', f'listen = "{WORD}" #', "wrong value: listen"),
        (
            '[custodians.b]\naddress = "127.0.0.1:',
            f'[custodians.b]\naddress = "{WORD}" #',
            "wrong value: custodians.X.address",
        ),
        ("[custodians.b]", "[custodians.b]\nname = 1", "unknown field: custodians.X.name"),
        ("[gateways.gateway]", f"[gateways.{WORD.upper()}]", "wrong name in: gateways"),
        (
            "[gateways.gateway]",
            "[limits.gateway]\nrows = { burst = 2, daily = 1 }\n[gateways.gateway]",
            "wrong value: limits.gateway.rows",
        ),
        (
            "[gateways.gateway]",
            "[limits.gateway]\nrow = { burst = 1, daily = 1 }\n[gateways.gateway]",
            "unknown field: limits.gateway.row",
        ),
        (
            "[gateways.gateway]",
            "[limits.gateway]\nrows = { burst = 1 }\n[gateways.gateway]",
            "missing field: limits.gateway.rows.daily",
        ),
        ('seat = "a"', f'seat = "a"\n{WORD}', "line 2"),
        ("[gateways.gateway]\n", f'[gateways.gateway]\nkey = "{WORD}', None),
        ('seat = "a"', f'seat = "a"\n"{WORD} {WORD}" = 1', None),
    ],
)
def test_with_a_configuration_that_says_too_much_or_too_little(
    home: Path, before: str, after: str, where: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says where, and repeats no value."""
    alter(home, before, after)
    words = ["custodian", "budget", "--config", str(home / trial.CONFIG)]
    assert cli.run([*words, "--json"]) == REFUSED
    answer = json.loads(capsys.readouterr().out)
    assert answer["refused"] == "config_invalid"
    assert where is None or answer["where"] == where
    assert cli.run(words) == REFUSED
    said = capsys.readouterr().err
    assert where is None or f"({where})" in said
    assert WORD not in (said + json.dumps(answer)).lower()


def test_without_a_gateway_it_serves_nobody_but_the_other_two(home: Path) -> None:
    """As after the only gateway was stolen."""
    text = (home / trial.CONFIG).read_text()
    (home / trial.CONFIG).write_text(text[: text.index("[gateways.gateway]")])
    with running(home):
        pass


def test_without_a_neighbour(home: Path) -> None:
    text = (home / trial.CONFIG).read_text()
    start = text.index("[custodians.b]")
    alter(home, text[start : text.index("[custodians.c]")], "")
    starts(home, REFUSED, "config_invalid", "missing field: custodians.b")


def test_with_itself_for_a_neighbour(home: Path) -> None:
    alter(home, "[custodians.b]", "[custodians.a]")
    starts(home, REFUSED, "config_invalid", "unknown field: custodians.a")


@pytest.mark.parametrize("whose", ["custodian-a", "custodian-b"])
def test_where_two_have_one_key(home: Path, whose: str) -> None:
    """Its own for a gateway, or a neighbour's."""
    from moiety.custody.net.config import shown
    from moiety.custody.net.tls import pin

    key = shown(pin((home.parent / whose / "own.pem").read_bytes()))
    gateways = (home / trial.CONFIG).read_text().split("[gateways.gateway]\n")[1]
    alter(home, gateways, f'key = "{key}"\n')
    starts(home, REFUSED, "config_invalid", "one key for two parties")


def test_without_a_configuration(home: Path) -> None:
    (home / trial.CONFIG).unlink()
    starts(home, REFUSED, "config_unreadable")


def test_a_root_of_an_epoch_that_never_began_is_destroyed_at_the_start(home: Path) -> None:
    """Somebody was killed while a refresh began: what that root would open must not be written one day."""
    roots = home / trial.STORE / "roots"
    (roots / "epoch-2.key").write_bytes(os.urandom(32))
    (roots / "epoch-2.key").chmod(0o600)
    os.link(roots / "epoch-2.key", home / "another name")
    with running(home):
        assert [root.name for root in roots.iterdir()] == ["epoch-1.key"]
        assert (home / "another name").read_bytes() == bytes(32)


def test_over_a_store_of_another_office(home: Path) -> None:
    office = (home / trial.CONFIG).read_text().split('office = "')[1][:32]
    alter(home, office, "0" * 32)
    starts(home, REFUSED, "not_one_office")


def test_over_the_store_of_another_seat(home: Path) -> None:
    alter(home, f'store = "{trial.STORE}"', f'store = "../custodian-b/{trial.STORE}"')
    starts(home, REFUSED, "not_one_office")


def test_without_a_store(home: Path) -> None:
    shutil.rmtree(home / trial.STORE)
    starts(home, UNAVAILABLE, "office_missing")


def test_over_a_store_that_is_served_already(home: Path) -> None:
    with running(home):
        starts(home, REFUSED, "store_taken")


def test_where_somebody_else_listens(home: Path) -> None:
    host, _, port = (home / trial.CONFIG).read_text().split('listen = "')[1].split('"')[0].rpartition(":")
    with socket.create_server((host, int(port))):
        starts(home, UNAVAILABLE, "address_taken")


def test_over_a_database_that_asks_nobody_who_is_there(home: Path, trusting: Server) -> None:
    over(home, trusting.tcp_url(trusting.database()))
    starts(home, REFUSED, "database_open")


def test_nor_is_it_made_there(home: Path, trusting: Server, postgres: Server) -> None:
    """Nothing is written to a database that anybody could read it from."""
    shutil.rmtree(home / trial.STORE)
    names = trusting.database(), postgres.database()
    over(home, trusting.tcp_url(names[0]), create=False)
    starts(home, REFUSED, "database_open", does="init")
    assert not (home / trial.STORE).exists()
    assert trusting.ask(names[0], "SELECT 1 FROM pg_tables WHERE schemaname = 'public'") == []
    alter(home, trusting.tcp_url(names[0]), postgres.tcp_url(names[1]))
    subprocess.run(command(home, "init"), check=True, capture_output=True, timeout=60)
    assert postgres.ask(names[1], "SELECT 1 FROM pg_tables WHERE tablename = 'custodian'") == [(1,)]


@pytest.mark.parametrize("does", ["serve", "init"])
def test_with_a_pin_that_everybody_reads(home: Path, does: str) -> None:
    (home / "token.pin").write_text("271828")
    (home / "token.pin").chmod(0o644)
    if does == "init":
        shutil.rmtree(home / trial.STORE)
    with (home / trial.CONFIG).open("a") as config:
        config.write('\n[token]\nlibrary = "none.so"\nlabel = "roots"\npin = "token.pin"\n')
    starts(home, REFUSED, "key_file_exposed", does=does)
    (home / "token.pin").chmod(0o600)
    starts(home, UNAVAILABLE, "token_shut", does=does)


def test_over_a_database_without_a_password(home: Path, postgres: Server) -> None:
    name = postgres.database()
    over(home, postgres.tcp_url(name))
    alter(home, postgres.tcp_url(name), postgres.tcp_url(name, None))
    starts(home, REFUSED, "credentials_missing")


def test_with_a_password_that_everybody_reads(home: Path, postgres: Server) -> None:
    over(home, postgres.tcp_url(postgres.database()))
    (home / trial.CONFIG).chmod(0o640)
    starts(home, REFUSED, "config_exposed")


def test_two_custodians_on_one_database(home: Path, postgres: Server) -> None:
    """Another seat's; and its own, while that is served."""
    url = postgres.tcp_url(postgres.database())
    over(home, url)
    other = home.parent / "custodian-b"
    over(other, url, create=False)
    starts(other, REFUSED, "not_one_office")
    twin = Path(shutil.copytree(home, home.parent / "twin"))
    with running(home):
        began = time.monotonic()
        starts(twin, REFUSED, "store_taken")
        assert time.monotonic() - began > 1  # it may have been a process that was dying


def test_over_a_good_database_it_starts(home: Path, postgres: Server) -> None:
    over(home, postgres.tcp_url(postgres.database()))
    with running(home):
        pass
