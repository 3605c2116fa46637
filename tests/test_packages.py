"""Every package that is shipped is told of, with a licence that we can ship beside ours and the hashes of its lock."""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "deploy" / "requirements.lock").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def made() -> Any:
    """docs/packages.py."""
    spec = importlib.util.spec_from_file_location("packages", ROOT / "docs" / "packages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["packages"] = module  # where its dataclass looks for itself
    spec.loader.exec_module(module)
    return module


def test_the_page_of_licences_is_as_current_as_the_lock(made: Any) -> None:
    assert (ROOT / "docs" / "licences.md").read_text(encoding="utf-8") == made.licences(), "run `make docs`"


def test_no_package_has_a_licence_that_we_cannot_ship(made: Any) -> None:
    found = {each.name: made.licence(each.name) for each in made.packages(LOCK)}
    assert {name: licence for name, licence in found.items() if not made.shippable(licence)} == {}


@pytest.mark.parametrize(
    ("licence", "may"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        ("GPL-2.0-only OR MIT", True),
        ("MIT AND GPL-2.0-only", False),
        ("(MIT AND Zlib) OR GPL-2.0-only", True),
        ("GPL-2.0-only OR (MIT AND AGPL-3.0-only)", False),
        ("GPL-2.0-only AND (MIT OR Zlib)", False),
        ("(GPL-2.0-only OR Zlib) AND MIT", True),
        ("", False),
    ],
)
def test_of_a_choice_one_is_enough_and_of_several_all_are_needed(made: Any, licence: str, may: bool) -> None:
    assert made.shippable(licence) is may


def test_a_package_that_names_no_licence_is_no_guess(made: Any) -> None:
    with pytest.raises(ValueError, match="read its licence file"):
        made.licence("no-such-package-here")


def test_a_line_without_hashes_is_no_lock(made: Any) -> None:
    with pytest.raises(ValueError, match="no package with hashes: rich==14"):
        made.packages("rich==14.0.0\n")


def test_the_bill_of_materials_has_every_package_once_with_its_hashes(made: Any) -> None:
    bom = made.sbom(LOCK)
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.6")
    purls = [each["purl"] for each in bom["components"]]
    assert len(set(purls)) == len(purls) == LOCK.count("==") - LOCK.count(" == ") > 50
    assert sum(len(each["hashes"]) for each in bom["components"]) == LOCK.count("--hash=sha256:")
    assert all(each["hashes"] and each["licenses"] for each in bom["components"])
    (root,) = (each["dependsOn"] for each in bom["dependencies"])
    assert set(root) <= set(purls)
    assert {each.partition("@")[0] for each in root} >= {"pkg:pypi/jinja2", "pkg:pypi/psycopg", "pkg:pypi/uvloop"}


def test_the_bill_of_materials_is_the_same_for_the_same_lock_and_another_for_another(made: Any) -> None:
    assert json.dumps(made.sbom(LOCK)) == json.dumps(made.sbom(LOCK))
    assert made.sbom(LOCK)["serialNumber"] != made.sbom(LOCK.partition("\nrich==")[0])["serialNumber"]
