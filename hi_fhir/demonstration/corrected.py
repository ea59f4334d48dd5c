"""One record that is corrected at the source, as its owner does: a blood pressure that nobody can have."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from hi_fhir.fhir.auth import NoAuth
from hi_fhir.fhir.client import FhirClient, Request
from hi_fhir.fhir.settings import server_client
from hi_fhir.pipeline.context import RunContext
from hi_fhir.sandbox import render
from hi_fhir.sandbox.people.model import Component, Record, SyntheticPerson
from hi_fhir.sandbox.truth import expected

_SYSTOLIC, _TOO_HIGH, _MEANT = "systolic-blood-pressure", 350.0, 131.0
_JSON = "application/fhir+json"


@dataclass(frozen=True)
class Correction:
    """resource: as it is from then on. was, is_now: the systolic blood pressure in mmHg."""

    resource: dict[str, Any]
    was: float
    is_now: float


def find_correction(people: Iterable[SyntheticPerson]) -> Correction | None:
    """The first typing error in a blood pressure whose correction moves nobody from one count to another.

    So just the reports change that say how many readings were left out. Were somebody moved, it would be decided about
    all counts twice more, and attacked twice: that passes, but takes two to three times what a first release does.
    """
    for person in people:
        for record in person.records:
            for was, corrected in _corrected(record):
                records = tuple(corrected if one is record else one for one in person.records)
                if expected([person]).counts == expected([replace(person, records=records)]).counts:
                    return Correction(render.render_record(corrected), was, _MEANT)
    return None


def put_right(context: RunContext, source: str, correction: Correction) -> None:
    """Update the record at a FHIR server."""
    resource = correction.resource
    with FhirClient(server_client(context.config, "main", source, NoAuth()), context.clock) as client:
        url = f"{client.base}/{resource['resourceType']}/{resource['id']}"
        body = msgspec.json.encode(resource)
        update = Request("update", url, method="PUT", headers={"Content-Type": _JSON}, body=body)
        client.resource(update, lambda answer: msgspec.json.decode(answer, type=dict[str, Any]))


def _corrected(record: Record) -> Iterator[tuple[float, Record]]:
    """The value that is too high, and the record without it."""
    for place, one in enumerate(record.components):
        if (
            one.code.means == _SYSTOLIC
            and one.value is not None
            and one.value >= _TOO_HIGH
            and record.status == "final"
        ):
            yield one.value, replace(record, components=_with(record.components, place))


def _with(components: tuple[Component, ...], place: int) -> tuple[Component, ...]:
    return (*components[:place], replace(components[place], value=_MEANT), *components[place + 1 :])
