"""The search parameters of each resource type, as data: name, kind, and where in the resource the value stands.

Source: FHIR R4 SearchParameter resources, cut down to what is served.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hi_fhir.fhir.rest.values import Kind


@dataclass(frozen=True)
class SearchParameter:
    """`paths`: dotted element paths, each of them read. `target`: the only type that the reference may be to.

    `by_identifier`: whether `:identifier` is served.
    """

    name: str
    kind: Kind
    paths: tuple[str, ...]
    target: str | None = None
    by_identifier: bool = False

    def elements(self, resource: dict[str, Any]) -> Iterator[Any]:
        for path in self.paths:
            yield from elements_at(resource, path)


def elements_at(resource: dict[str, Any], path: str) -> list[Any]:
    """Every element at a dotted path, through lists; absent ones are left out."""
    found: list[Any] = [resource]
    for name in path.split("."):
        inner = [element.get(name) for element in found if isinstance(element, dict)]
        found = [part for value in inner for part in (value if isinstance(value, list) else [value])]
    return [element for element in found if element is not None]


def token(name: str, *paths: str) -> SearchParameter:
    return SearchParameter(name, "token", paths or (name,))


def date(name: str, *paths: str) -> SearchParameter:
    return SearchParameter(name, "date", paths or (name,))


def reference(name: str, *paths: str, target: str | None = None, by_identifier: bool = False) -> SearchParameter:
    return SearchParameter(name, "reference", paths or (name,), target, by_identifier)


ID = token("_id", "id")
LAST_UPDATED = date("_lastUpdated", "meta.lastUpdated")
IDENTIFIER = token("identifier")
STATUS = token("status")
COMMON = (ID, LAST_UPDATED, IDENTIFIER)
NAMED = (SearchParameter("name", "string", ("name",)), SearchParameter("title", "string", ("title",)))
CANONICAL = (SearchParameter("url", "uri", ("url",)), token("version"), *NAMED)
SUBJECT = (reference("subject"), reference("patient", "subject", target="Patient"))

PARAMETERS: dict[str, tuple[SearchParameter, ...]] = {
    "Condition": (
        *COMMON,
        *SUBJECT,
        token("code"),
        token("category"),
        token("clinical-status", "clinicalStatus"),
        date("onset-date", "onsetDateTime", "onsetPeriod"),
        date("recorded-date", "recordedDate"),
    ),
    "Encounter": (
        *COMMON,
        *SUBJECT,
        STATUS,
        token("class"),
        token("type"),
        token("reason-code", "reasonCode"),
        date("date", "period"),
    ),
    "EpisodeOfCare": (
        *COMMON,
        reference("patient", target="Patient"),
        STATUS,
        reference("organization", "managingOrganization"),
        date("date", "period"),
    ),
    "Group": (
        *COMMON,
        token("type"),
        reference("member", "member.entity"),
        reference("managing-entity", "managingEntity", by_identifier=True),
    ),
    "Immunization": (
        *COMMON,
        reference("patient", target="Patient"),
        STATUS,
        token("vaccine-code", "vaccineCode"),
        date("date", "occurrenceDateTime"),
    ),
    "CodeSystem": (*COMMON, STATUS, *CANONICAL, token("code", "concept.code")),
    "ConceptMap": (
        *COMMON,
        STATUS,
        *CANONICAL,
        date("date"),
        SearchParameter("source-system", "uri", ("group.source",)),
        SearchParameter("target-system", "uri", ("group.target",)),
        token("source-code", "group.element.code"),
        token("target-code", "group.element.target.code"),
    ),
    "Library": (*COMMON, STATUS, *CANONICAL, token("type")),
    "Measure": (
        *COMMON,
        STATUS,
        *CANONICAL,
        date("date"),
    ),
    "MeasureReport": (
        *COMMON,
        *SUBJECT,
        STATUS,
        SearchParameter("measure", "canonical", ("measure",)),
        reference("reporter", by_identifier=True),
        date("date"),
        date("period"),
    ),
    "MedicationRequest": (
        *COMMON,
        *SUBJECT,
        STATUS,
        token("code", "medicationCodeableConcept"),
        date("authoredon", "authoredOn"),
    ),
    "NamingSystem": (
        ID,
        STATUS,
        SearchParameter("name", "string", ("name",)),
        SearchParameter("value", "string", ("uniqueId.value",)),
        token("kind"),
    ),
    "Observation": (
        *COMMON,
        *SUBJECT,
        STATUS,
        token("code"),
        token("component-code", "component.code"),
        token("combo-code", "code", "component.code"),
        token("category"),
        date("date", "effectiveDateTime", "effectivePeriod", "effectiveInstant"),
    ),
    "OperationDefinition": (*COMMON, STATUS, *CANONICAL, token("code"), token("kind")),
    "Organization": (
        *COMMON,
        token("active"),
        token("type"),
        SearchParameter("name", "string", ("name", "alias")),
        reference("partof", "partOf", by_identifier=True),
    ),
    "Patient": (
        *COMMON,
        token("active"),
        token("gender"),
        date("birthdate", "birthDate"),
        reference("general-practitioner", "generalPractitioner", by_identifier=True),
        reference("organization", "managingOrganization", by_identifier=True),
    ),
    "Procedure": (
        *COMMON,
        *SUBJECT,
        STATUS,
        token("code"),
        token("category"),
        date("date", "performedDateTime", "performedPeriod"),
    ),
    "Subscription": (
        ID,
        STATUS,
        SearchParameter("criteria", "string", ("criteria",)),
        token("payload", "channel.payload"),
        token("type", "channel.type"),
        SearchParameter("url", "uri", ("channel.endpoint",)),
    ),
    "StructureDefinition": (*COMMON, STATUS, *CANONICAL, SearchParameter("type", "uri", ("type",))),
    "ValueSet": (
        *COMMON,
        STATUS,
        *CANONICAL,
        date("date"),
        token("code", "compose.include.concept.code"),
        SearchParameter("reference", "uri", ("compose.include.system",)),
    ),
}
"""Resource type to its search parameters."""
