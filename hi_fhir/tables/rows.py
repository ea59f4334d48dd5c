"""Rows of the tables that are not clinical, between the views that read them and the buffers that write them.

Fields are columns of the table by name, but for its source_id, which a chunk has one of; `line` is the line within the
chunk, from which `seq` is made. Patients are numbers of the chunk, days are days from 1970-01-01.
"""

from typing import NamedTuple


class PatientRow(NamedTuple):
    patient_id: int
    nhs_key: str | None
    nhs_number: str
    birth_date: int | None
    birth_date_last: int | None
    sex: str
    active: bool
    dead: bool
    death_date: int | None
    postcode: str | None
    lsoa11: str | None
    lsoa21: str | None
    home_from: int | None
    home_until: int | None
    restricted: bool
    language_recorded: bool
    interpreter: str | None
    line: int


class OtherHomeRow(NamedTuple):
    patient_id: int
    place: int
    postcode: str | None
    lsoa11: str | None
    lsoa21: str | None
    home_from: int | None
    home_until: int | None
    line: int


class PatientLinkRow(NamedTuple):
    patient_id: int
    kind: str
    other_id: str | None
    line: int


class PatientIdentifierRow(NamedTuple):
    patient_id: int
    named_id: str
    line: int


class IdentityRow(NamedTuple):
    patient_id: int
    source_patient_id: str
    line: int


class RegistrationRow(NamedTuple):
    patient_id: int
    kind: str | None
    organization_id: str | None
    ods_code: str | None
    start_date: int | None
    end_date: int | None
    regular: bool | None
    ended_on_unknown_date: bool
    organization_kind: str | None
    resource_id: str | None
    line: int


class OrganizationRow(NamedTuple):
    organization_id: str
    ods_code: str | None
    code_from: int | None
    code_until: int | None
    kind: str | None
    name: str | None
    part_of_id: str | None
    line: int


FIELDS = {
    "identity": IdentityRow._fields,
    "organization": OrganizationRow._fields,
    "other_home": OtherHomeRow._fields,
    "patient": PatientRow._fields,
    "patient_identifier": PatientIdentifierRow._fields,
    "patient_link": PatientLinkRow._fields,
    "registration": RegistrationRow._fields,
}
"""The fields of each table's rows, in order."""
