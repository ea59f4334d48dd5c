"""What the sandbox knows of its people before any FHIR is written: plain values, with the meaning of every code."""

from dataclasses import dataclass
from datetime import date, time

PERIOD_START, PERIOD_END = date(2024, 4, 1), date(2025, 3, 31)
AS_OF = PERIOD_END
DATA_DATE = date(2025, 4, 2)
"""The days that people are made around: a little happens on, before and after each of them."""


@dataclass(frozen=True, slots=True)
class Code:
    """codings: system and code of each; none where there is text alone. means: the value set that it counts for.

    says: for ethnicity, a letter of the 16 categories of 2001, "not-stated" or "refused". means is None for a code that
    no value set has and no map takes to one that has it.
    """

    codings: tuple[tuple[str, str], ...]
    text: str
    means: str | None = None
    says: str | None = None


@dataclass(frozen=True, slots=True)
class When:
    """A date as a record gives it.

    day: its first day in London. precision: year, month or day. clock: the London time of day, which makes it an
    instant. utc: the instant is written in UTC, so that near midnight the day that is written is not the London day.
    """

    day: date
    precision: str = "day"
    clock: time | None = None
    utc: bool = False


@dataclass(frozen=True, slots=True)
class CodedAnswer:
    """What an Observation or component has for a value that is no number.

    way: boolean, concept, words, absent-reason or quantity (a unit without a value). codings, text: of it, as Code has
    them. says: denied, none or absent, of what the record's code names; None for anything else.
    """

    way: str
    codings: tuple[tuple[str, str], ...] = ()
    text: str = ""
    says: str | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an Encounter was, as it refers to it.

    way: record or absolute (by its address), elsewhere (of another server), contained (a Condition of this code),
    identifier or display alone. type, id: of the record, which may not be there.
    """

    way: str
    type: str = "Condition"
    id: str = ""
    code: Code | None = None


@dataclass(frozen=True, slots=True)
class VisitKind:
    """What an Encounter says of its type and its class; None where it says nothing of it."""

    type: Code | None
    encounter_class: Code | None


@dataclass(frozen=True, slots=True)
class Component:
    """One value of an Observation of several. unit: as written, None where none is. The others as Record has them."""

    code: Code
    value: float | None
    unit: str | None
    comparator: str | None = None
    answer: CodedAnswer | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One clinical record, of whichever resource type.

    patient_id: the patient that it is about, who may not be there. code: for an Encounter its reason, None for none.
    when: its clinically relevant date. issued: when it was written down, which dates a record without the former.
    status: as FHIR has it for the type; for a Condition refuted, entered-in-error or the clinical status. reference:
    how the patient is referred to: relative, absolute, versioned, by-identifier or by-number (which is `number`) alone,
    contained, or elsewhere, which is a patient of another server who has the same id there. comparator: <, <=, >= or >,
    where the value is a bound. answer: of an Observation, in place of a value. reason, visit: of an Encounter, by
    reference, and of which kind it is. events, bounds: of an Observation that is dated by a Timing: its events in any
    order, and the start of its bounds.
    """

    type: str
    id: str
    patient_id: str
    code: Code | None
    when: When | None
    status: str
    issued: When | None = None
    value: float | None = None
    unit: str | None = None
    components: tuple[Component, ...] = ()
    reference: str = "relative"
    number: str | None = None
    comparator: str | None = None
    answer: CodedAnswer | None = None
    reason: Reason | None = None
    visit: VisitKind = VisitKind(None, None)
    events: tuple[When, ...] = ()
    bounds: When | None = None


@dataclass(frozen=True, slots=True)
class SyntheticOrganisation:
    """Whatever a record may name. id: of its resource. part_of: the id of what it says that it is part of.

    kind: practice, branch, pcn, icb, hospital, no-practice (a code that stands for none) or unknown: nothing tells what
    it is, and there is no resource of it. former_code: the ODS code that it had before.
    """

    id: str
    ods_code: str
    name: str
    kind: str
    part_of: str | None
    former_code: str | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    """One registration that a Patient or an EpisodeOfCare states.

    kind: episode, registration-details, general-practitioner or managing-organization. practice: the organisation that
    is named as such; None where none is, as in registration details, which are of the one that the patient names beside
    them. end: the last day. temporary: None where the record does not say. status: of an episode; of registration
    details active, inactive, pending or leaving. by_identifier: the practice is named by its ODS code, else by
    reference. is_old: by a code of use `old`. care: what an episode is of, where it is none of a registration.
    """

    kind: str
    practice: SyntheticOrganisation | None
    start: When | None = None
    end: When | None = None
    temporary: bool | None = None
    status: str = "active"
    by_identifier: bool = True
    care: str | None = None
    is_old: bool = False


@dataclass(frozen=True, slots=True)
class NhsNumber:
    """standing: verified, verified-in-words, present, invalid (check digit), placeholder (one digit ten times), shared.

    shared: by many, as what a form has where nobody fills it in.
    """

    value: str
    standing: str


@dataclass(frozen=True, slots=True)
class SmallArea:
    """A small area of both vintages with its published rank of deprivation; none where it is not English."""

    lsoa11: str | None
    rank_2019: int | None
    lsoa21: str | None
    rank_2025: int | None


@dataclass(frozen=True, slots=True)
class Postcode:
    """place: None where the directory has no area for it. in_directory: whether it is in the directory at all."""

    text: str
    place: SmallArea | None
    in_directory: bool = True


@dataclass(frozen=True, slots=True)
class Address:
    """An address. postcode: None for none. area: an LSOA that stands on the record, with its vintages.

    use: as FHIR has it, None where it is not said. since, until: the first and the last day there. former: the postcode
    of an old home.
    """

    postcode: Postcode | None
    written: str | None = None
    area: SmallArea | None = None
    vintages: tuple[str, ...] = ()
    area_on_patient: bool = False
    former: Postcode | None = None
    use: str | None = "home"
    until: When | None = None
    since: When | None = None


@dataclass(frozen=True, slots=True)
class Death:
    """when: None for a death without a date."""

    when: When | None


@dataclass(frozen=True, slots=True)
class PatientLink:
    """kind: replaced-by, replaces, refer or seealso. other: the id of a patient, who may not be there, or None."""

    kind: str
    other: str | None


@dataclass(frozen=True, slots=True)
class Patient:
    """One patient record. sex: None where the record does not say. ethnicity: codings of the UK Core extension.

    links: to other patients. further: addresses that follow the first. language: how it is said: communication, words,
    extension, empty (an element that names none) or not at all. interpreter: needed or not-needed, by the extension of
    FHIR or, where it begins nested-, within that of UK Core.
    """

    id: str
    nhs_number: NhsNumber | None
    given: str
    family: str
    sex: str | None
    born: When | None
    address: Address | None
    active: bool | None
    death: Death | None
    restricted: bool
    ethnicity: Code | None
    registrations: tuple[Registration, ...]
    links: tuple[PatientLink, ...] = ()
    further: tuple[Address, ...] = ()
    language: str = ""
    interpreter: str = ""


@dataclass(frozen=True, slots=True)
class SyntheticPerson:
    """One person: a patient record, or several that are merged or have one NHS number, and what is recorded of them."""

    patients: tuple[Patient, ...]
    records: tuple[Record, ...]
