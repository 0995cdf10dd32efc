"""`moiety custodian budget`: what is allowed, what that really bounds, and what is spent while it serves."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime
from os import urandom
from pathlib import Path

import pytest

from moiety import cli
from moiety.custody import refusals
from moiety.custody.custodian import Custodian
from moiety.custody.gateway import trial
from moiety.custody.gateway.apart import Apart
from moiety.custody.net.config import Custody, read
from moiety.custody.net.reckoning import GONE, _kept, of_an_hour, spent, tickets
from moiety.custody.store.keyring import Keyring
from moiety.custody.store.sql import Store
from moiety.custody.store.token import FileToken
from moiety.custody.trust.limits import Limit, Limits, Table
from moiety.custody.trust.tickets import Left, Tickets
from tests.apart.scene import Site
from tests.custody.scene import DOOR, NOON, people
from tests.postgres import Server

TIGHT = "\n[limits]\nrow = { burst = 3, daily = 5 }\n\n[limits.gateway]\nenrolments = { burst = 7, daily = 41 }\n"


def test_an_hour_is_everything_at_once_and_a_twenty_fourth_of_a_day() -> None:
    assert of_an_hour(Limit(burst=4, daily=48)) == 6
    said = dict(re.findall(r"\| (\w+) \| ([\d,]+) \|", Table.__doc__ or ""))
    assert {"matches", "erasures", "requests"} <= set(said)
    for unit, number in said.items():
        assert of_an_hour(getattr(Limits().gateway, unit)) == int(number.replace(",", ""))


def asked(capsys: pytest.CaptureFixture[str], home: Path) -> dict[str, object]:
    assert cli.run(["custodian", "budget", "--config", str(home / trial.CONFIG), "--json"]) == 0
    answer: dict[str, object] = json.loads(capsys.readouterr().out)
    return answer


def test_what_is_configured_and_half_as_much_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trial.lay_out(tmp_path / "site", NOON, urandom, trial.free_ports())
    home = tmp_path / "site" / "custodian-b"
    with (home / trial.CONFIG).open("a") as config:
        config.write(TIGHT)
    answer = asked(capsys, home)
    assert (answer["seat"], answer["read"], answer["spent"], answer["tickets"]) == ("b", True, [], [])
    assert "two at a time" in str(answer["why"])
    limits = {(one["scope"], one["unit"]): one for one in answer["limits"]}  # type: ignore[attr-defined]
    row = {"scope": "row", "unit": "comparisons", "burst": 3, "daily": 5, "real_burst": 4, "real_daily": 7}
    assert limits["row", "comparisons"] == row
    enrolments = limits["gateway", "enrolments"]
    assert (enrolments["daily"], enrolments["real_daily"]) == (41, 61)
    assert limits["caller", "enrolments"]["daily"] == 2_000
    shutil.rmtree(home / trial.STORE / "roots")
    answer = asked(capsys, home)
    assert (answer["read"], answer["spent"], len(answer["limits"])) == (False, [], 37)  # type: ignore[arg-type]
    assert cli.run(["custodian", "budget", "--config", str(home / trial.CONFIG)]) == 0
    assert capsys.readouterr().out.rstrip().endswith("[root_missing]")


def test_what_is_spent_shows_while_it_serves(office: Apart, site: Site) -> None:
    crowd = people(5)
    office.enrol(DOOR, crowd)
    office.identify(DOOR, crowd[0].words[None, :])
    file = site.folder / "custodian-a" / trial.CONFIG
    found = {(one.scope, one.owner, one.unit): one for one in spent(file, site.clock(), urandom)}
    for scope, owner in (("gateway", "gateway"), ("purpose", DOOR), ("caller", "operator")):
        for unit in ("enrolments", "rows"):
            assert found[scope, owner, unit].drawn >= 5
    assert ("gateway", "gateway", "erasures") not in found
    office.identify(DOOR, crowd[0].words[None, :])  # it goes on serving
    (site.folder / "custodian-a" / trial.OPERATORS / "operator.toml").unlink()
    assert GONE in {one.owner for one in spent(file, site.clock(), urandom)}


def test_open_tickets_show_until_they_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trial.lay_out(tmp_path / "site", NOON, urandom, trial.free_ports())
    home = tmp_path / "site" / "custodian-b"
    now = datetime.now(UTC)
    ends = int(now.timestamp()) + 3_600
    with _kept(home / trial.CONFIG, read(home / trial.CONFIG, Custody), urandom) as keeping:
        book = Tickets(keeping, lambda: now)
        book.open(b"gateway", b"digest", [b"olga", b"otto"], Left(20_000, ends + 60, 60_000))
        book.open(b"gateway", b"another", [b"olga", b"otto"], Left(5, ends, 15))
        assert book.draw(b"gateway", b"digest", [b"olga", b"otto"], 1_000, 2_000)
    later, sooner = (datetime.fromtimestamp(at, UTC) for at in (ends + 60, ends))
    assert asked(capsys, home)["tickets"] == [
        {"people": 5, "evaluations": 15, "until": sooner.isoformat()},
        {"people": 19_000, "evaluations": 58_000, "until": later.isoformat()},
    ]
    assert cli.run(["custodian", "budget", "--config", str(home / trial.CONFIG)]) == 0
    said = f"until {later.isoformat()}: 19,000 people and 58,000 evaluations left"
    assert capsys.readouterr().out.rstrip().endswith(said)
    assert [left.people for left in tickets(home / trial.CONFIG, sooner, urandom)] == [19_000]
    assert tickets(home / trial.CONFIG, later, urandom) == []


def test_a_database_that_another_process_has_is_read_and_not_taken(tmp_path: Path, postgres: Server) -> None:
    url = postgres.socket_url(postgres.database())
    Custodian.create(tmp_path / "a", "a", b"o" * 16, urandom, database=url)

    def keys() -> Keyring:
        return Keyring(FileToken(tmp_path / "a" / "roots", urandom), "a", urandom)

    holder = Store.open(tmp_path / "a", "a", keys(), lambda _: None, url)
    Store.beside(tmp_path / "a", "a", keys(), url).close()
    with pytest.raises(refusals.NotOneOffice):
        Store.beside(tmp_path / "a", "b", keys(), url)
    with holder.writing("still"):
        pass
    holder.close()
