"""Whether a database asks who is there. One that lets anybody in over a network is refused, whatever its URL says.

A local socket is another matter: there the system knows who is asking, and only users of this machine can.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg
from psycopg import conninfo, pq
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from moiety.custody.noise import Entropy
from moiety.custody.refusals import CredentialsMissing, DatabaseOpen, DatabaseWrong, StoreLost

_WAIT_S: Final = 10
_PASSWORD_BYTES: Final = 24


def require_credentials(url: str, entropy: Entropy) -> None:
    """Refuse a database that does not ask for a password or a certificate, unless it is on a local socket.

    A URL over TCP without either is refused unasked. Then the database itself is tried over TCP, as the URL's user and
    without its certificate: with a random password, and with none. It has to turn both away.

    Raises `DatabaseWrong` (the URL of no PostgreSQL, or without a host), `CredentialsMissing`, `DatabaseOpen`, and
    `StoreLost` where nobody answers.
    """
    asked = _asked(url)
    hosts = [host for name in ("host", "hostaddr") for host in str(asked.get(name) or "").split(",") if host]
    if not hosts:
        raise DatabaseWrong  # the environment would choose one
    if all(host.startswith(("/", "@")) for host in hosts):
        return
    if not asked.get("password") and not asked.get("sslcert"):
        raise CredentialsMissing
    if any(_let_in(asked, password) for password in (entropy(_PASSWORD_BYTES).hex(), "")):
        raise DatabaseOpen


def _asked(url: str) -> dict[str, Any]:
    """What the driver would be asked to connect to."""
    try:
        address = make_url(url).set(drivername="postgresql+psycopg")
        if not url.startswith("postgresql"):
            raise DatabaseWrong
        return dict(address.get_dialect()().create_connect_args(address)[1])
    except ArgumentError:
        raise DatabaseWrong from None


def _let_in(asked: dict[str, Any], password: str) -> bool:
    """Whether the database lets this user in with this password, and no certificate."""
    # No file of this user's may answer for what is not given here.
    own = {"password": password, "passfile": "/dev/null/none", "sslcertmode": "disable", "connect_timeout": _WAIT_S}
    where = {key: value for key, value in asked.items() if key not in ("sslcert", "sslkey", "sslpassword", "context")}
    said = conninfo.make_conninfo("", **where | own)
    try:
        psycopg.connect(said).close()
    except psycopg.OperationalError:
        # Turned away, if anybody is there: a database that only was out of reach has shown nothing.
        if pq.PGconn.ping(said.encode()) != pq.Ping.OK:
            raise StoreLost from None
        return False
    return True
