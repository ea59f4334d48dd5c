"""The measures that there are: every module of `definitions/`, one measure each."""

import pkgutil
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import import_module
from types import ModuleType

from hi_fhir.core.errors import DefinitionError, NotFoundError
from hi_fhir.measures import definitions
from hi_fhir.measures.model import Measure


def load(ids: Sequence[str] | None = None) -> tuple[Measure, ...]:
    """The measures called `ids`, or all of them; in order of id.

    Raises:
        NotFoundError: an id is no measure's.
        DefinitionError: a definition is not as the registry needs it.
    """
    there = _all()
    if ids is None:
        return tuple(there.values())
    for id_ in ids:
        if id_ not in there:
            raise NotFoundError(f"no measure is called {id_!r}. hi-fhir measures list names them.")
    return tuple(measure for id_, measure in there.items() if id_ in ids)


@cache
def _all() -> dict[str, Measure]:
    names = sorted(module.name for module in pkgutil.iter_modules(definitions.__path__))
    return collect(_read(name) for name in names)


def _read(name: str) -> ModuleType:
    """The module of one definition; whatever it raises while it is read is for whoever wrote it to mend."""
    try:
        return import_module(f"{definitions.__name__}.{name}")
    except Exception as error:
        message = f"measures/definitions/{name}.py: {type(error).__name__}: {error}. Mend the definition."
        raise DefinitionError(message) from error


def collect(modules: Iterable[ModuleType]) -> dict[str, Measure]:
    """The MEASURE of each module by id, in order of id.

    Raises:
        DefinitionError: a module has no MEASURE, its file is not named as its id, or two measures have one id.
    """
    found: dict[str, Measure] = {}
    for module in modules:
        file = module.__name__.rpartition(".")[2]
        measure = getattr(module, "MEASURE", None)
        if not isinstance(measure, Measure):
            raise DefinitionError(f"measures/definitions/{file}.py: no MEASURE. Set it to a Measure.")
        if measure.id in found:
            raise DefinitionError(f"measures/definitions/{file}.py: another file has the id {measure.id!r} already.")
        if file != measure.id.replace("-", "_"):
            raise DefinitionError(f"measures/definitions/{file}.py: rename it to {measure.id.replace('-', '_')}.py.")
        found[measure.id] = measure
    return dict(sorted(found.items()))
