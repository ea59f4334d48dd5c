"""The strata that a registered person is in."""

from hi_fhir.sandbox.truth.ethnicity import GROUPS_2021

_AGE_BANDS = ((80, "80+"), (65, "65-79"), (40, "40-64"), (18, "18-39"), (14, "14-17"), (0, "0-13"))
UNKNOWN = "unknown"


def strata_of(sex: str | None, age: int | None, ethnicity: str, decile: int | None) -> dict[str, str]:
    """Stratifier to stratum, but for those that follow the practice."""
    group = GROUPS_2021.get(ethnicity, ethnicity)
    quintile = UNKNOWN if decile is None else str((decile + 1) // 2)
    return {
        "sex": sex or UNKNOWN,
        "age-band": UNKNOWN if age is None else next(band for least, band in _AGE_BANDS if age >= least),
        "ethnic-group-5": group,
        "ethnic-category-16": ethnicity,
        "imd-quintile": quintile,
        "imd-decile": UNKNOWN if decile is None else str(decile),
        "core20": UNKNOWN if decile is None else "core20" if quintile == "1" else "rest",
        "ethnic-group-5*imd-quintile": f"{group}*{quintile}",
    }
