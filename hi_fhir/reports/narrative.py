"""A report in words and one small table, for a reader without software: the numbers as they are given."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from hi_fhir.disclosure.counts import PROTECTS_OTHERS, ROUNDED, ReleasedGroup
from hi_fhir.disclosure.scores import score
from hi_fhir.measures.evaluation import EvaluationManifest
from hi_fhir.measures.model import OCCASIONS
from hi_fhir.measures.render.narrative import marked
from hi_fhir.reports import concepts
from hi_fhir.reports.basis import USE
from hi_fhir.reports.evaluated import EvaluatedMeasure, worst
from hi_fhir.reports.reporters import Reporter
from hi_fhir.tables.standing import Absence, Standing
from hi_fhir.terminology.data_files import ListState

_DEMONSTRATION = "Demonstration: code lists were made up. Not about real care."
_LABELLED = {
    ListState.OUTDATED: "The code lists are outdated.",
    ListState.PARTIAL: "The code lists are partial.",
    ListState.MISSING: "Code lists are missing.",
}
_XHTML = "http://www.w3.org/1999/xhtml"


def narrative(
    evaluated: EvaluatedMeasure,
    reporter: Reporter,
    evaluation: EvaluationManifest,
    whole: ReleasedGroup,
    interval: Sequence[float] | None,
    told: Sequence[str],
) -> dict[str, Any]:
    """The text of a report. whole: what is given of all the reporter's people. told: what else is to be known of it.

    interval: both ends of that of its score, where it has one.
    """
    measure, reference = evaluated
    period = evaluation.period
    before = [
        f"{measure.title}. {reporter.code}, {period.start} to {period.end}; reference date {evaluation.as_of}, extract "
        f"date {evaluation.data_date}.",
        _sentence(whole, interval),
    ]
    after = [
        *([_DEMONSTRATION] if reference.is_demonstration else []),
        *([_LABELLED[reference.state]] if reference.state in _LABELLED else []),
        *told,
        *marked([*evaluation.unverified, *reference.unverified]),
        USE,
    ]
    table = _table(whole, concepts.defined_populations(measure))
    div = f'<div xmlns="{_XHTML}">{_paragraphs(before)}{table}{_paragraphs(after)}</div>'
    return {"status": "generated", "div": div}


def told_of_absence(
    standings: Iterable[Standing], unheard: Mapping[str, Sequence[str]], absent: Iterable[Absence]
) -> Iterator[str]:
    """Sentences on what was not there. unheard: source to value sets of which it has no record."""
    yield from (f"{one}." for one in standings)
    for source, value_sets in unheard.items():
        if value_sets:
            yield f"{source}: no record with a code of {', '.join(value_sets)} was received."
    for one in absent:
        what = ", ".join(map(_spelt, one.populations))
        if one.stratifier:
            what = f"by {one.stratifier}, {', '.join(one.strata)}"
        yield (
            f"Withheld for {len(one.practices)} of the practices, and for all that these are part of, because of "
            f"{one.type} of {one.source} ({one.standing}): {what}."
        )


def told_of_breakdowns(evaluated: EvaluatedMeasure) -> Iterator[str]:
    """Sentences on the code lists of breakdowns by words, where they are not whole."""
    for one in evaluated.measure.single_stratifiers:
        state = worst(evaluated.reference, one.words)
        if state in _LABELLED:
            yield f"Broken down by {one.id}: {_LABELLED[state]}"


def _sentence(whole: ReleasedGroup, interval: Sequence[float] | None) -> str:
    """The numbers in one sentence, as far as there are any."""
    if "denominator" not in whole.cells:
        return f"Counted: {_count(whole, 'initial_population')}."
    denominator, numerator = (_count(whole, name) for name in ("denominator", "numerator"))
    share, reason = score(whole)
    if OCCASIONS in whole.cells:
        told = (
            f"{share:.2f} for each person{_within(whole, interval, '.2f')}"
            if share is not None
            else f"no ratio is given ({reason})"
        )
        often = _count(whole, OCCASIONS)
        return f"In the denominator: {denominator}. Counted of these: {often}, of {numerator} people; {told}."
    of_whom = "of those who are neither excluded nor excepted"
    told = (
        f"a share of {share:.1%} {of_whom}{_within(whole, interval, '.1%')}"
        if share is not None
        else f"no share is given ({reason})"
    )
    if "numerator_exclusion" in whole.cells:
        numerator += f", but for those taken out of it: {_count(whole, 'numerator_exclusion')}"
    return f"In the denominator: {denominator}. Of these in the numerator: {numerator}; {told}."


def _within(whole: ReleasedGroup, interval: Sequence[float] | None, form: str) -> str:
    """The interval in words. form: of its numbers."""
    if interval is None:
        return ""
    lower, upper = (format(end, form) for end in interval)
    rounding = ", with rounding" if any(cell.state == ROUNDED for cell in whole.cells.values()) else ""
    return f" (95 % interval {lower} to {upper}{rounding})"


def _table(whole: ReleasedGroup, populations: Iterable[str]) -> str:
    rows = "".join(f"<tr><td>{_spelt(name)}</td><td>{escape(_count(whole, name))}</td></tr>" for name in populations)
    return f"<table><thead><tr><th>population</th><th>people</th></tr></thead><tbody>{rows}</tbody></table>"


def _count(whole: ReleasedGroup, population: str) -> str:
    """The number, or why there is none."""
    cell = whole.cells[population]
    if cell.value is not None:
        return str(cell.value)
    reason = whole.reasons.get(population)
    return str(cell.state) if reason in (None, PROTECTS_OTHERS) else f"withheld ({reason})"


def _paragraphs(lines: Iterable[str]) -> str:
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def _spelt(name: str) -> str:
    return name.replace("_", " ")
