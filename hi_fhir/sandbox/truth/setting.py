"""What a run is asked: its period and day, the index of deprivation, and whom the opt-out policy leaves out."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from hi_fhir.sandbox.people.model import AS_OF, PERIOD_END, PERIOD_START
from hi_fhir.sandbox.people.places import SHIRES, Region

Window = tuple[date, date]
"""First and last day, both inclusive."""


@dataclass(frozen=True)
class TruthSetting:
    """period: its first and last day. as_of: a day of it. imd_year: 2019 or 2025. opt_out: the policy's name.

    listed: the NHS numbers on the deployment's list of opt-outs. region: where people are registered.
    """

    period: Window = (PERIOD_START, PERIOD_END)
    as_of: date = AS_OF
    imd_year: int = 2025
    opt_out: str = "not-applicable"
    listed: frozenset[str] = frozenset()
    region: Region = SHIRES

    @property
    def in_period(self) -> Window:
        """From the period's start to the reference date."""
        return self.period[0], self.as_of

    def months(self, count: int) -> Window:
        """The months to the reference date: from the day after that day so many months ago, or the month's last."""
        year, month = divmod(self.as_of.year * 12 + self.as_of.month - 1 - count, 12)
        last = monthrange(year, month + 1)[1]
        return date(year, month + 1, min(self.as_of.day, last)) + timedelta(days=1), self.as_of

    def age(self, born: date) -> int:
        """Completed years at the period's end; born on 29 February, one is complete on 1 March of a common year."""
        end = self.period[1]
        return end.year - born.year - (0 if (born.month, born.day) <= (end.month, end.day) else 1)


USUAL = TruthSetting()
"""What the sandbox's people are made around."""
