"""Who is registered in an area, by each breakdown, as one measure that counts everybody registered tells it."""

from collections.abc import Iterable, Mapping

from hi_fhir.core.errors import NotFoundError
from hi_fhir.measures.model import Measure
from hi_fhir.measures.stratifiers import ByWords
from hi_fhir.measures.words.population import registered
from hi_fhir.pages import wording
from hi_fhir.pages.charts.drawing import LINE, STEP, WIDTH, Json, chart, words
from hi_fhir.pages.strata_table import StrataTable

PEOPLE = "initial_population"


def counts_everybody(measures: Mapping[str, Measure], there: Iterable[str]) -> str:
    """The first measure, of those that are there, whose initial population is everybody registered.

    Raises:
        NotFoundError: none is.
    """
    everybody = registered()
    for id_ in sorted(there):
        if measures[id_].initial_population == everybody:
            return id_
    raise NotFoundError("no measure that was released counts everybody registered")


def plus_groups(measure: Measure) -> list[str]:
    """Ids of its breakdowns by words, as a deployment chooses the PLUS groups of Core20PLUS5."""
    return [one.id for one in measure.single_stratifiers if isinstance(one.rule, ByWords)]


def people_sentence(table: StrataTable) -> str:
    given = [line for line in table.lines if line.counts[PEOPLE].value is not None]
    missing = len(table.lines) - len(given)
    if not given:
        return "No count may be given."
    most = max(given, key=lambda line: line.counts[PEOPLE].value or 0)
    left_out = f" {missing} of {len(table.lines)} groups {wording.have(missing)} no count." if missing else ""
    return f"Largest: {most.label}, {most.counts[PEOPLE].text} people.{left_out}"


def people_chart(table: StrataTable, title: str) -> bytes:
    """A bar for each group, its count as the axis says."""
    labels = [line.label for line in table.lines]
    y = {"field": "group", "type": "nominal", "sort": labels, "scale": {"domain": labels}, "title": None}
    counts = [(line.label, line.counts[PEOPLE].value) for line in table.lines]
    bars: Json = {
        "data": {"values": [{"group": label, "people": value} for label, value in counts if value is not None]},
        "mark": {"type": "bar", "color": LINE},
        "encoding": {"y": y, "x": {"field": "people", "type": "quantitative", "title": "People"}},
    }
    untold = [{"group": label} for label, value in counts if value is None]
    layers = [bars, words(untold, {"y": y, "x": {"value": 0}}, "not given")]
    return chart(title, {"width": WIDTH, "height": {"step": STEP}}, layers)
