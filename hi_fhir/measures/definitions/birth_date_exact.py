"""Birth date exact: of people with a birth date, the share of whom it is known to the day."""

from datetime import date

from hi_fhir.measures import Example, Person, ProportionMeasure, birth_date_exact, birth_date_recorded, registered

BORN = date(1970, 6, 1)

MEASURE = ProportionMeasure(
    id="birth-date-exact",
    version="2026.1",
    title="Birth date exact",
    description="People registered on the reference date whose birth date is known to the day, of those who have one.",
    rule_set="hi_fhir data quality",
    source="our own data-quality rule",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered() & birth_date_recorded(),
    numerator=birth_date_exact(),
    examples=(
        Example("to the day", Person(born=BORN), "numerator"),
        Example("its month or year alone", Person(born=BORN, birth_date_exact=False), "denominator"),
        Example("none", Person(born=None), "outside"),
        Example("not registered", Person(born=BORN, practice=None), "outside"),
    ),
)
