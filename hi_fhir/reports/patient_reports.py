"""Reports about single patients, for their own practice: what a released report counts, person by person.

Each says no more than the released one: what is withheld there is withheld here, with the same reason, and the
populations here add up to the counts there. Source: FHIR R4 MeasureReport, types individual and subject-list. Its lists
name patients, as other servers' do; R4 has them name a report for each, and none is kept here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from hi_fhir.measures.model import OCCASIONS
from hi_fhir.reports.concepts import Json, definition

_FROM_RELEASED = ("status", "measure", "date", "reporter", "period", "improvementNotation")
_EXTENSIONS_OF_GROUP = {"undetermined": "undetermined", "numerator-people": "numerator"}


def individual_report(base: str, released: Json, row: Mapping[str, Any], patient: str) -> Json:
    """The report about one patient. row: of `measures.members`. patient: the id that their server has for them."""
    group = released["group"][0]

    def counted(population: Json) -> Json:
        if "count" not in population:
            return dict(population)
        name = _name(population)
        column = OCCASIONS if name == "numerator" and OCCASIONS in row else name
        return {"code": population["code"], "count": int(row[column])}

    own = {definition(base, url): name for url, name in _EXTENSIONS_OF_GROUP.items()}
    extensions = [
        {"url": one["url"], "valueInteger": int(row[own[one["url"]]])} if "valueInteger" in one else one
        for one in group.get("extension", [])
        if one["url"] in own
    ]
    return {
        **_head(released, "individual"),
        "subject": {"reference": f"Patient/{patient}"},
        "group": [
            {
                **({"extension": extensions} if extensions else {}),
                "code": group["code"],
                "population": [counted(one) for one in group["population"]],
            }
        ],
    }


def subject_list(released: Json, people: pa.Table, patients: Mapping[str, Sequence[str]]) -> Json:
    """The report that names who is in each population that the released one counts.

    people: of `measures.members`. patients: person_id to the ids that their server has for them; who has none there is
    an entry without one, so that entries add up.
    """
    group = released["group"][0]
    lists, populations = [], []
    for population in group["population"]:
        if "count" not in population:
            populations.append(population)
            continue
        name = _name(population)
        within = people.filter(people[name])["person_id"].to_pylist()
        entries = [_entry(patients.get(person)) for person in within]
        lists.append(_list(name.replace("_", "-"), entries, released["date"]))
        populations.append({**population, "subjectResults": {"reference": f"#{name.replace('_', '-')}"}})
    return {
        **_head(released, "subject-list"),
        "contained": lists,
        "group": [{"code": group["code"], "population": populations}],
    }


def counts_alike(released: Json, people: pa.Table) -> bool:
    """Whether these people are those that the released report, an exact one, counts."""
    for population in released["group"][0]["population"]:
        name = _name(population)
        column = OCCASIONS if name == "numerator" and OCCASIONS in people.column_names else name
        if "count" in population and population["count"] != sum(people[column].to_pylist()):
            return False
    return True


def _head(released: Json, type_: str) -> Json:
    found = {"resourceType": "MeasureReport", "type": type_}
    if "extension" in released:
        found["extension"] = released["extension"]
    return found | {name: released[name] for name in _FROM_RELEASED if name in released}


def _name(population: Json) -> str:
    code: str = population["code"]["coding"][0]["code"]
    return code.replace("-", "_")


def _entry(ids: Sequence[str] | None) -> Json:
    return {"item": {"reference": f"Patient/{ids[0]}"} if ids else {"display": "A patient whose id is not known here"}}


def _list(id_: str, entries: Sequence[Json], day: str) -> Json:
    found = {"resourceType": "List", "id": id_, "status": "current", "mode": "snapshot", "date": day}
    if entries:
        return found | {"entry": entries}
    system = "http://terminology.hl7.org/CodeSystem/list-empty-reason"
    return found | {"emptyReason": {"coding": [{"system": system, "code": "nilknown"}]}}
