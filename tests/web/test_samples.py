"""The demo shows the couples' pages too, as they would be served."""

import re
from pathlib import Path

import pytest

from engine.simulate.demo import CAMPAIGN, run
from engine.web.samples import write_pages

SHOWN = {"join", "join-es", "answer", "answer-es", "revealed", "pulse", "activity", "own", "index"}


@pytest.mark.slow
def test_the_demo_leaves_every_kind_of_page_and_a_way_to_them(tmp_path: Path) -> None:
    """Each is a whole page; none of them holds an address of a couple's, or loads anything."""
    done = run(tmp_path / "demo", lambda engine: write_pages(engine, tmp_path / "demo", CAMPAIGN))
    pages = {file.stem: file.read_text(encoding="utf-8") for file in (tmp_path / "demo" / "pages").glob("*.html")}
    assert set(pages) == SHOWN
    for name, page in pages.items():
        assert page.rstrip().endswith("</html>"), name
        own = page if name == "own" else ""
        assert not re.search(r"@example\.(?:com|org|net)|\+\d{8}", page.replace(own, "")), name
        assert not re.search(r'<(?:img|script|link)[^>]+(?:src|href)="https?:', page), name
    assert "You have both answered" in pages["revealed"]
    assert "<svg" in pages["pulse"]
    assert 'lang="es"' in pages["answer-es"]
    assert 'href="pages/index.html"' in done.gallery.read_text(encoding="utf-8")
