"""A manifest is read in its own format, upgraded where each step is known, and else refused by name."""

from pathlib import Path

import msgspec
import pytest

from hi_fhir.core.errors import ManifestError
from hi_fhir.core.files import commit_json, read_json
from hi_fhir.core.manifests import Format


class Basket(msgspec.Struct, frozen=True):
    apples: int
    pears: int = 0


class Lunch(msgspec.Struct, frozen=True):
    crumbs: int


AGAIN = "Run: fill the basket."
FIRST = Format("basket", Basket, 1, AGAIN)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "basket.json"


def test_what_is_written_is_read_and_carries_its_number(path: Path) -> None:
    FIRST.commit(path, Basket(3))

    assert FIRST.read(path) == Basket(3)
    assert read_json(path) == {"format": 1, "apples": 3, "pears": 0}


def test_one_without_a_number_is_of_the_first_format(path: Path) -> None:
    commit_json(path, {"apples": 3})

    assert FIRST.read(path) == Basket(3)


def test_an_earlier_one_is_upgraded_step_by_step(path: Path) -> None:
    commit_json(path, {"fruit": 3})
    upgrades = {
        1: lambda content: {"green": content["fruit"]},
        2: lambda content: {"apples": content["green"]},
    }

    assert Format("basket", Basket, 3, AGAIN, upgrades).read(path) == Basket(3)


def test_an_earlier_one_of_which_a_step_is_not_known_is_refused_with_what_to_do(path: Path) -> None:
    commit_json(path, {"apples": 3})

    with pytest.raises(ManifestError, match=r"by an earlier hi_fhir, in format 1, .* format 3 does\. Run: fill"):
        Format("basket", Basket, 3, AGAIN, {2: lambda content: content}).read(path)


@pytest.mark.parametrize("number", [2, "2", None])
def test_one_of_a_later_or_unknown_format_is_refused(path: Path, number: object) -> None:
    commit_json(path, {"format": number, "apples": 3})

    with pytest.raises(ManifestError, match=rf"by a newer hi_fhir, in format {number}; this one reads up to 1\."):
        FIRST.read(path)


@pytest.mark.parametrize("content", [b"", b'{"apples": 3', b"[]", b'{"pears": 3}', b'{"apples": "three"}'])
def test_one_that_was_changed_is_refused_with_where_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    with pytest.raises(ManifestError, match=r"basket\.json: this basket is not as hi_fhir writes it: .* Run: fill"):
        FIRST.read(path)


def test_a_part_that_is_another_struct_is_refused_as_the_whole_is(path: Path) -> None:
    assert FIRST.convert(path, {"crumbs": 2}, Lunch) == Lunch(2)
    with pytest.raises(ManifestError, match="missing required field `crumbs`"):
        FIRST.convert(path, {}, Lunch)
