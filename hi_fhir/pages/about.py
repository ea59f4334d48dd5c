"""What the numbers of an area rest on, as its reports say it: sources, policies, versions, what was lost."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from hi_fhir.cohorts.lists import AGREES, APART, NOT_LISTED, TOO_SMALL
from hi_fhir.pages.extension_texts import NameAndValue, all_texts, spelt, text, texts
from hi_fhir.pages.wording import day_of, people, share
from hi_fhir.pipeline.own_records import SourceRecords
from hi_fhir.reports.heads import Json, ReportHead

T = TypeVar("T")

_BASIS = {
    "as-of": "Reference date",
    "disclosure-policy": "Disclosure policy",
    "disclosure-policy-version": "Its version",
    "opt-out-policy": "Opt-outs",
    "imd-year": "Index of deprivation of",
    "quarantine-limit": "Most that may be lost of a source's records of a type",
    "software": "Software",
}
"""Parts of the basis that are shown, with what they are called."""
_BESIDE_LISTS = {
    AGREES: "agrees",
    APART: "over 2 % apart",
    TOO_SMALL: "too small to tell",
    NOT_LISTED: "not in the list",
}
_TERMS = {
    "carried": "Carried forward",
    "received": "Received",
    "kept": "Kept",
    "superseded": "Replaced",
    "deleted": "Deleted",
    "out_of_scope": "Not asked for",
    "quarantined": "In quarantine",
}
"""Terms of a reconciliation, and what they are called."""


class DataBasis(NamedTuple):
    """date: the latest day of the data, as ISO text. sources: each with the day of its data, in words. people, lost:
    counts of the whole run, as far as they are given. What several reports say is said once."""

    date: str
    basis: Sequence[NameAndValue]
    sources: Sequence[NameAndValue]
    practices: Sequence[NameAndValue]
    notes: Sequence[str]
    lists: Sequence[str]
    unverified: Sequence[str]
    people: Sequence[NameAndValue]
    lost: Sequence[NameAndValue]
    versions: Sequence[NameAndValue]


def data_basis(heads: Sequence[ReportHead]) -> DataBasis:
    """heads: of an area's reports of a period. Each tells of the run what its measure has to do with."""
    basis = [{one["url"]: _of_basis(one) for one in head.within("report-basis")} for head in heads]
    sources = [texts(one) for head in heads for one in head.of("data-source")]
    versions = [texts(one) for head in heads for one in head.of("version-used")]
    covered = [one["valueReference"] for head in heads for one in head.of("covered-practice")]
    return DataBasis(
        date=max(head.date for head in heads),
        basis=_once(NameAndValue(name, own[url]) for url, name in _BASIS.items() for own in basis if url in own),
        sources=_once(NameAndValue(one["source"], day_of(one["data-date"])) for one in sources),
        practices=_once(NameAndValue(one["identifier"]["value"], one.get("display", "")) for one in covered),
        notes=_once(text(one) for head in heads for one in head.of("note")),
        lists=listed_practices(heads),
        unverified=_once(text(one) for head in heads for one in head.of("unverified")),
        people=_once(NameAndValue(spelt(one["url"]), text(one)) for head in heads for one in head.within("run-people")),
        lost=lost_records(heads),
        versions=sorted(_once(NameAndValue(one["name"], one["version"]) for one in versions)),
    )


def _of_basis(part: Json) -> str:
    return share(part["valueDecimal"]) if part["url"] == "quarantine-limit" else text(part)


def lost_records(heads: Iterable[ReportHead]) -> list[NameAndValue]:
    """Records in quarantine by type and why, as the reports of the measures that read the type tell them."""
    return sorted(
        _once(
            NameAndValue(f"{kinds['type']}: {spelt(name)}", value)
            for head in heads
            for kinds in map(texts, head.of("run-quarantine"))
            for name, value in kinds.items()
            if name != "type"
        )
    )


def listed_practices(heads: Iterable[ReportHead]) -> list[str]:
    """How each practice's people stand beside the list that is published of it, and which groups are apart."""
    found = (_listed(texts(one), all_texts(one, "group")) for head in heads for one in head.of("registered-list"))
    return _once(found)


class OwnTable(NamedTuple):
    """What became of a practice's own records of one source, as rows of text. terms: heads of the columns after the
    type. quarantined: why, and how many."""

    source: str
    terms: Sequence[str]
    reconciled: Sequence[Sequence[str]]
    quarantined: Sequence[NameAndValue]


def own_table(records: SourceRecords) -> OwnTable:
    """That records were carried forward is told where any were."""
    carried = any(counts.carried for _, counts in records.reconciled)
    told = [name for name in _TERMS if carried or name != "carried"]
    return OwnTable(
        source=records.source,
        terms=[_TERMS[name] for name in told],
        reconciled=[(type_, *(people(getattr(counts, name)) for name in told)) for type_, counts in records.reconciled],
        quarantined=[
            NameAndValue(f"{type_}: {spelt(why)}", people(count)) for type_, why, count in records.quarantined
        ],
    )


def _listed(told: Mapping[str, str], groups: Sequence[str]) -> str:
    published = f" of {told['published']} in the list" if "published" in told else ""
    named = f": {', '.join(groups)}" if groups else ""
    return f"{told['practice']}{published}, {told['day']}: {_BESIDE_LISTS[told['state']]}{named}"


def _once(found: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(found))
