"""Who speaks for whom in the sandbox's truth, held to the sentences of docs/explanation/rules.md one by one."""

from typing import Any

import pytest

from hi_fhir.sandbox.people.model import NhsNumber, Patient, PatientLink
from hi_fhir.sandbox.truth import expected
from hi_fhir.sandbox.truth.merged import merges
from tests.support.sandbox_people import a_patient, a_person, at_practice, on


def _patient(id_: str, *links: tuple[str, str | None], **given: Any) -> Patient:
    return a_patient(id=id_, links=tuple(PatientLink(*link) for link in links), nhs_number=None, **given)


@pytest.mark.parametrize(
    ("patients", "speakers", "found"),
    [
        ([_patient("a")], "a", {}),
        ([_patient("a"), _patient("b")], "ab", {}),
        ([_patient("a", ("seealso", "b")), _patient("b", ("refer", "a"))], "ab", {}),
        ([_patient("a"), _patient("b", ("replaced-by", "a"))], "aa", {"merged": 1}),
        ([_patient("a"), _patient("b", ("replaces", "a"))], "bb", {"merged": 1}),
        (
            [_patient("a", ("replaced-by", "b")), _patient("b", ("replaced-by", "c")), _patient("c")],
            "ccc",
            {"merged": 2},
        ),
        ([_patient("a", ("replaced-by", "gone")), _patient("b", ("replaces", "gone"))], "bb", {"merged": 1}),
        ([_patient("a", ("replaced-by", "gone"))], "a", {"dangling": 1}),
        ([_patient("a", ("replaced-by", None))], "a", {"unreadable-link": 1}),
        (
            [_patient("a", ("replaced-by", "b"), active=False), _patient("b", ("replaced-by", "a"))],
            "bb",
            {"merged": 1, "loop": 2},
        ),
        (
            [_patient("a", active=False), _patient("b"), _patient("c", ("replaced-by", "a"), ("replaced-by", "b"))],
            "bbb",
            {"merged": 2, "several-survivors": 2},
        ),
    ],
)
def test_one_record_speaks_for_all_that_are_linked(
    patients: list[Patient], speakers: str, found: dict[str, int]
) -> None:
    person = a_person(*patients)
    for one in (person, a_person(*reversed(patients))):
        told = merges(one)
        assert "".join(told.speakers[patient.id].id for patient in patients) == speakers
        assert +told.found == found
    assert expected([person]).people()["persons"] == len(set(speakers))


def test_the_fields_of_the_survivor_are_the_persons() -> None:
    first = _patient("a", ("replaced-by", "b"), active=False, registrations=(at_practice(1, kind="episode"),))
    second = _patient("b", ("replaced-by", "a"), sex="male", registrations=())
    counts = expected([a_person(first, second)]).counts
    assert counts["ethnicity-recorded", "XP001", "sex", "male", "denominator"] == 1


@pytest.mark.parametrize(
    ("people", "born", "found"),
    [
        (1, "1970-01-01", {"persons": 1, "link_conflicts": 0, "nhs_number": {"present": 1}}),
        (9, "1970-01-01", {"persons": 1, "link_conflicts": 0, "nhs_number": {"present": 1}}),
        (9, "1980-01-01", {"persons": 9, "link_conflicts": 9, "nhs_number": {"present": 9}}),
        (10, "1970-01-01", {"persons": 10, "link_conflicts": 0, "nhs_number": {"placeholder": 10}}),
        (11, "1980-01-01", {"persons": 11, "link_conflicts": 0, "nhs_number": {"placeholder": 11}}),
    ],
)
def test_a_number_that_ten_patients_share_is_nobodys(people: int, born: str, found: dict[str, Any]) -> None:
    """born: of the last of them, the others on 1 January 1970."""
    number = NhsNumber("9999999018", "shared")
    days = ["1970-01-01"] * (people - 1) + [born]
    crowd = [a_person(a_patient(id=str(n), nhs_number=number, born=on(day))) for n, day in enumerate(days)]
    told = expected(crowd).people()
    assert {name: told[name] for name in found} == found


def test_a_replaced_patient_does_not_count_among_those_who_share_a_number() -> None:
    number = NhsNumber("9999999018", "shared")
    crowd = [a_person(a_patient(id=str(n), nhs_number=number)) for n in range(9)]
    old = a_patient(id="old", nhs_number=number, links=(PatientLink("replaced-by", "new"),))
    told = expected([*crowd, a_person(_patient("new"), old)]).people()
    assert (told["persons"], told["nhs_number"]) == (2, {"absent": 1, "present": 1})
