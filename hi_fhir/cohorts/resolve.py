"""People out of patients: linked, registered, with ethnicity and deprivation, one row each.

Small columns of all patients are linked in one pass, and records are searched once for the few codes that matter here;
the rows of people are then put together range by range of person_id, so that memory does not grow with their number.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import ibis
import pyarrow as pa
from ibis.backends.duckdb import Backend

from hi_fhir.cohorts import deprivation, ethnicity, opt_outs, records, registration, spoken
from hi_fhir.cohorts.areas import read_areas
from hi_fhir.cohorts.inputs import Resolution, ResolveInputs
from hi_fhir.cohorts.linking import link
from hi_fhir.cohorts.people import finished, write_buckets
from hi_fhir.cohorts.snapshots import keep, read_table
from hi_fhir.cohorts.tally import Tally
from hi_fhir.core.progress import Progress
from hi_fhir.tables.schema import BUCKETS, LINK, PERSON
from hi_fhir.tables.snapshot import SnapshotManifest, read_snapshot

RECONSTRUCTED = "reconstructed: leavers and the dead are missing"
_DAYS_UNTIL_RECONSTRUCTED = 31
_PEOPLE_A_RANGE = 250_000


def resolve(backend: Backend, inputs: ResolveInputs, out: Path, progress: Progress) -> Resolution:
    """Write `out`/person and `out`/link, a file a bucket, and return what was found.

    Raises:
        TerminologyError: a mapping that this needs is not there.
    """
    manifests = [read_snapshot(folder) for folder in inputs.snapshots]
    tables = _prepare(backend, inputs, manifests)
    ranges = list(_ranges(int(tables["resident"].count().execute())))
    progress.start("resolve", len(BUCKETS), "buckets of people")
    tally = Tally()
    for buckets in ranges:
        low, high = buckets[0], chr(ord(buckets[-1]) + 1)
        people = _people(inputs, tables, low, high).to_pyarrow()
        tally.add(people)
        write_buckets(finished(people, inputs.period), PERSON, buckets, out / "person")
        write_buckets(_links(tables, low, high).to_pyarrow(), LINK, buckets, out / "link")
        progress.advance(len(buckets))
    resolution = _resolution(backend, inputs, manifests, tables, tally)
    progress.finish(f"{resolution.persons:,} people, {resolution.registered:,} registered")
    return resolution


def _ranges(people: int) -> Iterator[str]:
    """Consecutive buckets of at most about _PEOPLE_A_RANGE people, at least one bucket each."""
    parts = 1
    while people > _PEOPLE_A_RANGE * parts and parts < len(BUCKETS):
        parts *= 2
    size = len(BUCKETS) // parts
    return (BUCKETS[start : start + size] for start in range(0, len(BUCKETS), size))


def _prepare(backend: Backend, inputs: ResolveInputs, manifests: Sequence[SnapshotManifest]) -> dict[str, ibis.Table]:
    """The passes over everything: whatever is needed of all people, as temporary tables."""
    snapshots = inputs.snapshots
    map_ = inputs.terminology.ethnicity()
    meanings = ethnicity.meanings(map_)
    patient = read_table(backend, snapshots, "patient")
    members = keep(backend, "member", link(patient))
    resident = keep(backend, "resident", patient.join(members, "patient_id"))
    codes = keep(
        backend, "spoken_code", ibis.memtable(spoken.lookup(meanings, inputs.terminology, inputs.opt_out.policy))
    )
    said = keep(backend, "spoken", spoken.spoken_rows(backend, snapshots, codes, members, inputs.as_of))
    declared = {manifest.source_id: manifest.practice for manifest in manifests if manifest.practice}
    stated = read_table(backend, snapshots, "registration")
    organization = read_table(backend, snapshots, "organization")
    judged = registration.deciding_rows(stated, organization, resident, declared, inputs.as_of)
    postcodes = deprivation.known_postcodes(backend, inputs.directory, patient)
    return {
        "member": members,
        "resident": resident,
        "spoken": said,
        "extension": keep(backend, "extension", _extension(read_table(backend, snapshots, "ethnic_category"), codes)),
        "registration": stated,
        "organization": organization,
        "judged": keep(backend, "judged", judged),
        "postcode": keep(backend, "known_postcode", postcodes),
        "left_out": keep(backend, "left_out", _left_out(inputs, resident, said)),
        "group": keep(backend, "ethnic_group", ibis.memtable(ethnicity.groups(map_))),
        "imd_2019": keep(backend, "imd_2019", ibis.memtable(inputs.terminology.ranks(2019).table)),
        "imd_2025": keep(backend, "imd_2025", ibis.memtable(inputs.terminology.ranks(2025).table)),
    }


def _left_out(inputs: ResolveInputs, resident: ibis.Table, said: ibis.Table) -> ibis.Table:
    """People whom the opt-out policy leaves out. Column: person_id."""
    if inputs.opt_out.policy == opt_outs.TYPE_1_BY_CODE:
        return opt_outs.opted_out_by_code(said)
    keys = ibis.memtable(pa.table({"nhs_key": pa.array(sorted(inputs.opt_out.nhs_keys), pa.string())}))
    return resident.join(keys, "nhs_key").select("person_id").distinct()


def _extension(codings: ibis.Table, codes: ibis.Table) -> ibis.Table:
    """What the extension of each patient says: `ethnicity.settle` with names that begin ext_."""
    of_ethnicity = codes.filter(codes.precedence.notnull())
    stated = codings.select("patient_id", "system", "code").join(of_ethnicity, ["code", "system"])
    settled = ethnicity.settle(stated, "patient_id", "precedence")
    return settled.rename({f"ext_{name}": name for name in settled.columns})


def _within(rows: ibis.Table, low: str, high: str) -> ibis.Table:
    return rows.filter((rows.person_id >= low) & (rows.person_id < high))


def _people(inputs: ResolveInputs, tables: dict[str, ibis.Table], low: str, high: str) -> ibis.Table:
    """The rows of PERSON but for the age, with `reason` and `conflict`, in order of person_id."""
    resident, judged = _within(tables["resident"], low, high), _within(tables["judged"], low, high)
    died = resident.dead & (resident.death_date.isnull() | (resident.death_date <= inputs.as_of))
    people = resident.group_by("person_id").agg(dead=died.any()).anti_join(tables["left_out"], "person_id")
    people = people.left_join(registration.steps(judged), "person_id").drop("person_id_right")
    people = people.left_join(registration.choose(judged), "person_id").drop("person_id_right")
    people = people.mutate(reason=registration.reason(people), home_id=ibis.coalesce(people.home_id, people.person_id))
    home = resident.drop("person_id", "source_id", "active", "dead", "death_date", "nhs_key")
    people = people.join(home, people.home_id == home.patient_id)
    people = _with_ethnicity(people, tables, low, high)
    ranks = {2019: tables["imd_2019"], 2025: tables["imd_2025"]}
    people = deprivation.locate(people, tables["postcode"], ranks, inputs.imd_year)
    is_registered = people.reason == "registered"
    people = people.mutate(
        registered=is_registered,
        practice_id=is_registered.ifelse(people.practice_id, ibis.null("string")),
        registered_on=is_registered.ifelse(people.registered_on, ibis.null("date")),
        conflict=is_registered & ibis.coalesce(people.conflict, False),
    )
    columns = [name for name in PERSON.names if name != "age"]
    return people.select(*columns, "reason", "conflict").order_by("person_id")


def _with_ethnicity(people: ibis.Table, tables: dict[str, ibis.Table], low: str, high: str) -> ibis.Table:
    extension = tables["extension"]
    observation = ethnicity.settle(_within(tables["spoken"], low, high), "person_id", "day")
    observation = observation.rename({f"obs_{name}": name for name in observation.columns})
    people = people.left_join(extension, people.home_id == extension.ext_patient_id)
    people = people.left_join(observation, people.person_id == observation.obs_person_id)
    people = people.mutate(**ethnicity.decide(people))
    group = tables["group"]
    joined = people.left_join(group, people.ethnic_category_2001 == group.category)
    return joined.rename(ethnic_group_2001="group_2001", ethnic_group_2021="group_2021")


def _links(tables: dict[str, ibis.Table], low: str, high: str) -> ibis.Table:
    kept = _within(tables["member"], low, high).anti_join(tables["left_out"], "person_id")
    return kept.select("patient_id", "person_id").order_by(["person_id", "patient_id"])


def _resolution(
    backend: Backend,
    inputs: ResolveInputs,
    manifests: Sequence[SnapshotManifest],
    tables: dict[str, ibis.Table],
    tally: Tally,
) -> Resolution:
    organizations = tables["organization"].to_pyarrow()
    areas = read_areas(tally.practices, organizations, inputs.areas, inputs.as_of)
    return Resolution(
        persons=tally.persons,
        registered=tally.reasons["registered"],
        no_registration=tally.reasons["no-registration"],
        registration_conflicts=tally.conflicts,
        not_registered_by_reason={
            reason: count for reason, count in sorted(tally.reasons.items()) if reason != "registered"
        },
        restricted=tally.restricted,
        opted_out=int(tables["left_out"].count().execute()),
        orphan_events=spoken.orphan_rows(backend, inputs.snapshots, tables["member"]),
        deprivation=dict(sorted(tally.deprivation.items())),
        ethnicity=dict(sorted(tally.ethnicity.items())),
        areas=areas,
        pcn_unknown=sum(tally.practices[area.practice_id] for area in areas if area.pcn_id is None),
        notes=_notes(inputs, manifests, tables["registration"]),
        versions=_versions(inputs),
    )


def _notes(inputs: ResolveInputs, manifests: Sequence[SnapshotManifest], stated: ibis.Table) -> list[str]:
    found = registration.sources_without_history(stated).to_pyarrow().to_pylist()
    with_history = {row["source_id"] for row in found if row["history"]}
    end = inputs.period.end
    return [
        f"{manifest.source_id}: {RECONSTRUCTED}"
        for manifest in manifests
        if manifest.source_id not in with_history
        and (date.fromisoformat(manifest.data_date) - end).days > _DAYS_UNTIL_RECONSTRUCTED
    ]


def _versions(inputs: ResolveInputs) -> dict[str, str]:
    """Of every rule, mapping and import that decided something."""
    rules = {
        "rule/records": records.VERSION,
        "rule/registration": registration.VERSION,
        "rule/ethnicity": ethnicity.VERSION,
        "rule/deprivation": deprivation.VERSION,
    }
    imports = {"import/postcodes": inputs.directory, "import/organisations": inputs.areas}
    mappings = {id_: version for id_, version in inputs.terminology.versions().items() if id_.startswith("mappings/")}
    return rules | mappings | {name: given.version for name, given in imports.items() if given}
