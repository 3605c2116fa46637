"""Writes docs/licences.md (`make docs`) and build/sbom.json (`make sbom`) from deploy/requirements.lock.

Names, versions and hashes are the lock's; licences are what the installed packages say of themselves. The same lock
gives the same bytes. A test compares the page with what is committed, and holds every licence to what we can ship.
"""

import json
import re
import sys
import tomllib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent
LOCK = ROOT / "deploy" / "requirements.lock"
MADE = "<!-- Made by docs/packages.py: change the lock, then run `make docs`. -->"

ASIDE = {
    "LGPL-3.0-only": "used unmodified, as packages of their own that anyone may replace by other versions",
    "MPL-2.0": "its files are used unmodified",
}
"""Licences that ask something of whoever ships the package too, and how it is met."""
SHIPPABLE = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "PSF-2.0", "Unlicense",
    "Zlib", *ASIDE,
}  # fmt: skip
"""What may be shipped beside a program under Apache-2.0, by SPDX identifier."""
SPELT = {
    "2-clause BSD": "BSD-2-Clause",
    "Apache 2.0": "Apache-2.0",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "License :: OSI Approved :: MIT License": "MIT",
}
"""What packages call their licences that do not use SPDX's words."""
READ = {"colorama": "BSD-3-Clause", "jinja2": "BSD-3-Clause", "scipy": "BSD-3-Clause"}
"""Licences read in the package's licence file, as its metadata says only BSD, or as it is for Windows alone."""


@dataclass(frozen=True)
class Package:
    """One package of the lock, with the hashes of all its files and where it is installed."""

    name: str
    version: str
    where: str
    hashes: tuple[str, ...]

    @property
    def purl(self) -> str:
        return f"pkg:pypi/{self.name}@{self.version}"


def packages(lock: str) -> list[Package]:
    """What a lock names, in its order. ValueError for a line that is none of a lock's."""
    found: list[Package] = []
    for entry in lock.replace("\\\n", " ").splitlines():
        if not entry.strip() or entry.startswith("#"):
            continue
        line = re.fullmatch(r"([a-z0-9-]+)==(\S+)(?: ; (.+?))?((?:\s+--hash=sha256:[0-9a-f]{64})+)\s*", entry)
        if line is None:
            raise ValueError(f"no package with hashes: {entry[:80]}")
        name, version, where, hashes = line.groups()
        found.append(Package(name, version, where or "", tuple(re.findall(r"[0-9a-f]{64}", hashes))))
    return found


def licence(name: str) -> str:
    """A package's licence as an SPDX expression. ValueError when it does not say one that we know to read."""
    if name in READ:
        return READ[name]
    try:
        told = distribution(name).metadata
    except PackageNotFoundError:
        raise ValueError(f"{name} is not installed here: read its licence file and add it to READ") from None
    if told["License-Expression"]:
        return str(told["License-Expression"])
    words = [told["License"] or "", *(told.get_all("Classifier") or ())]
    for word in words:
        spdx = SPELT.get(word, word)
        if spdx in SHIPPABLE:
            return spdx
    raise ValueError(f"{name} names no licence that we know: {[each for each in words if 'License' in each]}")


def shippable(expression: str) -> bool:
    """Whether we may ship what is under a licence: one side of an OR is enough, of an AND all are needed."""
    while inner := re.search(r"\(([^()]*)\)", expression):
        judged = "MIT" if shippable(inner[1]) else "none"
        expression = expression[: inner.start()] + judged + expression[inner.end() :]
    return any(
        all(word.strip() in SHIPPABLE for word in re.split(r"\bAND\b", side))
        for side in re.split(r"\bOR\b", expression)
    )


def licences() -> str:
    """The page of every package that an installed Rekindle brings."""
    lines = [
        MADE,
        "# Licences",
        "",
        "What `deploy/requirements.lock` installs beside Rekindle, which is under Apache-2.0. `make sbom` writes the"
        " same with hashes, as CycloneDX 1.6. What wheels carry inside of other projects' libraries is not listed here"
        " (numpy and scipy: OpenBLAS and GCC's runtime; psycopg-binary: libpq and what it needs): whoever passes an"
        " image on, look there too.",
        "",
        *(f"* {name}: {why}." for name, why in sorted(ASIDE.items())),
        "",
        "| package | version | licence | where |",
        "|---|---|---|---|",
    ]
    for each in packages(LOCK.read_text(encoding="utf-8")):
        where = f"`{each.where}`" if each.where else ""
        lines.append(f"| {each.name} | {each.version} | {licence(each.name)} | {where} |")
    return "\n".join(lines) + "\n"


def sbom(lock: str) -> dict[str, Any]:
    """The bill of materials in CycloneDX 1.6. A package's hashes are of all its files, of which one is installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    root = f"pkg:pypi/{project['name']}@{project['version']}"
    found = packages(lock)
    direct = {re.split(r"[^A-Za-z0-9._-]", each)[0].lower() for each in project["dependencies"]}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, root + lock)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": project["name"],
                "version": project["version"],
                "purl": root,
                "licenses": [{"expression": project["license"]}],
            }
        },
        "components": [_component(each) for each in found],
        "dependencies": [{"ref": root, "dependsOn": [each.purl for each in found if each.name in direct]}],
    }


def _component(package: Package) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
        "licenses": [{"expression": licence(package.name)}],
        "hashes": [{"alg": "SHA-256", "content": each} for each in package.hashes],
    }
    if package.where:
        made["properties"] = [{"name": "rekindle:where", "value": package.where}]
    return made


def main() -> None:
    if sys.argv[1:] == ["sbom"]:
        out, text = ROOT / "build" / "sbom.json", json.dumps(sbom(LOCK.read_text(encoding="utf-8")), indent=1) + "\n"
        out.parent.mkdir(exist_ok=True)
    else:
        out, text = FOLDER / "licences.md", licences()
    out.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{out.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
