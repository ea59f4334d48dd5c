"""What dates a clinical record, in every type that FHIR has for it, and what stands there and gives no day."""

from zlib import crc32

from hi_fhir.sandbox.people.model import Record
from hi_fhir.sandbox.render.elements import UCUM, Resource, date_of

_AS_PERIOD, _AS_INSTANT = 37, 5
"""One date in so many is written as a period, and one of an Observation that has a time as an instant."""
_NO_DAY: tuple[Resource, ...] = (
    {},
    {"String": "a while ago"},
    {"Age": {"value": 40, "unit": "years", "system": UCUM, "code": "a"}},
)
"""What undated Conditions and Procedures have for a date."""


def dating(record: Record, name: str) -> Resource:
    """The element of this name that dates the record: a dateTime, an instant, a Period, a Timing, or no date at all."""
    turn = crc32(record.id.encode())
    if record.events or record.bounds:
        return {f"{name}Timing": _timing(record)}
    if record.when is None:
        return {} if name == "effective" else {f"{name}{kind}": said for kind, said in _NO_DAY[turn % 3].items()}
    if turn % _AS_PERIOD == 0:
        return {f"{name}Period": {"start": date_of(record.when)}}
    is_instant = name == "effective" and record.when.clock is not None and turn % _AS_INSTANT == 0
    return {f"{name}{'Instant' if is_instant else 'DateTime'}": date_of(record.when)}


def _timing(record: Record) -> Resource:
    timing: Resource = {}
    if record.events:
        timing["event"] = [date_of(one) for one in record.events]
    if record.bounds:
        timing["repeat"] = {"boundsPeriod": {"start": date_of(record.bounds)}}
    return timing
