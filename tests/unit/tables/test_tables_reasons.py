"""The reasons of an encounter that are other records."""

from pathlib import Path
from typing import Any

import pytest

from hi_fhir.core.config import Config
from hi_fhir.tables.schema import REFERENCE
from tests.support.fhir_records import a_concept
from tests.support.flattening import rows_of
from tests.support.landing import config_in

UUID = "0b6f7c1e-2d3a-4f5b-8c9d-0e1f2a3b4c5d"
CONDITION = f"{REFERENCE}Condition"
HELD = [{"resourceType": "Condition", "id": "c", "code": a_concept("38341003"), "subject": {"reference": "Patient/p1"}}]

WOUND = {"resourceType": "Procedure", "id": "c", "code": a_concept("225358003")}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path)


@pytest.mark.parametrize(
    ("fields", "reasons"),
    [
        ({"reasonReference": [{"reference": "Condition/c1"}]}, [("", None), ("reference", "c1")]),
        ({"reasonReference": [{"reference": "Condition/c1/_history/2"}]}, [("", None), ("reference", "c1")]),
        ({"reasonReference": [{"reference": "urn:uuid:c1"}]}, [("", None), ("reference", "c1")]),
        ({"reasonReference": [{"reference": "Condition?identifier=urn:x|1"}]}, [("", None), ("reference", None)]),
        ({"reasonReference": [{"reference": "#c"}], "contained": HELD}, [("", "38341003")]),
        ({"reasonReference": [{"reference": "#c"}], "contained": [WOUND, *HELD]}, [("", "38341003")]),
        ({"reasonReference": [{"reference": "#c"}], "contained": [WOUND]}, [("", None), ("reference", None)]),
        ({"reasonReference": [{"reference": "#d"}], "contained": HELD}, [("", None), ("reference", None)]),
        ({"reasonReference": [{"reference": "#c"}], "contained": [{**HELD[0], "code": {"text": "x"}}]}, [("", None)]),
        ({"reasonReference": [{"identifier": {"value": "7"}}]}, [("", None), ("reference", None)]),
        ({"reasonReference": [{"reference": "http://other.invalid/Condition/c1"}]}, [("", None), ("reference", None)]),
        ({"reasonReference": [{"display": "cough"}]}, [("", None)]),
        (
            {"reasonCode": [a_concept("2")], "reasonReference": [{"reference": "Condition/c1"}]},
            [("", "2"), ("reference", "c1")],
        ),
    ],
)
def test_a_reason_by_reference_is_its_code_or_which_record_it_is(
    config: Config, fields: dict[str, Any], reasons: list[Any]
) -> None:
    record = {"resourceType": "Encounter", "id": "e1", "status": "finished", "subject": {"reference": "Patient/p1"}}

    found = rows_of(config, {**record, **fields})

    assert [(row["component"], row["code"]) for row in found] == reasons
    assert all(row["system"] == CONDITION for row in found if row["component"] == "reference" and row["code"])


@pytest.mark.parametrize("reference", [f"urn:uuid:{UUID}", f"Condition/{UUID.upper()}", f"Condition/{UUID}"])
@pytest.mark.parametrize("id_", [UUID, UUID.upper()])
def test_a_reason_leads_to_its_condition_in_any_letter_case_of_a_uuid(config: Config, reference: str, id_: str) -> None:
    subject = {"reference": "Patient/p1"}
    encounter = {"resourceType": "Encounter", "id": "e1", "status": "finished", "subject": subject}
    condition = {**HELD[0], "id": id_}

    referred = rows_of(config, {**encounter, "reasonReference": [{"reference": reference}]})
    [problem] = rows_of(config, condition, pull="2")

    assert problem["resource_id"] in [row["code"] for row in referred]
