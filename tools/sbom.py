"""Write a CycloneDX bill of materials of this environment: what is installed, its licences, who needs what.

Components carry a scope: `required` by the package, `optional` (the bench extra), or `excluded` (development
tools, which nothing at run time needs). Nothing in it tells on which machine it was made.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.closure import closure, direct

ROOT = Path(__file__).resolve().parent.parent


def bill() -> dict[str, Any]:
    """The bill as the CycloneDX tool writes it."""
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "bill.json"
        subprocess.run(
            [
                *(sys.executable, "-m", "cyclonedx_py", "environment", sys.executable),
                *("--pyproject", ROOT / "pyproject.toml", "--output-file", written),
                *("--output-reproducible", "--no-validate", "--output-format", "JSON"),
            ],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        found: dict[str, Any] = json.loads(written.read_text())
        return found


def described(bom: dict[str, Any], project: dict[str, Any]) -> dict[str, Any]:
    """The same bill with a scope on every component, needs as they are here, and no path of this machine."""
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    required = closure(project["dependencies"])
    optional = closure(extras)
    own = canonicalize_name(project["name"])
    bom["components"] = [part for part in bom["components"] if canonicalize_name(part["name"]) != own]
    references = {canonicalize_name(part["name"]): part["bom-ref"] for part in bom["components"]}
    needs = {references[name]: direct(distribution(name)) for name in references}
    needs[bom["metadata"]["component"]["bom-ref"]] = {
        canonicalize_name(Requirement(line).name) for line in project["dependencies"]
    }
    bom["dependencies"] = [
        {"ref": reference, "dependsOn": sorted(references[name] for name in names if name in references)}
        for reference, names in sorted(needs.items())
    ]
    for part in bom["components"]:
        name = canonicalize_name(part["name"])
        stated = distribution(name).metadata.json.get("license")
        if isinstance(stated, str) and not part.get("licenses"):  # words of its own that are no identifier
            part["licenses"] = [{"license": {"name": stated.splitlines()[0]}}]
        part["scope"] = "required" if name in required else "optional" if name in optional else "excluded"
    for part in [bom["metadata"]["component"], *bom["components"]]:
        outside = [row for row in part.pop("externalReferences", []) if not row["url"].startswith("file:")]
        if outside:
            part["externalReferences"] = outside
    return bom


def main() -> None:
    """Write the bill, once it fits the schema, to the file named on the command line."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = json.dumps(described(bill(), project), indent=2, sort_keys=True) + "\n"
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error is not None:
        raise SystemExit(f"the bill does not fit the CycloneDX schema: {error}")
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


if __name__ == "__main__":
    main()
