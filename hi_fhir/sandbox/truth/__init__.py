"""What every measure must come to, worked out from the sandbox's people by the sentences of docs/explanation/rules.md.

Nothing here has seen FHIR, or a line of the code that evaluates it.
"""

from collections.abc import Iterable

from hi_fhir.sandbox.people.model import SyntheticPerson
from hi_fhir.sandbox.truth.measures import MEASURES
from hi_fhir.sandbox.truth.setting import USUAL, TruthSetting
from hi_fhir.sandbox.truth.tally import Cell, Truth, areas

__all__ = ["MEASURES", "Cell", "Setting", "Truth", "areas", "expected"]


def expected(people: Iterable[SyntheticPerson], setting: TruthSetting = USUAL) -> Truth:
    """The expected numbers of these people for what a run is asked, each looked at once."""
    truth = Truth(setting)
    for person in people:
        truth.add(person)
    truth.close()
    return truth
