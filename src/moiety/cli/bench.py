"""`moiety bench search`, `enrol`, `cluster`, `records` and `gateway`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypedDict

import typer

from moiety.cli.bench_edge import edge
from moiety.cli.bench_gateway import gateway
from moiety.cli.outcome import AsJson, Outcome
from moiety.cli.progress import bar

if TYPE_CHECKING:
    from moiety.bench.cluster import ClusterFigures
    from moiety.bench.enrol import EnrolFigures
    from moiety.bench.search import SearchFigures

app = typer.Typer(
    help="Measure speed beside other programs on this machine. Random rows: speed and memory, not accuracy.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


class SearchAnswer(TypedDict):
    """Times in milliseconds, medians of `rounds`; `ratio` is ours to the fastest of the peers asked for."""

    rows: int
    dim: int
    probes: int
    ours_ms: float
    peers_ms: dict[str, float]
    peer: str
    ratio: float
    ratio_faiss_default: float | None
    distance_ms_per_custodian: float
    threshold_ms: float
    checks_ms: float
    read_gb_s: float
    distance_gb_s: float
    mb_per_custodian: float
    cores: int
    rounds: int


class DelayAnswer(TypedDict):
    """A search with so much added to each round trip between custodians."""

    added_ms: float
    round_trip_ms: float
    circuit: str
    single_ms: float
    batch32_ms: float


class CircuitAnswer(TypedDict):
    """One probe by one circuit; `wire_ms` and `wire_floor_ms` are of its messages by themselves."""

    circuit: str
    bytes_per_row: float
    rounds: int
    single_ms: float
    wire_ms: float
    wire_floor_ms: float
    wire_ratio: float


class ClusterAnswer(TypedDict):
    """What `bench cluster` answers; see docs/measurements."""

    rows: int
    dim: int
    ratio: float
    bytes_per_row: float
    rounds: int
    single_ms: float
    batch32_ms: float
    in_process_ms: float
    wire_ms: float
    wire_floor_ms: float
    wire_ratio: float
    in_process_batch32_ms: float
    circuit: str
    circuits: list[CircuitAnswer]
    delays: list[DelayAnswer]
    cores: int
    start_s: float


class RecordsAnswer(TypedDict):
    """What `bench records` answers. `people_per_s` is of an import of nine fields, measured on as many people as
    `photographs` says, and `without_photographs_per_s` of all `people` with the other eight; the fractions are of
    `bound_per_s`, which the group multiplications alone would allow on these cores. `bytes_per_person` is without a
    photograph, in each store. `lookup_reveal_p50_ms` is of one caller alone, `lookup_reveal_per_s` of a process for
    each core, with two callers each."""

    people: int
    durable: str
    people_per_s: float
    photographs: int
    without_photographs_per_s: float
    bound_per_s: float
    bound_fraction: float
    bound_fraction_without_photographs: float
    lookup_reveal_p50_ms: float
    lookup_reveal_p99_ms: float
    lookup_reveal_per_s: float
    erase_p50_ms: float
    bytes_per_person: dict[str, int]
    cores: int


class EnrolAnswer(TypedDict):
    """Rows a second, median over batches, durable in three databases; the first batch alone, too."""

    rows: int
    dim: int
    batch: int
    rows_per_s: float
    rows_per_s_first: float
    durable: str
    cores: int


app.command("gateway")(gateway)


def _even(dim: int) -> int:
    from moiety.bench.refusals import SizeWrong

    if dim % 2:
        raise SizeWrong
    return dim


Dim = Annotated[
    int,
    typer.Option("--dim", min=2, max=2048, callback=_even, help="Coordinates of a template, an even number."),
]


@app.command("search")
def search(
    rows: Annotated[int, typer.Option("--rows", min=0, help="People in the gallery.")] = 100_000,
    dim: Dim = 192,
    probes: Annotated[int, typer.Option("--probes", min=1, max=256, help="Probes in a batch.")] = 1,
    peer: Annotated[
        Literal["best", "numpy", "faiss"], typer.Option("--peer", help="Which plain search to compare with.")
    ] = "best",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Repeats the same gallery.")] = 1,
    as_json: AsJson = False,
) -> Outcome[SearchAnswer]:
    """Search at all three custodians, beside plain searches in the clear on the same cores in the same run.

    Fills a real office in a temporary folder first: about 2 x 3 x rows x dim bytes of disk.

    \b
    Examples:
      moiety bench search
      moiety bench search --rows 1000000 --dim 512 --probes 32 --peer best --json
    """
    from moiety.bench.search import run

    _unlimited()
    with bar() as progress:
        figures = run(rows, dim, probes, peer=peer, seed=seed, edge=edge(progress))
    return Outcome(_search_answer(figures), _search_lines(figures))


@app.command("enrol")
def enrol(
    rows: Annotated[int, typer.Option("--rows", min=1, help="Prepared templates to enrol.")] = 200_000,
    dim: Dim = 192,
    batch: Annotated[int, typer.Option("--batch", min=1, max=131_072, help="Rows in one enrolment.")] = 50_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Repeats the same templates.")] = 1,
    as_json: AsJson = False,
) -> Outcome[EnrolAnswer]:
    """Enrol prepared templates into three databases, durable, all or nothing.

    \b
    Examples:
      moiety bench enrol
      moiety bench enrol --rows 500000 --dim 192 --json
    """
    from moiety.bench.enrol import run

    with bar() as progress:
        figures = run(rows, dim, batch=batch, seed=seed, edge=edge(progress))
    return Outcome(_enrol_answer(figures), _enrol_lines(figures))


@app.command("cluster")
def cluster(
    rows: Annotated[int, typer.Option("--rows", min=0, help="People in the gallery.")] = 100_000,
    dim: Dim = 192,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Repeats the same gallery.")] = 1,
    as_json: AsJson = False,
) -> Outcome[ClusterAnswer]:
    """Search at three custodians in processes of their own, beside the same in one process and a bare TLS ring.

    One probe and a batch of 32, then again with 0.1, 1 and 10 ms added to each round trip between custodians.

    \b
    Examples:
      moiety bench cluster
      moiety bench cluster --rows 1000000 --dim 192 --json
    """
    from moiety.bench.cluster import run

    with bar() as progress:
        figures = run(rows, dim, seed=seed, edge=edge(progress))
    return Outcome(_cluster_answer(figures), _cluster_lines(figures))


@app.command("records")
def records(
    people: Annotated[int, typer.Option("--people", min=1, help="Made-up people to import.")] = 20_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Repeats the same people.")] = 1,
    as_json: AsJson = False,
) -> Outcome[RecordsAnswer]:
    """Import, look up, open and erase people's records, everything durable, beside what the arithmetic allows.

    \b
    Examples:
      moiety bench records
      moiety bench records --people 20000 --json
    """
    from moiety.bench.records import run

    with bar() as progress:
        found = run(people, seed=seed, edge=edge(progress))
    answer: RecordsAnswer = {
        "people": found.people,
        "durable": found.durable,
        "people_per_s": round(found.people_per_s, 1),
        "photographs": found.photographs,
        "without_photographs_per_s": round(found.without_photographs_per_s, 1),
        "bound_per_s": round(found.bound_per_s, 1),
        "bound_fraction": round(found.bound_fraction, 3),
        "bound_fraction_without_photographs": round(found.bound_fraction_without_photographs, 3),
        "lookup_reveal_p50_ms": round(found.lookup_reveal_p50_ms, 2),
        "lookup_reveal_p99_ms": round(found.lookup_reveal_p99_ms, 2),
        "lookup_reveal_per_s": round(found.lookup_reveal_per_s, 1),
        "erase_p50_ms": round(found.erase_p50_ms, 2),
        "bytes_per_person": dict(found.bytes_per_person),
        "cores": found.cores,
    }
    lines = [
        f"import           {found.people_per_s:,.0f} people/s, {found.bound_fraction:.0%} of the arithmetic's bound",
        f"  no photograph  {found.without_photographs_per_s:,.0f} people/s, "
        f"{found.bound_fraction_without_photographs:.0%}",
        f"look up, open 3  {found.lookup_reveal_p50_ms:.1f} ms (99 %: {found.lookup_reveal_p99_ms:.1f} ms), "
        f"{found.lookup_reveal_per_s:,.0f} a second",
        f"erase            {found.erase_p50_ms:.1f} ms",
        *(f"  {name:<16}{size:,} bytes a person" for name, size in found.bytes_per_person.items()),
    ]
    return Outcome(answer, lines)


def _unlimited() -> None:
    from moiety.bench.refusals import ThreadsLimited
    from moiety.custody.crew import cores
    from moiety.settings import thread_limits

    if thread_limits() - {str(cores())}:
        raise ThreadsLimited(cores=cores())


def _search_answer(figures: SearchFigures) -> SearchAnswer:
    return {
        "rows": figures.rows,
        "dim": figures.dim,
        "probes": figures.probes,
        "ours_ms": round(figures.ours_ms, 2),
        "peers_ms": {name: round(ms, 2) for name, ms in figures.peers_ms.items()},
        "peer": figures.peer,
        "ratio": round(figures.ratio, 3),
        "ratio_faiss_default": None if figures.ratio_faiss_default is None else round(figures.ratio_faiss_default, 3),
        "distance_ms_per_custodian": round(figures.distance_ms_per_custodian, 2),
        "threshold_ms": round(figures.threshold_ms, 2),
        "checks_ms": round(figures.checks_ms, 2),
        "read_gb_s": round(figures.read_gb_s, 2),
        "distance_gb_s": round(figures.distance_gb_s, 2),
        "mb_per_custodian": round(figures.mb_per_custodian, 1),
        "cores": figures.cores,
        "rounds": figures.rounds,
    }


def _search_lines(figures: SearchFigures) -> list[str]:
    memory = figures.mb_per_custodian * 1e6 / (2 * figures.dim * max(figures.rows, 1))
    return [
        f"{figures.probes} probe(s) against {figures.rows:,} x {figures.dim}, {figures.cores} cores, "
        f"medians of {figures.rounds} rounds in turn",
        f"  ours, all three custodians   {figures.ours_ms:10.1f} ms",
        *(f"  {name:28} {ms:10.1f} ms" for name, ms in figures.peers_ms.items()),
        f"  ratio to {figures.peer}: {figures.ratio:.2f}",
        f"  of ours: distances {figures.distance_ms_per_custodian:.1f} ms a custodian, "
        f"comparison {figures.threshold_ms:.1f} ms, checks {figures.checks_ms:.1f} ms",
        f"  one probe's distances read {figures.distance_gb_s:.1f} GB/s, the best plain reader "
        f"{figures.read_gb_s:.1f} GB/s ({100 * figures.distance_gb_s / figures.read_gb_s:.0f} %)",
        f"  memory: {figures.mb_per_custodian:.0f} MB a custodian, {memory:.2f} x rows x dim x 2 B",
    ]


def _cluster_answer(figures: ClusterFigures) -> ClusterAnswer:
    return {
        "rows": figures.rows,
        "dim": figures.dim,
        "ratio": round(figures.ratio, 3),
        "bytes_per_row": round(figures.bytes_per_row, 2),
        "rounds": figures.rounds,
        "single_ms": round(figures.single_ms, 2),
        "batch32_ms": round(figures.batch32_ms, 2),
        "in_process_ms": round(figures.in_process_ms, 2),
        "wire_ms": round(figures.wire_ms, 2),
        "wire_floor_ms": round(figures.wire_floor_ms, 2),
        "wire_ratio": round(figures.wire_ratio, 3),
        "in_process_batch32_ms": round(figures.in_process_batch32_ms, 2),
        "circuit": figures.circuit,
        "circuits": [
            {
                "circuit": one.circuit,
                "bytes_per_row": round(one.bytes_per_row, 2),
                "rounds": one.rounds,
                "single_ms": round(one.single_ms, 2),
                "wire_ms": round(one.wire_ms, 2),
                "wire_floor_ms": round(one.wire_floor_ms, 2),
                "wire_ratio": round(one.wire_ratio, 3),
            }
            for one in figures.circuits
        ],
        "delays": [
            {
                "added_ms": delay.added_ms,
                "round_trip_ms": round(delay.round_trip_ms, 2),
                "circuit": delay.circuit,
                "single_ms": round(delay.single_ms, 2),
                "batch32_ms": round(delay.batch32_ms, 2),
            }
            for delay in figures.delays
        ],
        "cores": figures.cores,
        "start_s": round(figures.start_s, 1),
    }


def _cluster_lines(figures: ClusterFigures) -> list[str]:
    return [
        f"{figures.rows:,} x {figures.dim}, three processes on loopback, {figures.cores} cores",
        f"  one probe       {figures.single_ms:9.1f} ms, in one process {figures.in_process_ms:9.1f} ms: "
        f"ratio {figures.ratio:.2f}",
        f"  32 probes       {figures.batch32_ms:9.1f} ms, in one process {figures.in_process_batch32_ms:9.1f} ms: "
        f"as {figures.batch32_ms / figures.single_ms:.1f} single ones",
        f"  on the wire     {figures.wire_ms:9.1f} ms, bare TLS ring {figures.wire_floor_ms:13.1f} ms: "
        f"ratio {figures.wire_ratio:.2f}",
        f"  started in      {figures.start_s:9.1f} s, all three at once",
        *(
            f"  by the {one.circuit:6s}   {one.single_ms:9.1f} ms, {one.bytes_per_row:.2f} B a row in {one.rounds} "
            f"rounds: {one.wire_ms:.1f} ms on the wire, bare {one.wire_floor_ms:.1f}, ratio {one.wire_ratio:.2f}"
            for one in figures.circuits
        ),
        f"  chosen for the measured round trip: the {figures.circuit}",
        *(
            f"  {delay.added_ms:4g} ms more there and back ({delay.round_trip_ms:.1f} measured), {delay.circuit}: "
            f"{delay.single_ms:.1f} ms, 32 probes {delay.batch32_ms:.1f} ms"
            for delay in figures.delays
        ),
    ]


def _enrol_answer(figures: EnrolFigures) -> EnrolAnswer:
    return {
        "rows": figures.rows,
        "dim": figures.dim,
        "batch": figures.batch,
        "rows_per_s": round(figures.rows_per_s, 1),
        "rows_per_s_first": round(figures.rows_per_s_first, 1),
        "durable": figures.durable,
        "cores": figures.cores,
    }


def _enrol_lines(figures: EnrolFigures) -> list[str]:
    return [
        f"{figures.rows:,} templates of {figures.dim} words, batches of {figures.batch:,}, {figures.cores} cores",
        f"  {figures.rows_per_s:,.0f} rows/s (the first batch {figures.rows_per_s_first:,.0f}), {figures.durable}",
    ]
