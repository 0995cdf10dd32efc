"""Render docs/measurements into the README, between markers, so that no figure there was typed by anyone.

    python -m tools.figures            write
    python -m tools.figures --check    exit status 1 if the README says something else

A block begins with `<!-- figures: NAME -->` and ends with `<!-- end of figures -->`; the names are those of `BLOCKS`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from moiety.cli.drill import drill_hours, said_hours

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
MEASUREMENTS = ROOT / "docs" / "measurements"
BLOCK = re.compile(r"(<!-- figures: (?P<name>[\w-]+) -->\n).*?(<!-- end of figures -->)", re.DOTALL)

Record = dict[str, Any]

_AIM_MS = 25
_SHOWN = 0.02
"""Of the time: stages that take less are not named."""


def table(heading: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    columns = list(heading)
    lines = [columns, ["---"] * len(columns), *[list(row) for row in rows]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: float, digits: int = 1) -> str:
    """With thousands set apart, and so many digits behind the point."""
    return f"{value:,.{digits}f}"


def measured_on(record: Record) -> str:
    """One sentence on the machine and the command."""
    machine = record["machine"]
    versions = ", ".join(f"{name} {machine[name]}" for name in ("numpy", "numba", "faiss-cpu"))
    return (
        f"`{' '.join(record['command'])}` on {machine['cores']} cores of {machine['processor']}, "
        f"{machine['memory_gb']} GB; Python {machine['python']}, {versions}."
    )


def search(records: dict[str, Record]) -> str:
    """Search beside its peers: one row for each number of probes."""
    rows = []
    for name in ("search-1", "search-32"):
        one = records[name]["result"]
        peer = one["peer"]
        rows.append(
            [
                f"{one['rows']:,} x {one['dim']}",
                str(one["probes"]),
                f"**{number(one['ours_ms'])}**",
                f"{number(min(ms for name, ms in one['peers_ms'].items() if peer.startswith(name)))} ({peer})",
                f"**{number(one['ratio'], 2)}**",
                number(one["ratio_faiss_default"], 2),
                number(one["distance_ms_per_custodian"]),
                number(one["threshold_ms"]),
                number(one["checks_ms"]),
                number(one["mb_per_custodian"], 0),
            ]
        )
    heading = ["gallery", "probes", "three custodians, ms", "fastest plain search, ms", "ratio"]
    heading += ["ratio to FAISS as installed", "one custodian's distances, ms", "threshold, ms", "checks, ms"]
    heading += ["MB a custodian"]
    return table(heading, rows) + "\n\n" + measured_on(records["search-1"])


def enrol(records: dict[str, Record]) -> str:
    """Enrolment, durable at three custodians."""
    one = records["enrol"]["result"]
    return (
        f"{one['rows_per_s']:,.0f} people a second, prepared templates of {one['dim']} numbers, durable in "
        f"three files. {measured_on(records['enrol'])}"
    )


CIRCUITS = {"chain": "chain", "prefix": "tree"}
"""What is compared by, as documents call it."""


SINGLE_AIM, WIRE_AIM = 2.2, 1.5
"""At most so many times one process, and a bare ring that moves the same bytes."""

WHY_MISSED = "docs/decisions/0013-what-a-message-costs.md"


def cluster(records: dict[str, Record]) -> str:
    """A search at three processes over mutual TLS, beside one process and a bare ring."""
    one, large = records["cluster"]["result"], records["cluster-2500000"]["result"]
    rows = [
        ["one probe, ms", number(one["single_ms"]), number(one["in_process_ms"]), number(one["ratio"], 2)],
        [
            "32 probes, ms",
            number(one["batch32_ms"]),
            number(one["in_process_batch32_ms"]),
            number(one["batch32_ms"] / one["in_process_batch32_ms"], 2),
        ],
        ["the messages alone, ms", number(one["wire_ms"]), number(one["wire_floor_ms"]), number(one["wire_ratio"], 2)],
    ]
    circuits = [
        [
            CIRCUITS[some["circuit"]],
            number(some["bytes_per_row"], 2),
            str(some["rounds"]),
            number(some["single_ms"]),
            number(some["wire_ms"]),
            number(some["wire_floor_ms"]),
            number(some["wire_ratio"], 2),
        ]
        for some in one["circuits"]
    ]
    delays = [
        [
            f"{delay['added_ms']:g}",
            number(delay["round_trip_ms"]),
            CIRCUITS[delay["circuit"]],
            number(delay["single_ms"]),
            number(delay["batch32_ms"]),
        ]
        for delay in one["delays"]
    ]
    said = (
        f"{one['rows']:,} x {one['dim']}, by the {CIRCUITS[one['circuit']]}. The three processes started, at once, in "
        f"{number(one['start_s'])} s; with {large['rows']:,} x {large['dim']} in {number(large['start_s'])} s, where "
        f"one probe takes {number(large['single_ms'])} ms."
    )
    heading = ["", "three processes, mutual TLS", "one process; for the messages a bare TLS ring", "ratio"]
    by = ["circuit", "bytes a row", "rounds", "one probe, ms", "messages alone, ms", "bare TLS ring, ms", "ratio"]
    added = ["added to each round trip, ms", "round trip, ms", "circuit", "one probe, ms", "32 probes, ms"]
    missed = [CIRCUITS[some["circuit"]] for some in one["circuits"] if some["wire_ratio"] > WIRE_AIM]
    aims = (
        "Ratios of one probe and of the messages are taken in each round, and the middle one shown; that of 32 probes "
        f"divides what stands beside it. Aimed at were {SINGLE_AIM} for one probe and {WIRE_AIM} for the messages"
        + (f"; the latter is missed by the {' and by the '.join(missed)}: [why]({WHY_MISSED})." if missed else ".")
    )
    apart = (
        "Measured through a process that delays, which takes its part of the same cores. A round trip is one over the "
        "custodians' lines: what of it was not added is what they, and that process, take by themselves."
    )
    return "\n\n".join(
        [
            said,
            table(heading, rows),
            table(by, circuits),
            aims,
            table(added, delays),
            apart,
            measured_on(records["cluster"]),
        ]
    )


def attacks(record: Record) -> str:
    """What a thief gets, beside the same attack on a plain twin: one row for each attack."""
    rows = [
        [
            attack["name"],
            (" and ".join(attack["stores"]) or "nothing")
            if isinstance(attack["stores"], list)
            else str(attack["stores"]),
            number(attack["success"], 3),
            number(attack["chance"], 3),
            number(attack["plain_twin"], 3),
            attack["unit"],
            attack["expected"],
            "as claimed" if attack["passed"] else "**not as claimed**",
        ]
        for attack in record["result"]["attacks"]
    ]
    heading = ["attack", "stolen", "success", "chance", "same attack on a plain twin", "unit", "claimed", "seen"]
    return table(heading, rows)


def people(records: dict[str, Record]) -> str:
    """People's records imported, looked up and erased, beside what was aimed at."""
    one = records["records"]["result"]
    photographs = f"nine fields, with a photograph ({one['photographs']:,} people)"
    rows = [
        [f"imported a second, {photographs}", f"{one['people_per_s']:,.0f}", "2,500"],
        [f"as many as the multiplications alone allow, {photographs}", f"{100 * one['bound_fraction']:.0f} %", "60 %"],
        [f"imported a second, without one ({one['people']:,})", f"{one['without_photographs_per_s']:,.0f}", ""],
        [
            "as many as the multiplications alone allow, without one",
            f"{100 * one['bound_fraction_without_photographs']:.0f} %",
            "",
        ],
        ["looked up by number and three fields opened, median ms", f"{one['lookup_reveal_p50_ms']:.2f}", "5"],
        ["the same, 99th centile, ms", f"{one['lookup_reveal_p99_ms']:.2f}", ""],
        [
            f"looked up and opened a second, {one['cores']} processes at once",
            f"{one['lookup_reveal_per_s']:,.0f}",
            "500",
        ],
        ["erased at once, median ms", f"{one['erase_p50_ms']:.1f}", "20"],
    ]
    stores = ", ".join(f"{name} {size:,}" for name, size in one["bytes_per_person"].items())
    kept = f"Bytes a person, without a photograph: {stores}. Durable: {one['durable']}. "
    return table(["", "measured", "aim"], rows) + "\n\n" + kept + measured_on(records["records"])


def gateway(records: dict[str, Record]) -> str:
    """What a verification and a search take over HTTP, by how many callers there are."""
    one = records["gateway"]["result"]
    rows = [
        [
            many,
            *(number(some[f"{what}_{which}"]) for what in ("verify", "identify") for which in ("p50_ms", "p99_ms")),
            number(some["verify_per_s"]),
            number(some["identify_per_s"]),
        ]
        for many, some in sorted(one["callers"].items(), key=lambda each: int(each[0]))
    ]
    heading = [
        "callers",
        "verify, median ms",
        "99th centile",
        "identify, median ms",
        "99th centile",
        "verified a second",
    ]
    shares = sorted(one["stages"]["verify"].items(), key=lambda stage: -stage[1])
    told = ", ".join(f"{name} {share * 100:.0f} %" for name, share in shares if share >= _SHOWN)
    overhead = f"{one['verify_overhead_p50_ms']:.1f} ms"
    return "\n\n".join(
        (
            table([*heading, "identified a second"], rows),
            f"Of a verification by one caller, {overhead} are not the model's; the aim is {_AIM_MS}. Its time: {told}.",
            measured_on(records["gateway"]),
        )
    )


def sensenets(records: dict[str, Record]) -> str:
    """As many people as were found open in 2019."""
    one = records["sensenets"]["result"]
    stores = ", ".join(f"{name} {size:,}" for name, size in one["bytes_per_person"].items())
    return (
        f"{one['people']:,} people imported in {one['import_s'] / 60:,.0f} minutes ({one['people_per_s']:,} a second), "
        f"each given a random template; found in {one['find_p50_ms']} ms, three fields opened in "
        f"{one['reveal_p50_ms']} ms, corrected in {one['correct_p50_ms']} ms, erased with a receipt in "
        f"{one['erase_p50_ms']} ms (medians); then {one['bytes_swept'] / 1e9:.1f} GB of stores searched for "
        f"{one['needles']:,} writings of what is known of some of them: none is there. Bytes a person: {stores}. "
        f"{measured_on(records['sensenets'])} {_remark(records['sensenets'])}"
    ).rstrip()


def _remark(record: Record) -> str:
    """What else is to be known of a measurement."""
    said = record.get("remark", "")
    return f"{said[:1].upper()}{said[1:]}." if said else ""


def drill(records: dict[str, Record]) -> str:
    """The attacks on one custodian's store, and on a gateway."""
    one = records["drill"]
    return "\n\n".join([attacks(one), said_hours(drill_hours()), measured_on(one)])


def drill_records(records: dict[str, Record]) -> str:
    """The attacks on the record store."""
    one = records["drill-records"]
    return "\n\n".join([attacks(one), measured_on(one)])


def drill_gateway(records: dict[str, Record]) -> str:
    """The attacks on what a gateway's service keeps."""
    one = records["drill-gateway"]
    return "\n\n".join([attacks(one), measured_on(one)])


def accuracy(records: dict[str, Record]) -> str:
    """Error rates on labelled pairs, with intervals."""
    one = records["pairs"]["result"]
    rates = [
        [f"FNMR at FMR {target}", f"{100 * value:.2f} %", f"{100 * low:.2f} to {100 * high:.2f} %"]
        for target, (value, low, high) in one["fnmr"].items()
    ]
    rows = [
        ["pairs decided rightly", f"{100 * one['accuracy']:.2f} %", ""],
        ["equal error rate", f"{100 * one['eer']:.2f} %", ""],
        *rates,
        ["decisions that sharing changed", f"{100 * one['decisions_differing']:.3f} %", ""],
    ]
    failed = f"{one['pairs']:,} pairs, {one['failed']} of them failed and counted as errors. "
    return table([f"`{one['model']}`", "", "95 % interval"], rows) + "\n\n" + failed + measured_on(records["pairs"])


BLOCKS: dict[str, tuple[Callable[[dict[str, Record]], str], set[str]]] = {
    "search": (search, {"search-1", "search-32"}),
    "enrol": (enrol, {"enrol"}),
    "cluster": (cluster, {"cluster", "cluster-2500000"}),
    "records": (people, {"records"}),
    "gateway": (gateway, {"gateway"}),
    "sensenets": (sensenets, {"sensenets"}),
    "drill": (drill, {"drill"}),
    "drill-records": (drill_records, {"drill-records"}),
    "drill-gateway": (drill_gateway, {"drill-gateway"}),
    "accuracy": (accuracy, {"pairs"}),
}
"""How a block is rendered, and from which files of docs/measurements."""

NOT_MEASURED = "*Not measured yet: `make bench` writes the figures here.*"


def rendered(text: str, records: dict[str, Record]) -> str:
    """The text with every block filled; a block that nobody knows ends the run."""

    def fill(match: re.Match[str]) -> str:
        name = match["name"]
        if name not in BLOCKS:
            raise SystemExit(
                f"README.md: nobody knows how to render figures called {name!r}; known: {', '.join(BLOCKS)}"
            )
        render, needed = BLOCKS[name]
        body = render(records) if needed <= records.keys() else NOT_MEASURED
        return f"{match[1]}\n{body}\n\n{match[3]}"

    return BLOCK.sub(fill, text)


def main() -> None:
    """Write the README, or compare it."""
    records = {path.stem: json.loads(path.read_text()) for path in sorted(MEASUREMENTS.glob("*.json"))}
    before = README.read_text()
    after = rendered(before, records)
    if "--check" in sys.argv[1:]:
        if before != after:
            raise SystemExit("README.md holds figures that docs/measurements does not; run 'python -m tools.figures'")
    elif before != after:
        README.write_text(after)


if __name__ == "__main__":
    main()
