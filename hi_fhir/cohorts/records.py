"""Which records count wherever a code is looked for. Rule `records`, version 2 (docs/explanation/rules.md)."""

import ibis

from hi_fhir.terminology.answers import ABSENT, DENIED

VERSION = "2"
CODED_TABLES = ("condition", "observation", "procedure")
"""General practice records a diagnosis, a decline, a review or an ethnicity in any of these."""

_DONE_ALONE = frozenset({"immunization", "procedure"})
_NOT_COUNTED = {
    "observation": ("cancelled", "registered", "preliminary"),
    "condition": ("refuted", "resolved"),
    "encounter": ("planned", "cancelled"),
    "medication_request": ("draft", "cancelled", "proposal", "plan", "option"),
}
_DENIABLE = frozenset({"medication_request", "observation"})


def of_status(events: ibis.Table, table: str) -> ibis.Table:
    """The rows of a clinical table whose status lets them count, but for the coded values of Observations.

    A coded value answers a question: it does not record what it names, and a search by code would not find it.
    """
    if table in _DONE_ALONE:
        return events.filter(events.status == "completed")
    if table == "observation":
        events = events.filter(~events.component.endswith("value"))
    return events.filter(_lets_count(events, table)) if table in _NOT_COUNTED else events


def answers_of_status(observations: ibis.Table) -> ibis.Table:
    """The coded values of Observations whose status lets them count."""
    answers = observations.filter(observations.component.endswith("value"))
    return answers.filter(_lets_count(answers, "observation"))


def _lets_count(events: ibis.Table, table: str) -> ibis.Column:
    return events.status.isnull() | events.status.notin(_NOT_COUNTED[table])


def countable_events(events: ibis.Table, table: str) -> ibis.Table:
    """Those `of_status` that neither deny what their code names nor say that nothing is known of it."""
    counted = of_status(events, table)
    if table not in _DENIABLE:
        return counted
    return counted.filter(counted.negation.isnull() | counted.negation.notin((DENIED, ABSENT)))


def that_have_any(events: ibis.Table) -> ibis.Table:
    """Of rows that count those that do not say that there is none: "none" is an amount, but no diagnosis or opt-out."""
    return events.filter(events.negation.isnull())
