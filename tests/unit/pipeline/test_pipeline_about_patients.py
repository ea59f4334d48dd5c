"""Reports about single patients say who is behind the counts that were released to their practice."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fhir.resources.R4B.measurereport import MeasureReport

from hi_fhir.core.errors import NotFoundError
from hi_fhir.pipeline.about_patients import AboutPatients, SeveralPatientsError
from tests.support.cli import settings
from tests.support.reporting import count_of
from tests.support.sources import HYPERTENSION, SMOKER, Json, a_patient, a_record, reports, run, write

BASE = "https://hi-fhir.example/fhir"
ADDRESS = "address-recorded"


def smoked(id_: str, of: str) -> Json:
    return a_record("Observation", id_, of, SMOKER)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, Json]]]:
    """One source of two practices, another of the second alone, with an id that both have. The data folder, and the
    practices' reports.
    """
    folder = tmp_path_factory.mktemp("patients")
    shared = write(
        folder / "shared",
        *(a_patient(f"p{number}") for number in range(1, 6)),
        a_patient("q1", "A99002"),
        smoked("o1", "p1"),
        smoked("o2", "p3"),
        smoked("o3", "q1"),
    )
    own = write(folder / "own", a_patient("q1", "A99002"), a_patient("q2", "A99002"), smoked("o9", "q2"))
    with pytest.MonkeyPatch.context() as patched, settings(patched, folder, workers=1):
        ran = run(f"shared={shared}", f"own={own}")
        assert ran.code == 0, ran.err
        yield folder / "data", reports(ran)


def about(made: tuple[Path, dict[str, Json]]) -> AboutPatients:
    return AboutPatients(made[0], BASE)


def counted(report: Json) -> dict[str, int | str]:
    group = report["group"][0]
    names = [one["code"]["coding"][0]["code"] for one in group["population"]]
    return {name: count_of(group, name) for name in names}


def named(report: Json, population: str) -> list[str]:
    [found] = [one for one in report["contained"] if one["id"] == population]
    return [entry["item"]["reference"] for entry in found.get("entry", ())]


def test_a_patient_is_in_the_populations_that_count_them(made):
    released = made[1]["A99001"]
    told = about(made).individual(released, "p1")

    MeasureReport.model_validate(told)
    assert told["type"] == "individual"
    assert told["subject"] == {"reference": "Patient/p1"}
    assert counted(told) == {"initial-population": 1, "denominator": 1, "numerator": 1}
    assert counted(about(made).individual(released, "p2")) == {
        "initial-population": 1,
        "denominator": 1,
        "numerator": 0,
    }
    assert {name: told[name] for name in ("measure", "period", "date", "reporter", "extension")} == {
        name: released[name] for name in ("measure", "period", "date", "reporter", "extension")
    }
    assert "id" not in told
    assert "identifier" not in told


def test_patients_add_up_to_what_was_released(made):
    for practice, ids in {"A99001": ["p1", "p2", "p3", "p4", "p5"], "A99002": ["q2"]}.items():
        released = made[1][practice]
        told = about(made).subject_list(released)
        MeasureReport.model_validate(told)
        assert counted(told) == counted(released)
        for population in ("initial-population", "denominator", "numerator"):
            assert len(named(told, population)) == counted(released)[population]
        assert {f"Patient/{id_}" for id_ in ids} <= set(named(told, "initial-population"))


def test_a_list_names_the_people_of_its_population_alone(made):
    told = about(made).subject_list(made[1]["A99001"])
    assert sorted(named(told, "numerator")) == ["Patient/p1", "Patient/p3"]
    assert sorted(named(about(made).subject_list(made[1]["A99002"]), "initial-population")) == [
        "Patient/q1",
        "Patient/q1",
        "Patient/q2",
    ]


def test_whoever_is_not_registered_there_is_nobody(made):
    for stranger in ("q1", "q2", "p9", "", "../p1"):
        with pytest.raises(NotFoundError, match="nobody who is registered"):
            about(made).individual(made[1]["A99001"], stranger)


def test_an_id_that_two_people_have_is_of_neither(made):
    with pytest.raises(SeveralPatientsError, match="2 people"):
        about(made).individual(made[1]["A99002"], "q1")


def test_a_report_of_other_data_names_nobody(made):
    released = made[1]["A99001"]
    group = released["group"][0]
    more = [{**one, "count": one["count"] + 1} for one in group["population"]]
    for other in (
        {**released, "group": [{**group, "population": more}]},
        {**released, "date": "2025-04-01"},
        {**released, "period": {"start": "2024-04-01", "end": "2024-12-31"}},
        {**released, "measure": released["measure"] + "x"},
    ):
        with pytest.raises(NotFoundError, match="not here any more"):
            about(made).subject_list(other)


def test_another_practices_own_source_names_none_of_ones_people(tmp_path: Path) -> None:
    """Somebody whom two records make one person, by their NHS number, is named as their own practice's server does."""
    number = {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"}
    of_elm = {**a_patient("elm-1"), "identifier": [number]}
    of_oak = {**a_patient("oak-1"), "identifier": [number]}
    elm, oak = write(tmp_path / "elm", of_elm), write(tmp_path / "oak", of_oak)
    own = [("elm", elm, "A99001"), ("oak", oak, "A99002")]
    tables = [f'[sources.{name}]\naddress = "{folder}"\npractice = "{code}"\n' for name, folder, code in own]
    (tmp_path / "hi-fhir.toml").write_text("".join(tables), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched, settings(patched, tmp_path, workers=1):
        ran = run(f"elm={elm}", f"oak={oak}", measure=ADDRESS)
        assert ran.code == 0, ran.err
        about_them = AboutPatients(tmp_path / "data", BASE)
        told = {practice: about_them.subject_list(report) for practice, report in reports(ran).items()}
    [practice] = told
    own_id = {"A99001": "elm-1", "A99002": "oak-1"}[practice]
    assert named(told[practice], "initial-population") == [f"Patient/{own_id}"]


def test_what_is_withheld_from_the_practice_is_withheld_of_its_patients(tmp_path: Path) -> None:
    source = write(tmp_path / "elm", a_patient("p1"), a_record("Condition", "c1", "p1", HYPERTENSION))
    with pytest.MonkeyPatch.context() as patched, settings(patched, tmp_path, workers=1):
        ran = run(source)
        released = reports(ran)["A99001"]
        told = AboutPatients(tmp_path / "data", BASE).individual(released, "p1")
        listed = AboutPatients(tmp_path / "data", BASE).subject_list(released)
    assert counted(told) == {"initial-population": 1, "denominator": 1, "numerator": "unsupported"}
    assert [one["id"] for one in listed["contained"]] == ["initial-population", "denominator"]
    [numerator] = [one for one in told["group"][0]["population"] if "count" not in one]
    assert numerator in released["group"][0]["population"]
