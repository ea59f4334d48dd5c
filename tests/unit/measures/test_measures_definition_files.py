"""A definition from outside the package is read if it says words alone; else its line and fault are named."""

from datetime import date
from pathlib import Path

import pytest

from hi_fhir.core.errors import DefinitionError
from hi_fhir.measures import aged, definitions, registered
from hi_fhir.measures.definition_files import read_definition

HEAD = "from hi_fhir.measures import aged, registered, Person\n"


def read(folder: Path, text: str) -> dict[str, object]:
    path = folder / "ours.py"
    path.write_text(text, encoding="utf-8")
    return dict(read_definition(path))


@pytest.mark.parametrize(
    "path", sorted(Path(definitions.__path__[0]).glob("[!_]*.py")), ids=lambda path: str(path.stem)
)
def test_the_shipped_definitions_say_words_alone_and_read_the_same(path: Path) -> None:
    module = __import__(f"{definitions.__name__}.{path.stem}", fromlist=["MEASURE"])

    assert read_definition(path)["MEASURE"] == module.MEASURE


def test_words_functions_of_the_file_and_dates_may_be_used(tmp_path: Path) -> None:
    text = f"""{HEAD}
from datetime import date

ADULT = registered() & aged(at_least=18)

def someone(year: int) -> Person:
    return Person(born=date(year, 1, 1))

PEOPLE = tuple(someone(year) for year in (1950, 1960) if year != 1960)
"""
    found = read(tmp_path, text)

    assert found["ADULT"] == registered() & aged(at_least=18)
    assert [person.born for person in found["PEOPLE"]] == [date(1950, 1, 1)]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("import os\n", "line 1: 'import' has no place"),
        ("from os import system\n", "line 1: an import of os"),
        ("from . import model\n", r"line 1: an import of \."),
        ("from hi_fhir.core.files import commit_bytes\n", "line 1: an import of hi_fhir.core.files"),
        ("from hi_fhir.measures import registred\n", "line 1: hi_fhir.measures has no word registred"),
        ("def f():\n    from datetime import date\n    return date\n", "line 2: an import of datetime"),
        (f"{HEAD}open('x')\n", "line 2: a call of what is neither"),
        (f"{HEAD}(lambda: 1)()\n", "line 2: "),
        (f"{HEAD}X = registered().__class__\n", "line 2: .__class__ is nothing"),
        (f"{HEAD}X = '{{0.__class__}}'.format(aged)\n", "line 2: .format is nothing"),
        (f"{HEAD}X = f'{{aged!r}}'\n", "line 2: a text is put together"),
        (f"{HEAD}X = __builtins__\n", "line 2: __builtins__ begins with"),
        (f"{HEAD}aged = open\n", "line 2: the name aged is taken"),
        (f"{HEAD}def tuple(x):\n    return x\n", "line 2: the name tuple is taken"),
        (f"{HEAD}X = 9 ** 9\n", "line 2|'pow' has no place"),
        (f"{HEAD}while True:\n    aged()\n", "line 2: 'while' has no place"),
        (f"{HEAD}@registered\ndef f():\n    return 1\n", "f has a decorator"),
        (f"{HEAD}X = [1]\n", "line 2: 'list' has no place"),
        ("X = (\n", "line 1: it is no Python"),
        ("\x00", "it is no Python"),
        (f"{HEAD}X = aged(at_least='old', unknown=1)\n", "TypeError: .*unknown.*Fix the definition"),
        ("def f(n):\n    return f(n)\nX = f(1)\n", "RecursionError: .*Fix the definition"),
        (f"X = '{'x' * 300_000}'\n", "over 256 kB"),
    ],
)
def test_what_is_more_than_words_is_named_with_its_line(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(DefinitionError, match=rf"ours\.py.*({fault})"):
        read(tmp_path, text)
