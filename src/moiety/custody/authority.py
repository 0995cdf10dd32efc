"""A private authority for a trial: keys and certificates (X.509) of custodians and gateways.

Every party has an elliptic-curve key of its own (P-256), and a certificate that says nothing about it but the one name
that all have. What names a party is its pinned key: see `tls`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from moiety.custody.refusals import KeysExist
from moiety.custody.tls import NAME, pin, pin_of

_DAYS_AUTHORITY = 3_650
_DAYS_PARTY = 825
"""What browsers' rules allow at most; under the same key a certificate is renewed without telling anybody."""

_SLACK = timedelta(hours=1)
"""Clocks of two hosts differ."""


@dataclass(frozen=True)
class Authority:
    """The authority's key and certificate."""

    key: EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, now: datetime) -> Authority:
        """A new one."""
        key = generate_private_key(SECP256R1())
        # Authorities of several operators lie in one file, and are found there by their names.
        name = _name(f"moiety authority {pin_of(key.public_key())[:8].hex()}")
        certificate = (
            _builder(name, name, key, now, _DAYS_AUTHORITY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(key, certificate)

    def issue(self, now: datetime) -> tuple[bytes, bytes]:
        """A new party's private key and certificate (PEM)."""
        key = generate_private_key(SECP256R1())
        return _private(key), self.certify(key, now)

    def certify(self, key: EllipticCurvePrivateKey, now: datetime) -> bytes:
        """A certificate (PEM) for a party's key, new or known."""
        certificate = (
            _builder(_name(NAME), self.certificate.subject, key, now, _DAYS_PARTY)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return certificate.public_bytes(Encoding.PEM)

    def pem(self) -> tuple[bytes, bytes]:
        """Its private key and certificate (PEM)."""
        return _private(self.key), self.certificate.public_bytes(Encoding.PEM)


def write_authority(folder: Path, authority: Authority) -> None:
    """Make a folder (0700) with `authority.key` and `authority.pem`. Raises `KeysExist`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key, certificate = authority.pem()
    write_private(folder / "authority.key", key)
    write_private(folder / "authority.pem", certificate)


def issue_into(folder: Path, authority: Authority, now: datetime) -> bytes:
    """Make a party's folder (0700) with `own.key`, `own.pem` and the authority's certificate; its pin."""
    folder.mkdir(mode=0o700, exist_ok=True)
    key, certificate = authority.issue(now)
    write_private(folder / "own.key", key)
    write_private(folder / "own.pem", certificate)
    write_private(folder / "authority.pem", authority.pem()[1])
    return pin(certificate)


def write_private(file: Path, content: bytes) -> None:
    """Write a file that only its owner reads (0600). Raises `KeysExist` rather than replace one."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise KeysExist from None
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)


def _private(key: EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SLACK)
        .not_valid_after(now + timedelta(days=days))
    )
