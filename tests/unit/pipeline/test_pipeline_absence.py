"""What a source did not give, or gave so that nobody can read it, is told in the reports and never counted as 0."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.cli import hi_fhir, settings
from tests.support.reporting import count_of, extensions, groups_of, parts
from tests.support.sources import (
    HYPERTENSION,
    PERIOD,
    SMOKER,
    Json,
    a_patient,
    a_record,
    counts,
    reports,
    run,
    unreadable,
    whole,
    write,
)

AREAS = "practice,pcn,icb,valid_from,valid_to\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterable[Path]:
    with settings(monkeypatch, tmp_path, workers=1):
        yield tmp_path


PEOPLE = [a_patient(f"p{number}") for number in range(20)]
SMOKERS = [a_record("Observation", f"o{number}", f"p{number}", SMOKER) for number in range(10)]
WITHHELD = {"initial-population": 20, "denominator": 20, "numerator": "unsupported"}


def test_what_was_understood_is_counted(place: Path) -> None:
    ran = run(write(place / "export", *PEOPLE, *SMOKERS))

    assert counts(reports(ran)["A99001"]) == {
        "initial-population": 20,
        "denominator": 20,
        "numerator": 10,
        "score": 0.5,
    }
    assert ran.json["absent"] == []


@pytest.mark.parametrize(
    ("records", "standing"),
    [
        pytest.param(
            [unreadable("Observation", "o1", SMOKER)], "none-understood", id="all lost", marks=pytest.mark.slow
        ),
        pytest.param([*SMOKERS, unreadable("Observation", "x", SMOKER)], "over-limit", id="more lost than the limit"),
        pytest.param([], "nothing-received", id="none", marks=pytest.mark.slow),
        pytest.param(
            [a_record("Observation", "o1", "nobody", SMOKER)],
            "none-understood",
            id="all of nobody",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            [a_record("Observation", "o1", "p1", SMOKER) | {"code": {"coding": [{"system": "urn:x", "code": "y"}]}}],
            "nothing-received",
            id="unknown system",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            [a_record("Observation", "o1", "p1", "75367002")],
            "nothing-received",
            id="other codes",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_numerator_that_nobody_can_tell_is_withheld_with_its_reason(
    place: Path, records: list[Json], standing: str
) -> None:
    ran = run(write(place / "export", *PEOPLE, *records))
    report = reports(ran)["A99001"]

    assert ran.code == 0
    assert counts(report) == WITHHELD
    (numerator,) = [one for one in whole(report)["population"] if one["code"]["coding"][0]["code"] == "numerator"]
    assert [one["valueCode"] for one in numerator["_count"]["extension"]] == ["unsupported", standing]
    assert [one["valueCode"] for one in extensions(whole(report), "score-absent")] == ["unsupported"]
    (told,) = extensions(report, "withheld")
    assert parts(told) | {"practice": "A99001"} == {
        "source": "main",
        "type": "Observation",
        "standing": standing,
        "population": "numerator",
        "practice": "A99001",
    }
    assert f"numerator</td><td>withheld ({standing})</td>" in report["text"]["div"]
    assert all(count_of(group, "numerator") == "unsupported" for _, _, group in groups_of(report))


@pytest.mark.slow
def test_five_in_a_hundred_may_be_lost_and_are_counted_in_the_report(place: Path) -> None:
    many = [a_record("Observation", f"o{number}", f"p{number % 10}", SMOKER) for number in range(190)]
    lost = [unreadable("Observation", f"x{number}", SMOKER) for number in range(10)]
    report = reports(run(write(place / "export", *PEOPLE, *many, *lost)))["A99001"]

    assert counts(report)["score"] == 0.5
    assert parts(extensions(report, "run-quarantine")[0]) == {"type": "Observation", "impossible-date": 10}


@pytest.mark.slow
def test_what_nobody_asked_for_costs_nothing_when_it_is_lost(place: Path) -> None:
    others = [unreadable("Observation", f"x{number}", "75367002") for number in range(50)]
    report = reports(run(write(place / "export", *PEOPLE, *SMOKERS, *others)))["A99001"]

    assert counts(report)["score"] == 0.5
    assert extensions(report, "run-quarantine") == []


@pytest.mark.slow
def test_a_record_of_which_another_copy_was_read_is_not_lost(place: Path) -> None:
    twice = [unreadable("Observation", f"o{number}", SMOKER) for number in range(10)]
    report = reports(run(write(place / "export", *PEOPLE, *SMOKERS, *twice)))["A99001"]

    assert counts(report)["score"] == 0.5
    assert extensions(report, "run-quarantine") == []


@pytest.mark.slow
def test_a_file_of_a_type_that_holds_no_json_is_no_zero(place: Path) -> None:
    folder = write(place / "export", *PEOPLE)
    (folder / "Observation.ndjson").write_bytes(bytes(range(128, 256)) * 40 + b"\n")

    ran = run(folder)

    assert counts(reports(ran)["A99001"]) == WITHHELD
    assert "main: no Observation that was received could be understood" in ran.json["notes"]


@pytest.mark.slow
@pytest.mark.parametrize("lost", [20, 0])
def test_sums_with_a_practice_of_which_no_patient_was_read_are_withheld(place: Path, lost: int) -> None:
    (place / "areas.csv").write_text(AREAS + "A99001,U99001,QXX,,\nA99002,U99001,QXX,,\n")
    assert hi_fhir("mappings", "import-organisations", str(place / "areas.csv")).code == 0
    write(place / "elm", *PEOPLE, *SMOKERS)
    gone = [one | {"birthDate": "1960-13-13"} for one in PEOPLE[:lost]]
    smoker = a_record("Observation", "o1", "p1", SMOKER, meta=PEOPLE[0]["meta"])
    write(place / "oak", *gone, smoker)
    (place / "hi-fhir.toml").write_text('[sources.oak]\naddress = "oak"\npractice = "A99002"\n')

    ran = run("elm=elm", "oak=oak", audience="icb")

    found = reports(ran)
    assert {count for code in ("U99001", "QXX") for count in counts(found[code]).values()} == {"unsupported"}
    assert set(counts(found["A99002"]).values()) == {"unsupported"}
    assert counts(found["A99001"])["score"] == 0.5
    standing = "none-understood" if lost else "nothing-received"
    assert ("oak", "Patient", standing) in [(one["source"], one["type"], one["standing"]) for one in ran.json["absent"]]


@pytest.mark.slow
def test_a_register_without_conditions_that_can_be_read_is_unknown_and_not_empty(place: Path) -> None:
    measure = "hypertension-treated-to-target-under-80"
    lost = unreadable("Condition", "c1", HYPERTENSION)
    reading = a_record("Observation", "o1", "p1", "271649006", valueQuantity={"value": 120})
    report = reports(run(write(place / "export", *PEOPLE, lost, reading), measure=measure))["A99001"]

    assert set(counts(report).values()) == {"unsupported"}
    assert extensions(whole(report), "undetermined")[0]["extension"][1]["valueCode"] == "none-understood"


@pytest.mark.slow
def test_a_measure_that_reads_all_conditions_does_not_silence_one_that_looks_for_some(place: Path) -> None:
    register = "learning-disability-health-check"
    folder = write(place / "export", *PEOPLE, a_record("Condition", "c1", "p1", "110359009"))

    alone = run(folder, measure=register)
    together = run(folder, measure=f"{register},encounter-reason-coded")
    basis = [one.json["absent"] for one in (alone, together)]

    assert [count_of(whole(reports(alone)["A99001"]), "denominator"), basis[0]] == [1, []]
    assert {one["measure_id"] for one in basis[1]} == {"encounter-reason-coded"}


@pytest.mark.slow
def test_patients_that_cannot_be_read_withhold_everything(place: Path) -> None:
    bad = [{**a_patient(f"x{number}"), "birthDate": "soon"} for number in range(5)]
    report = reports(run(write(place / "export", *PEOPLE, *SMOKERS, *bad)))["A99001"]

    assert set(counts(report).values()) == {"unsupported"}


@pytest.mark.slow
def test_practices_of_other_sources_are_told_and_sums_with_a_withheld_one_are_not(place: Path) -> None:
    rows = ("A99001,U99001,QZ1,,", "A99002,U99001,QZ1,,", "A99003,U99002,QZ1,,")
    (place / "areas.csv").write_text(AREAS + "\n".join(rows) + "\n", encoding="utf-8")
    assert hi_fhir("mappings", "import-organisations", place / "areas.csv").code == 0
    elm = write(place / "elm", *PEOPLE, unreadable("Observation", "o1", SMOKER))
    oak = write(place / "oak", *SMOKERS, *(a_patient(f"p{n}", "A99002" if n < 15 else "A99003") for n in range(30)))

    found = reports(run(f"elm={elm}", f"oak={oak}", audience="icb"))
    numerators = {code: counts(report)["numerator"] for code, report in found.items()}

    assert numerators == {
        "A99001": "unsupported",
        "A99002": 10,
        "A99003": 0,
        "U99001": "unsupported",
        "U99002": 0,
        "QZ1": "unsupported",
    }
    by = {(one, stratum): count_of(group, "numerator") for one, stratum, group in groups_of(found["QZ1"])}
    assert (by["practice", "A99002"], by["practice", "A99001"]) == (10, "unsupported")
    assert (by["pcn", "U99002"], by["pcn", "U99001"]) == (0, "unsupported")
    assert by["sex", "unknown"] == "unsupported"
    assert "Withheld for 1 of the practices" in found["QZ1"]["text"]["div"]


@pytest.mark.slow
def test_the_last_lines_of_a_run_say_what_is_withheld_and_a_setting_makes_it_exit_with_4(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(place / "export", *PEOPLE, unreadable("Observation", "o1", SMOKER))
    command = ("run", "--source", folder, "--period", PERIOD, "--measures", "smoking-status-recorded")

    lenient = hi_fhir(*command)
    monkeypatch.setenv("HI_FHIR_STRICT_ABSENCE", "true")
    strict = hi_fhir(*command)

    assert lenient.code == 0
    assert lenient.out.splitlines()[-1] == (
        "Withheld: no Observation of main could be understood, so for 1 practice, and all that it is part of, these "
        "are not given: numerator of smoking-status-recorded"
    )
    assert (strict.code, strict.out.splitlines()[-1]) == (4, lenient.out.splitlines()[-1])
    write(folder, *SMOKERS)
    assert hi_fhir(*command).code == 0


@pytest.mark.slow
def test_another_limit_makes_another_evaluation(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(place / "export", *PEOPLE, *SMOKERS, unreadable("Observation", "x", SMOKER))
    strict = run(folder)
    monkeypatch.setenv("HI_FHIR_QUARANTINE_LIMIT", "0.1")
    lenient = run(folder)

    assert [counts(reports(ran)["A99001"]).get("score") for ran in (strict, lenient)] == [None, 0.5]
    assert parts(extensions(reports(lenient)["A99001"], "report-basis")[0])["quarantine-limit"] == 0.1
