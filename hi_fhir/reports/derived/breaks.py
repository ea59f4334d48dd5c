"""What a report's numbers rest on, read back from it, and why those of two periods may not be compared."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from hi_fhir.measures.released import Versioned
from hi_fhir.measures.stratifiers import CORE20, IMD_DECILE, IMD_QUINTILE
from hi_fhir.reports.heads import Json, ReportHead
from hi_fhir.statistics import when_given as why

_DEPRIVATION = {CORE20.id, IMD_DECILE.id, IMD_QUINTILE.id}
_ETHNICITY = "ethnic-"
_OF_DEPRIVATION, _OF_ETHNICITY, _OF_AGES = "mappings/imd-", "mappings/ethnicity-", "mappings/esp-"
_MEASURE = "measure"
_RULES = ("rule/people", "rule/records", "rule/registration", "rule/absence")


class KeptBasis(NamedTuple):
    """As a report names it. versions: of rules, mappings and stratifiers, by name. members: ODS codes of practices.

    contents: digests of what the versions say: of the definition ("measure"), of value sets ("value_sets/...") and of
    mappings, by name; reports from before they told this have none.
    """

    measure: str
    value_sets: frozenset[tuple[str, str]]
    policy: tuple[str, ...]
    opt_out_policy: str
    imd_year: str
    versions: Mapping[str, str]
    members: frozenset[str]
    contents: Mapping[str, str] = {}


def kept_basis(head: ReportHead) -> KeptBasis:
    basis = next(map(_texts, head.of("report-basis")), {})
    lists = [part for part in head.within("code-lists") if part["url"] == "value-set"]
    used = [_texts(one) for one in head.of("version-used")]
    rules = [_texts(one) for one in head.of("measure-rules")]
    sets = [*map(_texts, lists)]
    told = [(_MEASURE, one) for one in rules]
    told += [(f"value_sets/{one['id']}", one) for one in sets] + [(one["name"], one) for one in used]
    return KeptBasis(
        head.measure,
        frozenset((one["id"], one["version"]) for one in sets),
        (basis.get("disclosure-policy", ""), basis.get("disclosure-policy-version", "")),
        basis.get("opt-out-policy", ""),
        basis.get("imd-year", ""),
        {one["name"]: one["version"] for one in used},
        frozenset(one["valueReference"]["identifier"]["value"] for one in head.of("covered-practice")),
        {name: one["content"] for name, one in told if "content" in one},
    )


def redefined(then: KeptBasis, now: Mapping[str, Versioned], measure: str) -> list[str]:
    """What says something else now under the version that a report names, by name and version.

    now: version and digest of what a report on the measure, by its id, would name; of itself by that id.
    """
    sets = {f"value_sets/{id_}": version for id_, version in then.value_sets}
    versions = {**then.versions, **sets, measure: then.measure.rpartition("|")[2]}
    contents = {**then.contents, measure: then.contents.get(_MEASURE)}
    return [
        f"{name} version {version}"
        for name, (version, digest) in sorted(now.items())
        if versions.get(name) == version and contents.get(name) not in (None, digest)
    ]


def break_between(then: KeptBasis, now: KeptBasis, stratifier: str) -> str | None:
    """Why the strata of a stratifier may not be compared between two reports; None: they may."""
    parts = stratifier.split("*")
    if not all((*then.policy, *now.policy)):
        return why.DISCLOSURE_POLICY_CHANGED  # one of them does not say what it rests on
    for reason, basis in _BROKEN_BY.items():
        if basis(then) != basis(now):
            return reason
    otherwise = _said_otherwise(then, now)
    if any(_breaks_all(name, now) for name in otherwise):
        return why.DEFINITION_CHANGED
    if _DEPRIVATION & {*parts} and (_deprivation(then) != _deprivation(now) or _any(otherwise, _OF_DEPRIVATION)):
        return why.IMD_YEAR_CHANGED
    if any(part.startswith(_ETHNICITY) for part in parts) and (
        _ethnicity(then) != _ethnicity(now) or _any(otherwise, _OF_ETHNICITY)
    ):
        return why.ETHNICITY_RULE_CHANGED
    names = [f"stratifier/{part}" for part in parts]
    if [then.versions.get(name) for name in names] != [now.versions.get(name) for name in names]:
        return why.STRATIFIER_CHANGED
    return None


_BROKEN_BY: Mapping[str, Callable[[KeptBasis], object]] = {
    why.MEASURE_CHANGED: lambda basis: basis.measure,
    why.VALUE_SET_CHANGED: lambda basis: (basis.value_sets, _maps_of_records(basis)),
    why.OPT_OUT_POLICY_CHANGED: lambda basis: basis.opt_out_policy,
    why.DISCLOSURE_POLICY_CHANGED: lambda basis: basis.policy,
    why.MEMBERSHIP_CHANGED: lambda basis: basis.members,
    why.RULE_CHANGED: lambda basis: [basis.versions.get(name) for name in _RULES],
}
"""What breaks all strata, first the gravest."""


def _said_otherwise(then: KeptBasis, now: KeptBasis) -> list[str]:
    """What says something else now under the same version, by name; another version has a reason of its own."""
    both = then.contents.keys() & now.contents.keys()
    return [name for name in sorted(both) if then.contents[name] != now.contents[name]]


def _breaks_all(name: str, basis: KeptBasis) -> bool:
    """Whether a measure's numbers rest on what has this name, and not only those of some strata."""
    return name == _MEASURE or name.startswith("value_sets/") or name in _maps_of_records(basis)


def _maps_of_records(basis: KeptBasis) -> dict[str, str]:
    """The versions of the maps that lead codes to value sets, and units to those of readings; none without codes."""
    others = (_OF_DEPRIVATION, _OF_ETHNICITY, _OF_AGES)
    maps = _like(basis, "mappings/") if basis.value_sets else {}
    return {name: version for name, version in maps.items() if not name.startswith(others)}


def _any(names: Iterable[str], begins: str) -> bool:
    return any(name.startswith(begins) for name in names)


def _deprivation(basis: KeptBasis) -> object:
    return basis.imd_year, basis.versions.get("rule/deprivation"), _like(basis, _OF_DEPRIVATION)


def _ethnicity(basis: KeptBasis) -> object:
    return basis.versions.get("rule/ethnicity"), _like(basis, _OF_ETHNICITY)


def _like(basis: KeptBasis, begins: str) -> dict[str, str]:
    return {name: version for name, version in basis.versions.items() if name.startswith(begins)}


def _texts(extension: Json) -> dict[str, str]:
    """The texts and codes of an extension's parts."""
    parts = extension["extension"]
    return {
        part["url"]: part.get("valueString", part.get("valueCode", "")) for part in parts if "extension" not in part
    }
