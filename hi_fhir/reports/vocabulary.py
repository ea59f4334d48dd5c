"""Our own extensions, each with what it says and where, and our own codes: what a report's reader may look up.

They are published beside the Measures as `definitions` writes them.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hi_fhir.measures.model import Measure
from hi_fhir.measures.stratifiers import CORE_STRATIFIERS, UNKNOWN, Stratifier
from hi_fhir.reports import concepts
from hi_fhir.reports.derived.rows import KINDS
from hi_fhir.statistics.comparisons import KATZ, NEWCOMBE
from hi_fhir.statistics.funnel import FUNNEL
from hi_fhir.statistics.inequality import SLOPE
from hi_fhir.statistics.intervals import BYAR, WILSON
from hi_fhir.statistics.standardised import DOBSON
from hi_fhir.statistics.when_given import REASONS

REPORT = "MeasureReport"
GROUP, STRATUM = "MeasureReport.group", "MeasureReport.group.stratifier.stratum"
COUNTS = (f"{GROUP}.population.count", f"{STRATUM}.population.count", "Extension")


METHOD, STATISTIC, ABSENT = "statistic-method", "statistic", "statistic-absent"
"""Names of code systems of ours."""
METHODS = {
    WILSON: "Wilson's score interval of a share",
    BYAR: "Byar's approximation for a count of occasions; exact where there are fewer than 10",
    NEWCOMBE: "Newcombe's hybrid score interval of a difference",
    KATZ: "Log-normal interval of a ratio",
    SLOPE: "Line by weighted least squares; of the relative index with Fieller's interval",
    DOBSON: "Directly standardised, with Dobson's interval",
    FUNNEL: "Limits around the score of all",
}
"""How intervals are worked out."""


class Nested(NamedTuple):
    """A part of an extension. kind: the FHIR type of its value, None where it has parts or a reason instead.

    codes: the code system of ours that its code is of.
    """

    name: str
    kind: str | None = "string"
    repeats: bool = False
    codes: str | None = None


class OwnExtension(NamedTuple):
    """kind: the FHIR type of its value; None: it has parts. is_open: there are counts among them, named by what is
    counted."""

    name: str
    told: str
    kind: str | None = None
    parts: tuple[Nested, ...] = ()
    is_open: bool = False
    repeats: bool = False
    contexts: tuple[str, ...] = (REPORT,)


EXTENSIONS = (
    OwnExtension(
        "report-basis",
        "Whom the report is for, by which policies, and the reference date (`as-of`) of its numbers.",
        parts=(
            Nested("audience", "code"),
            Nested("disclosure-policy"),
            Nested("disclosure-policy-version"),
            Nested("opt-out-policy"),
            Nested("imd-year"),
            Nested("quarantine-limit", "decimal"),
            Nested("as-of", "date"),
            Nested("software"),
            Nested("use"),
        ),
    ),
    OwnExtension(
        "version-used",
        "A rule, mapping, import or stratifier that decided a number; `content`: digest of what a mapping said.",
        parts=(Nested("name"), Nested("version"), Nested("content")),
        repeats=True,
    ),
    OwnExtension(
        "data-source",
        "A source of the data and its extract date (`data-date`).",
        parts=(Nested("source"), Nested("data-date")),
        repeats=True,
    ),
    OwnExtension("covered-practice", "A practice of the reporter that is in the data.", "Reference", repeats=True),
    OwnExtension(
        "registered-list",
        "How a practice's registered people stand beside the list that is published of it (`published`, of the `day`): "
        "each `group` of at least 100 that is over 2 % apart.",
        parts=(
            Nested("practice", "Reference"),
            Nested("state", "code"),
            Nested("group", repeats=True),
            Nested("published", "integer", repeats=True),
            Nested("day", "date"),
        ),
        repeats=True,
    ),
    OwnExtension(
        "measure-rules",
        "The rule set that the measure follows, and the digest of its definition (`content`).",
        parts=(Nested("rule-set"), Nested("source"), Nested("content")),
    ),
    OwnExtension(
        "code-lists",
        "How whole the measure's code lists are, and each of them: id, version, state and digest (`content`).",
        parts=(Nested("state", "code"), Nested("reason", repeats=True), Nested("value-set", None, repeats=True)),
    ),
    OwnExtension("unverified", "What was not seen in a source, or departs from the rule set.", "string", repeats=True),
    OwnExtension("note", "What is to be known of a source of the data.", "string", repeats=True),
    OwnExtension("run-people", "People of the whole run, by what became of them.", is_open=True),
    OwnExtension(
        "run-quarantine",
        "Records of a resource type of which no copy could be taken, by kind.",
        parts=(Nested("type"),),
        is_open=True,
        repeats=True,
    ),
    OwnExtension(
        "readings-left-out",
        "Readings with a code of a value set that no measure takes as they are, by reason.",
        parts=(Nested("value-set"),),
        is_open=True,
        repeats=True,
    ),
    OwnExtension(
        "standing",
        "A resource type of a source that was not understood, and why.",
        parts=(Nested("source"), Nested("type", "code"), Nested("standing", "code")),
        repeats=True,
    ),
    OwnExtension(
        "unheard",
        "Value sets of the measure of which no record of a source carries a code.",
        parts=(Nested("source"), Nested("value-set", repeats=True)),
        repeats=True,
    ),
    OwnExtension(
        "withheld",
        "Populations that are withheld for practices of the reporter, and because of what.",
        parts=(
            Nested("source"),
            Nested("type", "code"),
            Nested("standing", "code"),
            Nested("population", "code", repeats=True),
            Nested("practice", "Reference", repeats=True),
        ),
        repeats=True,
    ),
    OwnExtension(
        "withheld-strata",
        "Strata of a breakdown that are withheld for practices of the reporter, and because of what.",
        parts=(
            Nested("source"),
            Nested("type", "code"),
            Nested("standing", "code"),
            Nested("stratifier", "code"),
            Nested("stratum", "code", repeats=True),
            Nested("practice", "Reference", repeats=True),
        ),
        repeats=True,
    ),
    OwnExtension(
        "withdrawn",
        "The report is withdrawn and has no numbers any more: why, who asked for it (`asked-by`), and on which day.",
        parts=(Nested("reason"), Nested("asked-by"), Nested("on", "date")),
    ),
    OwnExtension(
        "correction",
        "This version corrects the one before it: why, who asked for it (`asked-by`), and on which day.",
        parts=(Nested("reason"), Nested("asked-by"), Nested("on", "date")),
    ),
    OwnExtension("withheld-reason", "Why a count is withheld.", "code", contexts=COUNTS),
    OwnExtension(
        "undetermined", "People of whom the measure could not be decided.", "integer", contexts=(GROUP, STRATUM)
    ),
    OwnExtension(
        "numerator-people",
        "People of whom anything is counted in the numerator of a ratio.",
        "integer",
        contexts=(GROUP, STRATUM),
    ),
    OwnExtension(
        "score-absent", "Why no score, and so no interval of it, is given.", "code", contexts=(GROUP, STRATUM)
    ),
    OwnExtension(
        "score-interval",
        "The 95 % confidence interval of the score, from counts as they are given: where one of them is rounded, the "
        "widest that rounding leaves.",
        parts=(
            Nested("lower", "decimal"),
            Nested("upper", "decimal"),
            Nested("method", "code", codes=METHOD),
            Nested("includes-rounding", "boolean"),
        ),
        contexts=(GROUP, STRATUM),
    ),
    OwnExtension(
        "statistic",
        "A gap, slope, standardised rate or limit that follows from the counts as they are given, or why there is "
        "none.",
        parts=(
            Nested("kind", "code", codes=STATISTIC),
            Nested("stratifier", "code"),
            Nested("stratum", "code"),
            Nested("against", "code"),
            Nested("value", "decimal"),
            Nested("lower", "decimal"),
            Nested("upper", "decimal"),
            Nested("method", "code", codes=METHOD),
            Nested("includes-rounding", "boolean"),
            Nested("absent", "code", codes=ABSENT),
        ),
        repeats=True,
        contexts=(GROUP,),
    ),
)


class OwnCodeSystem(NamedTuple):
    """One of our code systems: its name in a URL, what it is of, and its codes with their labels."""

    name: str
    title: str
    codes: tuple[tuple[str, str], ...]


def code_systems(base: str, measures: Sequence[Measure]) -> Iterator[OwnCodeSystem]:
    """The code systems of measures, of stratifiers and of those strata that no published system has."""
    used = (one for measure in measures for one in measure.single_stratifiers)
    stratifiers = {one.id: one for one in (*(part for one in CORE_STRATIFIERS for part in one.parts), *used)}
    titles = {one.id: one.title for one in stratifiers.values()} | concepts.AREAS
    yield OwnCodeSystem(METHOD, "How an interval is worked out", tuple(METHODS.items()))
    yield OwnCodeSystem(STATISTIC, "Statistics", tuple(KINDS.items()))
    yield OwnCodeSystem(ABSENT, "Why a statistic is not given", tuple(REASONS.items()))
    yield OwnCodeSystem("measure", "Measures", tuple((measure.id, measure.title) for measure in measures))
    yield OwnCodeSystem("stratifier", "What people are told apart by", tuple(sorted(titles.items())))
    for one in stratifiers.values():
        if own := tuple(_own(base, one)):
            yield OwnCodeSystem(one.id, one.title, own)
    for id_, title in concepts.AREAS.items():
        yield OwnCodeSystem(id_, f"{title}, where it is not known", ((UNKNOWN, UNKNOWN),))


def _own(base: str, one: Stratifier) -> Iterator[tuple[str, str]]:
    """Codes and labels of the strata that are in a system of our own."""
    for code in one.strata:
        concept = concepts.stratum(base, one, code)
        if concept["coding"][0]["system"].startswith(f"{base}/"):
            yield code, concept["text"]
