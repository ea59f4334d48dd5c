"""Inputs of public bug reports of other servers and clients, as small sources of our own, from pull to report."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.canned_server import canned_server
from tests.support.cli import Ran, hi_fhir, settings

SNOMED = "http://snomed.info/sct"
PRESSURE, REGISTERED = "hypertension-treated-to-target-under-80", "ethnicity-recorded"
SMOKING, REASON = "smoking-status-recorded", "encounter-reason-coded"
HL7 = "http://terminology.hl7.org/CodeSystem"
YEAR = "2024-04-01..2025-03-31"
ETHNICITY = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EthnicCategory"
ETHNIC_CODES = "https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland"
QUICK = {"workers": 1, "tries": 2, "timeout_s": 5}

Resource = dict[str, Any]


def slow(*cases: object) -> Iterator[Any]:
    """Further cases of a kind of which one is in every run."""
    for case in cases:
        yield pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow)


def a_patient(id_: str = "p1", **more: Any) -> Resource:
    practice = {"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "A99001"}}
    return {
        "resourceType": "Patient",
        "id": id_,
        "meta": {"lastUpdated": "2025-04-02T10:00:00Z"},
        "gender": "female",
        "birthDate": "1960-05-05",
        "generalPractitioner": [practice],
        **more,
    }


def a_record(type_: str, code: str, **more: Any) -> Resource:
    return {
        "resourceType": type_,
        "id": f"{type_}-{code}",
        "subject": {"reference": "Patient/p1"},
        "code": {"coding": [{"system": SNOMED, "code": code}]},
        **more,
    }


def a_value(code: str, value: float, unit: Mapping[str, str]) -> Resource:
    return {"code": {"coding": [{"system": SNOMED, "code": code}]}, "valueQuantity": {"value": value, **unit}}


def a_pressure(unit: Mapping[str, str]) -> Resource:
    parts = [a_value("271649006", 130, unit), a_value("271650006", 80, unit)]
    return a_record("Observation", "75367002", status="final", effectiveDateTime="2024-10-10", component=parts)


def reported(
    folder: Path, resources: Iterable[Resource], measure: str, monkeypatch: pytest.MonkeyPatch, period: str = YEAR
) -> Ran:
    """One run over a folder of these resources."""
    export = folder / "export"
    export.mkdir()
    for resource in resources:
        with (export / f"{resource['resourceType']}.ndjson").open("ab") as file:
            file.write(orjson.dumps(resource) + b"\n")
    return ran_over(folder, str(export), measure, monkeypatch, period)


def ran_over(
    folder: Path, source: str, measure: str, monkeypatch: pytest.MonkeyPatch, period: str = YEAR, *more: str
) -> Ran:
    with settings(monkeypatch, folder, **QUICK):
        return hi_fhir(
            *("run", "--source", source, "--period", period),
            *("--measures", measure, "--audience", "practice", "--json"),
            *more,
        )


def group_of(ran: Ran) -> dict[str, Any]:
    assert ran.code == 0, ran.err
    [path] = ran.json["reports"]
    group: dict[str, Any] = orjson.loads(Path(path).read_bytes())["group"][0]
    return group


def counts_of(group: Mapping[str, Any]) -> dict[str, int | None]:
    return {one["code"]["coding"][0]["code"]: one.get("count") for one in group["population"]}


def strata_of(group: Mapping[str, Any], stratifier: str) -> dict[str, int | None]:
    [found] = [one for one in group["stratifier"] if "code" in one and code_of(one["code"][0]) == stratifier]
    people = {code_of(one["value"]): counts_of(one)["denominator"] for one in found["stratum"]}
    return {stratum: count for stratum, count in people.items() if count}


def code_of(concept: Mapping[str, Any]) -> str:
    code: str = concept["coding"][0]["code"] if "coding" in concept else concept["text"]
    return code


@pytest.mark.slow
def test_the_living_with_a_death_date_to_come_are_registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """synthetichealth/synthea issue 77."""
    dying = a_patient(deceasedDateTime="2031-02-03T10:00:00Z")
    assert counts_of(group_of(reported(tmp_path, [dying], REGISTERED, monkeypatch)))["denominator"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("unit", [{"unit": "mm[Hg]"}, {"unit": "mmHg"}, {"code": "mm[Hg]"}])
def test_a_unit_in_words_is_a_unit(unit: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """cqframework/clinical_quality_language issue 1497."""
    diagnosis = a_record("Condition", "38341003", onsetDateTime="2015-01-01")
    group = group_of(reported(tmp_path, [a_patient(), diagnosis, a_pressure(unit)], PRESSURE, monkeypatch))
    assert counts_of(group)["numerator"] == 1


@pytest.mark.slow
@pytest.mark.parametrize(("written", "sex"), [(" male ", "male"), ("Female", "female"), ("MALE", "male")])
def test_a_sex_may_be_written_in_capitals(
    written: str, sex: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """fastenhealth/fasten-onprem issue 163."""
    group = group_of(reported(tmp_path, [a_patient(gender=written)], REGISTERED, monkeypatch))
    assert strata_of(group, "sex") == {sex: 1}


@pytest.mark.slow
@pytest.mark.parametrize("born", ["1960-05-05T00:00:00.000+00:00", "1960-05-05T00:00:00", "1960-05-05T00:00:00Z"])
def test_a_birth_date_at_midnight_is_a_date(born: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FirelyTeam/spark issue 69, microsoft/fhir-server issue 775."""
    group = group_of(reported(tmp_path, [a_patient(birthDate=born)], REGISTERED, monkeypatch))
    assert strata_of(group, "age-band") == {"40-64": 1}


@pytest.mark.parametrize("link", ["/fhir/Patient?page=2", *slow("Patient?page=2", "{BASE}/Patient?page=2")])
def test_a_next_link_may_be_relative(link: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """POLAR-fhiR/fhircrackr issue 116."""
    serve_pages(tmp_path, count=2, link=link)
    with canned_server(tmp_path) as base:
        ran = ran_over(tmp_path, base, REGISTERED, monkeypatch)
    assert counts_of(group_of(ran))["denominator"] == 2


def test_pages_that_end_before_all_has_come_end_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """hapifhir/hapi-fhir issue 3599: after so many records a server gives no next link, whatever its count."""
    serve_pages(tmp_path, count=2, link=None)
    with canned_server(tmp_path) as base:
        ran = ran_over(tmp_path, base, REGISTERED, monkeypatch)
    assert ran.code == 4
    assert "2 Patient, 1 came" in ran.err


def serve_pages(folder: Path, count: int, link: str | None) -> None:
    """Routes of a server of two patients, one a page; of everything else it has none."""
    types = ("Patient", "Organization", "EpisodeOfCare", "Condition", "Observation", "Procedure", "Encounter")
    offered = [{"type": type_, "interaction": [{"code": "search-type"}]} for type_ in types]
    capability = {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": [{"resource": offered}]}
    links = [{"relation": "next", "url": link}] if link else []
    routes = [
        {"match": "/metadata", "json": capability},
        {"match": "Patient.*_summary=count", "json": a_bundle(total=count)},
        {"match": "Patient.*page=2", "json": a_bundle(a_patient("p2"))},
        {"match": "Patient", "json": a_bundle(a_patient("p1"), link=links)},
        {"match": "", "json": a_bundle(total=0)},
    ]
    (folder / "routes.json").write_bytes(orjson.dumps(routes))


def a_bundle(*resources: Resource, **more: Any) -> Resource:
    entries = [{"resource": resource, "search": {"mode": "match"}} for resource in resources]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries, **more}


@pytest.mark.slow
@pytest.mark.parametrize("order", [1, -1])
def test_a_resolved_condition_is_no_diagnosis_whatever_code_stands_beside(
    order: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses = [{"system": "urn:local", "code": "closed"}, {"system": "urn:fhir", "code": "resolved"}][::order]
    gone = a_record("Condition", "38341003", onsetDateTime="2015-01-01", clinicalStatus={"coding": statuses})
    counts = counts_of(group_of(reported(tmp_path, [a_patient(), gone], PRESSURE, monkeypatch)))
    assert counts["initial-population"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("given", [{}, {"birthDate": None}])
def test_who_has_no_birth_date_but_a_reason_for_it_is_of_unknown_age(
    given: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """samply/blaze issue 371."""
    patient = {name: value for name, value in a_patient().items() if name != "birthDate"}
    reason = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}
    masked = {**patient, **given, "_birthDate": {"extension": [reason]}}
    assert strata_of(group_of(reported(tmp_path, [masked], REGISTERED, monkeypatch)), "age-band") == {"unknown": 1}


@pytest.mark.slow
def test_nulls_among_the_words_of_a_name_lose_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """hapifhir/org.hl7.fhir.core issue 705."""
    masked = a_patient(name=[{"given": [None, None], "_given": [{"extension": []}, None]}])
    assert counts_of(group_of(reported(tmp_path, [masked], REGISTERED, monkeypatch)))["denominator"] == 1


@pytest.mark.slow
def test_stamps_without_a_zone_are_told_and_make_no_0(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FirelyTeam/firely-net-sdk issue 865."""
    diagnosis = a_record("Condition", "38341003", meta={"lastUpdated": "2025-04-01T10:00:00.123"})
    ran = reported(tmp_path, [a_patient(), diagnosis], PRESSURE, monkeypatch)
    group = group_of(ran)
    assert counts_of(group).get("initial-population") is None
    assert "Condition" in ran.err + ran.out


@pytest.mark.slow
def test_an_encounter_from_before_birth_is_no_encounter_of_the_period(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """synthetichealth/synthea issue 673."""
    early = {"status": "finished", "period": {"start": "1943-01-30T22:58:14Z", "end": None}}
    visit = {name: value for name, value in a_record("Encounter", "1", **early).items() if name != "code"}
    ran = reported(tmp_path, [a_patient(birthDate="2006-05-23"), visit], "encounter-reason-coded", monkeypatch)
    assert counts_of(group_of(ran))["initial-population"] == 0


def test_pages_that_go_on_without_the_search_are_no_answer_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FirelyTeam/firely-net-sdk issue 479: the next link of a search by POST has only how many to skip."""
    serve_pages(tmp_path, count=2, link="Patient/_search?_skip=1")
    routes = orjson.loads((tmp_path / "routes.json").read_bytes())
    everybody = {"match": "_skip=1", "json": a_bundle(a_patient("p3"), a_patient("p4"))}
    (tmp_path / "routes.json").write_bytes(orjson.dumps([everybody, *routes]))
    with canned_server(tmp_path) as base:
        ran = ran_over(tmp_path, base, REGISTERED, monkeypatch)
    assert ran.code == 4
    assert "2 Patient, 3 came" in ran.err


@pytest.mark.slow
@pytest.mark.parametrize(("born", "band"), [("2006-03-01", "14-17"), ("2006-02-28", "18-39"), ("2004-02-29", "18-39")])
def test_an_age_on_a_leap_day_goes_by_month_and_day(
    born: str, band: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FirelyTeam/firely-cql-sdk issue 189: a birthday on 1 March was taken to have been on 29 February."""
    ran = reported(tmp_path, [a_patient(birthDate=born)], REGISTERED, monkeypatch, "2023-03-01..2024-02-29")
    assert strata_of(group_of(ran), "age-band") == {band: 1}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("at", "counts"),
    [
        ("2025-03-31T23:59:59.999+01:00", 1),
        ("2025-03-31T22:59:59Z", 1),
        ("2025-03-31T23:30:00Z", 0),
        ("2025-04-01T00:30:00+02:00", 1),
        ("2025-04-01T00:30:00+01:00", 0),
    ],
)
def test_the_last_day_of_a_period_is_whole_and_an_offset_is_heeded(
    at: str, counts: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """projecttacoma/fqm-execution issues 371 and 376: the last day ended where it began, and offsets were dropped."""
    smoker = a_record("Observation", "77176002", status="final", effectiveDateTime=at)
    ran = reported(tmp_path, [a_patient(), smoker], SMOKING, monkeypatch)
    assert counts_of(group_of(ran))["numerator"] == counts


@pytest.mark.slow
@pytest.mark.parametrize("other", [{"url": None, "valueString": "x"}, {"valueString": "x"}, {"url": ""}])
def test_an_extension_without_a_url_loses_nobody_and_no_other_extension(
    other: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """google/fhir-data-pipes issue 1431: one patient with a null url kept all of them out."""
    coded = {"coding": [{"system": ETHNIC_CODES, "code": "H"}]}
    given = [other, {"url": ETHNICITY, "valueCodeableConcept": coded}]
    group = group_of(reported(tmp_path, [a_patient(extension=given), a_patient("p2")], REGISTERED, monkeypatch))
    assert counts_of(group) == {"initial-population": 2, "denominator": 2, "numerator": 1}
    assert strata_of(group, "ethnic-group-5") == {"asian": 1, "not-recorded": 1}


@pytest.mark.slow
def test_an_ethnicity_in_words_alone_is_not_recorded_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """drajer-health/eCRNow issue 770: a refusal that is text and no coding."""
    said = [{"url": ETHNICITY, "valueCodeableConcept": {"text": "Refused"}}]
    ran = reported(tmp_path, [a_patient(extension=said)], REGISTERED, monkeypatch)
    assert strata_of(group_of(ran), "ethnic-group-5") == {"not-recorded": 1}


@pytest.mark.slow
def test_records_without_meta_count_once_a_day_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """microsoft/fhir-server issue 593: an export left meta out of all that it gave."""
    patient = {name: value for name, value in a_patient().items() if name != "meta"}
    smoker = a_record("Observation", "77176002", status="final", effectiveDateTime="2025-01-01")
    undated = reported(tmp_path, [patient, smoker], SMOKING, monkeypatch)
    assert undated.code == 2
    assert "--extract-date" in undated.err
    dated = ran_over(tmp_path, str(tmp_path / "export"), SMOKING, monkeypatch, YEAR, "--extract-date", "2025-04-02")
    assert counts_of(group_of(dated))["numerator"] == 1


@pytest.mark.slow
def test_one_identifier_twice_is_one_patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """medplum/medplum issue 360: whoever had an identifier twice was found twice."""
    number = {"system": "https://example.org/number", "value": "17"}
    patient = a_patient(identifier=[number, {**number, "use": "old"}])
    smoker = a_record("Observation", "77176002", status="final", effectiveDateTime="2025-01-01")
    by_number = {**smoker, "subject": {"identifier": number}}
    counts = counts_of(group_of(reported(tmp_path, [patient, by_number], SMOKING, monkeypatch)))
    assert counts == {"initial-population": 1, "denominator": 1, "numerator": 1}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("class_", "coded_class"),
    [
        ({"code": "AMBULATORY"}, 0),
        ("AMB", 0),
        (None, 0),
        ([{"coding": [{"system": f"{HL7}/v3-ActCode", "code": "AMB"}]}], 0),
        ({"system": f"{HL7}/v2-0004", "code": "O"}, 0),
        ({"system": f"{HL7}/v3-ActCode", "code": "AMB"}, 1),
    ],
)
def test_an_encounter_of_whatever_class_with_an_open_end_counts(
    class_: Any, coded_class: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TIET-AI/tietai-synthea issue 35: the class in words of its own, the end of the period null."""
    period = {"start": "2024-06-03T09:00:00", "end": None}
    coded = [{"coding": [{"system": SNOMED, "code": "49727002"}]}]
    more = {"status": "finished", "class": class_, "period": period, "reasonCode": coded}
    visit = {name: value for name, value in a_record("Encounter", "1", **more).items() if name != "code"}
    ran = reported(tmp_path, [a_patient(), visit], f"{REASON},encounter-class-coded", monkeypatch)
    assert ran.code == 0, ran.err
    reports = [orjson.loads(Path(path).read_bytes()) for path in ran.json["reports"]]
    counts = {REASON in one["measure"]: counts_of(one["group"][0]) for one in reports}
    everybody = {"initial-population": 1, "denominator": 1}
    assert counts == {True: {**everybody, "numerator": 1}, False: {**everybody, "numerator": coded_class}}


@pytest.mark.slow
def test_a_photo_in_a_record_keeps_nobody_out_who_comes_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """microsoft/FHIR-Analytics-Pipelines issue 72: patients from the first with a photo on were gone."""
    photo = [{"contentType": "image/jpeg", "data": "/9j/" + "A" * 400_000}]
    people = [a_patient("p1"), a_patient("p2", photo=photo), a_patient("p3")]
    assert counts_of(group_of(reported(tmp_path, people, REGISTERED, monkeypatch)))["denominator"] == 3


@pytest.mark.slow
@pytest.mark.parametrize("unread", [{"value": 0}, {}])
def test_a_pressure_of_nothing_is_no_reading(
    unread: dict[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """openemr/openemr issue 4570 and pull request 5138: a cuff that was loose, kept as 0 or with a reason alone."""
    pressure = a_pressure({"unit": "mm[Hg]"})
    for part in pressure["component"]:
        del part["valueQuantity"]
        part |= {"valueQuantity": {**unread, "unit": "mm[Hg]"}} if unread else {"dataAbsentReason": {"text": "loose"}}
    counts = counts_of(group_of(reported(tmp_path, [a_patient(), pressure], "blood-pressure-recorded", monkeypatch)))
    assert (counts["denominator"], counts["numerator"]) == (1, 0)


@pytest.mark.slow
def test_a_problem_entered_in_error_that_has_no_clinical_status_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """drajer-health/eCRNow issue 577: an error has no clinical status, and so was taken for an active problem."""
    system = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
    status = {"coding": [{"system": system, "code": "entered-in-error"}]}
    error = a_record("Condition", "38341003", onsetDateTime="2015-01-01", verificationStatus=status)
    other = a_record("Condition", "38341003", onsetDateTime="2015-01-01") | {"id": "c2"}
    problems = [error, other | {"subject": {"reference": "Patient/p2"}}]
    people = [a_patient(), a_patient("p2")]
    counts = counts_of(group_of(reported(tmp_path, [*people, *problems, a_pressure({})], PRESSURE, monkeypatch)))
    assert counts["initial-population"] == 1
