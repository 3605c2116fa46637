"""The wheel works away from the checkout, with nothing but the packages that it declares; so does its demo."""

import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import Distribution, distribution
from importlib.util import cache_from_source
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]


BUILT = 1_767_323_046
"""What SOURCE_DATE_EPOCH says here; `make wheel` takes the last commit's."""


def build(source: Path, folder: Path, umask: int = 0o022) -> Path:
    """The project's wheel, built from a checkout with what is installed here."""
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index",
         "--disable-pip-version-check", "-w", str(folder), str(source)],
        check=True, umask=umask, env=os.environ | {"SOURCE_DATE_EPOCH": str(BUILT)},
    )  # fmt: skip
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    return build(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a clean environment with the wheel, and the declared packages borrowed from this one.

    Borrowed, not downloaded: the test needs no network, and a package that is used but not declared is not there.
    """
    home = tmp_path_factory.mktemp("clean")
    venv.create(home, with_pip=True)
    site = next((home / "lib").glob("python*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        read = Path(archive.extract(metadata, tmp_path_factory.mktemp("metadata")))
    wanted = list(Distribution.at(read.parent).requires or ())
    for package in _closure(wanted):
        for file in package.files or ():
            source = Path(str(package.locate_file(file)))
            if ".." not in file.parts and source.exists():
                _borrow(source, site / file)
                if source.suffix == ".py":
                    compiled = Path(cache_from_source(str(source)))
                    if compiled.exists():  # or all that the demo imports would be compiled anew
                        _borrow(compiled, (site / file).parent / "__pycache__" / compiled.name)
    subprocess.run(
        [home / "bin" / "python", "-m", "pip", "install", "-q", "--no-deps", "--no-index",
         "--disable-pip-version-check", str(wheel)],
        check=True,
    )  # fmt: skip
    return home / "bin"


def _borrow(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        target.symlink_to(source)


def _closure(requirements: list[str]) -> list[Distribution]:
    found: dict[str, Distribution] = {}
    todo = [Requirement(text) for text in requirements]
    while todo:
        requirement = todo.pop()
        if requirement.name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        found[requirement.name] = distribution(requirement.name)
        todo += [Requirement(text) for text in found[requirement.name].requires or ()]
    return list(found.values())


@pytest.fixture(scope="module")
def demo(clean: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the demo leaves, run away from the checkout."""
    away = tmp_path_factory.mktemp("away")
    done = subprocess.run(
        [clean / "rekindle", "demo", "--out", "here"], cwd=away, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return away / "here"


def test_the_demo_runs_from_an_installed_wheel_away_from_the_checkout(demo: Path) -> None:
    assert (demo / "index.html").is_file()
    assert list((demo / "outbox").glob("*.eml"))
    assert list((demo / "outbox").glob("*.txt"))
    assert (demo / "rekindle.sqlite3").stat().st_mode & 0o077 == 0


SHOWN = {"join", "join-es", "answer", "answer-es", "revealed", "pulse", "activity", "own", "index"}


def test_the_demo_leaves_every_kind_of_page_and_a_way_to_them(demo: Path) -> None:
    """Each is a whole page; none of them holds an address of a couple's, or loads anything."""
    pages = {file.stem: file.read_text(encoding="utf-8") for file in (demo / "pages").glob("*.html")}
    assert set(pages) == SHOWN
    for name, page in pages.items():
        assert page.rstrip().endswith("</html>"), name
        own = page if name == "own" else ""
        assert not re.search(r"@example\.(?:com|org|net)|\+\d{8}", page.replace(own, "")), name
        assert not re.search(r'<(?:img|script|link)[^>]+(?:src|href)="https?:', page), name
    assert "You have both answered" in pages["revealed"]
    assert "<svg" in pages["pulse"]
    assert 'lang="es"' in pages["answer-es"]
    assert 'href="pages/index.html"' in (demo / "index.html").read_text(encoding="utf-8")


def test_the_shipped_campaigns_check_clean_from_the_wheel(clean: Path, tmp_path: Path) -> None:
    done = subprocess.run([clean / "rekindle", "check"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "No problems."), done.stderr


def test_the_wheel_holds_the_program_and_what_it_ships_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"engine", "cli.py"}


SOURCES = (
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "cli.py",
    ".gitignore",
    "engine",
    "campaigns",
    "templates",
    "examples",
)


def test_the_same_tree_gives_the_same_wheel_wherever_and_whenever_it_is_built(wheel: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    copy.mkdir()
    for name in reversed(SOURCES):  # copies are younger, and lie on the disk in another order
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, copy_function=shutil.copyfile)
        else:
            shutil.copyfile(ROOT / name, copy / name)
    for file in copy.rglob("*"):
        if file.is_file():
            file.chmod(0o600)
    again = build(copy, tmp_path / "dist", umask=0o077)
    assert again.name == wheel.name
    assert sha256(again.read_bytes()).hexdigest() == sha256(wheel.read_bytes()).hexdigest()


def test_the_files_of_the_wheel_are_of_the_time_that_was_told(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        times = {entry.date_time for entry in archive.infolist()}
    assert times == {datetime.fromtimestamp(BUILT, UTC).timetuple()[:6]}
