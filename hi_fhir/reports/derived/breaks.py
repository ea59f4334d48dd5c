"""What a report's numbers rest on, read back from it, and why those of two periods may not be compared."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

from hi_fhir.measures.stratifiers import CORE20, IMD_DECILE, IMD_QUINTILE
from hi_fhir.statistics import when_given as why

_DEPRIVATION = {CORE20.id, IMD_DECILE.id, IMD_QUINTILE.id}
_ETHNICITY = "ethnic-"
_RULES = ("rule/people", "rule/records", "rule/registration", "rule/absence")

Json = dict[str, Any]


class KeptBasis(NamedTuple):
    """As a report names it. versions: of rules, mappings and stratifiers, by name. members: ODS codes of practices."""

    measure: str
    value_sets: frozenset[tuple[str, str]]
    policy: tuple[str, ...]
    opt_out_policy: str
    imd_year: str
    versions: Mapping[str, str]
    members: frozenset[str]


def kept_basis(content: bytes) -> KeptBasis:
    """content: of a MeasureReport of ours."""
    report = orjson.loads(content)
    named: dict[str, list[Json]] = {}
    for extension in report.get("extension", ()):
        named.setdefault(extension["url"].rpartition("/")[2], []).append(extension)
    basis = _texts(named["report-basis"][0]) if "report-basis" in named else {}
    lists = [part for one in named.get("code-lists", ()) for part in one["extension"] if part["url"] == "value-set"]
    used = [_texts(one) for one in named.get("version-used", ())]
    return KeptBasis(
        report["measure"],
        frozenset((one["id"], one["version"]) for one in map(_texts, lists)),
        (basis.get("disclosure-policy", ""), basis.get("disclosure-policy-version", "")),
        basis.get("opt-out-policy", ""),
        basis.get("imd-year", ""),
        {one["name"]: one["version"] for one in used},
        frozenset(one["valueReference"]["identifier"]["value"] for one in named.get("covered-practice", ())),
    )


def break_between(then: KeptBasis, now: KeptBasis, stratifier: str) -> str | None:
    """Why the strata of a stratifier may not be compared between two reports; None: they may."""
    parts = stratifier.split("*")
    if not all((*then.policy, *now.policy)):
        return why.DISCLOSURE_POLICY_CHANGED  # one of them does not say what it rests on
    for reason, basis in _BROKEN_BY.items():
        if basis(then) != basis(now):
            return reason
    if _DEPRIVATION & {*parts} and _deprivation(then) != _deprivation(now):
        return why.IMD_YEAR_CHANGED
    if any(part.startswith(_ETHNICITY) for part in parts) and _ethnicity(then) != _ethnicity(now):
        return why.ETHNICITY_RULE_CHANGED
    names = [f"stratifier/{part}" for part in parts]
    if [then.versions.get(name) for name in names] != [now.versions.get(name) for name in names]:
        return why.STRATIFIER_CHANGED
    return None


_BROKEN_BY: Mapping[str, Callable[[KeptBasis], object]] = {
    why.MEASURE_CHANGED: lambda basis: basis.measure,
    why.VALUE_SET_CHANGED: lambda basis: basis.value_sets,
    why.OPT_OUT_POLICY_CHANGED: lambda basis: basis.opt_out_policy,
    why.DISCLOSURE_POLICY_CHANGED: lambda basis: basis.policy,
    why.MEMBERSHIP_CHANGED: lambda basis: basis.members,
    why.RULE_CHANGED: lambda basis: [basis.versions.get(name) for name in _RULES],
}
"""What breaks all strata, first the gravest."""


def _deprivation(basis: KeptBasis) -> object:
    return basis.imd_year, basis.versions.get("rule/deprivation"), _like(basis, "mappings/imd-")


def _ethnicity(basis: KeptBasis) -> object:
    return basis.versions.get("rule/ethnicity"), _like(basis, "mappings/ethnicity-")


def _like(basis: KeptBasis, begins: str) -> dict[str, str]:
    return {name: version for name, version in basis.versions.items() if name.startswith(begins)}


def _texts(extension: Json) -> dict[str, str]:
    """The texts and codes of an extension's parts."""
    parts = extension["extension"]
    return {
        part["url"]: part.get("valueString", part.get("valueCode", "")) for part in parts if "extension" not in part
    }
