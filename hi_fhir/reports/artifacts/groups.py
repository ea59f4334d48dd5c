"""The people that a report is about, as an R4 Group: who they are in words, and how many were released.

It says nothing that the report does not: its size is the count of the report's initial population as that was released,
or that there is none to be had. It has no members.
"""

from typing import Any

from hi_fhir.reports.artifacts.naming import Json
from hi_fhir.reports.concepts import POPULATION_SYSTEM, concept

_INITIAL = "initial-population"


def group_resource(report: Json, measure: Json | None) -> Json:
    """Of a released report, with its id. measure: the Measure in the version that the report names, where it is kept.

    A report without groups or populations has a Group without a size.
    """
    told = report["group"][0] if report.get("group") else {}
    counted = _initial(told)
    who = _initial(measure["group"][0]) if measure and measure.get("group") else {}
    text = who.get("criteria", {}).get("expression", f"as {report['measure']} says")
    return {
        "resourceType": "Group",
        "id": report["id"],
        "active": True,
        "type": "person",
        "actual": True,
        "code": concept(POPULATION_SYSTEM, _INITIAL),
        "name": " · ".join(filter(None, (told.get("code", {}).get("text"), _named(report["reporter"])))),
        **{name.replace("count", "quantity"): counted[name] for name in ("count", "_count") if name in counted},
        "managingEntity": report["reporter"],
        "characteristic": [
            {
                "code": told.get("code") or {"text": report["measure"]},
                "valueCodeableConcept": {"text": text},
                "exclude": False,
                "period": report["period"],
            }
        ],
    }


def _initial(group: Json) -> dict[str, Any]:
    """The initial population of a group of a Measure or of a report; empty where it has none."""
    found = (one for one in group.get("population", ()) if any(_is_initial(coding) for coding in _codings(one)))
    return next(found, {})


def _codings(population: Json) -> list[Json]:
    return list(population.get("code", {}).get("coding", ()))


def _is_initial(coding: Json) -> bool:
    return bool(coding.get("code") == _INITIAL)


def _named(reporter: Json) -> str:
    return str(reporter.get("display") or reporter["identifier"]["value"])
