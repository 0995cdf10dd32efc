"""The arrows hold, and the rules that hold them can fail."""

from __future__ import annotations

import pytest

from tests.house.arrows import (
    arrow_findings,
    inner_findings,
    io_findings,
    purity_findings,
    stale_rows,
    world_findings,
)
from tests.house.source import Source, sources


@pytest.mark.parametrize("rule", [arrow_findings, inner_findings, io_findings, purity_findings, world_findings])
def test_every_module_keeps_the_rule(rule):
    findings = [finding for source in sources() for finding in rule(source)]
    assert not findings, "\n" + "\n".join(findings)


def test_no_permission_is_left_over():
    findings = list(stale_rows(sources()))
    assert not findings, "\n" + "\n".join(findings)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("moiety.sharing.ring", "import moiety.matching.words"),
        ("moiety.sharing.ring", "from moiety import matching"),
        ("moiety.sharing.ring", "from ..matching import words"),
        ("moiety.matching.search", "from moiety.custody.store.sql import Store"),
        ("moiety.custody.store.sql", "from moiety.face.template import Template"),
        ("moiety.custody.store.sql", "from moiety.identity import ports"),
        ("moiety.custody.store.sql", "def lazily():\n    import moiety.identity.ports"),
        ("moiety.custody.store.sql", "import importlib\nimportlib.import_module('moiety.identity.ports')"),
        ("moiety.custody.store.sql", "import moiety"),
        ("moiety.face.onnx", "from moiety.sharing.split import split"),
        ("moiety.face.onnx", "from moiety.settings import data_folder"),
        ("moiety.identity.enrol", "from moiety.custody.gateway.embedded import Embedded"),
        ("moiety.identity.enrol", "from moiety.face.template import Template"),
        ("moiety.nowhere.thing", "x = 1"),
    ],
)
def test_an_arrow_the_wrong_way_is_found(name, text):
    assert list(arrow_findings(Source(name, text)))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("moiety.custody.store.sql", "from moiety.custody.custodian import Custodian"),
        ("moiety.custody.store.sql", "from moiety.custody.net import config"),
        ("moiety.custody.custodian", "from moiety.custody.trust.guard import Guard"),
        ("moiety.custody.trust.guard", "from moiety.custody.net import config"),
        ("moiety.custody.net.server", "from moiety.custody.gateway.three import Three"),
        ("moiety.custody.verbs", "from moiety.custody.gateway.three import Three"),
    ],
)
def test_an_arrow_the_wrong_way_within_custody_is_found(name, text):
    assert list(inner_findings(Source(name, text)))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("moiety.custody.store.sql", "from moiety.custody.refusals import StoreUnavailable"),
        ("moiety.custody.custodian", "from moiety.custody.store.sql import Store"),
        ("moiety.custody.gateway.apart", "from moiety.custody import recovery"),
        ("moiety.matching.search", "from moiety.custody.net import config"),  # for another rule
    ],
)
def test_an_arrow_the_right_way_within_custody_is_not(name, text):
    assert list(inner_findings(Source(name, text))) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("moiety.matching.search", "from moiety.sharing import ring\nfrom moiety.errors import Refused"),
        ("moiety.matching.search", "from .words import quantise\nfrom ..sharing.ring import POINTS\nimport numpy"),
        ("moiety.cli.enrol", "import moiety\nfrom moiety import Enrolled"),
    ],
)
def test_an_arrow_the_right_way_is_not(name, text):
    assert list(arrow_findings(Source(name, text))) == []


@pytest.mark.parametrize(
    "text",
    ["import sqlite3", "from sqlalchemy.engine import URL", "def f():\n    import cv2", "from subprocess import run"],
)
def test_an_io_library_in_a_pure_module_is_found(text):
    assert list(io_findings(Source("moiety.matching.search", text)))


@pytest.mark.parametrize(
    "text", ["import os", "from pathlib import Path", "def f():\n    import logging", "open('x')", "print(1)"]
)
def test_reaching_outside_from_a_pure_folder_is_found(text):
    assert list(purity_findings(Source("moiety.sharing.ring", text)))
    assert list(purity_findings(Source("moiety.custody.store.sql", text))) == []


def test_a_path_as_a_type_is_not_reaching_outside():
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from os import PathLike\nx.open()"
    assert list(purity_findings(Source("moiety.identity.ports", text))) == []


@pytest.mark.parametrize(
    "text",
    [
        "from datetime import datetime\ndatetime.now()",
        "from datetime import datetime as d, UTC\nx = d.now(UTC)",
        "import datetime\ndatetime.datetime.now",
        "import os\nos.urandom(3)",
        "from os import urandom\nurandom(3)",
        "import os\nos.environ['A']",
        "import secrets",
        "from secrets import token_bytes",
        "import time\ntime.time()",
        "import random",
        "import uuid",
    ],
)
def test_asking_the_world_is_found(text):
    assert list(world_findings(Source("moiety.custody.store.page", text)))


def test_durations_and_seeded_randomness_are_not_the_world():
    text = "import time\nimport numpy as np\ntime.perf_counter()\nnp.random.default_rng(7)"
    assert list(world_findings(Source("moiety.bench.search", text))) == []
