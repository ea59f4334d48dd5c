"""A definition from outside the package is read if it says words alone; else its line and fault are named."""

from datetime import date
from pathlib import Path

import pytest

from hi_fhir.core.errors import DefinitionError
from hi_fhir.measures import Person, aged, definitions, registered
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
        ("import os\n", "line 1: `import` alone is not for"),
        ("from os import system\n", "line 1: an import of os"),
        ("from . import model\n", r"line 1: an import of \."),
        ("from hi_fhir.core.files import commit_bytes\n", "line 1: an import of hi_fhir.core.files"),
        ("from hi_fhir.measures import registred\n", "line 1: hi_fhir.measures has no word registred"),
        ("def f():\n    from datetime import date\n    return date\n", "line 2: an import of datetime"),
        (f"{HEAD}open('x')\n", "line 2: `open` is neither a word nor"),
        (f"{HEAD}(lambda: 1)()\n", "line 2: "),
        (f"{HEAD}X = registered().__class__\n", "line 2: .__class__ is nothing"),
        (f"{HEAD}X = '{{0.__class__}}'.format(aged)\n", "line 2: .format is nothing"),
        (f"{HEAD}X = f'{{aged!r}}'\n", "line 2: a text is put together"),
        (f"{HEAD}X = __builtins__\n", "line 2: __builtins__ begins with"),
        (f"{HEAD}aged = open\n", "line 2: the name aged is taken"),
        (f"{HEAD}def tuple(x):\n    return x\n", "line 2: the name tuple is taken"),
        (f"{HEAD}X = 9 ** 9\n", "line 2: a definition does no sums"),
        (f"{HEAD}while True:\n    aged()\n", "line 2: `while` is not for"),
        (f"{HEAD}@registered\ndef f():\n    return 1\n", "f has a decorator"),
        (f"{HEAD}X = [1]\n", r"line 2: a list \[...\] is not for"),
        ("X = (\n", "line 1: it is no Python"),
        ("\x00", "it is no Python"),
        (f"{HEAD}X = aged(at_least='old', unknown=1)\n", "line 2: aged takes no `unknown`. It takes at_least, at_most"),
        ("def f(n):\n    return f(n)\nX = f(1)\n", "line 2: RecursionError: .*Fix the definition"),
        (f"X = '{'x' * 300_000}'\n", "over 256 kB"),
    ],
)
def test_what_is_more_than_words_is_named_with_its_line(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(DefinitionError, match=rf"ours\.py.*({fault})"):
        read(tmp_path, text)


WORDS = """from hi_fhir.measures import EVER, Quantity, aged, latest_reading, observed, registered, value_set
S = value_set('s')
"""


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("X = observd(S, EVER)\n", "line 3: `observd` is no word; did you mean `observed`?"),
        ("X = observed(S, months(12))\n", "line 3: `months` is a word: import it from hi_fhir.measures."),
        ("X = observed(S, IN_PERIOD)\n", "line 3: `IN_PERIOD` is a word: import it from hi_fhir.measures."),
        ("def someone():\n    return S\nX = somone()\n", "line 5: `somone` is no word; did you mean `someone`?"),
        ("X = observed(Z, EVER)\n", "line 3: `Z` is neither a word nor a name of this file."),
        ("X = (\n    registered()\n    and aged(18)\n)\n", "line 4: `and` does not join words: write `&`."),
        ("X = registered() or aged(18)\n", "line 3: `or` does not join words: write `|`."),
        ("X = (\n    registered(),\n    not aged(18),\n)\n", "line 5: `not` does not turn a word round: write `~`."),
        ("X = S[0]\n", "line 3: a part of something, as in x[0], is not for a definition"),
        ("X = latest_reading(S, within=EVER) < 3\n", "line 3: `<` and `>` do not compare readings: write .below("),
        ("X = observed(S, EVER).lates\n", "line 3: .lates is nothing that a word offers; did you mean .latest?"),
        (
            "from hi_fhir.measures import registred\n",
            "line 3: hi_fhir.measures has no word registred; did you mean reg",
        ),
        ("if S == S:\n    X = 1\n", "line 3: `if` is not for a definition"),
        ("X = S & registered()\n", "line 3: `&`, `|` and `~` join words alone. Here is a value set and a word."),
        ("X = ~S\n", "line 3: `&`, `|` and `~` join words alone. Here is a value set."),
        ("X = registered & aged(18)\n", "Here is a word without brackets and a word."),
        ("X = observed(S)\n", "line 3: observed needs `within`: EVER, IN_PERIOD"),
        ("X = registered() & observed(\n    's', EVER\n)\n", "line 3: observed takes a value set as `values`"),
        ("X = registered().first\n", "line 3: a word has no .first."),
        (
            "X = observed(S, EVER).between(1, 2)\n",
            "line 3: records such as observed(SET, EVER) has no .between: it has",
        ),
        ("X = Quantity(S, 'mmol/L', (20, 0.1))\n", "line 3: plausible values of s from 20 to 0.1: there are none."),
    ],
)
def test_a_mistake_is_told_in_the_words_of_its_author(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(DefinitionError) as told:
        read(tmp_path, WORDS + text)

    assert fault in str(told.value)
    assert str(told.value).startswith(str(tmp_path / "ours.py"))


def test_what_a_file_says_of_kinds_is_not_looked_at(tmp_path: Path) -> None:
    text = f"{HEAD}def someone(*ages: tuple[int, int]) -> list[Person]:\n    return Person()\nX = someone()\n"

    assert read(tmp_path, text)["X"] == Person()


def test_a_file_may_be_deep(tmp_path: Path) -> None:
    text = f"{HEAD}X = {' & '.join(['registered()'] * 900)}\n"

    assert len(read(tmp_path, text)["X"].parts) == 900  # type: ignore[attr-defined]


def test_a_file_that_is_too_deep_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"ours\.py"):
        read(tmp_path, f"{HEAD}X = {'~' * 100_000}registered()\n")
