"""The maps between codes, as R4 ConceptMaps: codes and our own short labels. Source: FHIR R4 ConceptMap, cmd-1."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from hi_fhir.reports.artifacts.naming import Json, canonical, headed
from hi_fhir.terminology.catalogue import Terminology
from hi_fhir.terminology.code_systems import SystemNames
from hi_fhir.terminology.data_files import read_data_file

TYPE = "ConceptMap"
_NARROWER = "the target is narrower than what was recorded"
"""Said where a file says nothing more: FHIR wants a comment there."""


def concept_map_resources(base: str, terminology: Terminology) -> Iterator[Json]:
    """Each map between codes, in order of id. Tables of other kinds (ranks, formulas, populations) are none."""
    for id_ in sorted(terminology.concept_maps):
        yield _concept_map(base, id_, terminology.mapping_files[id_], terminology)


def concept_map_canonical(base: str, terminology: Terminology, id_: str) -> str:
    """With its version."""
    return f"{canonical(base, TYPE, id_)}|{terminology.concept_map(id_).version}"


def _concept_map(base: str, id_: str, path: Path, terminology: Terminology) -> Json:
    file = read_data_file(path)
    names = SystemNames(terminology.systems)
    groups: dict[str, list[Mapping[str, str]]] = {}
    for row in file.rows:
        groups.setdefault(names[row.get("source_system") or file.head["source_system"]] or "", []).append(row)
    target = terminology.concept_map(id_).target_system
    return headed(base, TYPE, id_, file.head) | {
        "group": [
            {"source": source, "target": target, "element": _elements(rows)} for source, rows in sorted(groups.items())
        ]
    }


def _elements(rows: Iterable[Mapping[str, str]]) -> list[Json]:
    return [
        {
            "code": row["source_code"],
            **_labelled(row.get("source_display")),
            "target": [_target(row)],
        }
        for row in rows
    ]


def _target(row: Mapping[str, str]) -> Json:
    comment = row.get("note") or (_NARROWER if row["equivalence"] == "narrower" else "")
    return {
        **({"code": row["target_code"], **_labelled(row.get("target_display"))} if row["target_code"] else {}),
        "equivalence": row["equivalence"],
        **({"comment": comment} if comment else {}),
    }


def _labelled(label: str | None) -> Json:
    return {"display": label} if label else {}
