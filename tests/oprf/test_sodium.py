"""The group: laws of its arithmetic, what it refuses, and how the library comes and goes."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety import sodium
from moiety.sodium import ELEMENT_BYTES, IDENTITY, ORDER, CurveUnavailable, NotAnElement

scalars = st.integers(1, ORDER - 1)
elements = scalars.map(sodium.multiply_base)


@given(scalars, scalars, elements)
def test_multiplying_by_a_sum_is_adding_the_products(one: int, other: int, element: bytes) -> None:
    if (total := (one + other) % ORDER) != 0:
        together = sodium.add(sodium.multiply(one, element), sodium.multiply(other, element))
        assert sodium.multiply(total, element) == together


@given(st.lists(st.tuples(scalars, elements), min_size=1, max_size=5), scalars)
def test_a_batch_is_its_elements_one_by_one(terms: list[tuple[int, bytes]], scalar: int) -> None:
    batch = b"".join(element for _, element in terms)
    each = [sodium.multiply(own, element) for own, element in terms]
    assert sodium.multiply_each([own for own, _ in terms], batch) == b"".join(each)
    assert sodium.multiply_all(scalar, batch) == b"".join(sodium.multiply(scalar, element) for _, element in terms)
    doubled = b"".join(sodium.add(element, element) for element in each)
    assert sodium.add_each(b"".join(each), b"".join(each)) == doubled


def test_a_large_batch_is_its_elements_one_by_one() -> None:
    """From some size on, compiled loops do it: in the first place, the last and between, also what they refuse."""
    factors = [at + 3 for at in range(sodium._MANY + 1)]
    each = [sodium.multiply_base(factor) for factor in factors]
    batch = b"".join(each)
    assert sodium.multiply_all(5, batch) == b"".join(sodium.multiply(5, element) for element in each)
    assert sodium.multiply_each(factors, batch) == b"".join(map(sodium.multiply, factors, each))
    assert sodium.add_each(batch, batch) == b"".join(map(sodium.add, each, each))
    uniform = [bytes([at]) * sodium.UNIFORM_BYTES for at in factors]
    assert sodium.from_uniform_all(b"".join(uniform)) == b"".join(map(sodium.from_uniform, uniform))
    opposite = [sodium.multiply_base(ORDER - factor) for factor in factors]
    for place in (0, sodium._MANY // 2, sodium._MANY):
        start, end = place * ELEMENT_BYTES, (place + 1) * ELEMENT_BYTES
        for wrong in (IDENTITY, b"\xff" * ELEMENT_BYTES):
            bad = batch[:start] + wrong + batch[end:]
            for attempt in (
                lambda bad=bad: sodium.multiply_all(5, bad),
                lambda bad=bad: sodium.multiply_each(factors, bad),
                lambda bad=bad: sodium.add_each(bad, batch),
                lambda bad=bad: sodium.add_each(batch, bad),
            ):
                with pytest.raises(NotAnElement):
                    attempt()
        with pytest.raises(NotAnElement):
            sodium.add_each(batch, batch[:start] + opposite[place] + batch[end:])


@pytest.mark.parametrize("scalar", [0, -1, ORDER])
def test_what_is_no_scalar_multiplies_nothing(scalar: int) -> None:
    element = sodium.multiply_base(5)
    for attempt in (
        lambda: sodium.multiply_base(scalar),
        lambda: sodium.multiply(scalar, element),
        lambda: sodium.multiply_each([scalar], element),
    ):
        with pytest.raises(ValueError, match="a scalar lies between"):
            attempt()


def test_the_identity_is_taken_by_nothing() -> None:
    element = sodium.multiply_base(5)
    assert not sodium.is_element(IDENTITY)
    for attempt in (
        lambda: sodium.multiply(5, IDENTITY),
        lambda: sodium.multiply_each([5, 5], element + IDENTITY),
        lambda: sodium.add(element, IDENTITY),
        lambda: sodium.add(IDENTITY, element),
        lambda: sodium.add_each(element + element, element + IDENTITY),
    ):
        with pytest.raises(NotAnElement):
            attempt()


def test_the_identity_is_given_by_nothing() -> None:
    element = sodium.multiply_base(5)
    opposite = sodium.multiply_base(ORDER - 5)
    with pytest.raises(NotAnElement):
        sodium.add(element, opposite)
    with pytest.raises(NotAnElement):
        sodium.add_each(element + element, element + opposite)
    with pytest.raises(NotAnElement):
        sodium.from_uniform(bytes(64))
    for many in (bytes([5]) * 64, bytes([5]) * 64 * (2 * sodium._MANY)):
        with pytest.raises(NotAnElement):
            sodium.from_uniform_all(many + bytes(64))


@pytest.mark.parametrize("length", [0, 31, 33, 63])
def test_lengths_are_looked_at_before_the_library_reads(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    element = sodium.multiply_base(5)
    bad = (element * 2)[:length]
    monkeypatch.setattr(sodium, "_curve", lambda: pytest.fail("the library was asked"))
    assert not sodium.is_element(bad)
    for attempt in (
        lambda: sodium.multiply(5, bad),
        lambda: sodium.multiply_all(5, bad),
        lambda: sodium.multiply_each([5], bad),
        lambda: sodium.add(element, bad),
        lambda: sodium.add(bad, element),
        lambda: sodium.add_each(bad, bad),
        lambda: sodium.add_each(element, element + element),
    ):
        with pytest.raises(NotAnElement):
            attempt()


def test_two_elements_are_not_one() -> None:
    two = sodium.multiply_base(5) * 2
    for attempt in (lambda: sodium.multiply(5, two), lambda: sodium.add(two, two)):
        with pytest.raises(NotAnElement):
            attempt()


@pytest.mark.parametrize("length", [0, 63, 65])
def test_an_element_is_derived_from_64_bytes(length: int) -> None:
    for derive in (sodium.from_uniform, sodium.from_uniform_all):
        with pytest.raises(ValueError, match="64 bytes"):
            derive(bytes(length))


def test_every_scalar_of_a_batch_has_its_element() -> None:
    with pytest.raises(ValueError, match="its scalar"):
        sodium.multiply_each([5], sodium.multiply_base(5) * 2)


def test_two_threads_may_multiply_at_once() -> None:
    batch = sodium.multiply_base(5) * 2_000
    seen: list[bytes] = []
    threads = [threading.Thread(target=lambda: seen.append(sodium.multiply_all(7, batch))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [sodium.multiply_base(35) * 2_000] * 2
    assert len(seen[0]) == 2_000 * ELEMENT_BYTES


def in_a_process_of_its_own(words: str, folder: Path) -> str:
    """What a fresh interpreter prints, whose temporary files lie in `folder`."""
    done = subprocess.run(
        [sys.executable, "-c", words],
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def test_importing_loads_no_library(tmp_path: Path) -> None:
    words = "import sys, moiety.sodium, moiety.oprf.threshold, moiety.oprf.dealing; print('rbcl' in sys.modules)"
    assert in_a_process_of_its_own(words, tmp_path) == "False\n"


def test_the_library_leaves_no_file_behind(tmp_path: Path) -> None:
    words = "import sys; from moiety import sodium; print(len(sodium.multiply_base(5)), 'rbcl' in sys.modules)"
    assert in_a_process_of_its_own(words, tmp_path) == "32 True\n"
    assert not list(tmp_path.iterdir())


def loading_afresh(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Callable[[], object]:
    """The loader, with nothing loaded yet."""
    for name in [name for name in sys.modules if name.split(".")[0] == "rbcl"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return sodium._curve.__wrapped__


def test_a_library_that_is_missing_makes_the_curve_unavailable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    load = loading_afresh(monkeypatch, tmp_path)
    monkeypatch.setitem(sys.modules, "rbcl", None)
    with pytest.raises(CurveUnavailable) as caught:
        load()
    assert caught.value.exit_status == 3


def test_a_library_that_may_not_run_makes_the_curve_unavailable_and_leaves_no_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tried = []

    def refuse(path: str) -> None:
        tried.append(Path(path).parent)
        raise OSError("failed to map segment from shared object")

    load = loading_afresh(monkeypatch, tmp_path)
    monkeypatch.setattr(ctypes.cdll, "LoadLibrary", refuse)
    with pytest.raises(CurveUnavailable):
        load()
    assert tried == [tmp_path]
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_missing_makes_the_curve_unavailable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    load = loading_afresh(monkeypatch, tmp_path / "nowhere")
    with pytest.raises(CurveUnavailable):
        load()
