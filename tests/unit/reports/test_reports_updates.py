"""What a transaction of reports says to another server."""

from typing import Any

import orjson
import pytest

from hi_fhir.reports.sending.updates import (
    ReporterIdentifier,
    Update,
    definition_update,
    report_update,
    transaction,
    unknown_reporters,
)

ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
ELM, OAK = ReporterIdentifier(ODS, "A99001"), ReporterIdentifier(ODS, "A99002")


def a_report(identifier: str = "7d0f", reporter: ReporterIdentifier = ELM) -> Update:
    content = {
        "resourceType": "MeasureReport",
        "id": f"mr-{identifier}",
        "identifier": [{"system": "urn:hi-fhir:measure-report", "value": identifier}],
        "reporter": {"identifier": reporter.identifier, "display": "Elm Practice"},
        "group": [{"measureScore": {"value": 0.6667}}],
    }
    return report_update(orjson.dumps(content))


def entries_of(bundle: dict[str, Any], type_: str) -> list[dict[str, Any]]:
    return [entry for entry in bundle["entry"] if entry["resource"]["resourceType"] == type_]


def test_a_report_is_a_conditional_update_by_its_identifier_without_an_id() -> None:
    entry = a_report()

    assert entry.path == "MeasureReport?identifier=urn%3Ahi-fhir%3Ameasure-report%7C7d0f"
    assert "id" not in entry.resource
    assert entry.resource["group"] == [{"measureScore": {"value": 0.6667}}]


def test_a_measure_is_a_conditional_update_by_its_url_and_version() -> None:
    content = {"resourceType": "Measure", "id": "a", "url": "https://x.example/Measure/a", "version": "2026.1"}

    assert definition_update(orjson.dumps(content)).path == (
        "Measure?url=https%3A%2F%2Fx.example%2FMeasure%2Fa&version=2026.1"
    )


def test_what_separates_search_values_is_escaped_in_a_condition() -> None:
    reporter = ReporterIdentifier("urn:a,b", "x|y$z")

    assert reporter.condition == "identifier=urn%3Aa%5C%2Cb%7Cx%5C%7Cy%5C%24z"


def test_the_reporter_is_created_only_if_absent_and_says_no_more_than_its_identifier() -> None:
    bundle = transaction([a_report()], {})

    (organisation,) = entries_of(bundle, "Organization")
    assert bundle["type"] == "transaction"
    assert organisation["request"] == {"method": "POST", "url": "Organization", "ifNoneExist": ELM.condition}
    assert organisation["resource"] == {
        "resourceType": "Organization",
        "identifier": [{"system": ODS, "value": "A99001"}],
    }


def test_a_report_refers_to_the_entry_of_its_reporter_and_keeps_the_identifier() -> None:
    bundle = transaction([a_report("1"), a_report("2", OAK), a_report("3")], {})

    organisations = {entry["resource"]["identifier"][0]["value"]: entry for entry in entries_of(bundle, "Organization")}
    reports = entries_of(bundle, "MeasureReport")
    assert list(organisations) == ["A99001", "A99002"]
    for report, code in zip(reports, ("A99001", "A99002", "A99001"), strict=True):
        assert report["resource"]["reporter"] == {
            "reference": organisations[code]["fullUrl"],
            "identifier": {"system": ODS, "value": code},
            "display": "Elm Practice",
        }


def test_a_reporter_whose_reference_is_known_is_not_created_again() -> None:
    bundle = transaction([a_report()], {ELM: "Organization/17"})

    (report,) = bundle["entry"]
    assert report["resource"]["reporter"]["reference"] == "Organization/17"


def test_a_reporter_that_the_server_has_several_of_is_told_by_identifier_alone() -> None:
    (report,) = transaction([a_report()], {ELM: None})["entry"]

    assert report["resource"]["reporter"] == {"identifier": ELM.identifier, "display": "Elm Practice"}


def test_every_entry_has_a_full_url_of_its_own_that_is_the_same_each_time() -> None:
    entries = [a_report("1"), a_report("2"), a_report("3", OAK)]
    urls = [entry["fullUrl"] for entry in transaction(entries, {})["entry"]]

    assert len(set(urls)) == 5
    assert urls == [entry["fullUrl"] for entry in transaction(entries, {})["entry"]]


def test_two_entries_with_one_condition_are_refused_since_servers_drop_one_in_silence() -> None:
    with pytest.raises(ValueError, match="same condition"):
        transaction([a_report(), a_report()], {})


def test_unknown_reporters_come_in_one_order() -> None:
    assert unknown_reporters([a_report("1", OAK), a_report("2", ELM)], {}) == [ELM, OAK]
