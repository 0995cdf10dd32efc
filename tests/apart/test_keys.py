"""`moiety keys renew`: another certificate under the same key, of the same authority, in the old one's place."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from moiety import cli
from moiety.custody import refusals
from moiety.custody.net.authority import (
    Authority,
    AuthorityOther,
    AuthorityOver,
    KeysUnwritable,
    issue_into,
    renew,
    write_authority,
)
from moiety.custody.net.config import shown
from moiety.custody.net.tls import Identity, pin
from moiety.errors import MoietyError

LONG_AGO = datetime.now(UTC) - timedelta(days=800)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder with an authority, and in `own` what it made long ago."""
    authority = Authority.make(LONG_AGO)
    write_authority(tmp_path / "keys", authority)
    issue_into(tmp_path / "keys" / "own", authority, LONG_AGO)
    return tmp_path / "keys"


def renewed(keys: Path, now: datetime | None = None) -> tuple[bytes, datetime]:
    return renew(keys, keys / "own" / "own.key", keys / "own" / "own.pem", now or datetime.now(UTC))


def test_the_key_stays_and_the_certificate_lasts_longer(keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = keys / "own"
    before, key = (own / "own.pem").read_bytes(), (own / "own.key").read_bytes()
    words = ["keys", "renew", str(keys), "--key", str(own / "own.key"), "--certificate", str(own / "own.pem")]
    assert cli.run([*words, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    after = (own / "own.pem").read_bytes()
    assert answer["key"] == shown(pin(before)) == shown(pin(after))
    old, new = (x509.load_pem_x509_certificate(each) for each in (before, after))
    assert answer["until"] == f"{new.not_valid_after_utc:%Y-%m-%d}"
    assert (new.not_valid_after_utc - old.not_valid_after_utc).days >= 799
    assert Identity.load(own / "own.pem", own / "own.key", own / "authority.pem").key == key
    new.verify_directly_issued_by(x509.load_pem_x509_certificate((keys / "authority.pem").read_bytes()))
    assert {path.name: path.stat().st_mode & 0o777 for path in own.iterdir()} == dict.fromkeys(
        ["authority.pem", "own.key", "own.pem"], 0o600
    )


def test_it_ends_no_later_than_the_authority(keys: Path) -> None:
    over = x509.load_pem_x509_certificate((keys / "authority.pem").read_bytes()).not_valid_after_utc
    assert renewed(keys, over - timedelta(days=1))[1] == over
    with pytest.raises(AuthorityOver):
        renewed(keys, over)


def test_what_a_killed_command_left_is_replaced(keys: Path) -> None:
    (keys / "own" / "own.pem.new").write_text("half")
    renewed(keys)
    assert not (keys / "own" / "own.pem.new").exists()


@pytest.mark.parametrize(
    ("break_it", "refusal"),
    [
        (lambda keys: (keys / "authority.key").unlink(), refusals.KeyUnreadable),
        (lambda keys: (keys / "authority.pem").unlink(), refusals.KeyUnreadable),
        (lambda keys: (keys / "authority.key").chmod(0o644), refusals.KeyWorldReadable),
        (lambda keys: (keys / "own" / "own.key").chmod(0o640), refusals.KeyWorldReadable),
        (lambda keys: (keys / "own" / "own.key").write_text("nothing"), refusals.KeyUnreadable),
        (lambda keys: (keys / "own" / "own.pem").unlink(), refusals.KeyUnreadable),
        (lambda keys: shutil.copy(keys / "authority.key", keys / "own" / "own.key"), refusals.KeyUnreadable),
        (lambda keys: shutil.copy(keys / "own" / "own.key", keys / "authority.key"), refusals.KeyUnreadable),
        (lambda keys: _another(keys), AuthorityOther),
        (lambda keys: (keys / "own" / "own.pem.new").mkdir(), KeysUnwritable),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_changes(
    keys: Path, break_it: Callable[[Path], object], refusal: type[MoietyError]
) -> None:
    break_it(keys)
    own = keys / "own" / "own.pem"
    before = own.read_bytes() if own.exists() else None
    with pytest.raises(refusal):
        renewed(keys)
    assert (own.read_bytes() if own.exists() else None) == before


def _another(keys: Path) -> None:
    for name in ("authority.key", "authority.pem"):
        (keys / name).unlink()
    write_authority(keys, Authority.make(LONG_AGO))
