"""The pages of the project, and the blocks of code that they show."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in (
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / ".github").rglob("*.md"),
        *(ROOT / "docker").glob("*.md"),
    )
    if path.name != "cli.md"  # is what the commands print
)
BLOCK = re.compile(r"(?<=\n\n)((?: {4}.*\n(?:\n+(?= {4}))?)+)")
COMMENT = re.compile(r"\s{2,}\(.*$|\s+#\s.*$|\s{3,}[a-z].*$")


def blocks(page: Path) -> Iterator[str]:
    """Each indented block of a page, from the left."""
    for found in BLOCK.findall(page.read_text(encoding="utf-8")):
        yield re.sub(r"^ {4}", "", found, flags=re.MULTILINE)


def command_lines(block: str) -> list[str]:
    """The lines of a block that are typed into a shell, each whole and without what is said beside it."""
    lines = (COMMENT.sub("", line).strip() for line in block.replace("\\\n", " ").splitlines())
    return [line.removeprefix("$ ").removeprefix(".venv/bin/").removesuffix("&").strip() for line in lines if line]
