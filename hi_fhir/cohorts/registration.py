"""Who is registered where on the reference date. Rule `registration`, version 5 (docs/explanation/rules.md)."""

from collections.abc import Mapping
from datetime import date

import ibis
import pyarrow as pa

from hi_fhir.engine.protocol import Engine
from hi_fhir.tables.views.organization_kinds import BRANCH, PRACTICE

VERSION = "5"
REGISTERED = "registered"
EARLIEST = date(1, 1, 1)
"""Stands for a day that a record does not give, where the latest one decides."""

_KINDS = {
    "episode": 1,
    "untyped-episode": 1,
    "registration-details": 2,
    "general-practitioner": 3,
    "managing-organization": 4,
}
_DECLARED = 5
_OF_THE_SOURCE = ["episode", "registration-details"]
"""Kinds that are registrations with the practice that the source is, where they name none."""

COUNTS = "counts"
ANOTHER_EPISODE, NOT_A_PRACTICE, NOT_KNOWN, NOWHERE = (
    "episode-of-another-type",
    "not-a-practice",
    "episode-of-an-unknown-organisation",
    "no-organisation",
)
"""Why what a record states is no registration; COUNTS for one that is."""


def stated_rows(
    registration: ibis.Table, by_id: ibis.Table, by_code: ibis.Table, declared: Mapping[str, str]
) -> ibis.Table:
    """Everything that records state of registrations, and what it is worth.

    by_id, by_code: as `organisations.place_tables`. declared: source to the ODS code of its own practice.
    Grain: one row per row of `registration`. Columns: patient_id, rank (of its kind, the lowest decides), practice,
    start, end, regular, ended (on a day that is not known), and worth: COUNTS, or why it does not count.
    """
    rows = registration.left_join(by_id, ["source_id", "organization_id"]).left_join(by_code, "ods_code")
    own = _own_practice(rows, declared)
    practice = ibis.coalesce(rows.code_practice, rows.id_practice, own)
    own_kind = own.notnull().ifelse(PRACTICE, ibis.null("string"))
    kind = ibis.coalesce(rows.organization_kind, rows.code_kind, rows.id_kind, own_kind)
    kind = (kind == BRANCH).ifelse(PRACTICE, kind)
    worth = ibis.cases(
        (rows.kind == "other-episode", ANOTHER_EPISODE),
        (practice.isnull(), NOWHERE),
        (ibis.coalesce(kind != PRACTICE, False), NOT_A_PRACTICE),
        ((rows.kind == "untyped-episode") & kind.isnull(), NOT_KNOWN),
        else_=COUNTS,
    )
    rank = ibis.cases(*((rows.kind == kind, number) for kind, number in _KINDS.items()), else_=_DECLARED)
    return rows.select(
        "patient_id",
        rank=rank.cast("int8"),
        practice=practice,
        start=rows.start_date,
        end=rows.end_date,
        regular=rows.regular,
        ended=rows.ended_on_unknown_date,
        worth=worth,
    )


def _own_practice(rows: ibis.Table, declared: Mapping[str, str]) -> ibis.Value:
    """The practice that the source is, for rows that name no organisation and are of a kind that means that one."""
    names_none = rows.ods_code.isnull() & rows.organization_id.isnull() & rows.kind.isin(_OF_THE_SOURCE)
    sources = ((rows.source_id == source, code) for source, code in declared.items())
    practice = ibis.cases(*sources, else_=ibis.null("string")) if declared else ibis.null("string")
    return names_none.ifelse(practice, ibis.null("string"))


def deciding_rows(stated: ibis.Table, resident: ibis.Table, declared: Mapping[str, str], as_of: date) -> ibis.Table:
    """What each patient's deciding kind of registration says, judged for the reference date.

    stated: as `stated_rows`. resident: as `linking.Linked` has it. declared: source to its own practice. Of a patient
    that another has replaced only the episodes count, as the other's.
    Grain: one row per registration. Columns: person_id, patient_id, source_id, practice, start, started (EARLIEST for
    no start), is_dated (the source says when it began or that it ended), and the steps is_active, is_regular, is_begun
    and is_current, each with those before it.
    """
    rows = stated.filter(stated.worth == COUNTS).drop("worth")
    if declared:
        own = ibis.memtable(pa.table({"source_id": list(declared), "practice": list(declared.values())}))
        rows = rows.union(_declared_rows(resident, own, rows))
    first = rows.group_by("patient_id").agg(first=rows.rank.min())
    rows = rows.join(first, "patient_id")
    rows = rows.filter(rows.rank == rows["first"])
    known = resident.select("patient_id", "person_id", "source_id", "active", "is_merged", "speaker_id")
    rows = rows.join(known, "patient_id")
    rows = rows.filter(~rows.is_merged | (rows.rank == _KINDS["episode"]))
    is_regular = rows.active & ibis.coalesce(rows.regular, True)
    is_begun = is_regular & (rows.start.isnull() | (rows.start <= as_of))
    is_current = is_begun & ibis.coalesce(rows.end >= as_of, ~rows.ended)
    return rows.select(
        "person_id",
        "source_id",
        "practice",
        "start",
        patient_id=rows.speaker_id,
        is_dated=rows.start.notnull() | rows.end.notnull() | rows.ended,
        started=ibis.coalesce(rows.start, ibis.literal(EARLIEST)),
        is_active=rows.active,
        is_regular=is_regular,
        is_begun=is_begun,
        is_current=is_current,
    )


def _declared_rows(resident: ibis.Table, own: ibis.Table, like: ibis.Table) -> ibis.Table:
    rows = resident.join(own, "source_id")
    return rows.select(
        "patient_id",
        rank=ibis.literal(_DECLARED, "int8"),
        practice=rows.practice,
        start=ibis.null(like.schema()["start"]),
        end=ibis.null(like.schema()["end"]),
        regular=ibis.null("boolean"),
        ended=ibis.literal(False),
    )


def choose(judged: ibis.Table) -> ibis.Table:
    """The one registration of each person who has a current one: the latest start, then the lowest ODS code.

    Grain: one row per person. Columns: chosen_id (the person), chosen_home (the patient that it is stated of),
    chosen_practice, chosen_start, and conflict: another practice's registration started on the same latest day.
    """
    current = judged.filter(judged.is_current)
    order = ibis.window(
        group_by=current.person_id, order_by=[current.started.desc(), current.practice.asc(), current.patient_id.asc()]
    )
    ranked = current.mutate(place=ibis.row_number().over(order))
    winner = ranked.filter(ranked.place == 0).select(
        chosen_id="person_id",
        chosen_home="patient_id",
        chosen_practice="practice",
        chosen_start="start",
        latest="started",
    )
    same_day = [current.person_id == winner.chosen_id, current.started == winner.latest]
    rivals = current.join(winner, same_day)
    rivals = rivals.filter(rivals.practice != rivals.chosen_practice).select(rival_id="person_id").distinct()
    found = winner.left_join(rivals, winner.chosen_id == rivals.rival_id)
    return found.mutate(conflict=found.rival_id.notnull()).drop("latest", "rival_id")


def steps(judged: ibis.Table) -> ibis.Table:
    """How far registrations get. Grain: one row per person with any: steps_id, any_active, any_regular, any_begun."""
    return judged.group_by(steps_id="person_id").agg(
        any_active=judged.is_active.any(), any_regular=judged.is_regular.any(), any_begun=judged.is_begun.any()
    )


def reason(people: ibis.Table) -> ibis.Column:
    """Why a person is not registered, the first that holds; REGISTERED where there is no reason.

    people: with dead, unborn and the columns of `steps` and `choose`.
    """
    return ibis.cases(
        (people.dead, "dead"),
        (people.unborn, "not-born"),
        (people.chosen_practice.notnull(), REGISTERED),
        (people.any_active.isnull(), "no-registration"),
        (~people.any_active, "inactive"),
        (~people.any_regular, "temporary"),
        (~people.any_begun, "not-begun"),
        else_="left",
    )


def sources_with_history(judged: ibis.Table) -> ibis.Table:
    """Sources of whose deciding registrations at least half are dated. Column: source_id."""
    found = judged.group_by("source_id").agg(dated=judged.is_dated.sum(), undated=(~judged.is_dated).sum())
    return found.filter(found.dated >= found.undated).select("source_id")


def left_out(engine: Engine, stated: ibis.Table) -> dict[str, int]:
    """Rows of `stated_rows` that do not count, by why."""
    rows = stated.filter(stated.worth != COUNTS)
    counts = engine.query(rows.group_by("worth").agg(n=rows.count())).to_pylist()
    return {row["worth"]: row["n"] for row in sorted(counts, key=lambda row: str(row["worth"]))}
