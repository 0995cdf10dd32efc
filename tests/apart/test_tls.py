"""Who is let in: pinned keys, TLS 1.3, and nothing in the clear."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from moiety.custody import refusals, wire
from moiety.custody.gateway.apart import Apart
from moiety.custody.gateway.deployment import DEPLOYMENT
from moiety.custody.net import ends
from moiety.custody.net.authority import Authority, issue_into
from moiety.custody.net.config import Deployment
from moiety.custody.net.tls import Identity
from moiety.sharing.seat import SEATS
from tests.apart.scene import Site
from tests.custody.scene import CROWD_OF_TWO, DOOR, NOON, matched

ASK = "/moiety.custodian.1/ask"


def another_of_the_authority(site: Site, name: str, made: datetime = NOON) -> Identity:
    """A key that nobody pinned, with a certificate of the trial's own authority."""
    place = site.folder / "authority"
    key = load_pem_private_key((place / "authority.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    authority = Authority(key, x509.load_pem_x509_certificate((place / "authority.pem").read_bytes()))
    folder = site.folder / name
    issue_into(folder, authority, made)
    return Identity.load(folder / "own.pem", folder / "own.key", folder / "authority.pem")


def deployment(site: Site) -> Deployment:
    return Deployment.read(site.folder / DEPLOYMENT)


def test_an_authority_alone_names_no_gateway(office: Apart, site: Site) -> None:
    stranger = another_of_the_authority(site, "stranger")
    for at in deployment(site).custodians().values():
        with ends.channel(at.address, at.key, stranger) as channel:
            for method in ("ask", "watch", "hold"):
                call = channel.unary_stream(f"/moiety.custodian.1/{method}")
                with pytest.raises(grpc.RpcError) as raised:
                    list(call(wire.request(wire.Stand()), timeout=10))
                assert raised.value.code() == grpc.StatusCode.PERMISSION_DENIED


def test_a_certificate_that_is_over_connects_nobody(office: Apart, site: Site) -> None:
    """Whoever it is of: the connection is refused before a key is compared."""
    (at, *_) = deployment(site).custodians().values()
    seen = set()
    for name, days in (("valid", 0), ("over", 826)):
        stranger = another_of_the_authority(site, name, datetime.now(UTC) - timedelta(days=days))
        with ends.channel(at.address, at.key, stranger) as channel:
            call = channel.unary_stream(ASK)
            with pytest.raises(grpc.RpcError) as raised:
                list(call(wire.request(wire.Stand()), timeout=10))
            seen.add((name, raised.value.code()))
    assert seen == {("valid", grpc.StatusCode.PERMISSION_DENIED), ("over", grpc.StatusCode.UNAVAILABLE)}


def test_an_authority_alone_names_no_custodian(office: Apart, site: Site) -> None:
    at = deployment(site).custodians()
    # Custodian b's key was pinned at a's address: as if b had taken its place.
    with pytest.raises(refusals.PeerUnknown):
        ends.channel(at["a"].address, at["b"].key, deployment(site).identity())


def test_a_gateway_is_no_custodian_and_a_custodian_no_gateway(office: Apart, site: Site) -> None:
    own = site.folder / "custodian-b"
    custodian = Identity.load(own / "own.pem", own / "own.key", own / "authority.pem")
    at = deployment(site).custodians()["a"]
    with ends.channel(at.address, at.key, custodian) as channel, pytest.raises(grpc.RpcError) as raised:
        channel.unary_unary(ASK)(wire.request(wire.Stand()), timeout=10)
    assert raised.value.code() == grpc.StatusCode.PERMISSION_DENIED
    gateway = deployment(site).identity()
    with ends.channel(at.address, at.key, gateway) as channel, pytest.raises(grpc.RpcError) as raised:
        next(channel.stream_stream("/moiety.custodian.1/line")(iter([b"\x01"]), timeout=10))
    assert raised.value.code() == grpc.StatusCode.PERMISSION_DENIED


def test_nobody_without_a_certificate_is_heard(office: Apart, site: Site) -> None:
    at = deployment(site).custodians()["a"]
    host, port = at.address.split(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    # In TLS 1.3 a client ends its handshake before it hears that a certificate is missing; then nothing comes.
    with socket.create_connection((host, int(port)), timeout=10) as plain, context.wrap_socket(plain) as wrapped:
        assert wrapped.recv(4096) == b""


def test_nothing_is_spoken_in_the_clear(office: Apart, site: Site) -> None:
    at = deployment(site).custodians()["a"]
    with grpc.insecure_channel(at.address) as channel, pytest.raises(grpc.RpcError) as raised:
        channel.unary_unary(ASK)(wire.request(wire.Stand()), timeout=5)
    assert raised.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


HANDSHAKE = """
import socket, ssl, sys
host, port, certificate, key, version = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
context.load_cert_chain(certificate, key)
context.set_alpn_protocols(["h2"])
with socket.create_connection((host, int(port)), timeout=10) as plain:
    with context.wrap_socket(plain) as wrapped:
        print(wrapped.version())
"""


@pytest.mark.parametrize(("version", "spoken"), [("TLSv1_3", True), ("TLSv1_2", False)])
def test_a_served_custodian_speaks_nothing_older_than_tls_1_3(served_apart: Path, version: str, spoken: bool) -> None:
    address = Deployment.read(served_apart / DEPLOYMENT).custodians()["a"].address
    own = served_apart / "gateway"
    said = subprocess.run(
        [sys.executable, "-c", HANDSHAKE, *address.split(":"), own / "own.pem", own / "own.key", version],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (said.returncode == 0, said.stdout.strip()) == (spoken, "TLSv1.3" if spoken else "")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_no_custodian_starts_with_a_key_that_others_read(office: Apart, site: Site, mode: int) -> None:
    site.stop("a")
    (site.folder / "custodian-a" / "own.key").chmod(mode)
    with pytest.raises(refusals.KeyWorldReadable):
        site.start("a")
    (site.folder / "custodian-a" / "own.key").chmod(0o600)
    site.start("a")
    site.gateway().close()


@pytest.mark.parametrize("gone", ["own.key", "own.pem", "authority.pem"])
def test_no_custodian_starts_without_its_keys(office: Apart, site: Site, gone: str) -> None:
    site.stop("a")
    (site.folder / "custodian-a" / gone).unlink()
    with pytest.raises(refusals.KeyUnreadable):
        site.start("a")


def test_a_certificate_is_renewed_under_the_same_key_without_telling_anybody(office: Apart, site: Site) -> None:
    place = site.folder / "authority"
    key = load_pem_private_key((place / "authority.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    authority = Authority(key, x509.load_pem_x509_certificate((place / "authority.pem").read_bytes()))
    own = site.folder / "custodian-b"
    before = (own / "own.pem").read_bytes()
    site.stop("b")
    (own / "own.pem").write_bytes(authority.certify(load_pem_private_key((own / "own.key").read_bytes(), None), NOON))
    assert (own / "own.pem").read_bytes() != before
    site.start("b")
    site.gateway().close()
    office.enrol(DOOR, CROWD_OF_TWO)
    assert matched(office, CROWD_OF_TWO) == [True, True]


def test_all_keys_are_of_their_owner_alone(site: Site) -> None:
    keys = [*site.folder.rglob("*.key")]
    assert len(keys) == len(SEATS) + 2 + len(SEATS)  # three custodians, a gateway, the authority, three roots
    assert {path.stat().st_mode & 0o077 for path in keys} == {0}
