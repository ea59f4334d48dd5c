"""Patient with its UK Core extensions, as rows of `patient`, `identity`, `ethnic_category` and `registration`."""

import re
from collections.abc import Callable
from typing import Literal

import msgspec

from hi_fhir.tables.dates import first_day, last_day, read_span
from hi_fhir.tables.references import same_id
from hi_fhir.tables.refused import RefusedError
from hi_fhir.tables.rows import IdentityRow, OtherHomeRow, PatientIdentifierRow, PatientLinkRow, PatientRow
from hi_fhir.tables.views.elements import (
    CodeableConcept,
    Context,
    ExtensionElement,
    Identifier,
    Meta,
    Reference,
    ResourceId,
    VersionState,
    codings,
    has_code,
)
from hi_fhir.tables.views.homes import AddressElement, homes
from hi_fhir.tables.views.languages import CommunicationElement, has_language, interpreter
from hi_fhir.tables.views.nhs_number import further_identifiers, read_nhs_number
from hi_fhir.tables.views.organizations import NOWHERE, StatedRegistration, named_organization
from hi_fhir.tables.views.registration_details import is_registration_details, registration_details
from hi_fhir.terminology.systems import ETHNIC_CATEGORIES

_ETHNIC_CATEGORY = "Extension-UKCore-EthnicCategory"
_DEATH_NOTIFICATION = "Extension-UKCore-DeathNotificationStatus"
_ONE_PERSON = ("replaced-by", "replaces")  # refer and seealso name somebody who is not replaced
_SEXES = frozenset({"female", "male", "other", "unknown"})
_MIDNIGHT = re.compile(r"T00:00(?::00(?:\.0+)?)?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)


class LinkElement(msgspec.Struct, gc=False):
    other: Reference | None = None
    type: str | None = None


class PatientResource(msgspec.Struct, gc=False, rename="camel"):
    resource_type: Literal["Patient"]
    id: ResourceId
    meta: Meta | None = None
    extension: list[ExtensionElement] = []
    identifier: list[Identifier] = []
    active: bool | None = None
    gender: str | None = None
    birth_date: str | None = None
    deceased_boolean: bool | None = None
    deceased_date_time: str | None = None
    address: list[AddressElement] = []
    communication: list[CommunicationElement] = []
    general_practitioner: list[Reference] = []
    managing_organization: Reference | None = None
    link: list[LinkElement] = []
    contained: msgspec.Raw = msgspec.Raw()


def emitter(context: Context) -> Callable[[PatientResource, int], VersionState]:
    """A function that appends the rows of one Patient: one of `patient` and `identity`, any number of the others."""
    rows = context.tables["patient"]

    def emit(record: PatientResource, line: int) -> VersionState:
        born = _born(context, record.birth_date) if record.birth_date else None
        died = None
        if record.deceased_date_time:
            died = read_span(context.read_date, record.deceased_date_time, "$.deceasedDateTime")
        registrations = _registrations(context, record)
        home, *others = homes(context, record.address, record.extension)
        patient = context.patient(record.id)
        number, standing = read_nhs_number(record.identifier, context.systems)
        rows.append(
            PatientRow(
                patient_id=patient,
                nhs_key=context.nhs_key(number) if number else None,
                nhs_number=standing,
                birth_date=None if born is None else first_day(born),
                birth_date_last=None if born is None else last_day(born),
                sex=record.gender if record.gender in _SEXES else _sex(record.gender),
                active=record.active is not False,
                dead=bool(record.deceased_boolean) or died is not None or _death_notified(record.extension),
                death_date=None if died is None else first_day(died),
                postcode=home.postcode,
                lsoa11=home.lsoa11,
                lsoa21=home.lsoa21,
                home_from=home.first,
                home_until=home.last,
                restricted=_is_restricted(record.meta),
                language_recorded=has_language(record.communication, record.extension),
                interpreter=interpreter(record.extension),
                line=line,
            )
        )
        for place, other in enumerate(others):
            context.tables["other_home"].append(OtherHomeRow(patient, place, *other, line))
        context.tables["identity"].append(IdentityRow(patient, record.id, line))
        record.id = same_id(record.id)
        context.tables["registration"].extend(one.of(patient, line) for one in registrations)
        for named in further_identifiers(record.identifier, number, context.systems):
            context.tables["patient_identifier"].append(PatientIdentifierRow(patient, context.named_id(*named), line))
        if record.link:
            _add_links(context, record, patient, line)
        _add_ethnic_categories(context, record, patient, line)
        return VersionState.KEPT

    return emit


def _born(context: Context, text: str) -> int:
    """The span of a birth date. A time may stand with it: midnight, in whatever zone, leaves the day as written."""
    if len(text) > 10 and not _MIDNIGHT.fullmatch(text, 10):
        raise RefusedError("impossible-date", "$.birthDate")
    return read_span(context.read_date, text[:10], "$.birthDate")


def _sex(gender: str | None) -> str:
    """A gender in other letters or with space around it."""
    folded = (gender or "").strip().lower()
    return folded if folded in _SEXES else "unknown"


_UNSAID = (None,) * 5  # unit, status, dated_by, comparator, negation


def _add_ethnic_categories(context: Context, record: PatientResource, patient: int, line: int) -> None:
    add = context.clinical["ethnic_category"].add
    for extension in record.extension:
        if extension.url.endswith(_ETHNIC_CATEGORY):
            stated: CodeableConcept | None = extension.value_codeable_concept
            found: list[tuple[str | None, str | None]] = [(c.system, c.code) for c in codings(stated)] or [(None, None)]
            for system, code in found:
                if code and context.systems[system] in ETHNIC_CATEGORIES:
                    code = code.strip().upper()
                shape = context.shapes["", system, code, *_UNSAID]
                add(patient=patient, resource_id=None, shape=shape, span=None, at=None, value=None, line=line)


def _add_links(context: Context, record: PatientResource, patient: int, line: int) -> None:
    """The links that make two patients one person; a reference that cannot be read leaves the other unknown."""
    for link in record.link:
        if link.type in _ONE_PERSON:
            try:
                other = context.subjects.of(link.other or Reference(), record.contained)
            except RefusedError:
                context.tables["patient_link"].append(PatientLinkRow(patient, link.type, None, line))
            else:
                context.tables["patient_link"].append(PatientLinkRow(patient, link.type, context.hashed(other), line))


def _registrations(context: Context, record: PatientResource) -> list[StatedRegistration]:
    """What the Patient itself states."""
    stated: list[StatedRegistration] = []
    practice = None
    for number, reference in enumerate(record.general_practitioner):
        path = f"$.generalPractitioner[{number}]"
        if named := named_organization(context, reference, record.contained, path):
            stated.append(named.registration("general-practitioner", named.start, None))
            practice = practice or named
    if named := named_organization(context, record.managing_organization, record.contained, "$.managingOrganization"):
        stated.append(named.registration("managing-organization", named.start, None))
        practice = named
    for number, extension in enumerate(record.extension):
        if is_registration_details(extension):
            stated += registration_details(context, extension, practice or NOWHERE, f"$.extension[{number}]")
    return stated


def _death_notified(extensions: list[ExtensionElement]) -> bool:
    """UK Core: 1 informal or 2 formal notice of death; U takes it back."""
    return any(
        part.url == "deathNotificationStatus" and any(has_code(part.value_codeable_concept, code) for code in "12")
        for extension in extensions
        if extension.url.endswith(_DEATH_NOTIFICATION)
        for part in extension.extension
    )


def _is_restricted(meta: Meta | None) -> bool:
    return meta is not None and any(
        label.code in ("R", "V") and (label.system is None or "confidentiality" in label.system.lower())
        for label in meta.security
    )
