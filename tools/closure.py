"""Which distributions a list of requirements comes to on this machine."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import Distribution, distribution

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name


def direct(found: Distribution) -> set[NormalizedName]:
    """Names that this distribution requires here, extras left out."""
    requirements = [Requirement(line) for line in found.requires or []]
    return {
        canonicalize_name(one.name) for one in requirements if one.marker is None or one.marker.evaluate({"extra": ""})
    }


def closure(lines: Iterable[str]) -> dict[NormalizedName, Distribution]:
    """What these requirement lines name and everything below, by normalised name.

    Raises PackageNotFoundError where one is not installed.
    """
    found: dict[NormalizedName, Distribution] = {}
    waiting = {canonicalize_name(Requirement(line).name) for line in lines}
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = distribution(name)
            waiting |= direct(found[name])
    return found
