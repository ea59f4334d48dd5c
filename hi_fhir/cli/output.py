"""What a command prints on stdout: one JSON document for programs, or lines and tables for people."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hi_fhir.core.shown import shown, shown_json


def print_json(content: Any) -> None:
    """One JSON document on stdout."""
    document = orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS, default=str)
    click.echo(shown_json(document.decode()))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table on stdout; numbers are set flush right."""
    content = [["" if cell is None else cell for cell in row] for row in rows]
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, title_style="bold")
    for index, column in enumerate(columns):
        numeric = bool(content) and all(isinstance(row[index], int | float) for row in content)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in content:
        table.add_row(*[Text(shown(f"{cell:,}" if isinstance(cell, int) else str(cell))) for cell in row])
    Console(highlight=False, width=None if sys.stdout.isatty() else 160).print(table)


_TERMS = {
    "carried": "carried forward",
    "received": "received",
    "kept": "kept",
    "superseded": "superseded",
    "deleted": "deleted",
    "out_of_scope": "out of scope",
    "quarantined": "quarantined",
}
"""Terms of a reconciliation, and what they are called."""


def print_reconciliation(sources: Mapping[str, Mapping[str, Mapping[str, int]]]) -> None:
    """received = kept + superseded + deleted + out of scope + quarantined, a row a source and resource type."""
    rows = [
        [source, kind, *(counts[term] for term in _TERMS)]
        for source, kinds in sorted(sources.items())
        for kind, counts in sorted(kinds.items())
    ]
    print_table("Reconciliation", ["source", "type", *_TERMS.values()], rows)
