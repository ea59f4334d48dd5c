"""Which records count wherever a code is looked for. Rule `records`, version 1 (docs/explanation/rules.md)."""

import ibis

VERSION = "1"
CODED_TABLES = ("condition", "observation", "procedure")
"""General practice records a diagnosis, a decline, a review or an ethnicity in any of these."""

_NOT_COUNTED = {
    "observation": ("cancelled", "registered", "preliminary"),
    "condition": ("refuted", "resolved"),
    "encounter": ("planned", "cancelled"),
}


def that_count(events: ibis.Table, table: str) -> ibis.Table:
    """The rows of a clinical table whose status lets them count, but for the coded values of Observations.

    An answer is no record of what it names; nor could a search by code find it.
    """
    if table == "procedure":
        return events.filter(events.status == "completed")
    if table == "observation":
        events = events.filter(~events.component.endswith("value"))
    if table not in _NOT_COUNTED:
        return events
    return events.filter(events.status.isnull() | events.status.notin(_NOT_COUNTED[table]))
