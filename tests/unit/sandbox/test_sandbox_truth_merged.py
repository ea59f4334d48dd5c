"""Who speaks for whom in the sandbox's truth, held to the sentences of docs/explanation/rules.md one by one."""

from typing import Any

import pytest

from hi_fhir.sandbox.people.model import Link, Patient
from hi_fhir.sandbox.truth import expected
from hi_fhir.sandbox.truth.merged import merges
from tests.support.sandbox_people import a_patient, a_person, at_practice


def _patient(id_: str, *links: tuple[str, str | None], **given: Any) -> Patient:
    return a_patient(id=id_, links=tuple(Link(*link) for link in links), nhs_number=None, **given)


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
