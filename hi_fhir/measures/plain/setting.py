"""What a reading goes by beside the person: the period, the reference date, and how a value's unit becomes another."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from hi_fhir.core.days import Period

Convert = Callable[[float, str, str, str], float | None]
"""A value, its unit as received, the unit that is meant and the value set: the value in that, None: no way there."""


@dataclass(frozen=True)
class Setting:
    period: Period
    as_of: date
    convert: Convert
