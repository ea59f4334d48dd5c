"""People out of patients: linked, registered, with ethnicity and deprivation, one row each.

Small columns of all patients are linked in one pass, and records are searched once for the few codes that matter here;
the rows of people are then put together range by range of person_id, so that memory does not grow with their number.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import ibis
import pyarrow as pa

from hi_fhir.cohorts import (
    dates,
    deprivation,
    ethnicity,
    ethnicity_and_opt_outs,
    linking,
    opt_outs,
    records,
    registration,
)
from hi_fhir.cohorts.areas import read_areas
from hi_fhir.cohorts.buckets import ranges
from hi_fhir.cohorts.inputs import Area, Note, NotUnderstood, Resolution
from hi_fhir.cohorts.linking import Linked
from hi_fhir.cohorts.list_tally import ListTally
from hi_fhir.cohorts.lists import ListComparison
from hi_fhir.cohorts.merging import KINDS
from hi_fhir.cohorts.naming import NOBODY, ORPHAN, SEVERAL, Naming
from hi_fhir.cohorts.opt_out_policies import TYPE_1_BY_CODE, TYPE_1_SETS
from hi_fhir.cohorts.organisations import Organisations, place_tables
from hi_fhir.cohorts.people import finished, write_buckets, write_link
from hi_fhir.cohorts.resolve_inputs import ResolveInputs
from hi_fhir.cohorts.snapshots import read_table
from hi_fhir.cohorts.tally import Tally
from hi_fhir.core.progress import Progress
from hi_fhir.engine.protocol import Engine
from hi_fhir.tables.reconcile import Reconciliation
from hi_fhir.tables.schema import BUCKETS, PERSON
from hi_fhir.tables.snapshot import SnapshotManifest, read_snapshot
from hi_fhir.terminology.ranks import LSOA_OF

UNKNOWN_SEX = "unknown"
RECONSTRUCTED = "reconstructed: leavers and the dead are missing"
_DAYS_UNTIL_RECONSTRUCTED = 31
_PEOPLE_A_RANGE = 100_000


class _Prepared(NamedTuple):
    """The passes over everything: whatever is needed of all people, as temporary tables and counts."""

    tables: dict[str, ibis.Table]
    linked: Linked
    naming: Naming


def resolve(engine: Engine, inputs: ResolveInputs, out: Path, progress: Progress) -> Resolution:
    """Write `out`/person, a file a bucket, and the link of patients to people; return what was found.

    Raises:
        TerminologyError: a mapping that this needs is not there.
    """
    manifests = [read_snapshot(folder) for folder in inputs.snapshots]
    declared = {manifest.source_id: manifest.practice for manifest in manifests if manifest.practice}
    span = dates.span_of(date.fromisoformat(manifest.data_date) for manifest in manifests)
    received = {name: dates.possible(read_table(engine, inputs.snapshots, name), name, span) for name in dates.TABLES}
    organization = engine.query(received["organization"])
    organisations = Organisations(organization, inputs.areas, declared.values(), inputs.as_of)
    prepared = _prepare(engine, inputs, received, declared, organisations)
    tables = prepared.tables
    people_in_all = engine.count(tables["resident"])
    progress.start("resolve", len(BUCKETS), "buckets of people")
    list_day = inputs.lists.nearest(inputs.as_of) if inputs.lists else None
    tally = Tally(lists=ListTally(list_day) if list_day else None)
    for buckets in ranges(people_in_all, _PEOPLE_A_RANGE):
        _write_people(engine, inputs, tables, buckets, tally, out)
        progress.advance(len(buckets))
    write_link(engine.query(_links(prepared)), out)
    if tally.practices:
        tally.homes |= _unread_practices(manifests)
    practices = {practice for practice, _ in tally.homes}
    areas = read_areas(practices, organisations, inputs.areas, inputs.as_of)
    impossible = dates.impossible(engine, inputs.snapshots, span)
    resolution = _resolution(engine, inputs, manifests, prepared, tally, areas, impossible)
    progress.finish(f"{resolution.persons:,} people, {resolution.registered:,} registered")
    return resolution


def _prepare(
    engine: Engine,
    inputs: ResolveInputs,
    received: Mapping[str, ibis.Table],
    declared: Mapping[str, str],
    organisations: Organisations,
) -> _Prepared:
    snapshots = inputs.snapshots
    map_ = inputs.terminology.ethnicity()
    meanings = ethnicity.meanings(map_)
    at_home = deprivation.at_home(received["patient"], received["other_home"], inputs.as_of)
    patient = engine.stage("patient_at_home", at_home)
    linked = Linked(engine, snapshots, patient)
    resident = linked.resident
    naming = Naming(engine, snapshots, resident)
    members = naming.members(resident)
    sought = ethnicity_and_opt_outs.lookup(meanings, inputs.terminology, inputs.opt_out.policy)
    codes = engine.keep("ethnicity_and_opt_out_code", sought)
    found = ethnicity_and_opt_outs.rows_of_records(engine, snapshots, codes, members, inputs.as_of)
    said = engine.set_aside("ethnicity_and_opt_out", found)
    rows = naming.attributed(received["registration"])
    places = place_tables(engine, organisations, rows)
    stated = engine.set_aside("stated", registration.stated_rows(rows, *places, declared))
    judged = registration.deciding_rows(stated, resident, declared, inputs.as_of)
    postcodes = deprivation.known_postcodes(engine, inputs.directory, patient)
    categories = read_table(engine, snapshots, "ethnic_category").select("patient_id", "system", "code")
    tables = {
        "resident": resident,
        "member": members,
        "ethnicity_and_opt_out": said,
        "extension": engine.set_aside("extension", _extension(categories, codes)),
        "unread": engine.keep("unread", ethnicity.not_understood(categories, map_)),
        "stated": stated,
        "judged": engine.set_aside("judged", judged),
        "postcode": engine.keep("known_postcode", postcodes),
        "left_out": engine.keep("left_out", _left_out(inputs, resident, said)),
        "group": engine.keep("ethnic_group", ethnicity.groups(map_)),
        "imd_2019": engine.keep("imd_2019", deprivation.rank_table(inputs.terminology.ranks(2019))),
        "imd_2025": engine.keep("imd_2025", deprivation.rank_table(inputs.terminology.ranks(2025))),
    }
    return _Prepared(tables, linked, naming)


def _left_out(inputs: ResolveInputs, resident: ibis.Table, said: ibis.Table) -> ibis.Table:
    """People whom the opt-out policy leaves out. Column: person_id."""
    if inputs.opt_out.policy == TYPE_1_BY_CODE:
        return opt_outs.opted_out_by_code(said)
    return resident.join(_listed(inputs), "nhs_key").select("person_id").distinct()


def _unmatched(engine: Engine, inputs: ResolveInputs, resident: ibis.Table) -> int:
    """Numbers on the list of opt-outs that no patient has."""
    if not inputs.opt_out.nhs_keys:
        return 0
    borne = resident.join(_listed(inputs), "nhs_key").select("nhs_key").distinct()
    return len(inputs.opt_out.nhs_keys) - engine.count(borne)


def _listed(inputs: ResolveInputs) -> ibis.Table:
    return ibis.memtable(pa.table({"nhs_key": pa.array(sorted(inputs.opt_out.nhs_keys), pa.string())}))


def _extension(codings: ibis.Table, codes: ibis.Table) -> ibis.Table:
    """What the extension of each patient says, as `ethnicity.settle` with names that begin ext_."""
    of_ethnicity = codes.filter(codes.precedence.notnull())
    stated = codings.select("patient_id", "system", "code").join(of_ethnicity, ["code", "system"])
    return ethnicity.settle(stated, "patient_id", "precedence", "ext_")


def _within(rows: ibis.Table, low: str, high: str) -> ibis.Table:
    return rows.filter((rows.person_id >= low) & (rows.person_id < high))


def _write_people(
    engine: Engine, inputs: ResolveInputs, tables: dict[str, ibis.Table], buckets: str, tally: Tally, out: Path
) -> None:
    """The people of a range of buckets, counted and written; no more than one range is in memory."""
    people = engine.query(_people(engine, inputs, tables, buckets[0], chr(ord(buckets[-1]) + 1)))
    tally.add(people)
    write_buckets(finished(people, inputs.period), PERSON, buckets, out / "person")


def _people(engine: Engine, inputs: ResolveInputs, tables: dict[str, ibis.Table], low: str, high: str) -> ibis.Table:
    """The rows of PERSON but for the age, with `reason`, `conflict`, home_source and unread_system, by person_id."""
    people = engine.stage("placed", _placed(inputs, tables, low, high))
    home = _home(tables["resident"], low, high)
    extension, postcode, group = tables["extension"], tables["postcode"], tables["group"]
    observed = ethnicity.settle(_within(tables["ethnicity_and_opt_out"], low, high), "person_id", "day", "obs_")
    observed = engine.stage("observed", observed)
    people = people.join(home, people.home_id == home.patient_id)
    people = people.left_join(extension, people.home_id == extension.ext_id)
    people = people.left_join(observed, people.person_id == observed.obs_id)
    said = ethnicity.of_extensions(_within(tables["resident"], low, high), extension)
    people = people.left_join(said, people.person_id == said.said_id)
    unread = tables["unread"]
    people = people.left_join(unread, people.home_id == unread.unread_id)
    people = people.left_join(postcode, people.postcode == postcode.known_postcode)
    people = engine.stage("known", people.mutate(**ethnicity.decide(people), **deprivation.areas(people)))
    people = people.left_join(group, people.ethnic_category_2001 == group.category)
    for year in LSOA_OF:
        ranks = tables[f"imd_{year}"]
        people = people.left_join(ranks, people[f"area_{year}"] == ranks[f"lsoa_{year}"])
    people = people.mutate(deprivation=deprivation.kind(people, inputs.imd_year))
    columns = [name for name in PERSON.names if name != "age"]
    return people.select(*columns, "reason", "conflict", "home_source", "unread_system").order_by("person_id")


def _placed(inputs: ResolveInputs, tables: dict[str, ibis.Table], low: str, high: str) -> ibis.Table:
    """People whom the policy does not leave out, their registration, and home_id: the patient that speaks for them."""
    resident, judged = _within(tables["resident"], low, high), _within(tables["judged"], low, high)
    died = resident.dead & (resident.death_date.isnull() | (resident.death_date <= inputs.as_of))
    people = resident.group_by("person_id").agg(
        dead=died.any(),
        unborn=ibis.coalesce(resident.birth_date.min() > inputs.as_of, False),
        restricted=resident.restricted.any(),
        sex_agrees=_sex_agrees(resident),
    )
    people = people.anti_join(tables["left_out"], "person_id")
    steps, choice = registration.steps(judged), registration.choose(judged)
    people = people.left_join(steps, people.person_id == steps.steps_id)
    people = people.left_join(choice, people.person_id == choice.chosen_id)
    reason = registration.reason(people)
    registered = reason == registration.REGISTERED
    return people.select(
        "person_id",
        "restricted",
        "sex_agrees",
        reason=reason,
        registered=registered,
        home_id=registered.ifelse(people.chosen_home, people.person_id),
        practice_id=registered.ifelse(people.chosen_practice, ibis.null("string")),
        registered_on=registered.ifelse(people.chosen_start, ibis.null("date")),
        conflict=registered & ibis.coalesce(people.conflict, False),
    )


def _sex_agrees(resident: ibis.Table) -> ibis.Column:
    """Whether the patient records that were merged into no other say one sex; null where fewer than two say any."""
    says = ~resident.is_merged & (resident.sex != UNKNOWN_SEX)
    least, greatest = resident.sex.min(where=says), resident.sex.max(where=says)
    return ibis.cases((says.ifelse(1, 0).sum() < 2, ibis.null("boolean")), else_=least == greatest)


def _home(resident: ibis.Table, low: str, high: str) -> ibis.Table:
    """The fields that a person takes from one patient record."""
    fields = ["patient_id", "birth_date", "sex", "nhs_number", "postcode", "lsoa11", "lsoa21"]
    fields += ["language_recorded", "interpreter"]
    own = _within(resident, low, high)
    return own.select(*fields, home_source="source_id", birth_date_exact=own.birth_date == own.birth_date_last)


def _links(prepared: _Prepared) -> ibis.Table:
    """LINK's columns: of those who are another person, of those left out, and of those who are not there."""
    members, left_out = prepared.tables["member"], prepared.tables["left_out"].select(gone="person_id")
    known = members.left_join(left_out, members.person_id == left_out.gone)
    kept = known.gone.isnull().ifelse(known.person_id, ibis.null("string"))
    others = known.filter(known.gone.notnull() | (known.person_id != known.patient_id))
    nobody = prepared.naming.nobody().mutate(person_id=ibis.null("string"))
    return others.select("patient_id", person_id=kept).union(nobody).order_by("patient_id")


def _resolution(
    engine: Engine,
    inputs: ResolveInputs,
    manifests: Sequence[SnapshotManifest],
    prepared: _Prepared,
    tally: Tally,
    areas: list[Area],
    impossible: dict[str, int],
) -> Resolution:
    tables, naming = prepared.tables, prepared.naming
    opted_out = engine.count(tables["left_out"])
    return Resolution(
        persons=tally.persons,
        registered=tally.reasons[registration.REGISTERED],
        no_registration=tally.reasons["no-registration"],
        registration_conflicts=tally.conflicts,
        not_registered_by_reason={
            reason: count for reason, count in sorted(tally.reasons.items()) if reason != registration.REGISTERED
        },
        registrations_left_out=registration.left_out(engine, tables["stated"]),
        impossible_dates=impossible,
        restricted=tally.restricted,
        opted_out=opted_out,
        opt_outs_unmatched=_unmatched(engine, inputs, tables["resident"]),
        orphan_events=naming.rows[ORPHAN],
        deprivation=dict(sorted(tally.deprivation.items())),
        ethnicity=dict(sorted(tally.ethnicity.items())),
        areas=areas,
        nhs_number=dict(sorted(tally.nhs_number.items())),
        link_conflicts=prepared.linked.conflicts,
        merges={kind: prepared.linked.merged[kind] for kind in KINDS},
        identifiers_of_nobody=naming.rows[NOBODY],
        identifiers_of_several=naming.rows[SEVERAL],
        ethnicity_not_understood=tally.unread.total(),
        pcn_unknown=sum(tally.practices[area.practice_id] for area in areas if area.pcn_id is None),
        notes=[*_notes(engine, inputs, manifests, tables["judged"]), *_unread(tally)],
        versions=_versions(inputs),
        homes=_homes(tally),
        not_understood=[NotUnderstood(*where, count) for where, count in sorted(tally.unread.items())],
        orphans=naming.unattributed,
        lists=_compared(inputs, tally),
    )


def _compared(inputs: ResolveInputs, tally: Tally) -> ListComparison | None:
    if inputs.lists is None:
        return None
    return tally.lists.compared(inputs.lists) if tally.lists else ListComparison(None, [], [])


def _unread_practices(manifests: Sequence[SnapshotManifest]) -> set[tuple[str, str]]:
    """Practices with their own sources, of those sources of which no patient could be read.

    Nobody is known to be registered there, and a sum of other practices' people would be another number than it says.
    """
    return {
        (manifest.practice, manifest.source_id)
        for manifest in manifests
        if manifest.practice and not manifest.reconciliation.get("Patient", Reconciliation()).kept
    }


def _homes(tally: Tally) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for practice, source in sorted(tally.homes):
        found.setdefault(practice, []).append(source)
    return found


def _unread(tally: Tally) -> list[Note]:
    found = sorted({(source, system) for source, _, system in tally.unread})
    return [
        Note(
            source,
            f"ethnic categories in codes of {system or 'no system'} that no map has say nothing of their people",
            "Patient",
        )
        for source, system in found
    ]


def _notes(
    engine: Engine, inputs: ResolveInputs, manifests: Sequence[SnapshotManifest], judged: ibis.Table
) -> list[Note]:
    found = engine.query(registration.sources_with_history(judged)).to_pylist()
    with_history = {row["source_id"] for row in found}
    end = inputs.period.end
    return [
        Note(manifest.source_id, RECONSTRUCTED)
        for manifest in manifests
        if manifest.source_id not in with_history
        and (date.fromisoformat(manifest.data_date) - end).days > _DAYS_UNTIL_RECONSTRUCTED
    ]


def rule_versions() -> dict[str, str]:
    """Version of each rule by its name in a report."""
    return {
        "rule/people": linking.VERSION,
        "rule/records": records.VERSION,
        "rule/registration": registration.VERSION,
        "rule/ethnicity": ethnicity.VERSION,
        "rule/deprivation": deprivation.VERSION,
    }


def _versions(inputs: ResolveInputs) -> dict[str, str]:
    """Of every rule, mapping and import that decided something, and of the codes that left people out."""
    imports = {
        "import/postcodes": inputs.directory,
        "import/organisations": inputs.areas,
        "import/registered-patients": inputs.lists,
    }
    by_code = TYPE_1_SETS.values() if inputs.opt_out.policy == TYPE_1_BY_CODE else ()
    opted = {f"value_sets/{id_}" for id_ in by_code}
    files = inputs.terminology.versions().items()
    used = {id_: version for id_, version in files if id_.startswith("mappings/") or id_ in opted}
    return rule_versions() | used | {name: given.version for name, given in imports.items() if given}
