"""docs/operations: units, compose file and Dockerfile fit each other, the page and the commands of this program."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from moiety.cli.commands import application
from moiety.gateway.serve import GRACE_S
from tests.apart import compose

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "docs" / "operations"
PAGE = (ROOT / "docs" / "operations.md").read_text()
CUSTODIAN = "moiety-custodian@.service"
GATEWAY = ("moiety-refresh", "moiety-sweep@")
SERVICE = "moiety-gateway.service"
UNITS = (CUSTODIAN, SERVICE, *(f"{name}.{kind}" for name in GATEWAY for kind in ("service", "timer")))
MOIETY = "/opt/moiety/bin/moiety"
STATE = "/var/lib/moiety"


def unit(name: str) -> configparser.ConfigParser:
    """A unit file; systemd would take a key twice, and this does not."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string((FOLDER / name).read_text())
    return parser


def is_command(words: list[str]) -> bool:
    """Whether these words are a command of this program, with options that it has, each with its value."""
    command: Any = get_command(application(words[0]))
    while words and hasattr(command, "commands"):
        command, words = command.commands[words[0]], words[1:]
    options = {name for parameter in command.params for name in parameter.opts}
    words = words[sum(parameter.param_type_name == "argument" for parameter in command.params) :]
    return not hasattr(command, "commands") and all(word in options for word in words[::2]) and len(words) % 2 == 0


def services() -> dict[str, Any]:
    found: dict[str, Any] = compose.read((FOLDER / "compose.yaml").read_text())["services"]
    return found


@pytest.mark.parametrize("name", UNITS)
def test_systemd_takes_the_units(name: str, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    (tmp_path / "moiety").write_text("#!/bin/sh\n")
    (tmp_path / "moiety").chmod(0o700)
    for other in UNITS:
        text = (FOLDER / other).read_text()
        (tmp_path / other.replace("@", "@a")).write_text(text.replace(MOIETY, str(tmp_path / "moiety")))
    file = tmp_path / name.replace("@", "@a")
    done = subprocess.run(["systemd-analyze", "verify", file], capture_output=True, text=True, timeout=60)
    # It also reads the units of the machine that they would be started after; those are not ours.
    assert [line for line in done.stderr.splitlines() if "moiety" in line] == []


def test_the_units_run_commands_that_there_are_as_the_user_that_the_page_makes() -> None:
    for name in (CUSTODIAN, SERVICE, *(f"{name}.service" for name in GATEWAY)):
        service = unit(name)["Service"]
        binary, *words = shlex.split(service["ExecStart"])
        assert binary == MOIETY
        assert is_command(words)
        assert f"useradd --system --user-group --home-dir {STATE} --shell /usr/sbin/nologin {service['User']}" in PAGE
        assert service["Group"] == service["User"]
        assert service["NoNewPrivileges"] == "yes"
        assert service["ProtectSystem"] == "strict"
        assert service["CapabilityBoundingSet"] == ""
        assert service["LimitCORE"] == "0"
    assert f"python3 -m venv {MOIETY.removesuffix('/bin/moiety')}\n" in PAGE


def test_page_and_units_have_the_same_folders() -> None:
    custodian = unit(CUSTODIAN)["Service"]
    assert custodian["ExecStart"].endswith("--config /etc/moiety/%i/custodian.toml")
    assert f"/var/lib/{custodian['StateDirectory']}/store".replace("%i", "a") == f"{STATE}/a/store"
    assert f"rows, `{STATE}/a/store` and so on" in PAGE
    assert 'store = "$STORE"' in PAGE
    for name in GATEWAY:
        service = unit(f"{name}.service")["Service"]
        assert "--office /etc/moiety/gateway" in service["ExecStart"]
        # The ledger is in the office's folder, and nothing is done that cannot be written there.
        assert service["ReadWritePaths"] == "/etc/moiety/gateway"
    serving = unit(SERVICE)["Service"]
    assert serving["ExecStart"].endswith("--config /etc/moiety/gateway/http/gateway.toml")
    assert serving["ReadWritePaths"] == "/etc/moiety/gateway"
    data = f"MOIETY_DATA=/var/lib/{serving['StateDirectory']}/data"
    assert data in serving["Environment"].split()
    assert f"{data} moiety models install --defaults\n" in PAGE
    # Requests that are under way end first, and after them what custodians were asked for.
    assert int(serving["TimeoutStopSec"]) > GRACE_S
    made = next(line for line in PAGE.splitlines() if line.startswith("install -d -m 0700"))
    assert made.endswith(f'"/etc/moiety/$PLACE" {STATE} "{STATE}/$PLACE"')
    for name in UNITS:
        assert re.search(rf"^cp .*docs/operations/{re.escape(name)}", PAGE, re.M)


@pytest.mark.parametrize(
    ("name", "enabled"),
    [("moiety-refresh", "moiety-refresh.timer"), ("moiety-sweep@", '"moiety-sweep@$PURPOSE.timer"')],
)
def test_the_timer_starts_the_service_of_its_name(name: str, enabled: str) -> None:
    timer = unit(f"{name}.timer")
    assert "Unit" not in timer["Timer"]  # the service of the same name
    assert timer["Timer"]["OnCalendar"]
    assert timer["Timer"]["Persistent"] == "true"
    assert timer["Install"]["WantedBy"] == "timers.target"
    assert f"systemctl enable --now {enabled}\n" in PAGE


def test_the_compose_file_is_as_narrow_as_it_says() -> None:
    whole = compose.read((FOLDER / "compose.yaml").read_text())
    assert set(whole) == {"name", "services", "volumes"}
    assert set(services()) == {"custodian", "init", "database"}
    for name in ("custodian", "init"):
        service = services()[name]
        assert service["image"] == "moiety:local"
        assert service["command"][0] == "moiety"
        assert is_command(service["command"][1:])
        assert service["user"] == "10001:10001"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["ulimits"] == {"core": 0}
        assert service["depends_on"] == {"database": {"condition": "service_healthy"}}
        assert service["volumes"] == ["./custodian:/etc/moiety:ro", f"store:{STATE}", "socket:/run/postgresql"]
    assert services()["init"]["profiles"] == ["once"]
    assert services()["custodian"]["ports"] == ["7701:7701"]
    # Nobody reaches the database but over its socket.
    database = services()["database"]
    assert database["network_mode"] == services()["init"]["network_mode"] == "none"
    assert "listen_addresses=" in database["command"]
    for service in services().values():
        assert not {"privileged", "cap_add", "devices", "pid", "ipc", "userns_mode", "expose"} & set(service)
        volumes = {volume.partition(":")[0] for volume in service["volumes"]} - {"./custodian"}
        assert volumes <= set(whole["volumes"])
    assert "ports" not in database


def test_the_compose_file_of_all_parts_is_as_narrow() -> None:
    whole = compose.read((FOLDER / "trial.compose.yaml").read_text())
    found = whole["services"]
    ours = {"gateway", "models", "token", *(f"{what}-{seat}" for what in ("custodian", "init") for seat in "abc")}
    assert set(found) == ours | {f"database-{seat}" for seat in "abc"}
    for name in ours:
        service = found[name]
        assert service["image"] == "moiety:local"
        assert service["command"][0] == "moiety"
        assert is_command(service["command"][1:]) or service["command"][1:] == ["models", "install", "--defaults"]
        assert (service["user"], service["read_only"], service["cap_drop"]) == ("10001:10001", True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["ulimits"] == {"core": 0}
    # Nobody but the gateway is reached from outside, and a custodian's database by that custodian alone.
    assert [name for name, service in found.items() if "ports" in service] == ["gateway"]
    assert found["gateway"]["command"][-1] == "/etc/moiety/http/gateway.toml"
    for seat in "abc":
        assert found[f"database-{seat}"]["network_mode"] == "none"
        assert "listen_addresses=" in found[f"database-{seat}"]["command"]
        reach = [name for name, service in found.items() if f"socket-{seat}:/run/postgresql" in service["volumes"]]
        assert reach == [f"custodian-{seat}", f"init-{seat}", f"database-{seat}"]
        assert [name for name, service in found.items() if f"./{seat}:/etc/moiety:ro" in service["volumes"]] == reach[
            :2
        ]
    for name, service in found.items():
        assert not {"privileged", "cap_add", "devices", "pid", "ipc", "userns_mode", "expose"} & set(service)
        named = {volume.partition(":")[0] for volume in service["volumes"]}
        assert {volume for volume in named if not volume.startswith("./")} <= set(whole["volumes"]), name


def test_the_image_has_the_user_and_the_folder_that_the_compose_file_expects() -> None:
    text = (FOLDER / "Dockerfile").read_text()
    assert "pip install --require-hashes --only-binary :all: -r requirements.txt" in text
    assert "USER 10001:10001" in text
    assert f"install -d -m 0700 -o moiety -g moiety {STATE}\n" in text
    for name in re.findall(r"^COPY (.+) \S+$", text, re.M):
        assert all((ROOT / one).exists() for one in name.split())


@pytest.mark.parametrize(
    "text",
    ["- a\n", "a: 1\na: 2\n", "a: 'b'\n", "a: [b\n", "a:\n    b: 1\n  c: 2\n", "a: &b c\n", "a b\n", "a: {b: [c]}\n"],
)
def test_what_is_not_the_small_part_of_yaml_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is|are|belongs"):
        compose.read(text)
