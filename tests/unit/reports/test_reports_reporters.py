"""Who reports to whom, and what their Organization says."""

import msgspec
import pytest

from hi_fhir.core.errors import UserError
from hi_fhir.measures.stratifiers import PCN, PRACTICE
from hi_fhir.reports.reporters import ICB, Reporter, organisation_id, organisation_resource, reporters
from tests.support.evaluations import AREAS, an_area


@pytest.mark.parametrize(
    ("audience", "levels"),
    [
        ("practice", {PRACTICE}),
        ("pcn", {PRACTICE, PCN}),
        ("icb", {PRACTICE, PCN, ICB}),
        ("public", {PRACTICE, PCN, ICB}),
    ],
)
def test_an_audience_gets_reporters_up_to_its_own_level(audience: str, levels: set[str]) -> None:
    assert {reporter.level for reporter in reporters(AREAS, audience)} == levels


def test_a_network_that_spans_two_boards_is_one_reporter_and_its_practices_follow_their_boards() -> None:
    practices = {reporter.code: reporter.practices for reporter in reporters(AREAS, "icb")}
    assert practices["U99002"] == ("A99003", "A99004")
    assert practices["QZ1"] == ("A99001", "A99002", "A99003")
    assert practices["QZ2"] == ("A99004",)


def test_what_is_not_known_of_a_practice_has_no_reporter() -> None:
    assert [reporter.code for reporter in reporters([an_area("A99005", None, None)], "icb")] == ["A99005"]


def test_one_code_for_two_kinds_of_organisation_is_refused() -> None:
    with pytest.raises(UserError, match="A99001 is at once"):
        reporters([an_area("A99001", "A99001", "QZ1")], "pcn")


def test_a_name_is_taken_where_one_is_known() -> None:
    nameless = msgspec.structs.replace(an_area("A99001"), pcn_name=None, practice_name=None)
    names = {reporter.code: reporter.name for reporter in reporters([nameless, an_area("A99002")], "pcn")}
    assert names == {"A99001": None, "A99002": "Name of A99002", "U99001": "Name of U99001"}


def test_an_organisation_says_what_it_is_known_by_and_no_more() -> None:
    assert organisation_resource(Reporter(PCN, "U99001", "Elm Network", ("A99001",))) == {
        "resourceType": "Organization",
        "id": "ods-u99001",
        "identifier": [{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "U99001"}],
        "type": [{"text": "Primary care network"}],
        "name": "Elm Network",
    }
    assert "name" not in organisation_resource(Reporter(PRACTICE, "A99001", None, ("A99001",)))


@pytest.mark.parametrize("code", ["a99001", "../../etc", "A 1", "Ä1", "A" * 64])
def test_a_strange_code_still_makes_an_id_of_its_own(code: str) -> None:
    made = organisation_id(code)
    assert made.startswith("ods-x-")
    assert made.isascii()
    assert made.replace("-", "").isalnum()
    assert made != organisation_id(code.upper() + "Z")
