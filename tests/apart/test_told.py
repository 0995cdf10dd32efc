"""What custodians refuse reaches whoever asked as what it is, whatever else their process has loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

from moiety.custody.net import told
from moiety.errors import Unavailable

GATEWAY = """
import moiety.cli, moiety.cli.person, moiety.cli.refresh, moiety.custody.gateway.apart
from moiety.custody.net.told import KINDS, error
print(*(f"{code} {KINDS[code].exit_status}" for code in KINDS), sep="\\n")
"""

CUSTODIAN = """
import moiety.cli.custodian, moiety.custody.net.serving
from moiety.errors import MoietyError

def below(kind):
    for other in kind.__subclasses__():
        yield other
        yield from below(other)

for kind in below(MoietyError):
    print(kind.__module__, kind.code, kind.exit_status)
"""

NEVER_SENT = {"moiety.cli.", "moiety.identity.", "moiety.vault.", "moiety.custody.net.misread"}
"""Where what a custodian's process has loaded and no gateway hears is defined: its command line, the stories and what
they keep, and what is wrong with its own configuration."""


def fresh(program: str) -> list[str]:
    """What a new process prints."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_a_gateway_knows_every_refusal_of_a_custodian() -> None:
    known = set(fresh(GATEWAY))
    sent = {
        f"{code} {status}"
        for module, code, status in (line.split() for line in fresh(CUSTODIAN))
        if not any(module.startswith(prefix) for prefix in NEVER_SENT)
    }
    assert len(sent) > 100
    assert {"budget_erasures_spent 2", "approval_refused 2", "store_full 3"} <= sent
    assert sent <= known


@pytest.mark.parametrize(
    ("code", "numbers", "kind"),
    [
        ("budget_erasures_spent", {}, "ErasuresSpent"),
        ("approval_refused", {"needed": 2, "valid": 1}, "ApprovalRefused"),
        ("approval_refused", {"valid": 1}, "Unavailable"),
        ("error", {}, "Unavailable"),
        ("nobody_knows_this", {}, "Unavailable"),
    ],
)
def test_what_was_said_is_told_and_what_is_unknown_is_unavailable(
    code: str, numbers: dict[str, int], kind: str
) -> None:
    found = told.error(code, numbers)
    assert type(found).__name__ == kind
    assert isinstance(found, Unavailable) or found.numbers == numbers
