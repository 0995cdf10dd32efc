"""A database that lets anybody in over a network is refused: tried on a real PostgreSQL, let in by `trust` or not."""

from __future__ import annotations

import hashlib
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from moiety.custody import refusals
from moiety.custody.net.authority import Authority, issue_into
from moiety.custody.store import credentials
from moiety.custody.store.credentials import require_credentials
from tests.custody.scene import NOON
from tests.postgres import PASSWORD, SCRAM, TRUST, TRUSTED_SOCKET, Server

PLAIN = "custodian_a"
"""A role that may see nothing of the server's configuration, as a custodian's should."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server(TRUSTED_SOCKET + SCRAM)
    server.ask("postgres", f"CREATE ROLE {PLAIN} LOGIN PASSWORD '{PASSWORD}'")
    server.ask("postgres", f"CREATE DATABASE {PLAIN} OWNER {PLAIN}")
    yield server
    server.destroy()


def over_socket(server: Server, user: str = PLAIN) -> str:
    return f"postgresql://{user}@/{PLAIN}?host={server.folder}&port={server.port}"


def over_tcp(server: Server, user: str = PLAIN, port: int | None = None) -> str:
    return f"postgresql://{user}:{PASSWORD}@127.0.0.1:{port or server.port}/{PLAIN}"


def allow(server: Server, hba: str) -> None:
    """Let others in, and wait until it is so."""
    before = server.ask("postgres", "SELECT pg_conf_load_time()")
    server.allow(hba)
    while server.ask("postgres", "SELECT pg_conf_load_time()") == before:
        time.sleep(0.02)


@pytest.mark.parametrize("user", ["postgres", PLAIN])
def test_one_that_asks_for_a_password_is_good(server: Server, user: str) -> None:
    allow(server, TRUSTED_SOCKET + SCRAM)
    require_credentials(over_tcp(server, user), os.urandom)
    require_credentials(over_socket(server, user), os.urandom)


ELSEWHERE = ("host all all 192.0.2.0/24 trust\n", "hostssl all all 192.0.2.0/24 trust\n")
"""What only the lines themselves tell."""


@pytest.mark.parametrize("user", ["postgres", PLAIN])
@pytest.mark.parametrize(
    "first",
    [
        TRUST,
        "hostnossl all all 127.0.0.1/32 trust\n",
        "host all somebody-else 127.0.0.1/32 scram-sha-256\n" + TRUST,
        f"host {PLAIN} {PLAIN} 127.0.0.1/32 trust\n",
        f"host {PLAIN} postgres 127.0.0.1/32 trust\n",
        f"host postgres {PLAIN} 127.0.0.1/32 trust\n",
        "host postgres postgres 127.0.0.1/32 trust\n",
    ],
)
def test_one_that_trusts_whoever_comes_over_a_network_is_refused(server: Server, first: str, user: str) -> None:
    """Whatever the URL says: a right password shows nothing where none is asked for, and a socket has a door beside."""
    allow(server, TRUSTED_SOCKET + first + SCRAM)
    for url in (over_tcp(server, user), over_socket(server, user)):
        with pytest.raises(refusals.DatabaseOpen):
            require_credentials(url, os.urandom)


ROOT, COPIER, OTHER = "another_root", "another_copier", "another_database"


@pytest.fixture
def others(server: Server) -> Iterator[None]:
    """A superuser of another name, one who may copy the server and no more, and a database that is no custodian's."""
    server.ask("postgres", f"CREATE ROLE {ROOT} LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
    server.ask("postgres", f"CREATE ROLE {COPIER} LOGIN REPLICATION PASSWORD '{PASSWORD}'")
    server.ask("postgres", f"CREATE DATABASE {OTHER}")
    yield
    server.ask("postgres", f"DROP DATABASE {OTHER}")
    server.ask("postgres", f"DROP ROLE {ROOT}")
    server.ask("postgres", f"DROP ROLE {COPIER}")


@pytest.mark.parametrize(
    "first",
    [
        "host replication all 127.0.0.1/32 trust\n",
        "hostnossl replication postgres 127.0.0.1/32 trust\n",
        f"host replication {ROOT} 127.0.0.1/32 trust\n",
        f"host replication {COPIER} 127.0.0.1/32 trust\n",
        f"host {PLAIN} {ROOT} 127.0.0.1/32 trust\n",
        f"host {OTHER} {ROOT} 127.0.0.1/32 trust\n",
        f"host {OTHER} postgres 127.0.0.1/32 trust\n",
    ],
)
def test_whoever_could_take_everything_is_tried_too(server: Server, others: None, first: str) -> None:
    """By a role that sees no lines: who copies the server, or is its superuser anywhere, has this database too."""
    allow(server, TRUSTED_SOCKET + first + SCRAM)
    for url in (over_tcp(server), over_socket(server)):
        with pytest.raises(refusals.DatabaseOpen):
            require_credentials(url, os.urandom)
    allow(server, TRUSTED_SOCKET + first.replace("trust", "scram-sha-256") + SCRAM)  # the twin
    for url in (over_tcp(server), over_socket(server)):
        require_credentials(url, os.urandom)


@pytest.mark.parametrize("line", ELSEWHERE)
def test_a_line_that_trusts_somebody_else_is_refused_where_it_can_be_read(server: Server, line: str) -> None:
    if line.startswith("hostssl") and server.ask("postgres", "SHOW ssl_library") == [("",)]:
        pytest.skip("this PostgreSQL speaks no TLS, and refuses a line about it")
    allow(server, TRUSTED_SOCKET + SCRAM + line)
    with pytest.raises(refusals.DatabaseOpen):
        require_credentials(over_socket(server, "postgres"), os.urandom)
    require_credentials(over_socket(server), os.urandom)  # which sees no lines
    server.ask(PLAIN, f"GRANT SELECT ON pg_hba_file_rules TO {PLAIN}")
    server.ask(PLAIN, f"GRANT EXECUTE ON FUNCTION pg_hba_file_rules() TO {PLAIN}")
    try:
        with pytest.raises(refusals.DatabaseOpen):
            require_credentials(over_socket(server), os.urandom)
    finally:
        server.ask(PLAIN, f"REVOKE SELECT ON pg_hba_file_rules FROM {PLAIN}")  # noqa: S608
        server.ask(PLAIN, f"REVOKE EXECUTE ON FUNCTION pg_hba_file_rules() FROM {PLAIN}")


@contextmanager
def settings(server: Server, **changed: object) -> Iterator[None]:
    """Other settings, for which it has to be started anew."""
    before = server.port
    for name, value in changed.items():
        server.ask("postgres", f"ALTER SYSTEM SET {name} = '{value}'")
    server.stop()
    server.port = int(str(changed.get("port", before)))
    server.start()
    try:
        yield
    finally:
        server.ask("postgres", "ALTER SYSTEM RESET ALL")
        server.stop()
        server.port = before
        server.start()


def test_one_that_listens_on_no_network_is_good(server: Server) -> None:
    """Whatever its lines say: nobody comes by them."""
    allow(server, TRUSTED_SOCKET + TRUST)
    with settings(server, listen_addresses=""):
        require_credentials(over_socket(server, "postgres"), os.urandom)
        require_credentials(over_socket(server), os.urandom)


def test_the_other_loopback_address_is_tried(server: Server) -> None:
    """The one that the URL says asks for a password, the other one does not."""
    with settings(server, listen_addresses="*"):
        for line, good in (("", True), ("host all all ::1/128 trust\n", False)):
            allow(server, TRUSTED_SOCKET + SCRAM + line)
            for url in (over_tcp(server), over_socket(server)):
                with nullcontext() if good else pytest.raises(refusals.DatabaseOpen):
                    require_credentials(url, os.urandom)


def test_the_address_that_it_says_it_listens_on_is_tried(server: Server) -> None:
    allow(server, TRUSTED_SOCKET + TRUST)
    with settings(server, listen_addresses="127.0.0.2"), pytest.raises(refusals.DatabaseOpen):
        require_credentials(over_socket(server), os.urandom)


def test_whoever_comes_from_this_machines_own_address_is_tried(server: Server) -> None:
    """A line that trusts the local network is not about loopback, and this machine is in that network."""
    own = sorted(credentials.outgoing())
    if not own:
        pytest.skip("this machine has no way out")
    with settings(server, listen_addresses="*"):
        allow(server, TRUSTED_SOCKET + SCRAM)
        require_credentials(over_socket(server), os.urandom)
        for address in own:
            allow(server, TRUSTED_SOCKET + SCRAM + f"host all all {address}/{128 if ':' in address else 32} trust\n")
            for url in (over_tcp(server), over_socket(server)):
                with pytest.raises(refusals.DatabaseOpen):
                    require_credentials(url, os.urandom)


def test_what_this_user_insists_on_turns_nobody_away(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver would refuse a server that asks for nothing, and it would look as if the server had refused."""
    allow(server, TRUSTED_SOCKET + f"host all {PLAIN} 127.0.0.1/32 scram-sha-256\n" + TRUST)
    monkeypatch.setenv("PGREQUIREAUTH", "scram-sha-256")
    psycopg.connect(over_tcp(server)).close()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(over_tcp(server, "postgres"))
    with pytest.raises(refusals.DatabaseOpen):
        require_credentials(over_tcp(server), os.urandom)


def test_one_that_answers_once_and_then_no_more_has_shown_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever takes connections and says nothing has turned nobody away."""
    allow(server, TRUSTED_SOCKET + SCRAM)
    monkeypatch.setattr(credentials, "_WAIT_S", 2)
    silent: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as front:

        def pass_on_once() -> None:
            plain, _ = front.accept()
            silent.append(plain)
            if len(silent) > 1:
                return
            behind = socket.create_connection(("127.0.0.1", server.port))
            silent.append(behind)
            for ends in ((plain, behind), (behind, plain)):
                Thread(target=_copied, args=ends, daemon=True).start()

        with answering(front, pass_on_once), pytest.raises(refusals.StoreLost):
            require_credentials(over_tcp(server, port=front.getsockname()[1]), os.urandom)
    for one in silent:
        one.close()


@pytest.fixture(scope="module")
def trusting() -> Iterator[Server]:
    server = Server(TRUSTED_SOCKET + TRUST)
    yield server
    server.destroy()


def test_another_server_that_is_open_is_none_of_this_custodians(server: Server, trusting: Server) -> None:
    """The two have one port number, at two addresses of this machine."""
    allow(server, TRUSTED_SOCKET + SCRAM + "host all all 127.0.0.2/32 scram-sha-256\n")
    with settings(server, listen_addresses="127.0.0.2", port=trusting.port):
        require_credentials(over_socket(server), os.urandom)


@contextmanager
def answering(listening: socket.socket, answer: Callable[[], None]) -> Iterator[None]:
    """Answer until this ends."""

    def forever() -> None:
        with suppress(OSError):
            while True:
                answer()

    thread = Thread(target=forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def test_one_that_takes_any_password_is_refused(server: Server) -> None:
    """It asks for one, and somebody behind it (RFC 2865, as PAM or LDAP would) says yes to whatever it is."""
    secret, accept = b"between-them", b"\x02"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as radius:
        radius.bind(("127.0.0.1", 0))

        def yes() -> None:
            asked, whom = radius.recvfrom(4_096)
            if not asked:
                raise ConnectionAbortedError
            head = accept + asked[1:2] + (20).to_bytes(2, "big")
            radius.sendto(head + hashlib.md5(head + asked[4:20] + secret).digest(), whom)  # noqa: S324

        line = f"host all all 127.0.0.1/32 radius radiusservers=127.0.0.1 radiussecrets={secret.decode()} "
        allow(server, TRUSTED_SOCKET + line + f"radiusports={radius.getsockname()[1]}\n")
        with answering(radius, yes):
            psycopg.connect(over_tcp(server).replace(PASSWORD, "anything")).close()
            with pytest.raises(refusals.DatabaseOpen):
                require_credentials(over_tcp(server), os.urandom)


def test_a_door_that_opens_to_whoever_speaks_tls_is_refused(server: Server, tmp_path: Path) -> None:
    """TLS ends in front of the server, and behind it is a local socket that trusts whoever comes."""
    allow(server, TRUSTED_SOCKET + SCRAM)
    issue_into(tmp_path / "front", Authority.make(NOON), NOON)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "front" / "own.pem", tmp_path / "front" / "own.key")
    with socket.create_server(("127.0.0.1", 0)) as front:

        def pass_on() -> None:
            plain, _ = front.accept()
            with plain, suppress(OSError):
                if plain.recv(8)[4:] != b"\x04\xd2\x16\x2f":  # SSLRequest
                    return
                plain.sendall(b"S")
                with context.wrap_socket(plain, server_side=True) as inside, socket.socket(socket.AF_UNIX) as behind:
                    behind.connect(f"{server.folder}/.s.PGSQL.{server.port}")
                    back = Thread(target=_copied, args=(behind, inside), daemon=True)
                    back.start()
                    _copied(inside, behind)
                    back.join(5)

        with answering(front, pass_on):
            port = front.getsockname()[1]
            psycopg.connect(over_tcp(server, port=port) + "?sslmode=require").close()
            with pytest.raises(refusals.DatabaseOpen):
                require_credentials(over_tcp(server, port=port) + "?sslmode=require", os.urandom)


def _copied(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError, ValueError):
        while some := one.recv(65_536):
            other.sendall(some)
    for end in (one, other):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def test_whoever_the_server_does_not_let_in_is_told_so(server: Server) -> None:
    allow(server, TRUSTED_SOCKET + SCRAM)
    with pytest.raises(refusals.StoreShut):
        require_credentials(over_tcp(server).replace(PASSWORD, "another"), os.urandom)


def test_a_url_over_a_network_without_credentials_is_refused_unasked() -> None:
    for url in ("postgresql://somebody@127.0.0.1:1/x", "postgresql://somebody@/x?host=127.0.0.1&port=1"):
        with pytest.raises(refusals.CredentialsMissing):
            require_credentials(url, os.urandom)
    for query in ("host=/tmp,127.0.0.1&port=1,1", "host=/tmp&hostaddr=127.0.0.1&port=1", "hostaddr=127.0.0.1&port=1"):
        with pytest.raises(refusals.CredentialsMissing):
            require_credentials(f"postgresql://somebody@/x?{query}", os.urandom)


def test_one_that_does_not_answer_has_shown_nothing() -> None:
    with pytest.raises(refusals.StoreLost):
        require_credentials(f"postgresql://somebody:{PASSWORD}@127.0.0.1:1/x", os.urandom)


@pytest.mark.parametrize("url", ["", "nothing", "sqlite:///x", "mysql://a:b@c/d", "postgresql://user:word@/name"])
def test_what_names_no_database_of_this_kind_or_no_host_is_refused(url: str) -> None:
    with pytest.raises(refusals.DatabaseWrong):
        require_credentials(url, os.urandom)
