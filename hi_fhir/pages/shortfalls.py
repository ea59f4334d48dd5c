"""What an area's reports could not tell: records in quarantine, what never came, code lists that are waited for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from hi_fhir.measures.model import Measure
from hi_fhir.pages.about import lost_records
from hi_fhir.pages.extension_texts import NameAndValue, all_texts, spelt, texts
from hi_fhir.reports.heads import Json, ReportHead
from hi_fhir.tables.standing import WHY_WITHHELD, TypeState

_WAITING = ("missing", "partial", "demonstration")
"""States of code lists that are not whole, or not the true ones; an outdated one is there."""


class WaitingMeasure(NamedTuple):
    """lists: code lists that it waits for, each with what is known of it."""

    measure: Measure
    lists: Sequence[str]


class Withheld(NamedTuple):
    """Something that did not come or was not understood. what: populations or strata that are not given for it."""

    why: str
    what: Sequence[str]
    practices: Sequence[str]
    titles: Sequence[str]


class Shortfalls(NamedTuple):
    """lost: records in quarantine, by why; of the whole run. silent: what a source had no record of."""

    lost: Sequence[NameAndValue]
    withheld: Sequence[Withheld]
    silent: Sequence[str]
    waiting: Sequence[WaitingMeasure]


def shortfalls(heads: Mapping[str, ReportHead], measures: Mapping[str, Measure]) -> Shortfalls:
    """heads: of the reports of an area in a period, by measure."""
    return Shortfalls(
        lost=lost_records(list(heads.values())),
        withheld=_withheld(heads, measures),
        silent=sorted({line for head in heads.values() for line in _silent(head)}),
        waiting=[
            WaitingMeasure(measures[id_], lists)
            for id_, head in heads.items()
            if (lists := [line for one in head.of("code-lists") for line in _waited_for(one)])
        ],
    )


def _waited_for(code_lists: Json) -> Iterator[str]:
    """The reason of each list that is not whole, as the report has it."""
    states = {one["id"]: one["state"] for one in map(texts, _sets(code_lists))}
    for reason in all_texts(code_lists, "reason"):
        if states.get(reason.partition(" ")[0]) in _WAITING:
            yield reason


def _sets(code_lists: Json) -> list[Json]:
    return [one for one in code_lists["extension"] if one["url"] == "value-set"]


def _withheld(heads: Mapping[str, ReportHead], measures: Mapping[str, Measure]) -> list[Withheld]:
    """By what it is for, in order."""
    found: dict[str, tuple[dict[str, None], dict[str, None], dict[str, None]]] = {}
    for id_, head in heads.items():
        for one in (*head.of("withheld"), *head.of("withheld-strata")):
            own = texts(one)
            why = WHY_WITHHELD[TypeState(own["standing"])].format(type=own["type"], source=own["source"])
            what, practices, titles = found.setdefault(why, ({}, {}, {}))
            what |= dict.fromkeys(_what(one, measures[id_]))
            practices |= dict.fromkeys(all_texts(one, "practice"))
            titles[measures[id_].title] = None
    return [Withheld(why, *map(list, parts)) for why, parts in sorted(found.items())]


def _what(one: Json, measure: Measure) -> list[str]:
    by = texts(one).get("stratifier")
    if by is None:
        return [spelt(name) for name in all_texts(one, "population")]
    title = next((known.title for known in measure.single_stratifiers if known.id == by), by)
    return [f"{title}: {spelt(stratum)}" for stratum in all_texts(one, "stratum")]


def _silent(head: ReportHead) -> Iterator[str]:
    for one in head.of("unheard"):
        sets = ", ".join(all_texts(one, "value-set"))
        yield f"{texts(one)['source']} has no record with a code of {sets}."
