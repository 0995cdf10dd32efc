"""A database that lets anybody in over a network is refused: tried on a real PostgreSQL, let in by `trust` or not."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import psycopg
import pytest

from moiety.custody import refusals
from moiety.custody.credentials import require_credentials
from tests.postgres import PASSWORD, SCRAM, TRUST, TRUSTED_SOCKET, Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server(TRUSTED_SOCKET + SCRAM)
    yield server
    server.destroy()


def allow(server: Server, hba: str) -> None:
    """Let others in, and wait until it is so."""
    server.allow(hba)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            psycopg.connect(server.tcp_url("postgres", "surely-wrong")).close()
            let_in = True
        except psycopg.OperationalError:
            let_in = False
        if let_in == ("trust" in hba.replace(TRUSTED_SOCKET, "")):
            return
        time.sleep(0.05)


def test_one_that_asks_for_a_password_is_good(server: Server) -> None:
    allow(server, TRUSTED_SOCKET + SCRAM)
    require_credentials(server.tcp_url("postgres"), os.urandom)
    require_credentials(server.socket_url("postgres"), os.urandom)


@pytest.mark.parametrize("first", ["", "host all somebody-else 127.0.0.1/32 scram-sha-256\n"])
def test_one_that_trusts_whoever_comes_over_a_network_is_refused(server: Server, first: str) -> None:
    """Whatever the URL says: a right password shows nothing where none is asked for."""
    allow(server, TRUSTED_SOCKET + first + TRUST)
    psycopg.connect(server.tcp_url("postgres")).close()
    with pytest.raises(refusals.DatabaseOpen):
        require_credentials(server.tcp_url("postgres"), os.urandom)
    with pytest.raises(refusals.DatabaseOpen):
        require_credentials(server.tcp_url("postgres", "another"), os.urandom)
    require_credentials(server.socket_url("postgres"), os.urandom)
    allow(server, TRUSTED_SOCKET + SCRAM)


def test_a_url_over_a_network_without_credentials_is_refused_unasked() -> None:
    for url in ("postgresql://somebody@127.0.0.1:1/x", "postgresql://somebody@/x?host=127.0.0.1&port=1"):
        with pytest.raises(refusals.CredentialsMissing):
            require_credentials(url, os.urandom)
    with pytest.raises(refusals.CredentialsMissing):
        require_credentials("postgresql://somebody@/x?host=/tmp,127.0.0.1&port=1,1", os.urandom)


def test_one_that_does_not_answer_has_shown_nothing() -> None:
    with pytest.raises(refusals.StoreLost):
        require_credentials(f"postgresql://somebody:{PASSWORD}@127.0.0.1:1/x", os.urandom)


@pytest.mark.parametrize("url", ["", "nothing", "sqlite:///x", "mysql://a:b@c/d", "postgresql://user:word@/name"])
def test_what_names_no_database_of_this_kind_or_no_host_is_refused(url: str) -> None:
    with pytest.raises(refusals.DatabaseWrong):
        require_credentials(url, os.urandom)
