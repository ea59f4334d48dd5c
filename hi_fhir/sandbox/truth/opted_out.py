"""Whom a deployment's opt-out policy leaves out of everything."""

from datetime import date

from hi_fhir.sandbox.people.model import SyntheticPerson
from hi_fhir.sandbox.truth.days import dated
from hi_fhir.sandbox.truth.recorded import counts, recorded
from hi_fhir.sandbox.truth.setting import TruthSetting

OPT_OUT, WITHDRAWN = "type-1-opt-out", "type-1-opt-out-withdrawn"
BY_CODE, BY_LIST = "type-1-by-code", "imported-list"


def is_opted_out(person: SyntheticPerson, setting: TruthSetting) -> bool:
    if setting.opt_out == BY_LIST:
        return any(number in setting.listed for number in numbers_of(person))
    return setting.opt_out == BY_CODE and _objects(person)


def numbers_of(person: SyntheticPerson) -> set[str]:
    """The valid NHS numbers on the person's records."""
    numbers = (patient.nhs_number for patient in person.patients)
    return {
        number.value for number in numbers if number and number.standing not in ("invalid", "placeholder", "shared")
    }


def _objects(person: SyntheticPerson) -> bool:
    """Whether an opt-out stands, on whatever day it was made: one without a date is the earliest of all."""
    objected, withdrawn = _days(person, OPT_OUT), _days(person, WITHDRAWN)
    return bool(objected) and (not withdrawn or max(withdrawn) <= max(objected))


def _days(person: SyntheticPerson, value_set: str) -> list[date]:
    own = {patient.id for patient in person.patients}
    found = (one for one in person.records if one.patient_id in own and counts(one))
    return [dated(one) or date.min for one in found for code in recorded(one) if code.means == value_set]
