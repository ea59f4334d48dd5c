"""What a reference names: a resource of the source, or one of another server, whatever its id."""

from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest

from hi_fhir.core.errors import ConfigError
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.pipeline.pull import pull
from hi_fhir.tables.bases import NO_HOST, base_key, canonical_base, export_base, host_of
from hi_fhir.tables.references import MOST_HOSTS, OTHERS, References, by_host
from hi_fhir.tables.refused import RefusedError
from hi_fhir.tables.snapshot import SnapshotManifest
from tests.support.fhir_records import a_patient, an_observation
from tests.support.landing import SOURCE, WHOLE, config_in, land

OWN = "https://gp.example/fhir"
UUID = "0b6f7c1e-2d3a-4f5b-8c9d-0e1f2a3b4c5d"
SUBJECT = "$.subject.reference"


def references(*bases: str) -> References:
    return References({key for base in (bases or (OWN,)) if (key := base_key(base))})


def refusal(text: str, reader: References) -> str:
    with pytest.raises(RefusedError) as caught:
        reader.patient(text, SUBJECT)
    return caught.value.kind


@pytest.mark.parametrize(
    "text",
    [
        "Patient/p1",
        "Patient/p1/_history/3",
        "https://gp.example/fhir/Patient/p1",
        "https://gp.example/fhir/Patient/p1/_history/3",
        "http://gp.example/fhir/Patient/p1",
        "HTTPS://GP.Example:443/fhir/Patient/p1",
        "http://gp.example:80/fhir/Patient/p1",
        "urn:uuid:p1",
    ],
)
def test_a_reference_under_the_base_of_the_source_is_the_id_on_it(text: str) -> None:
    assert references().patient(text, SUBJECT) == "p1"


@pytest.mark.parametrize(
    "text",
    [
        "https://other.example/fhir/Patient/p1",
        "https://other.example/fhir/Patient/p1/_history/3",
        "https://gp.example/Patient/p1",
        "https://gp.example/FHIR/Patient/p1",
        "https://gp.example/fhir/tenant/Patient/p1",
        "https://gp.example:8443/fhir/Patient/p1",
        "https://gp.example.other/fhir/Patient/p1",
        "https://somebody@gp.example/fhir/Patient/p1",
    ],
)
def test_a_reference_under_any_other_base_is_to_another_server(text: str) -> None:
    assert refusal(text, references()) == "another-server"


@pytest.mark.parametrize(
    "text", ["fhir/Patient/p1", "/Patient/p1", "ftp://gp.example/fhir/Patient/p1", "Patient/", "p1"]
)
def test_what_is_no_reference_is_unreadable(text: str) -> None:
    assert refusal(text, references()) == "unreadable-subject"


def test_a_source_without_a_base_has_no_absolute_references() -> None:
    assert refusal("https://gp.example/fhir/Patient/p1", References(())) == "another-server"


@pytest.mark.parametrize("text", [f"urn:uuid:{UUID.upper()}", f"URN:UUID:{UUID}", f"Patient/{UUID.upper()}"])
def test_a_uuid_is_the_same_in_any_letter_case(text: str) -> None:
    assert references().patient(text, SUBJECT) == UUID
    assert references().organization(text.replace("Patient", "Organization")) == UUID


def test_other_ids_differ_by_letter_case() -> None:
    as_long_as_a_uuid = "Ann-" + "X" * 32
    assert references().patient("Patient/Ann", SUBJECT) == "Ann"
    assert references().patient(f"Patient/{as_long_as_a_uuid}", SUBJECT) == as_long_as_a_uuid


@pytest.mark.parametrize("text", ["Practitioner/o1", "https://gp.example/fhir/Location/o1", "o1", None])
def test_what_refers_to_no_organization_names_none(text: str | None) -> None:
    assert references().organization("Organization/o1") == "o1"
    assert references().organization(text) is None


def test_references_to_other_servers_are_counted_by_host_and_type() -> None:
    reader = references()
    for _ in range(2):
        refusal("https://other.example:8080/fhir/Patient/p1", reader)
    assert reader.organization("http://other.example:8080/x/Organization/o1") is None
    assert reader.organization("https://gp.example/fhir/Organization/o1") == "o1"
    assert by_host(reader.elsewhere) == {"other.example:8080": {"Organization": 1, "Patient": 2}}


def test_only_so_many_hosts_are_counted_one_by_one() -> None:
    reader = references()
    for number in range(MOST_HOSTS + 5):
        refusal(f"https://h{number}.example/fhir/Patient/p1", reader)
    assert reader.elsewhere[OTHERS, "Patient"] == 5
    assert reader.elsewhere.total() == MOST_HOSTS + 5
    refusal("https://h0.example/fhir/Patient/p2", reader)
    assert reader.elsewhere["h0.example", "Patient"] == 2


def test_hosts_and_types_stand_in_order_whatever_was_read_first() -> None:
    reader = references()
    for text in ("https://oak.example/fhir/Patient/p1", "https://elm.example/fhir/Patient/p1"):
        refusal(text, reader)
    reader.organization("https://elm.example/fhir/Organization/o1")
    found = by_host(reader.elsewhere)
    assert [(host, *types) for host, types in found.items()] == [
        ("elm.example", "Organization", "Patient"),
        ("oak.example", "Patient"),
    ]


def test_a_host_is_shown_only_where_it_is_fit_to_be() -> None:
    assert host_of("https://Other.Example/fhir/x") == "other.example"
    assert host_of("https://[2001:db8::1]:8443/fhir") == "[2001:db8::1]:8443"
    assert host_of("https://a\x1b[31mb/fhir") == NO_HOST


def test_bases_are_compared_without_scheme_case_of_host_and_last_slash() -> None:
    assert (
        canonical_base("HTTP://GP.example:80/fhir/") == canonical_base("https://gp.example/fhir") == "gp.example/fhir"
    )
    assert canonical_base("https://gp.example") == "gp.example"
    assert canonical_base("/some/folder") is None


@pytest.mark.parametrize(
    ("request_url", "base"),
    [
        ("https://gp.example/fhir/$export?_type=Patient", OWN),
        ("https://gp.example/fhir/Patient/$export", OWN),
        ("https://gp.example/fhir/Group/7/$export?_since=2024", OWN),
        ("https://gp.example/fhir/%24export", OWN),
        ("https://gp.example/fhir/Patient", None),
    ],
)
def test_the_request_of_an_export_tells_the_base(request_url: str, base: str | None) -> None:
    assert export_base(request_url) == base


def test_bases_in_the_settings_are_urls() -> None:
    assert SourceSettings("elm", OWN, bases=("http://old.example/fhir",)).bases
    with pytest.raises(ConfigError, match="source elm: one of its bases is not the base"):
        SourceSettings("elm", OWN, bases=("old.example/fhir",))


def taken(tmp_path: Path, *of: str, source: SourceSettings = SOURCE) -> SnapshotManifest:
    """The snapshot of observations of these references."""
    config = config_in(tmp_path)
    records = [
        an_observation(f"o{number}", "77176002") | {"subject": {"reference": one}} for number, one in enumerate(of)
    ]
    landed = land(config, {"Patient/000": [a_patient("p1")], "Observation/000": records})
    return flatten(RunContext(config), source, landed)


def test_a_record_about_a_patient_of_another_server_is_refused_and_its_host_told(tmp_path: Path) -> None:
    other = "https://other.example/fhir/Patient/p1"
    manifest = taken(tmp_path, "Patient/p1", "http://EXAMPLE.invalid/fhir/Patient/p1", other)
    assert manifest.rows["observation"] == 2
    assert manifest.quarantine == {"Observation": {"another-server": 1}}
    assert manifest.other_servers == {"other.example": {"Patient": 1}}


def test_a_declared_base_is_the_sources_own_and_makes_another_snapshot(tmp_path: Path) -> None:
    other = "https://other.example/fhir/Patient/p1"
    without = taken(tmp_path, other)
    declared = SourceSettings(SOURCE.name, SOURCE.address, bases=("https://other.example/fhir/",))
    manifest = taken(tmp_path, other, source=declared)
    assert manifest.rows["observation"] == 1
    assert (manifest.quarantine, manifest.other_servers) == ({}, {})
    assert manifest.id != without.id


@pytest.mark.parametrize(
    ("request_url", "quarantine"),
    [
        ("https://other.example/fhir/$export", {}),
        (None, {"Observation": {"another-server": 1}}),
    ],
)
def test_the_manifest_of_an_export_in_a_folder_tells_whose_references_are_local(
    tmp_path: Path, request_url: str | None, quarantine: dict[str, Any]
) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    record = an_observation("o", "77176002") | {"subject": {"reference": "https://other.example/fhir/Patient/p1"}}
    for type_, one in (("Patient", a_patient("p1")), ("Observation", record)):
        (folder / f"{type_}.ndjson").write_bytes(orjson.dumps(one) + b"\n")
    if request_url:
        manifest = {"request": request_url, "transactionTime": "2025-04-02T00:00:00Z", "output": [], "error": []}
        (folder / "manifest.json").write_bytes(orjson.dumps(manifest))
    config, source = config_in(tmp_path), SourceSettings("elm", str(folder))
    landed = pull(RunContext(config), source, WHOLE, date(2025, 4, 2), 1)
    assert flatten(RunContext(config), source, landed.id).quarantine == quarantine
