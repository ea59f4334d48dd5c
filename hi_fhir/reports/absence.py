"""What a report says of what was not there: types that a source did not give or that could not be understood."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from hi_fhir.measures.evaluation import EvaluationManifest
from hi_fhir.measures.model import Measure
from hi_fhir.measures.standing import Absence, Standing, absences
from hi_fhir.reports.extensions import Json, definition, nested, valued


def all_absences(evaluation: EvaluationManifest, measures: Iterable[Measure]) -> list[Absence]:
    """What of an evaluation may not be told, measure by measure."""
    return [
        one
        for measure in measures
        for one in absences(measure, evaluation.standings, evaluation.heard, evaluation.homes)
    ]


def concerning(practices: Collection[str], absent: Iterable[Absence]) -> list[Absence]:
    """The absences of a reporter's practices, naming those alone."""
    own = (
        msgspec.structs.replace(one, practices=tuple(practice for practice in one.practices if practice in practices))
        for one in absent
    )
    return [one for one in own if one.practices]


def absence_extensions(
    base: str,
    standings: Iterable[Standing],
    unheard: Mapping[str, Sequence[str]],
    absent: Iterable[Absence],
    organisation: Callable[[str], Json],
) -> Iterator[Json]:
    """standings: of types that are not understood. unheard: source to value sets of which no record came.

    organisation: the reference to an ODS code's Organization.
    """
    for standing in standings:
        own = [valued("source", "String", standing.source), valued("type", "Code", standing.type)]
        yield nested(definition(base, "standing"), [*own, valued("standing", "Code", standing.standing)])
    for source, value_sets in unheard.items():
        if value_sets:
            sets = (valued("value-set", "String", value_set) for value_set in value_sets)
            yield nested(definition(base, "unheard"), [valued("source", "String", source), *sets])
    for one in absent:
        yield nested(
            definition(base, "withheld"),
            [
                valued("source", "String", one.source),
                valued("type", "Code", one.type),
                valued("standing", "Code", one.standing),
                *(valued("population", "Code", name.replace("_", "-")) for name in one.populations),
                *(valued("practice", "Reference", organisation(practice)) for practice in one.practices),
            ],
        )
