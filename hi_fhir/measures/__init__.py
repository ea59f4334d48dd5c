"""Measures as data: what a definition is written in. A definition imports from here alone."""

from hi_fhir.measures import blood_pressure
from hi_fhir.measures.examples import Example, Person, StratumExample
from hi_fhir.measures.model import CountMeasure, ProportionMeasure, RatioMeasure
from hi_fhir.measures.stratifiers import (
    CORE_STRATIFIERS,
    ByAge,
    ByColumn,
    ByDecile,
    ByEthnicity,
    ByWords,
    Crossing,
    Stratifier,
)
from hi_fhir.measures.words.base import at_least_of
from hi_fhir.measures.words.completeness import (
    address_recorded,
    birth_date_recorded,
    ethnicity_compared,
    ethnicity_consistent,
    ethnicity_specific,
    interpreter_recorded,
    language_recorded,
    nhs_number_valid,
)
from hi_fhir.measures.words.events import (
    clinical_event,
    diagnosed,
    encounter,
    observed,
    occasions,
    prescribed,
    vaccinated,
    value_set,
)
from hi_fhir.measures.words.population import (
    aged,
    deprivation_linked,
    ethnic_group,
    ethnicity_recorded,
    ethnicity_stated,
    imd_decile,
    nhs_number_verified,
    registered,
    registration_begun,
    sex,
)
from hi_fhir.measures.words.problems import problems
from hi_fhir.measures.words.statuses import answered, latest_of
from hi_fhir.measures.words.values import Quantity, latest_reading
from hi_fhir.measures.words.windows import EVER, FINANCIAL_YEAR, IN_PERIOD, days, months, season, weeks

__all__ = [
    "CORE_STRATIFIERS",
    "EVER",
    "FINANCIAL_YEAR",
    "IN_PERIOD",
    "ByAge",
    "ByColumn",
    "ByDecile",
    "ByEthnicity",
    "ByWords",
    "CountMeasure",
    "Crossing",
    "Example",
    "Person",
    "ProportionMeasure",
    "Quantity",
    "RatioMeasure",
    "Stratifier",
    "StratumExample",
    "address_recorded",
    "aged",
    "answered",
    "at_least_of",
    "birth_date_recorded",
    "blood_pressure",
    "clinical_event",
    "days",
    "deprivation_linked",
    "diagnosed",
    "encounter",
    "ethnic_group",
    "ethnicity_compared",
    "ethnicity_consistent",
    "ethnicity_recorded",
    "ethnicity_specific",
    "ethnicity_stated",
    "imd_decile",
    "interpreter_recorded",
    "language_recorded",
    "latest_of",
    "latest_reading",
    "months",
    "nhs_number_valid",
    "nhs_number_verified",
    "observed",
    "occasions",
    "prescribed",
    "problems",
    "registered",
    "registration_begun",
    "season",
    "sex",
    "vaccinated",
    "value_set",
    "weeks",
]
