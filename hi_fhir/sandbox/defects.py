"""What a folder holds beside good resources, in known numbers: older versions, and lines that are no resource."""

from collections.abc import Iterable, Mapping
from zlib import crc32

from hi_fhir.sandbox.people.model import SyntheticPerson
from hi_fhir.sandbox.render import Resource
from hi_fhir.sandbox.truth.reconciliation import KEPT, outcome

_ONE_IN = 61
_EARLIER = "2023-05-04T08:00:00.000+00:00"
_ERROR = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "entered-in-error"}]
}

_TYPES = ("Condition", "Encounter", "EpisodeOfCare", "Observation", "Organization", "Patient", "Procedure")
BROKEN: Mapping[str, tuple[bytes, ...]] = {
    type_: (
        b'{"resourceType":"%s","id":"cut-short","meta":{"versionId":' % type_.encode(),
        b'{"resourceType":"%s","id":17,"meta":{"versionId":"1"}}' % type_.encode(),
        b'{"resourceType":"%s","id":"bad-date","meta":{"lastUpdated":"yesterday"}}' % type_.encode(),
    )
    for type_ in _TYPES
}
"""Lines by the type of their file; each of them is refused."""


def older_versions(person: SyntheticPerson, resources: Iterable[Resource]) -> list[Resource]:
    """An older version of one in so many of the person's resources that are kept.

    Each is wrong where the newest is right (entered in error, or inactive), so that to take it for the newest shows.
    """
    kept = {patient.id for patient in person.patients}
    kept |= {record.id for record in person.records if outcome(record) == KEPT}
    return [_older(one) for one in resources if one["id"] in kept and crc32(one["id"].encode()) % _ONE_IN == 0]


def _older(resource: Resource) -> Resource:
    older = {**resource, "meta": {**resource["meta"], "versionId": "1", "lastUpdated": _EARLIER}}
    match resource["resourceType"]:
        case "Patient":
            return {**older, "active": False}
        case "Condition":
            older.pop("clinicalStatus", None)
            return {**older, "verificationStatus": _ERROR}
    return {**older, "status": "entered-in-error"}
