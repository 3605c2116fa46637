"""The page in a gallery's place while a file that it is made of cannot be used: what is wrong, where, and the mend."""

from pathlib import Path
from shutil import copyfile

from engine.define.findings import Finding, FindingsError
from engine.errors import RekindleError
from engine.render.sandbox import environment
from engine.shipped import shipped

PAGES = "gallery"
ASSETS = ("gallery.css", "watching.js")


def write_problem(out: Path, error: RekindleError, made: str) -> Path:
    """Write `out/index.html` and what it needs; its path. `made` is its mark, as a gallery's."""
    assets = shipped("templates") / "web" / "gallery"
    (out / PAGES).mkdir(parents=True, exist_ok=True)
    for asset in ASSETS:
        copyfile(assets / asset, out / PAGES / asset)
    findings: tuple[Finding, ...] = error.findings if isinstance(error, FindingsError) else ()
    sandbox = environment([assets], html=True)
    said = {"findings": findings, "said": str(error), "fix": error.fix}
    variables = {"title": "To mend", "previewed": True, "made": made, **said}
    index = out / "index.html"
    index.write_text(sandbox.rendered(sandbox.compiled("problem.html"), variables), encoding="utf-8")
    return index
