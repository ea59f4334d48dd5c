"""The measures that there are: one a module of `definitions/`, and one a file of a deployment's overlays."""

import pkgutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from hi_fhir.core.errors import DefinitionError, NotFoundError
from hi_fhir.measures import definitions
from hi_fhir.measures.definition_errors import refused
from hi_fhir.measures.definition_files import read_definition
from hi_fhir.measures.model import Measure
from hi_fhir.measures.readings import unit_faults
from hi_fhir.measures.stratifiers import CORE_STRATIFIERS, ByColumn, ByEthnicity, Crossing, Stratifier
from hi_fhir.measures.words.base import Word

SHIPPED = "shipped"
_SHIPPED_FOLDER = Path("measures/definitions")


class Defined(NamedTuple):
    """A measure, and where it comes from: SHIPPED or a file. replaces: whether it stands in place of a shipped one."""

    measure: Measure
    origin: str
    replaces: bool = False

    @property
    def told(self) -> str:
        """The origin in words."""
        return f"{self.origin}, in place of the shipped" if self.replaces else self.origin


class File(NamedTuple):
    """A file of definitions and the names that it gives values to."""

    path: Path
    names: Mapping[str, Any]


def load(ids: Sequence[str] | None = None, overlays: Sequence[Path] = ()) -> tuple[Measure, ...]:
    """The measures called `ids`, or all of them; in order of id.

    Raises:
        NotFoundError: an id is no measure's.
        DefinitionError: a definition is not as the registry needs it.
    """
    there = defined(overlays)
    for id_ in ids or ():
        if id_ not in there:
            raise NotFoundError(f"no measure is called {id_!r}. hi-fhir measures list names them.")
    return tuple(one.measure for id_, one in there.items() if ids is None or id_ in ids)


def defined(overlays: Sequence[Path] = ()) -> dict[str, Defined]:
    """Every measure by id, in order of id: a later overlay's stands in place of an earlier one's or a shipped one.

    A breakdown of an overlay is every measure's, which is of another version then.

    Raises:
        DefinitionError: a definition is not as the registry needs it.
    """
    shipped = _shipped()
    found = {id_: Defined(measure, SHIPPED) for id_, measure in shipped.items()}
    for overlay in overlays:
        files = [File(path, read_definition(path)) for path in _python_files(overlay / "measures")]
        for id_, measure in collect(files).items():
            path = overlay / "measures" / _file_name(id_)
            found[id_] = Defined(measure, str(path), replaces=id_ in shipped)
    more = [one.stratifier for one in breakdowns(overlays) if one.origin != SHIPPED]
    there = dict(sorted(found.items()))
    if more:
        there = {id_: one._replace(measure=_broken_down(one.measure, more)) for id_, one in there.items()}
    _check_stratifiers(one.measure for one in there.values())
    return there


def _check_stratifiers(measures: Iterable[Measure]) -> None:
    """That no two breakdowns go by one id: the strata of both would be counted as those of either."""
    known: dict[str, Stratifier] = {}
    for measure in measures:
        for one in measure.single_stratifiers:
            if known.setdefault(one.id, one) != one:
                raise DefinitionError(f"{measure.id}: another breakdown has the id {one.id!r} already. Choose another.")


class Breakdown(NamedTuple):
    """A breakdown of every measure, and where it comes from: SHIPPED or a file."""

    stratifier: Stratifier | Crossing
    origin: str


def breakdowns(overlays: Sequence[Path] = ()) -> list[Breakdown]:
    """What every measure is broken down by: as shipped, then by id what overlays add.

    Raises:
        DefinitionError: a breakdown is not as the registry needs it.
    """
    own = {one.id for one in CORE_STRATIFIERS}
    added: dict[str, Breakdown] = {}
    for overlay in overlays:
        added |= {id_: Breakdown(one, str(path)) for path, id_, one in _stratifiers(overlay) if id_ not in own}
    return [*(Breakdown(one, SHIPPED) for one in CORE_STRATIFIERS), *(one for _, one in sorted(added.items()))]


def overlaid_files(overlays: Sequence[Path]) -> dict[str, str]:
    """Each definition of the overlays that is read, and whether it adds to the shipped ones or replaces one."""
    read = [one for one in defined(overlays).values() if one.origin != SHIPPED]
    return {
        **{one.origin: "in place of the shipped file" if one.replaces else "added" for one in read},
        **{str(path): "added" for overlay in overlays for path in _python_files(overlay / "stratifiers")},
    }


@cache
def _shipped() -> dict[str, Measure]:
    names = sorted(module.name for module in pkgutil.iter_modules(definitions.__path__))
    return collect(_read(name) for name in names)


def _read(name: str) -> File:
    """The module of one definition; whatever it raises while it is read is for its author to fix."""
    path = _SHIPPED_FOLDER / f"{name}.py"
    try:
        return File(path, vars(import_module(f"{definitions.__name__}.{name}")))
    except Exception as error:
        raise refused(str(path), str(Path(definitions.__path__[0]) / f"{name}.py"), error) from error


def collect(files: Iterable[File]) -> dict[str, Measure]:
    """The MEASURE of each file by id, in order of id.

    Raises:
        DefinitionError: a file has no MEASURE, is not named as its id, or two measures have one id.
    """
    found: dict[str, Measure] = {}
    for file in files:
        measure = file.names.get("MEASURE")
        if not isinstance(measure, Measure):
            raise DefinitionError(f"{file.path}: no MEASURE. Set it to a measure.")
        if measure.id in found:
            raise DefinitionError(f"{file.path}: another file has the id {measure.id!r} already.")
        _check_name(file.path, measure.id)
        _check_units(file.path, measure.words())
        found[measure.id] = measure
    return dict(sorted(found.items()))


def _stratifiers(overlay: Path) -> Iterator[tuple[Path, str, Stratifier | Crossing]]:
    """The STRATIFIER of each file of an overlay, with that and its id."""
    for path in _python_files(overlay / "stratifiers"):
        one = read_definition(path).get("STRATIFIER")
        if not isinstance(one, Stratifier | Crossing):
            raise DefinitionError(f"{path}: no STRATIFIER. Set it to a Stratifier.")
        _check_name(path, one.id)
        for part in one.parts:
            _check_units(path, part.words)
            _check_column(path, part)
        yield path, one.id, one


def _broken_down(measure: Measure, more: Sequence[Stratifier | Crossing]) -> Measure:
    """The measure with the breakdowns of overlays as well; one of an id that it has already is not taken twice."""
    own = {one.id for one in measure.stratifiers}
    added = [one for one in more if one.id not in own]
    version = "-".join([measure.version, *(f"{one.id}.{one.version}" for one in added)])
    return replace(measure, version=version, stratifiers=(*measure.stratifiers, *added))


def _check_name(path: Path, id_: str) -> None:
    if path.name != _file_name(id_):
        raise DefinitionError(f"{path}: rename it to {_file_name(id_)}.")


def _check_units(path: Path, words: Iterable[Word]) -> None:
    for fault in unit_faults(words):
        raise DefinitionError(f"{path}: {fault}")


def _check_column(path: Path, one: Stratifier) -> None:
    """That what it goes by is a column of people."""
    if isinstance(one.rule, ByColumn | ByEthnicity):
        from hi_fhir.tables.schema import PERSON  # what few breakdowns need, and starts slowly

        if one.rule.column not in PERSON.names:
            raise DefinitionError(f"{path}: {one.id}: people have no {one.rule.column!r}. {', '.join(PERSON.names)}.")


def _file_name(id_: str) -> str:
    return f"{id_.replace('-', '_')}.py"


def _python_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.py"))
