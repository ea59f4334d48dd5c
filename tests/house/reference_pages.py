"""Writes the pages of docs/reference that say what the code has: `python -m tests.house.reference_pages`."""

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pyarrow as pa

from hi_fhir.cli.main import cli
from hi_fhir.measures import registry
from hi_fhir.measures.render.description import describe
from hi_fhir.tables import schema
from hi_fhir.terminology.catalogue import load
from tests.house.fhir_page import fhir_page
from tests.house.words_page import words_page

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
_WIDTH = 110
_WRITTEN = "Written from the code by `make fix`; a test fails when it is stale.\n"


def cli_page() -> str:
    root = cli.make_context("hi-fhir", [], resilient_parsing=True, terminal_width=_WIDTH, max_content_width=_WIDTH)
    parts = ["# The command line\n", _WRITTEN]
    for context in _contexts(cli, root):
        parts.append(f"## {context.command_path}\n")
        parts.append("".join(f"    {line}".rstrip() + "\n" for line in context.command.get_help(context).splitlines()))
    return "\n".join(parts)


def _contexts(command: click.Command, context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _contexts(inner, click.Context(inner, info_name=name, parent=context))


def measures_page() -> str:
    terminology = load()
    found = [describe(measure, terminology) for measure in registry.load()]
    parts = ["# The measures\n", _WRITTEN, "The rules behind the words: [rules](../explanation/rules.md).\n"]
    parts += [_measure(one) for one in found]
    return "\n".join(parts)


def _measure(found: Mapping[str, Any]) -> str:
    lines = [f"## {found['title']}\n", f"`{found['id']}`, version {found['version']}. {found['description']}\n"]
    lines += ["| population | who |", "|---|---|"]
    lines += [f"| {name.replace('_', ' ')} | {who} |" for name, who in found["populations"].items()]
    lines += [
        "",
        f"Follows {found['rule_set']} ({found['source']}). {_better(found)}Reviewed by: "
        f"{found['reviewed_by']}; next review {found['next_review']}.",
    ]
    if found["caveats"]:
        lines.append(f"Departs from that rule set, or was not seen in its own text: {'; '.join(found['caveats'])}.")
    if found["value_sets"]:
        lines += ["", "| value set | version | state | codes | seen in a source |", "|---|---|---|---:|---|"]
        lines += map(_value_set, found["value_sets"])
    lines += ["", f"{len(found['examples'])} worked examples.", ""]
    return "\n".join(lines)


def _better(found: Mapping[str, Any]) -> str:
    return f"Better: {found['improvement']}. " if found["improvement"] else ""


def _value_set(one: Mapping[str, Any]) -> str:
    cells = (one["id"], one["version"], one["state"], one["codes"], "yes" if one["verified"] else "no")
    return f"| {' | '.join(map(str, cells))} |"


def tables_page() -> str:
    source = inspect.getsource(schema)
    lines = source.splitlines()
    parts = ["# The tables\n", _WRITTEN, f"Schema version {schema.SCHEMA_VERSION}. Days are days in Europe/London.\n"]
    for name, node, told in _schemas(ast.parse(source)):
        parts += [f"## {name.lower()}\n", f"{told.strip()}\n"]
        rows = ["| column | type | may be null | what it is |", "|---|---|---|---|"]
        columns: pa.Schema = getattr(schema, name)
        for place, field in zip(_lines_of_fields(node), columns, strict=True):
            null = "yes" if field.nullable else ""
            rows.append(f"| `{field.name}` | {field.type} | {null} | {_comment(lines, place)} |")
        parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


def _schemas(module: ast.Module) -> Iterator[tuple[str, ast.Call, str]]:
    """Name, `pa.schema(...)` and the text below it."""
    for one, after in zip(module.body, module.body[1:], strict=False):
        if (
            isinstance(one, ast.Assign)
            and isinstance(one.value, ast.Call)
            and ast.unparse(one.value.func) == "pa.schema"
        ):
            assert isinstance(after, ast.Expr), "every schema says its grain below"
            yield ast.unparse(one.targets[0]), one.value, str(ast.literal_eval(after.value))


def _lines_of_fields(node: ast.Call) -> list[int]:
    [fields] = node.args
    assert isinstance(fields, ast.List)
    return [field.end_lineno or field.lineno for field in fields.elts]


def _comment(lines: list[str], place: int) -> str:
    """What stands behind a field, or alone on the line above it."""
    behind = re.search(r"#\s*(.*)$", lines[place - 1])
    above = re.match(r"\s*#\s*(.*)$", lines[place - 2])
    found = behind or above
    return found[1].replace("|", "\\|") if found else ""


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "fhir.md": lambda: fhir_page(_WRITTEN),
    "measures.md": measures_page,
    "tables.md": tables_page,
    "words.md": lambda: words_page(_WRITTEN),
}


def main() -> None:
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
