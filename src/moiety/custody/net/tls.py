"""Who is at the other end: mutual TLS 1.3 with pinned public keys.

An authority's signature lets a certificate be looked at; what names a party is the SHA-256 of its public key
(SubjectPublicKeyInfo, RFC 5280), which the operators of the others have written into their configuration. Certificates
may be renewed under the same key without telling anybody.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import socket
import ssl
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from moiety.custody.refusals import KeyUnreadable, KeyWorldReadable, PeerUnknown

Pin = bytes
"""SHA-256 of a public key, 32 bytes."""

NAME = "moiety"
"""The one host name in every certificate: addresses change, and nobody is named by them."""

_CONNECT_S = 3.0


@dataclass(frozen=True)
class Neighbour:
    """Where a custodian listens, and its pinned public key."""

    address: str
    key: Pin


@dataclass(frozen=True)
class Identity:
    """What a party shows: its certificate, its private key, and the authority whose certificates it looks at (PEM);
    `files` are those of the first two."""

    certificate: bytes
    key: bytes
    authority: bytes
    files: tuple[Path, Path]

    @classmethod
    def load(cls, certificate: Path, key: Path, authority: Path) -> Identity:
        """Read the three files. Raises `KeyWorldReadable` where others may read the key, and `KeyUnreadable` where one
        is not there or is no such thing, or the key is not the certificate's."""
        try:
            private = secret(key)
            identity = cls(certificate.read_bytes(), private, authority.read_bytes(), (certificate, key))
            own = load_pem_private_key(private, None).public_key()
            x509.load_pem_x509_certificate(identity.authority)
            fits = hmac.compare_digest(pin(identity.certificate), pin_of(own))
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it is under a passphrase
            raise KeyUnreadable from None
        if not fits:
            raise KeyUnreadable
        return identity


def secret(file: Path) -> bytes:
    """A private file. Raises `KeyWorldReadable` unless only its owner may read and write it; OSError as usual."""
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_IMODE(mode) & 0o077 or not stat.S_ISREG(mode):
            raise KeyWorldReadable
        return os.read(descriptor, 1 << 16)
    finally:
        os.close(descriptor)


def pin(certificate: bytes) -> Pin:
    """What pins the public key of a certificate (PEM)."""
    return pin_of(x509.load_pem_x509_certificate(certificate).public_key())


def pin_of(public: PublicKeyTypes) -> Pin:
    """What pins a public key."""
    return hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()


def shown(address: str, identity: Identity) -> bytes:
    """The certificate (PEM) whose key whoever listens there has proved to hold."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    # Neither the name nor the authority decides: the caller compares the key itself.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    context.load_cert_chain(*identity.files)
    host, _, port = address.rpartition(":")
    with (
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S) as plain,
        context.wrap_socket(plain, server_hostname=NAME) as wrapped,
    ):
        der = wrapped.getpeercert(binary_form=True)
    if der is None:
        raise PeerUnknown
    return ssl.DER_cert_to_PEM_cert(der).encode()
