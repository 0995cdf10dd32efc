"""The bill of materials: complete, valid, with licences, and silent about the machine it was made on."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib

import pytest

from tests.house.source import ROOT
from tools.closure import closure


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> str:
    target = tmp_path_factory.mktemp("bill") / "moiety.cdx.json"
    subprocess.run([sys.executable, "-m", "tools.sbom", target], cwd=ROOT, check=True)
    return target.read_text()


def test_it_lists_what_the_package_needs_and_under_which_licence(written):
    bill = json.loads(written)
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "moiety")
    required = {part["name"].lower() for part in bill["components"] if part["scope"] == "required"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert required == {found.name.lower() for found in closure(project["dependencies"]).values()}
    without = [p["name"] for p in bill["components"] if p["scope"] == "required" and not p.get("licenses")]
    assert without == []


def test_tools_are_told_apart_from_what_ships(written):
    scopes = {part["name"]: part["scope"] for part in json.loads(written)["components"]}
    assert (scopes["numpy"], scopes["faiss-cpu"], scopes["pytest"]) == ("required", "optional", "excluded")


def test_it_does_not_say_where_it_was_made(written):
    assert "file:" not in written
    assert str(ROOT) not in written
    assert sys.prefix not in written
