"""Run the benchmarks on this machine and write what they print to docs/measurements, one JSON file each.

Every file holds the command, the machine and the command's own JSON, so that a figure can be taken again.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MEASUREMENTS = ROOT / "docs" / "measurements"
COMMAND = Path(sys.executable).parent / "moiety"

BENCHMARKS: dict[str, list[str]] = {
    "search-1": ["bench", "search", "--rows", "1000000", "--dim", "512", "--probes", "1", "--peer", "best"],
    "search-32": ["bench", "search", "--rows", "1000000", "--dim", "512", "--probes", "32", "--peer", "best"],
    "enrol": ["bench", "enrol"],
    "cluster": ["bench", "cluster", "--rows", "1000000", "--dim", "192"],
    "cluster-2500000": ["bench", "cluster", "--rows", "2500000", "--dim", "192"],
    "records": ["bench", "records", "--people", "20000"],
    "gateway": ["bench", "gateway"],
    "drill": ["drill", "--store", "custodian-a", "--people", "200"],
    "drill-records": ["drill", "--store", "records", "--people", "200"],
    "drill-gateway": ["drill", "--store", "gateway-store", "--people", "200"],
}
LIBRARIES = ("numpy", "numba", "faiss-cpu", "ai-edge-litert")


def machine() -> dict[str, str | int]:
    """What the figures depend on: processor, cores, memory, Python and libraries."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith(("model name", "Model"))
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory / 1e9),
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }


def revision() -> str:
    """The last commit that changed the source, and whether the source differed from it."""

    def said(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(ROOT), *arguments, "--", "src"], stdout=subprocess.PIPE, check=True, text=True
        ).stdout.strip()

    return said("log", "-1", "--format=%h", "--abbrev=12") + ("-changed" if said("status", "--porcelain") else "")


def labelled_pairs() -> list[str] | None:
    """The command that measures accuracy, where labelled pairs lie beside the checkout."""
    shared = Path(os.environ.get("MOIETY_SHARED", ROOT.parent / "shared"))
    folder = shared / "data" / "faces" / "lfw_folds_1_5"
    tables = sorted(folder.glob("*.csv"))
    if len(tables) != 1:
        return None
    return ["evaluate", "pairs", str(tables[0]), "--images", str(folder / "images")]


def measure(name: str, arguments: list[str], shown: list[str]) -> None:
    """Run one command and keep its JSON; a command that fails ends the whole run."""
    print(f"moiety {' '.join(shown)}", flush=True)
    done = subprocess.run([COMMAND, *arguments, "--json"], stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise SystemExit(f"'moiety {shown[0]}' ended with status {done.returncode}; its own words are above")
    record = {
        "command": ["moiety", *shown],
        "machine": machine(),
        "result": json.loads(done.stdout),
        "revision": revision(),
    }
    MEASUREMENTS.mkdir(parents=True, exist_ok=True)
    (MEASUREMENTS / f"{name}.json").write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")


def main() -> None:
    """Run all benchmarks, or those named on the command line."""
    chosen = sys.argv[1:] or [*BENCHMARKS, "pairs"]
    for name in chosen:
        if name != "pairs":
            measure(name, BENCHMARKS[name], BENCHMARKS[name])
        elif (arguments := labelled_pairs()) is not None:
            measure(name, arguments, ["evaluate", "pairs", "PAIRS.csv", "--images", "DIR"])
        else:
            print("no labelled pairs beside the checkout: accuracy is not measured again", flush=True)


if __name__ == "__main__":
    main()
