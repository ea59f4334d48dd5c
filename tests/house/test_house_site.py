"""The pages build into a site with search, without a warning, that loads nothing from elsewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOADED = re.compile(
    r"<(?:script|img|iframe)[^>]+src=.(?:https?:)?//|<link[^>]+rel=.stylesheet[^>]+href=.(?:https?:)?//"
)


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "docs", str(tmp_path)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert built.returncode == 0, built.stderr

    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > len(list((ROOT / "docs").rglob("*.md")))
    assert "quarantine" in (tmp_path / "searchindex.js").read_text(encoding="utf-8")
    assert [page.name for page in pages if LOADED.search(page.read_text(encoding="utf-8"))] == []
