"""Every block of code on a page is of a kind that is checked: it runs, parses, or names what is there."""

import ast
import re
import shlex
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest

from hi_fhir import measures
from hi_fhir.cohorts.imports import import_organisations
from hi_fhir.cohorts.successors import read_successors
from hi_fhir.fhir.resources import round_trip
from hi_fhir.fhir.rest.declarations import PARAMETERS
from hi_fhir.fhir.rest.search import parse_search
from hi_fhir.terminology.code_systems import read_code_systems
from hi_fhir.terminology.concept_maps import read_concept_map
from hi_fhir.terminology.value_sets import read_value_set
from tests.support.pages import PAGES, ROOT, blocks, command_lines

OVERLAY = ("measures", "stratifiers", "mappings", "terminology/value_sets", "terminology/answers")
SAID = ("pull ──►", "carried", "cardiovascular-risk-assessed, example")
"""How the blocks begin that show a picture, a sum or a message: what is to be read, and not to be typed."""


def runs(block: str) -> None:
    exec(compile(block, "a page", "exec"), {})  # noqa: S102 - our own pages


def is_a_list_of_examples(block: str) -> None:
    ast.parse(f"[{block}]")


def is_toml(block: str) -> None:
    tomllib.loads(block)


def is_json(block: str) -> None:
    """A resource of FHIR, or any other JSON."""
    found = orjson.loads(block)
    if isinstance(found, dict) and "resourceType" in found:
        round_trip(found)


def is_a_data_file(block: str) -> None:
    """A value set or a code map as the catalogue reads it. A line of three dots stands for codes."""
    content, systems = re.sub(r"^\.\.\..*$", "38341003,", block, flags=re.MULTILINE), read_code_systems()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a-list.csv"
        path.write_text(content)
        read_concept_map(path, systems) if "# target_system:" in content else read_value_set(path, systems)


def is_a_list_of_memberships(block: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "organisations.csv"
        path.write_text(block)
        import_organisations(path, Path(folder) / "imports")


def is_a_list_of_successors(block: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "successors.csv"
        path.write_text(block)
        read_successors([path])


def is_an_overlay(block: str) -> None:
    _, *paths = block.split()
    assert {str(Path(path).parent) for path in paths} <= set(OVERLAY), paths


def is_made_of_words(block: str) -> None:
    calls = [node.func for node in ast.walk(ast.parse(block, mode="eval")) if isinstance(node, ast.Call)]
    named = {call.id for call in calls if isinstance(call, ast.Name)}
    assert named <= set(measures.__all__), named


def can_be_typed(block: str) -> None:
    """Lines of programs that have a check, or one with what it prints."""
    lines = command_lines(block)
    for line in lines[:1] if block.startswith("$ ") else lines:
        words = shlex.split(line)
        PROGRAMS[words[0].rpartition("/")[2]](words)


def is_checked_elsewhere(words: list[str]) -> None:
    """By the test of all commands and tasks, by that of the tutorial, or not ours to check."""


def is_a_script_of_ours(words: list[str]) -> None:
    assert (ROOT / words[0]).stat().st_mode & 0o100, words


def is_a_call_of_the_service(words: list[str]) -> None:
    """A search, or what a subscription is made by."""
    url = urlsplit(next(word for word in words if word.startswith("http")))
    if "POST" in words:
        assert url.path == "/fhir/Subscription", words
        return
    type_ = url.path.removeprefix("/fhir/")
    parse_search(type_, parse_qsl(url.query), PARAMETERS[type_])


def marks_that_there_are(words: list[str]) -> None:
    pytest_settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert words[1] == "-m"
    assert words[2] in {mark.partition(":")[0] for mark in pytest_settings["markers"]}


def classes_that_there_are(words: list[str]) -> None:
    assert [word for word in words if (ROOT / "tests" / "hapi" / f"{word}.java").exists()], words


PROGRAMS: dict[str, Callable[[list[str]], None]] = {
    **dict.fromkeys(("hi-fhir", "make", "pip", "docker", ".", "ls", "python"), is_checked_elsewhere),
    "install.sh": is_a_script_of_ours,
    "curl": is_a_call_of_the_service,
    "pytest": marks_that_there_are,
    "java": classes_that_there_are,
}


def check_of(block: str) -> Callable[[str], None]:
    """The check of a block's kind, which is told by how it begins; what is of no other is typed into a shell."""
    first = block.partition("\n")[0]
    if re.match(r'"""|from |import ', block):
        return runs
    if block.startswith("Example("):
        return is_a_list_of_examples
    if re.fullmatch(r"\[[\w.\"-]+\]|\w+ = .*", first):
        return is_toml
    if block[0] in "{[":
        return is_json
    if block.startswith("# title:"):
        return is_a_data_file
    if block.startswith("practice,"):
        return is_a_list_of_memberships
    if block.startswith("predecessor,"):
        return is_a_list_of_successors
    if re.fullmatch(r"[\w-]+/", first):
        return is_an_overlay
    if re.match(r"~?\w+\(", block):
        return is_made_of_words
    return can_be_typed


def parts(page: Path) -> list[str]:
    """The blocks of a page; of one that shows a command and a file, each."""
    typed = [block for block in blocks(page) if not block.startswith(SAID)]
    return [part for block in typed for part in re.split(r"\n\n(?=practice,)", block)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_is_sound(page: Path) -> None:
    for block in parts(page):
        check_of(block)(block)


@pytest.mark.parametrize(
    "block",
    [
        "from hi_fhir.measures import nothing\n",
        'Example("one",\n',
        "[sources.elm]\nurl = elm\n",
        '{"resourceType": "MeasureReport", "status": 1}\n',
        "# title: A list\ncode,note\n",
        "practice,pcn,icb,valid_from,valid_to\nA99001,U99001,QX1,yesterday,\n",
        "predecessor,successor,valid_from\nQA1,QA1,2026-04-01\n",
        "my-overlay/\n  elsewhere/list.csv\n",
        "observd(SMOKING, EVER)\n",
        "curl 'http://127.0.0.1:8765/fhir/MeasureReport?nobody=1'\n",
        "tests/hapi/nothing.sh\n",
        ".venv/bin/pytest -m nothing\n",
        "rm -r data\n",
    ],
)
def test_a_block_that_is_unsound_is_found(block: str) -> None:
    with pytest.raises((Exception, AssertionError)):
        check_of(block)(block)
