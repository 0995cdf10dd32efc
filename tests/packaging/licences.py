"""What the package stands on: which distributions it imports, what those need, and under which licence they come."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import Distribution, packages_distributions

from packaging.utils import canonicalize_name

COPYLEFT = re.compile(r"(?<!L)(?<!Lesser )\b(?:A?GPL|GNU (?:Affero )?General Public)", re.IGNORECASE)
EXCEPTION = re.compile(r"A?GPL[\w.+-]*(?: WITH |-with-)[\w-]*exception[\w.-]*", re.IGNORECASE)


def distributions_of(imported: Iterable[str]) -> set[str]:
    """Names of the distributions that bring these top-level modules."""
    known = packages_distributions()
    return {canonicalize_name(name) for module in imported for name in known.get(module, [])}


def licence(found: Distribution) -> str:
    """What the distribution says of its licence: the expression, else the classifiers, else the first line of text."""
    metadata = found.metadata
    expression = metadata.get("License-Expression")
    if expression:
        return str(expression)
    classifiers = [
        line.split("::")[-1].strip()
        for line in metadata.get_all("Classifier") or []
        if line.startswith("License ::") and not line.endswith("OSI Approved")
    ]
    if classifiers:
        return " AND ".join(classifiers)
    return (metadata.get("License") or "").strip().split("\n")[0]


def is_refused(stated: str) -> bool:
    """True where every choice that the statement leaves is GPL or AGPL, or where nothing is stated.

    LGPL is not refused, nor is the GPL with a runtime exception, which reaches no caller.
    """
    if not stated:
        return True
    choices = re.split(r"\bOR\b", EXCEPTION.sub("", stated))
    return all(COPYLEFT.search(choice) for choice in choices)
