"""`moiety bench gateway`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from moiety import settings
from moiety.cli.bench_edge import edge
from moiety.cli.outcome import AsJson, Outcome
from moiety.cli.progress import bar

if TYPE_CHECKING:
    from moiety.bench.gateway import GatewayFigures, Load


class LoadAnswer(TypedDict):
    """So many callers at once: milliseconds of one request, and requests in a second."""

    verify_p50_ms: float
    verify_p99_ms: float
    verify_overhead_p50_ms: float
    verify_per_s: float
    identify_p50_ms: float
    identify_p99_ms: float
    identify_per_s: float


class SearchesAnswer(TypedDict):
    """Searches in a second at the custodians alone: each by itself, and as the gateway makes one of several."""

    single_per_s: float
    batched_per_s: float


class GatewayAnswer(TypedDict):
    """What `bench gateway` answers. Those that are not under `callers` are of one caller alone; `overhead` is without
    the model's own time, and `stages` says of verify and identify which share of one caller's time was which stage's.
    """

    people: int
    dim: int
    verify_p50_ms: float
    verify_overhead_p50_ms: float
    identify_p50_ms: float
    callers: dict[str, LoadAnswer]
    stages: dict[str, dict[str, float]]
    searches: dict[str, SearchesAnswer]
    cores: int


_KNOWN, _PROBE = "obama.jpg", "obama2.jpg"


def gateway(
    people: Annotated[int, typer.Option("--people", min=1, help="Random people in the gallery.")] = 100_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Repeats the same gallery.")] = 1,
    as_json: AsJson = False,
) -> Outcome[GatewayAnswer]:
    """Verify and identify over HTTP, by 1, 8 and 32 callers, at a gateway over three custodians on this machine.

    Every one is a process of its own, with mutual TLS between them; the picture is an installed photograph.

    \b
    Examples:
      moiety bench gateway
      moiety bench gateway --people 10000 --json
    """
    from moiety.bench.gateway import run
    from moiety.face import photographs
    from moiety.face.installed import Installed
    from moiety.identity import examples
    from moiety.identity.purpose import read

    data = settings.data_folder()
    card = Installed(data).card(read(examples.DOOR.encode()).model)
    known, probe = (photographs.path(data, name).read_bytes() for name in (_KNOWN, _PROBE))
    settings.require_tls_13()
    settings.quiet_grpc()
    with bar() as progress:
        figures = run(people, seed=seed, card=card, known=known, probe=probe, edge=edge(progress))
    return Outcome(_answer(figures), _lines(figures))


def _answer(figures: GatewayFigures) -> GatewayAnswer:
    verify, identify = figures.verify, figures.identify
    return {
        "people": figures.people,
        "dim": figures.dim,
        "verify_p50_ms": round(verify[1].p50_ms, 2),
        "verify_overhead_p50_ms": round(verify[1].overhead_p50_ms, 2),
        "identify_p50_ms": round(identify[1].p50_ms, 2),
        "callers": {str(callers): _load(verify[callers], identify[callers]) for callers in verify},
        "stages": {"verify": _shares(verify[1]), "identify": _shares(identify[1])},
        "searches": {
            str(callers): {"single_per_s": round(one.single_per_s, 2), "batched_per_s": round(one.batched_per_s, 2)}
            for callers, one in figures.together.items()
        },
        "cores": figures.cores,
    }


def _load(verify: Load, identify: Load) -> LoadAnswer:
    return {
        "verify_p50_ms": round(verify.p50_ms, 2),
        "verify_p99_ms": round(verify.p99_ms, 2),
        "verify_overhead_p50_ms": round(verify.overhead_p50_ms, 2),
        "verify_per_s": round(verify.per_s, 2),
        "identify_p50_ms": round(identify.p50_ms, 2),
        "identify_p99_ms": round(identify.p99_ms, 2),
        "identify_per_s": round(identify.per_s, 2),
    }


def _shares(load: Load) -> dict[str, float]:
    return {name: round(share, 4) for name, share in load.shares().items()}


def _lines(figures: GatewayFigures) -> list[str]:
    shares = {"verify": figures.verify[1].shares(), "identify": figures.identify[1].shares()}
    return [
        f"{figures.people:,} x {figures.dim}, a gateway and three custodians on loopback, {figures.cores} cores",
        "  callers   verify p50    p99  overhead   a second   identify p50    p99   a second",
        *(
            f"  {callers:7} {one.p50_ms:9.1f} {one.p99_ms:8.1f} {one.overhead_p50_ms:8.1f} {one.per_s:10.1f} "
            f"{other.p50_ms:14.1f} {other.p99_ms:6.1f} {other.per_s:10.1f}"
            for (callers, one), other in zip(figures.verify.items(), figures.identify.values(), strict=True)
        ),
        *(
            f"  {callers} callers' searches alone: {one.single_per_s:.1f} a second, together {one.batched_per_s:.1f}"
            for callers, one in figures.together.items()
        ),
        *(
            f"  {what}: " + ", ".join(f"{name} {share:.0%}" for name, share in some.items())
            for what, some in shares.items()
        ),
    ]
