"""Not recorded, undetermined, no denominator and not computable: told apart in reports, and from a counted zero."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.integration.test_integration_bug_reports import a_patient, a_record, counts_of, strata_of
from tests.support.cli import hi_fhir, settings
from tests.support.reporting import extensions

PROBLEMS, ADDRESS, SMOKING = "problems-coded", "address-recorded", "smoking-status-recorded"
MEASURES = (ADDRESS, PROBLEMS, SMOKING, "ethnicity-recorded")
RESTRICTED = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """By measure. Three people of 64, one with a home, one whose record is restricted; not one Observation."""
    folder = tmp_path_factory.mktemp("states")
    home = [{"use": "home", "postalCode": "ZZ99 3VZ"}]
    patients = [a_patient("p1", address=home), a_patient("p2"), a_patient("p3", address=home)]
    patients[2]["meta"] |= RESTRICTED
    (folder / "export").mkdir()
    lines = b"\n".join(map(orjson.dumps, patients))
    (folder / "export" / "Patient.ndjson").write_bytes(lines)
    diagnosis = a_record("Condition", "38341003", onsetDateTime="2015-01-01")
    (folder / "export" / "Condition.ndjson").write_bytes(orjson.dumps(diagnosis))
    with pytest.MonkeyPatch.context() as patched, settings(patched, folder, workers=1):
        ran = hi_fhir(
            *("run", "--source", str(folder / "export"), "--period", "2024-04-01..2025-03-31"),
            *("--measures", ",".join(MEASURES), "--audience", "practice", "--json"),
        )
    assert ran.code == 0, ran.err
    reports = [orjson.loads(Path(path).read_bytes()) for path in ran.json["reports"]]
    return {report["measure"].rpartition("/")[2].partition("|")[0]: report["group"][0] for report in reports}


def absent(group: dict[str, Any]) -> str | None:
    found = extensions(group, "score-absent")
    return found[0]["valueCode"] if found else None


def test_who_is_not_recorded_is_in_the_denominator_and_a_stratum(groups: dict[str, dict[str, Any]]) -> None:
    ethnicity = groups["ethnicity-recorded"]
    assert counts_of(ethnicity) == {"initial-population": 3, "denominator": 3, "numerator": 0}
    assert strata_of(ethnicity, "ethnic-group-5") == {"not-recorded": 3}
    assert ethnicity["measureScore"]["value"] == 0
    assert absent(ethnicity) is None


def test_who_cannot_be_decided_is_undetermined(groups: dict[str, dict[str, Any]]) -> None:
    address = groups[ADDRESS]
    assert counts_of(address) == {"initial-population": 3, "denominator": 3, "numerator": 1}
    assert [one["valueInteger"] for one in extensions(address, "undetermined")] == [1]


def test_a_share_of_nobody_has_no_denominator(groups: dict[str, dict[str, Any]]) -> None:
    assert counts_of(groups[PROBLEMS])["initial-population"] == 0
    assert counts_of(groups[PROBLEMS])["denominator"] == 0
    assert absent(groups[PROBLEMS]) == "empty-denominator"
    assert "measureScore" not in groups[PROBLEMS]


def test_what_the_data_cannot_bear_is_withheld_with_its_reason(groups: dict[str, dict[str, Any]]) -> None:
    smoking = groups[SMOKING]
    assert counts_of(smoking) == {"initial-population": 3, "denominator": 3, "numerator": None}
    [numerator] = [one for one in smoking["population"] if one["code"]["coding"][0]["code"] == "numerator"]
    [reason] = extensions(numerator["_count"], "withheld-reason")
    assert reason["valueCode"] == "nothing-received"
    assert absent(smoking) == "unsupported"
    assert "measureScore" not in smoking
