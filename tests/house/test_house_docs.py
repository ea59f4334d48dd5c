"""What the pages name is there: commands with their options, tasks, files that links lead to."""

import re
import shlex
from pathlib import Path

import click
import pytest

from hi_fhir.cli.main import cli
from tests.support.pages import PAGES, ROOT, blocks, command_lines

TASKS = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
INLINE = re.compile(r"`((?:hi-fhir|make) [^`]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def commands_of(page: Path) -> list[str]:
    """Ours, in blocks and in sentences."""
    shown = [line for block in blocks(page) for line in command_lines(block)]
    named = [line.removeprefix(".venv/bin/") for line in INLINE.findall(page.read_text(encoding="utf-8"))]
    return [line for line in (*shown, *named) if re.match(r"(hi-fhir|make) ", line)]


def fault_of(line: str) -> str | None:
    """What is wrong with a line of a page, if anything."""
    words = shlex.split(line)
    if words[0] == "make":
        named = [word for word in words[1:] if "=" not in word]
        return None if set(named) <= TASKS else f"no such task: {line}"
    try:
        check(cli, words[1:])
    except click.ClickException as error:
        return f"{line}: {error.format_message()}"
    return None


def check(command: click.Command, words: list[str]) -> None:
    """Raise where the command has no such option, argument or choice."""
    context = click.Context(command, info_name=command.name, help_option_names=["-h", "--help"])
    given, rest, _ = command.make_parser(context).parse_args(list(words))
    for parameter in command.params:
        if isinstance(parameter.type, click.Choice) and isinstance(value := given.get(parameter.name), str):
            parameter.type.convert(value, parameter, context)
    if isinstance(command, click.Group) and (names := [*given.get("args", ()), *rest]):
        inner = command.get_command(context, names[0])
        if inner is None:
            raise click.UsageError(f"no command {names[0]}")
        check(inner, names[1:])
    elif rest:
        raise click.UsageError(f"too many words: {rest}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_and_task_that_a_page_shows_is_there(page: Path) -> None:
    assert [fault for line in commands_of(page) if (fault := fault_of(line))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    text = re.sub(r"`[^`\n]*`", "", page.read_text(encoding="utf-8"))
    links = [link for link in LINK.findall(text) if not re.match(r"[a-z]+:", link)]

    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize(
    "line",
    [
        "hi-fhir run --nothing",
        "hi-fhir nothing",
        "hi-fhir report --audience all",
        "hi-fhir status more",
        "make nothing",
    ],
)
def test_a_line_that_is_wrong_is_found(line: str) -> None:
    assert fault_of(line)


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "adr").glob("*.md")), ids=lambda page: page.name[:7])
def test_every_decision_names_what_was_not_taken_and_has_a_number_of_its_own(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert re.search(r"Weighed and (not taken|left)", text)
    assert text.startswith(f"# {page.name[:7]}:")
    assert len(list(page.parent.glob(f"{page.name[:7]}*"))) == 1
