"""The sandbox's people and organisations as FHIR R4 in the shapes of UK Core, with the same bytes on every day."""

from collections.abc import Iterator

from hi_fhir.sandbox.people.model import SyntheticPerson
from hi_fhir.sandbox.people.places import SHIRES, Region
from hi_fhir.sandbox.render.elements import Resource
from hi_fhir.sandbox.render.patients import LAST_UPDATED, render_episodes, render_organisation, render_patient
from hi_fhir.sandbox.render.records import ABSOLUTE_BASE, render_record

__all__ = ["ABSOLUTE_BASE", "LAST_UPDATED", "Resource", "organisation_resources", "render_record", "resources"]


def organisation_resources(region: Region = SHIRES) -> Iterator[Resource]:
    """Practices, networks and boards. They are the newest resources, so that they give the data its date."""
    return map(render_organisation, region.organisations)


def resources(person: SyntheticPerson) -> Iterator[Resource]:
    """All resources of one person, every one of them valid: patients, episodes of care, then clinical records.

    Resources share parts (concepts, narratives): they are to be read and written out, not changed within.
    """
    for patient in person.patients:
        yield render_patient(patient)
        yield from render_episodes(patient)
    for record in person.records:
        yield render_record(record)
