"""The command answers at once, because nothing heavy is imported before it is needed."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

HEAVY = {"numpy", "numba", "cv2", "onnxruntime", "ai_edge_litert", "sqlalchemy", "PIL", "pydantic", "faiss", "rich"}
HELP_SECONDS = 0.5

COMMAND = Path(sys.executable).parent / "moiety"


def loaded_by(statement: str) -> set[str]:
    code = f"import sys, json\n{statement}\nprint(json.dumps([n for n in sys.modules if '.' not in n]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_by("import moiety") & HEAVY == set()
    assert loaded_by("import numpy") & HEAVY == {"numpy"}, "this test can see what is loaded"


def test_help_takes_less_than_half_a_second():
    """Counted in processor seconds of the fastest of five starts, so that a busy machine changes nothing."""
    taken = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([COMMAND, "--help"], capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert "identify" in done.stdout
        taken.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    assert min(taken) < HELP_SECONDS
