"""A custodian whose root keys lie in a token serves as any other, and has none in a file."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from moiety.custody.gateway import processes, trial
from moiety.custody.gateway.apart import Apart
from moiety.custody.gateway.deployment import DEPLOYMENT
from moiety.custody.net.config import Deployment
from moiety.custody.refusals import CustodianDown
from moiety.custody.verbs import silent
from moiety.sharing.seat import SEATS
from tests.custody.scene import DOCUMENT, DOOR, TERMS, matched, people
from tests.custody.softhsm import ABSENT, IS_THERE, LIBRARY, PIN, soft_token

pytestmark = pytest.mark.skipif(not IS_THERE, reason=ABSENT)

UNIT = Path(__file__).resolve().parent.parent.parent / "docs" / "operations" / "moiety-custodian@.service"

TODAY = int(datetime.now(UTC).timestamp()) // 86_400


def test_a_custodian_serves_with_its_roots_in_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = soft_token(tmp_path / "token", "roots")
    monkeypatch.setenv("SOFTHSM2_CONF", token.environment["SOFTHSM2_CONF"])
    site = tmp_path / "site"
    trial.lay_out(site, datetime.now(UTC), os.urandom, trial.free_ports(), office=os.urandom(16))
    own = trial.home(site, "b")
    (own / "token.pin").write_text(PIN)
    (own / "token.pin").chmod(0o600)
    with (own / trial.CONFIG).open("a") as config:
        config.write(f'\n[token]\nlibrary = "{LIBRARY}"\nlabel = "roots"\npin = "token.pin"\n')
    for seat in SEATS:
        making = ["-m", "moiety", "custodian", "init", "--config", str(trial.home(site, seat) / trial.CONFIG)]
        subprocess.run([sys.executable, *making], check=True, timeout=60, capture_output=True)
        again = subprocess.run([sys.executable, *making], timeout=60, capture_output=True, text=True)
        assert (again.returncode, "[office_exists]" in again.stderr) == (2, True)
        processes.start(site, seat)
    try:
        found: list[Apart] = []

        def ready() -> bool:
            try:
                found.append(
                    Apart.connect(
                        Deployment.read(site / DEPLOYMENT),
                        clock=lambda: datetime.now(UTC),
                        entropy=os.urandom,
                        progress=silent,
                    )
                )
            except CustodianDown:
                return False
            return True

        assert processes.wait_until(ready, site, 60)
        crowd = people(3, expires_day=TODAY + 30)
        found[0].add_gallery(DOOR, TERMS, DOCUMENT)
        found[0].enrol(DOOR, crowd)
        assert found[0].refresh() == 2
        assert matched(found[0], crowd) == [True] * 3
        found[0].close()
    finally:
        processes.stop(site)
    assert {seat: (trial.home(site, seat) / "store" / "roots").is_dir() for seat in SEATS} == {
        "a": True,
        "b": False,
        "c": True,
    }


def test_with_a_wrong_pin_it_ends_as_what_no_unit_starts_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit status 2, which the unit of docs/operations does not answer with another try at the PIN."""
    token = soft_token(tmp_path / "token", "roots")
    monkeypatch.setenv("SOFTHSM2_CONF", token.environment["SOFTHSM2_CONF"])
    trial.lay_out(tmp_path / "site", datetime.now(UTC), os.urandom, trial.free_ports())
    own = trial.home(tmp_path / "site", "b")
    (own / "token.pin").write_text(PIN[::-1])
    (own / "token.pin").chmod(0o600)
    with (own / trial.CONFIG).open("a") as config:
        config.write(f'\n[token]\nlibrary = "{LIBRARY}"\nlabel = "roots"\npin = "token.pin"\n')
    words = [sys.executable, "-m", "moiety", "custodian", "serve", "--config", str(own / trial.CONFIG)]
    said = subprocess.run(words, timeout=60, capture_output=True, text=True)
    assert (said.returncode, "[token_pin_wrong]" in said.stderr) == (2, True)
    assert "RestartPreventExitStatus=2" in UNIT.read_text().splitlines()
