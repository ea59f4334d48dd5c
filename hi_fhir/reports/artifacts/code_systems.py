"""Code systems of ours that maps speak of, as R4 CodeSystems; those of reports are in `reports.definitions`."""

from collections.abc import Iterator

from hi_fhir.core.files import content_name
from hi_fhir.reports.artifacts.naming import Json, pascal
from hi_fhir.terminology.catalogue import Terminology
from hi_fhir.terminology.systems import ETHNICITY_2021

TYPE = "CodeSystem"
_AS_RECEIVED = "urn:hi-fhir:unit-as-received"
_DIGITS = 16


def map_code_systems(terminology: Terminology) -> Iterator[Json]:
    """The categories that a code of ethnicity may come to, and the spellings of units, which are whatever is sent."""
    ethnicity = terminology.ethnicity()
    meant = [one.category_2021 for one in ethnicity.meanings.values()]
    meant += [one.category_2021 for one in ethnicity.categories.values()]
    codes = sorted({code for code in meant if code})
    yield {
        **_headed("ethnic-category-2021", ETHNICITY_2021, "Ethnic categories of the census of 2021", codes),
        "content": "complete",
        "count": len(codes),
        "concept": [{"code": code, "display": code.replace("-", " ")} for code in codes],
    }
    yield {
        **_headed("unit-as-received", _AS_RECEIVED, "Units as they are written in records", []),
        "content": "not-present",
    }


def _headed(name: str, url: str, title: str, codes: list[str]) -> Json:
    """Its version is a digest of the codes."""
    return {
        "resourceType": TYPE,
        "id": name,
        "url": url,
        "version": content_name(codes, _DIGITS),
        "name": pascal(name),
        "title": title,
        "status": "active",
        "caseSensitive": True,
    }
