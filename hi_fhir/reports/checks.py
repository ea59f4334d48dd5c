"""What is checked of each resource that we send, before it is kept.

A report has ten thousand elements, of which most are codes that stand in every report. So its numbers are checked each
time, by its bytes; what is no number once for each spelling; and other people's models parse a report that has a path
not seen yet. Source: the constraints of FHIR R4 named at each check, and our own where R4 is silent.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any

import msgspec
import orjson
from msgspec import UNSET, Meta, Raw, UnsetType

from hi_fhir.fhir.resources import ShapeChecker, paths_of

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_URI = re.compile(r"\S+")
_MOST = 2**31 - 1
_LONGEST_TEXT = 1_048_576
_TEXT_URIS = frozenset({"url", "system", "measure"})

Json = dict[str, Any]


class InvalidResourceError(Exception):
    """A resource of our own making is not as it must be: our fault, and nothing of the release is kept."""


def check_resource(resource: Json) -> None:
    """Raises InvalidResourceError with every failure, by path; no value of the resource is in it."""
    check_elements(resource, resource["resourceType"], *_resource(resource))


def check_report_head(head: Json) -> None:
    """As `check_resource`, of a MeasureReport without its group."""
    check_elements(head, head["resourceType"], *_resource(head), *_head(head))


def check_elements(element: Any, path: str, *others: str) -> None:
    """Raises InvalidResourceError with the failures of an element and those in it, and with others that were found."""
    failures: list[str] = []
    _check_element(element, path, failures)
    if failures or others:
        raise InvalidResourceError("; ".join((*failures, *others)))


def _resource(resource: Json) -> Iterator[str]:
    if not _ID.fullmatch(resource["id"]):
        yield "id: not a FHIR id"


def _check_element(element: Any, path: str, failures: list[str]) -> None:
    """Add what does not hold of an element and those in it. A report has ten thousand, so this adds to one list."""
    if isinstance(element, dict):
        failures += _object(element, path)
        for name, value in element.items():
            _check_element(value, f"{path}.{name}", failures)
    elif isinstance(element, list):
        if not element:
            failures.append(f"{path}: an empty array")
        for value in element:
            _check_element(value, path, failures)
    else:
        failures += _primitive(element, path)


def _object(element: Json, path: str) -> Iterator[str]:
    if not element:
        yield f"{path}: an empty object (ele-1)"
    for name in _TEXT_URIS & element.keys():
        if isinstance(element[name], str) and not _URI.fullmatch(element[name]):
            yield f"{path}.{name}: white space in a URI"
    if "code" in element and "value" in element and isinstance(element["code"], str) and "system" not in element:
        yield f"{path}: a quantity's code without a system (qty-3)"
    if "url" in element and "resourceType" not in element:
        values = sum(name.startswith("value") for name in element)
        if values + ("extension" in element) != 1:
            yield f"{path}: an extension has a value or extensions, not both (ext-1)"


def _primitive(value: Any, path: str) -> Iterator[str]:
    if value is None:
        yield f"{path}: null"
    elif isinstance(value, str) and not (value.strip() and len(value) <= _LONGEST_TEXT):
        yield f"{path}: empty or too long a text"
    elif isinstance(value, int) and not 0 <= value <= _MOST:
        yield f"{path}: a count that is negative or too large"


def _head(report: Json) -> Iterator[str]:
    if report["type"] != "summary":
        yield "type: a group is of a summary (mrp-1)"
    if report["period"]["start"] > report["period"]["end"]:
        yield "period: it starts after it ends (per-1)"
    if "|" not in report["measure"]:
        yield "measure: no version"
    if "reference" in report["reporter"]:
        yield "reporter: a literal reference"


_URIS = (".url", ".system")
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Number = Annotated[float, Meta(ge=0)]
_DECIMAL, _ANY_DECIMAL = re.compile(rb'"valueDecimal":[-+.0-9eE]+'), b'"valueDecimal":0.5'
_OF_RATIO = b'/StructureDefinition/numerator-people"'


class _Part(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """What is not a number stays as it is spelt."""


class _Population(_Part):
    code: Raw
    count: Count | UnsetType = UNSET
    withheld: Raw | UnsetType = msgspec.field(default=UNSET, name="_count")


class _Extension(_Part):
    url: Raw
    count: Count | UnsetType = msgspec.field(default=UNSET, name="valueInteger")
    code: Raw | UnsetType = msgspec.field(default=UNSET, name="valueCode")
    extension: Raw | UnsetType = UNSET


class _Score(_Part):
    value: Number
    unit: Raw
    system: Raw
    code: Raw


class _Counted(_Part):
    """A stratum, or what a group has in common with one."""

    extension: Annotated[list[_Extension], Meta(min_length=1)]
    population: Annotated[list[_Population], Meta(min_length=1)]
    score: _Score | UnsetType = msgspec.field(default=UNSET, name="measureScore")


class _Stratum(_Counted):
    value: Raw | UnsetType = UNSET
    component: Raw | UnsetType = UNSET


class _Stratifier(_Part):
    stratum: Annotated[list[_Stratum], Meta(min_length=1)]
    code: Raw | UnsetType = UNSET


class _Group(_Counted, kw_only=True):
    code: Raw
    stratifier: Annotated[list[_Stratifier], Meta(min_length=1)]


class _Report(msgspec.Struct):
    group: Annotated[list[_Group], Meta(min_length=1, max_length=1)]


Spellings = dict[str, set[bytes]]
"""By path: each way in which what stands there is spelt. A number is a path with none."""


class ReportChecker:
    """parsed: reports that the models were shown."""

    def __init__(self) -> None:
        self._decode = msgspec.json.Decoder(_Report).decode
        self._shapes = ShapeChecker()
        self._known: dict[str, set[bytes]] = {}

    @property
    def parsed(self) -> int:
        return self._shapes.parsed

    def check(self, head: Json, content: bytes) -> None:
        """Check a report by its bytes. head: what it has beside its group.

        Raises:
            InvalidResourceError: something of it is not as it must be.
            ValidationError: of pydantic, where the models do not take the report.
        """
        check_report_head(head)
        try:
            [group] = self._decode(content).group
        except msgspec.ValidationError as error:
            raise InvalidResourceError(str(error)) from error
        strata = [stratum for stratifier in group.stratifier for stratum in stratifier.stratum]
        _check_strata(strata)
        _check_counts([group, *strata])
        paths = paths_of(head)
        for path, spelt in _spellings(group, strata).items():
            paths |= self._paths(f"MeasureReport.group.{path}", spelt)
        self._shapes.check_paths(paths, lambda: _of_each_shape(orjson.loads(content)))

    def _paths(self, path: str, spelt: set[bytes]) -> set[str]:
        """Check what was not spelt so before; the paths in it, which those of before need not be told again."""
        known = self._known.setdefault(path, set())
        paths = set() if spelt else {path}
        for raw in spelt - known:
            element = orjson.loads(raw)
            check_elements({"system": element} if path.endswith(_URIS) else element, path)
            paths |= paths_of(element, path)
        known |= spelt
        return paths


def _of_each_shape(report: Json) -> Json:
    """The report with one stratum of each shape that its strata have."""
    for stratifier in report["group"][0]["stratifier"]:
        by_shape = {frozenset(paths_of(stratum, "stratum")): stratum for stratum in stratifier["stratum"]}
        stratifier["stratum"] = list(by_shape.values())
    return report


def check_values(columns: Iterable[Sequence[int | None]]) -> None:
    """Check the counts of a report of which all else is spelt as in reports that were checked.

    Raises:
        InvalidResourceError: one of them is negative or too large.
    """
    for column in columns:
        given = [value for value in column if value is not None]
        if given and not 0 <= min(given) <= max(given) <= _MOST:
            raise InvalidResourceError("a count that is negative or too large")


def _check_strata(strata: Iterable[_Stratum]) -> None:
    if any((stratum.value is UNSET) == (stratum.component is UNSET) for stratum in strata):
        raise InvalidResourceError("stratum: a value or components, not both (mrp-2)")


def _is_of_ratio(counted: _Counted) -> bool:
    return any(bytes(one.url).endswith(_OF_RATIO) for one in counted.extension)


def _check_counts(all_: Iterable[_Counted]) -> None:
    """Each population once, with a count or the reason why not; and so the counts in extensions."""
    for counted in all_:
        populations = counted.population
        if len({bytes(one.code) for one in populations}) < len(populations):
            raise InvalidResourceError("a population twice")
        if any((one.count is UNSET) == (one.withheld is UNSET) for one in populations):
            raise InvalidResourceError("a population's count or the reason why there is none, not both")
        if isinstance(counted.score, _Score) and counted.score.value > 1 and not _is_of_ratio(counted):
            raise InvalidResourceError("a share of more than all")
        for one in counted.extension:
            if sum(part is not UNSET for part in (one.count, one.code, one.extension)) != 1:
                raise InvalidResourceError("an extension has a value or extensions, not both (ext-1)")


def _spellings(group: _Group, strata: Sequence[_Stratum]) -> Spellings:
    """What stands in the group, by its path in it."""
    stratum, given = "stratifier.stratum", set[str]()
    found = {"code": {bytes(group.code)}}
    found["stratifier.code"] = {bytes(one.code) for one in group.stratifier if isinstance(one.code, Raw)}
    found[f"{stratum}.value"] = {bytes(one.value) for one in strata if isinstance(one.value, Raw)}
    found[f"{stratum}.component"] = {bytes(one.component) for one in strata if isinstance(one.component, Raw)}
    for path, all_ in (("", [group]), (f"{stratum}.", strata)):
        populations = [one for counted in all_ for one in counted.population]
        extensions = [one for counted in all_ for one in counted.extension]
        scores = [counted.score for counted in all_ if isinstance(counted.score, _Score)]
        found[f"{path}population.code"] = {bytes(one.code) for one in populations}
        found[f"{path}population._count"] = {
            bytes(one.withheld) for one in populations if isinstance(one.withheld, Raw)
        }
        found[f"{path}extension.url"] = {bytes(one.url) for one in extensions}
        found[f"{path}extension.valueCode"] = {bytes(one.code) for one in extensions if isinstance(one.code, Raw)}
        found[f"{path}extension.extension"] = {
            _DECIMAL.sub(_ANY_DECIMAL, bytes(one.extension)) for one in extensions if isinstance(one.extension, Raw)
        }
        for part in ("unit", "system", "code"):
            found[f"{path}measureScore.{part}"] = {bytes(getattr(score, part)) for score in scores}
        numbers = {
            "population.count": any(one.count is not UNSET for one in populations),
            "extension.valueInteger": any(one.count is not UNSET for one in extensions),
            "measureScore.value": bool(scores),
        }
        given |= {f"{path}{name}" for name, is_given in numbers.items() if is_given}
    return {name: spelt for name, spelt in found.items() if spelt} | {name: set() for name in given}
