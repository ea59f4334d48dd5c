"""Every command tells what it does with an example, explains its options, and prints its results as JSON if asked."""

import json
from collections.abc import Iterator

import click
import pytest

from hi_fhir.cli.main import COMMANDS, cli

SERVES_UNTIL_ENDED = {"hi-fhir serve"}


def commands(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    yield context.command_path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None, name
            yield from commands(inner, click.Context(inner, info_name=name, parent=context))


ALL = dict(commands(cli, cli.make_context("hi-fhir", [], resilient_parsing=True)))
ONES = {path: command for path, command in ALL.items() if not isinstance(command, click.Group)}


def test_every_command_of_the_list_is_there_under_its_name() -> None:
    assert {path.split()[1] for path in ONES} == set(COMMANDS)
    assert {"measures list", "measures show", "measures check"} <= {path.removeprefix("hi-fhir ") for path in ONES}


@pytest.mark.parametrize("path", ALL)
def test_every_command_has_a_help_text_with_an_example_of_itself(path: str) -> None:
    text = ALL[path].help or ""

    assert "Example" in text
    assert text.strip().splitlines()[0].rstrip().endswith(".")
    assert f"{path} " in text.partition("Example")[2] or path in text.partition("Example")[2].split("\n")[1]


@pytest.mark.parametrize("path", ALL)
def test_every_option_is_explained(path: str) -> None:
    unexplained = [
        parameter.name
        for parameter in ALL[path].params
        if isinstance(parameter, click.Option) and not parameter.hidden and not parameter.help
    ]

    assert unexplained == []


@pytest.mark.parametrize("path", sorted(set(ONES) - SERVES_UNTIL_ENDED))
def test_every_command_that_prints_results_can_print_them_as_json(path: str) -> None:
    assert any("--json" in parameter.opts for parameter in ONES[path].params)


@pytest.mark.parametrize("path", ALL)
def test_no_secret_is_an_argument(path: str) -> None:
    words = json.dumps([parameter.opts for parameter in ALL[path].params])

    assert not any(secret in words for secret in ("token", "password", "secret", "key"))
