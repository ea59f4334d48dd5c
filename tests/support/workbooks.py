"""Spreadsheets as their files have them, read without what wrote them."""

import re
import zipfile
from io import BytesIO
from xml.etree import ElementTree

_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def _parsed(content: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(content)  # noqa: S314 - what was just written here


def sheet(content: bytes, number: int) -> list[dict[str, object]]:
    """Cells of a sheet by column, a mapping a row; numbers as numbers."""
    with zipfile.ZipFile(BytesIO(content)) as book:
        shared = ["".join(text.itertext()) for text in _parsed(book.read("xl/sharedStrings.xml"))]
        tree = _parsed(book.read(f"xl/worksheets/sheet{number}.xml"))
    found = []
    for row in tree.iter(f"{_SHEET}row"):
        cells: dict[str, object] = {}
        for cell in row:
            value = cell.findtext(f"{_SHEET}v")
            column = re.sub(r"\d", "", cell.get("r", ""))
            if value is not None:
                kind = cell.get("t")
                cells[column] = shared[int(value)] if kind == "s" else value == "1" if kind == "b" else float(value)
        found.append(cells)
    return found
