"""Six physical health checks of people with a severe mental illness.

Of registered people on the register, the share who in the 12 months to the reference date had each of: blood pressure,
BMI, alcohol, lipids, HbA1c or glucose, and smoking status. A remission code on or after the latest diagnosis takes them
off the register.
"""

from datetime import date

from hi_fhir.measures import (
    Example,
    Person,
    ProportionMeasure,
    blood_pressure,
    diagnosed,
    months,
    observed,
    registered,
    value_set,
)

ILLNESS = value_set("severe-mental-illness")
REMISSION = value_set("severe-mental-illness-remission")
CHECKS = tuple(value_set(name) for name in ("bmi", "alcohol", "lipids", "hba1c-or-glucose", "smoking-status"))

bmi, alcohol, lipids, glucose, smoking = (observed(check, months(12)) for check in CHECKS)

JUNE = date(2024, 6, 1)


def someone(without: str = "", on: date = JUNE) -> Person:
    person = Person().diagnosed(ILLNESS, on=date(2012, 1, 1))
    for check in CHECKS:
        person = person if check.id == without else person.observed(check, on)
    return person


MEASURE = ProportionMeasure(
    id="severe-mental-illness-six-checks",
    version="2025.2",
    title="Severe mental illness, six physical health checks",
    description=(
        "People with a severe mental illness who in the 12 months to the reference date had blood pressure, BMI, "
        "alcohol, lipids, HbA1c or glucose, and smoking status recorded."
    ),
    rule_set="NHS England PHSMI",
    source="Physical health checks for people with severe mental illness (PHSMI), as its publishers describe it",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered() & diagnosed(ILLNESS, unless_resolved_by=REMISSION),
    numerator=(blood_pressure.clinic(months(12)) | blood_pressure.home(months(12)))
    & bmi
    & alcohol
    & lipids
    & glucose
    & smoking,
    caveats=(
        "lithium puts nobody on the register; PHSMI leaves out those who are on it for lithium alone, QOF keeps them",
        "lipids are asked of everybody in 12 months; QOF's MH011 gives those of lower risk 24",
        "register and months are of the reference date; PHSMI's are of the last day of a quarter, QOF's of 31 March",
        blood_pressure.NO_AMBULATORY,
    ),
    examples=(
        Example("all six", someone().blood_pressure(150, 95, JUNE), "numerator"),
        Example("all six, blood pressure at home", someone().blood_pressure(130, 80, JUNE, home=True), "numerator"),
        Example("no blood pressure", someone(), "denominator"),
        Example("an implausible blood pressure", someone().blood_pressure(130, 300, JUNE), "denominator"),
        *(
            Example(f"no {check.id}", someone(without=check.id).blood_pressure(130, 80, JUNE), "denominator")
            for check in CHECKS
        ),
        Example(
            "all on the first of the 12 months",
            someone(on=date(2024, 4, 1)).blood_pressure(130, 80, date(2024, 4, 1)),
            "numerator",
        ),
        Example("all the day before", someone(on=date(2024, 3, 31)).blood_pressure(130, 80, JUNE), "denominator"),
        Example("in remission", someone().observed(REMISSION, on=date(2020, 1, 1)), "outside"),
        Example("remission on the day of diagnosis", someone().observed(REMISSION, on=date(2012, 1, 1)), "outside"),
        Example(
            "relapsed",
            someone().observed(REMISSION, on=date(2020, 1, 1)).diagnosed(ILLNESS, on=date(2022, 1, 1)),
            "denominator",
        ),
        Example("no diagnosis", Person().blood_pressure(130, 80, JUNE), "outside"),
    ),
)
