"""What every measure must come to, worked out from the sandbox's people by the sentences of docs/explanation/rules.md.

Nothing here has seen FHIR, or a line of the code that evaluates it.
"""

from collections.abc import Iterable

from hi_fhir.sandbox.people.model import Person
from hi_fhir.sandbox.truth.measures import MEASURES
from hi_fhir.sandbox.truth.tally import Cell, Truth, areas

__all__ = ["MEASURES", "Cell", "Truth", "areas", "expected"]


def expected(people: Iterable[Person]) -> Truth:
    """The expected numbers of these people, each looked at once."""
    truth = Truth()
    for person in people:
        truth.add(person)
    return truth
