"""Whether a database asks who is there. One that lets anybody in over a network is refused, whatever its URL says.

A local socket is another matter: there the system knows who is asking, and only users of this machine can. But a server
that is reached over its socket mostly listens on a network too, so it is asked where, and tried there.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import Any, Final, Self

import psycopg
from psycopg import conninfo
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from moiety.custody.refusals import CredentialsMissing, DatabaseOpen, DatabaseWrong, StoreLost
from moiety.custody.store.noise import Entropy
from moiety.custody.store.postgresql import PostgresDatabase

_WAIT_S: Final = 10
_LOOK_S: Final = 3
"""A place of which nobody knows that it can be reached from here is not waited for as long."""

_PASSWORD_BYTES: Final = 24

_SUPERUSER: Final = "postgres"
"""Of almost every server, as is the database of the same name: whoever gets in there has all the others."""

_MODES: Final = ("require", "disable")
"""With TLS and without: a line of pg_hba.conf can be about either (`hostssl`, `hostnossl`)."""

_NO_FILE: Final = "/dev/null/none"

_NOTHING_OF_OURS: Final = {
    "hostaddr": "",
    "passfile": _NO_FILE,
    "sslcertmode": "disable",
    "sslrootcert": _NO_FILE,
    "gssencmode": "disable",
    "channel_binding": "prefer",
    "require_auth": "none,password,md5,scram-sha-256",
}
"""No file, ticket or setting of this user's answers for what is not given, or turns away whom the server lets in."""

_MOST: Final = 8
"""Powerful roles, and databases, that are tried: beside `postgres`, a server for custodians has few of either."""

_COPYING: Final = {"replication": "true"}
"""What copies everything that a server has: a line that is about `all` databases is not about this."""

_EVERYWHERE: Final = frozenset(("*", "0.0.0.0", "::"))  # noqa: S104

_FAR: Final = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Addresses that are nobody's (RFC 5737, RFC 3849)."""

_STARTED: Final = "SELECT pg_postmaster_start_time()"
"""To the microsecond: it tells one server from another."""

_SYSTEM: Final = "SELECT system_identifier FROM pg_control_system()"
_IDENTIFIED: Final = "IDENTIFY_SYSTEM"
"""What tells one server from another to whoever copies it: a replica has the same."""

_POWERFUL: Final = "SELECT rolname FROM pg_roles WHERE rolcanlogin AND (rolsuper OR rolreplication) ORDER BY rolname"
_DATABASES: Final = "SELECT datname FROM pg_database WHERE datallowconn ORDER BY datname"

_TRUSTED: Final = "SELECT count(*) FROM pg_hba_file_rules WHERE type <> 'local' AND auth_method = 'trust'"


@dataclass(frozen=True)
class _Server:
    """What a server says of itself: what it is known by, where it listens on a network, who could take everything from
    it, one's own user among them, and which databases it has; whether a line of its pg_hba.conf trusts somebody over a
    network, as far as it tells."""

    marks: frozenset[str]
    hosts: tuple[str, ...]
    port: str
    users: frozenset[str]
    names: frozenset[str]
    trusting: bool

    @classmethod
    def of(cls, asked: dict[str, Any]) -> Self:
        """Ask it, over the very connection that a custodian would use. Raises `StoreLost`, `StoreShut`."""
        try:
            with psycopg.connect(**{"connect_timeout": _WAIT_S} | asked, autocommit=True) as connection:
                hosts = _said(connection, "SHOW listen_addresses")
                return cls(
                    marks=frozenset((_said(connection, _STARTED), _said(connection, _SYSTEM))),
                    hosts=tuple(host for host in map(str.strip, hosts.split(",")) if host),
                    port=_said(connection, "SHOW port"),
                    users=frozenset((connection.info.user, _SUPERUSER, *_all(connection, _POWERFUL))),
                    names=frozenset((connection.info.dbname, _SUPERUSER, *_all(connection, _DATABASES))),
                    trusting=_trusting(connection),
                )
        except psycopg.Error as error:
            raise PostgresDatabase.typed(error) from None


def require_credentials(url: str, entropy: Entropy) -> None:
    """Refuse a database that lets anybody in over a network without a password or a certificate.

    A URL over TCP without either is refused unasked. Then the server is asked where it listens, and tried there and
    where the URL says, with a random password and no certificate, with TLS and without: as the URL's user and as every
    role that could take everything (a superuser, or one that may replicate), in every database and to replicate. It has
    to turn everybody away. Where it shows the lines of its
    pg_hba.conf, none that is not about a local socket may say `trust`. What that leaves unseen is said in
    docs/operations.md, "PostgreSQL".

    Raises `DatabaseWrong` (the URL of no PostgreSQL, or without a host), `CredentialsMissing`, `DatabaseOpen`,
    `StoreLost` where nobody answers, and `StoreShut` where the URL's own user is not let in.
    """
    asked = _asked(url)
    places = list(_places(asked))
    if not places:
        raise DatabaseWrong  # the environment would choose one
    if any(_is_network(place) for place in places) and not asked.get("password") and not asked.get("sslcert"):
        raise CredentialsMissing
    server = _Server.of(asked)
    password = entropy(_PASSWORD_BYTES).hex()
    if server.hosts and server.trusting:
        raise DatabaseOpen
    try:
        if any(_let_in(place, server, password, _WAIT_S) for place in places if _is_network(place)):
            raise DatabaseOpen
    except psycopg.errors.ConnectionTimeout:
        raise StoreLost from None  # it has shown nothing
    for place in _elsewhere(places, server):
        with suppress(psycopg.errors.ConnectionTimeout):
            # Another server may be there instead, behind a forwarded port or on this machine: that is none of ours.
            if server.marks & set(_let_in(place, server, password, _LOOK_S)):
                raise DatabaseOpen


def _asked(url: str) -> dict[str, Any]:
    """What the driver would be asked to connect to."""
    try:
        address = make_url(url).set(drivername="postgresql+psycopg")
        if not url.startswith("postgresql"):
            raise DatabaseWrong
        asked = dict(address.get_dialect()().create_connect_args(address)[1])
    except ArgumentError:
        raise DatabaseWrong from None
    return {key: value for key, value in asked.items() if key != "context"}


def _places(asked: dict[str, Any]) -> Iterator[dict[str, str]]:
    """Each place that a URL names: it may name several, one after the other."""
    hosts, addresses, ports = (str(asked.get(key) or "").split(",") for key in ("host", "hostaddr", "port"))
    for at in range(max(len(hosts), len(addresses))):
        host, address = (of[at] if at < len(of) else "" for of in (hosts, addresses))
        if host or address:
            yield {"host": host, "hostaddr": address, "port": ports[at] if at < len(ports) else ports[0]}


def _is_network(place: dict[str, str]) -> bool:
    return bool(place["hostaddr"]) or not place["host"].startswith(("/", "@"))


def _elsewhere(places: list[dict[str, str]], server: _Server) -> Iterator[dict[str, str]]:
    """Where this server may listen on a network beside what the URL says."""
    if not server.hosts:
        return
    hosts = {place["hostaddr"] or place["host"] for place in places}
    networks = {host for host in hosts if not host.startswith(("/", "@"))}
    if any(host not in networks or _is_loopback(host) for host in hosts):
        networks |= {"127.0.0.1", "::1"}  # it is on this machine
        if not _EVERYWHERE.isdisjoint(server.hosts):
            networks |= outgoing()
    for host in sorted(networks | set(server.hosts) - _EVERYWHERE):
        yield {"host": host, "port": server.port}


def outgoing() -> set[str]:
    """The addresses from which this machine goes out into a network, of either kind. Nothing is sent to find them."""
    found: set[str] = set()
    for family, far in _FAR.items():
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as some:
            some.connect((far, 9))
            found.add(some.getsockname()[0])
    return found


def _is_loopback(host: str) -> bool:
    return host.startswith("127.") or host.lower() in ("localhost", "::1")


def _let_in(place: dict[str, str], server: _Server, password: str, seconds: int) -> list[str]:
    """Of each way in there, with this password and no certificate: what the server behind it is known by, or nothing.

    Raises `psycopg.errors.ConnectionTimeout`.
    """
    found: list[str] = []
    ways = [({"dbname": name}, _STARTED) for name in sorted(server.names)] + [(_COPYING, _IDENTIFIED)]
    for mode, user, (what, asked) in product(_MODES, sorted(server.users), ways):
        who = {"user": user, "password": password}
        said = conninfo.make_conninfo(
            "", **_NOTHING_OF_OURS | place | who | what, sslmode=mode, connect_timeout=seconds
        )
        try:
            with psycopg.connect(said, autocommit=True) as connection:
                found.append("")
                found[-1] = _said(connection, asked)
        except psycopg.errors.ConnectionTimeout:
            if not found:
                raise
        except psycopg.Error:
            continue  # turned away
    return found


def _one(connection: psycopg.Connection[Any], question: str) -> Any:
    found = connection.execute(question.encode()).fetchone()
    return None if found is None else found[0]


def _said(connection: psycopg.Connection[Any], question: str) -> str:
    found = _one(connection, question)  # bytes from whoever copies: types are looked up in a database
    return found.decode() if isinstance(found, bytes) else str(found)


def _all(connection: psycopg.Connection[Any], question: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(question.encode()).fetchmany(_MOST)]


def _trusting(connection: psycopg.Connection[Any]) -> bool:
    """Whether a line trusts somebody over a network; a server shows its lines only to a superuser, or whom it may."""
    try:
        return bool(_one(connection, _TRUSTED))
    except psycopg.errors.InsufficientPrivilege:
        return False
