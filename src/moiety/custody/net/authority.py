"""A private authority for a trial: keys and certificates (X.509) of custodians and gateways.

Every party has an elliptic-curve key of its own (P-256), and a certificate that says nothing about it but the one name
that all have. What names a party is its pinned key: see `tls`.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from moiety.custody.net.tls import NAME, Identity, pin, pin_of, secret
from moiety.custody.refusals import KeysExist, KeyUnreadable
from moiety.errors import Refused

_DAYS_AUTHORITY = 3_650
_DAYS_PARTY = 825
"""What browsers' rules allow at most; under the same key a certificate is renewed without telling anybody."""

_SLACK = timedelta(hours=1)
"""Clocks of two hosts differ."""


class KeysUnwritable(Refused):
    code: ClassVar[str] = "keys_unwritable"
    advice: ClassVar[str] = "a certificate cannot be written there: check its folder, its disk and who may write there"


class AuthorityOther(Refused):
    code: ClassVar[str] = "authority_other"
    advice: ClassVar[str] = (
        "the authority whose key is there did not sign this certificate, and the other parties would not look at what "
        "it signs: name the folder of the one that did, or make a new key"
    )


class AuthorityOver(Refused):
    code: ClassVar[str] = "authority_over"
    advice: ClassVar[str] = "the authority's own certificate has run out: make a new key with `moiety keys init`"


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

    @classmethod
    def read(cls, folder: Path) -> Authority:
        """What `write_authority` made. Raises `KeyWorldReadable`, and `KeyUnreadable` where one of the two files is not
        there or is no such thing, or the key is not the certificate's."""
        key = _read_key(folder / "authority.key")
        try:
            certificate = x509.load_pem_x509_certificate((folder / "authority.pem").read_bytes())
        except (OSError, ValueError):
            raise KeyUnreadable from None
        if pin_of(certificate.public_key()) != pin_of(key.public_key()):
            raise KeyUnreadable
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


def renew(folder: Path, key: Path, certificate: Path, now: datetime) -> tuple[bytes, datetime]:
    """Put a new certificate under the same key in the place of the old one, whole or not at all; its pin, and until
    when the other parties take it. `folder` has the authority that signed the old one.

    Raises as `Authority.read` and `Identity.load`, `AuthorityOther` where another authority signed the old one,
    `AuthorityOver` where this one's own certificate has run out, and `KeysUnwritable`.
    """
    authority = Authority.read(folder)
    identity = Identity.load(certificate, key, folder / "authority.pem")
    try:
        old = x509.load_pem_x509_certificate(identity.certificate)
        old.verify_directly_issued_by(authority.certificate)
    except (ValueError, TypeError, InvalidSignature):
        raise AuthorityOther from None
    over = authority.certificate.not_valid_after_utc
    if over <= now:
        raise AuthorityOver
    new = authority.certify(_read_key(key), now)
    draft = certificate.with_name(f"{certificate.name}.new")
    try:
        draft.unlink(missing_ok=True)  # of a command that was killed
        write_private(draft, new)
        draft.replace(certificate)
    except OSError:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise KeysUnwritable from None
    return pin(new), min(over, now + timedelta(days=_DAYS_PARTY))


def write_private(file: Path, content: bytes) -> None:
    """Write a file that only its owner reads (0600). Raises `KeysExist` rather than replace one."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise KeysExist from None
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)


def _read_key(file: Path) -> EllipticCurvePrivateKey:
    """Raises `KeyWorldReadable`, `KeyUnreadable`."""
    try:
        key = load_pem_private_key(secret(file), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyUnreadable from None
    if not isinstance(key, EllipticCurvePrivateKey):
        raise KeyUnreadable
    return key


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
