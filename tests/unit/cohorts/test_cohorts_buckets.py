from datetime import date

import pyarrow.parquet as pq
import pytest

from hi_fhir.cohorts.buckets import BucketReader
from hi_fhir.cohorts.people import LINK_FILE
from hi_fhir.engine.connect import connect
from hi_fhir.tables.schema import BUCKETS, CLINICAL, LINK, PERSON
from tests.support.resolving import resolve_snapshots
from tests.support.tables import SnapshotBuilder, nhs_key, patient_id

DAY = date(2025, 1, 1)


def _two_sources() -> tuple[SnapshotBuilder, SnapshotBuilder]:
    main, other = SnapshotBuilder("main"), SnapshotBuilder("other")
    for number in range(40):
        for builder in (main, other):
            builder.patient(f"p{number}", nhs_key=nhs_key(f"p{number}"))
            builder.observation(f"p{number}", "271649006", DAY)
        main.encounter(f"p{number}", None, DAY)
    main.observation("ghost", "271649006", DAY)
    return main, other


@pytest.fixture(scope="module")
def resolved(tmp_path_factory):
    return resolve_snapshots(tmp_path_factory.mktemp("two"), *_two_sources())


@pytest.fixture
def reader(resolved, tmp_path):
    return BucketReader(connect(tmp_path / "spill"), resolved.snapshots, resolved.out)


def test_events_follow_their_person_into_another_bucket(resolved, reader):
    seen = {}
    for bucket in BUCKETS:
        for row in reader.events("observation", bucket).to_pyarrow().to_pylist():
            assert row["person_id"][0] == bucket
            assert row["person_id"] == resolved.links[row["patient_id"]]
            seen.setdefault(row["person_id"], []).append(row["source_id"])

    assert len(seen) == 40
    assert {tuple(sorted(sources)) for sources in seen.values()} == {("main", "other")}
    assert sum(reader.events("encounter", bucket).count().to_pyarrow().as_py() for bucket in BUCKETS) == 40


def test_events_of_one_range_stay_what_they_were_when_another_is_read(reader):
    first, last = reader.events("observation", BUCKETS[:8]), reader.events("observation", BUCKETS[8:])

    assert set(first.columns) == {*CLINICAL.names, "person_id"}
    assert {row["person_id"][0] for row in first.to_pyarrow().to_pylist()} <= set(BUCKETS[:8])
    assert first.count().to_pyarrow().as_py() + last.count().to_pyarrow().as_py() == 80


def test_all_sixteen_files_are_there_in_the_columns_of_the_schema_and_in_order(tmp_path):
    main = SnapshotBuilder()
    for number in range(30):
        main.patient(f"p{number}")
    resolved = resolve_snapshots(tmp_path, main)

    for bucket in BUCKETS:
        rows = pq.ParquetFile(resolved.out / "person" / f"{bucket}.parquet").read()
        ids = rows["person_id"].to_pylist()
        assert rows.schema.equals(PERSON)
        assert ids == sorted(ids)
        assert {id_[0] for id_ in ids} <= {bucket}


def test_the_link_has_whoever_is_another_person_or_nobody(tmp_path):
    main, other = SnapshotBuilder("main"), SnapshotBuilder("other")
    first, second = (builder.patient("ann", nhs_key=nhs_key("ann")) for builder in (main, other))
    main.patient("bob")
    main.observation("ghost", "271649006", DAY)
    resolved = resolve_snapshots(tmp_path, main, other)

    rows = pq.ParquetFile(resolved.out / LINK_FILE).read()
    linked = {row["patient_id"]: row["person_id"] for row in rows.to_pylist()}

    assert rows.schema.equals(LINK)
    assert list(linked) == sorted(linked)
    assert linked == {max(first, second): min(first, second), patient_id("ghost"): None}


def test_no_event_is_read_twice_whatever_buckets_are_read_together(reader):
    for buckets in (BUCKETS, BUCKETS[:8], BUCKETS[8:]):
        rows = reader.events("observation", buckets).to_pyarrow().to_pylist()
        found = [(row["source_id"], row["resource_id"]) for row in rows]
        assert len(found) == len(set(found)) == 2 * len({row["person_id"] for row in rows})
