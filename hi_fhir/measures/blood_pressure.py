"""What measures of blood pressure share: readings by setting, the register, the target and the exceptions."""

from hi_fhir.measures.words.base import Word
from hi_fhir.measures.words.events import clinical_event, diagnosed, value_set
from hi_fhir.measures.words.given import checked
from hi_fhir.measures.words.population import registration_begun
from hi_fhir.measures.words.values import LatestReading, Quantity, latest_reading
from hi_fhir.measures.words.windows import EVER, Window, months

MMHG = "mm[Hg]"
SYSTOLIC_PLAUSIBLE, DIASTOLIC_PLAUSIBLE = (40.0, 350.0), (20.0, 200.0)

HYPERTENSION = value_set("hypertension")
RESOLVED = value_set("hypertension-resolved")
MAXIMAL_THERAPY = value_set("hypertension-maximal-therapy")
UNSUITABLE = value_set("hypertension-unsuitable")
HYPERTENSION_DECLINED = value_set("hypertension-declined")
PRESSURE_DECLINED = value_set("blood-pressure-declined")
INVITATION = value_set("hypertension-invitation")

NO_AMBULATORY = "readings of ambulatory monitoring, which QOF takes like those at home, are not read"
NOT_TO_MARCH = "the months end on the reference date, those of QOF on 31 March"


@checked
def clinic(within: Window) -> LatestReading:
    """The latest reading with the codes of the clinic."""
    return _reading("", within)


@checked
def home(within: Window) -> LatestReading:
    """The latest reading with the codes of averages at home."""
    return _reading("-home", within)


def _reading(setting: str, within: Window) -> LatestReading:
    return latest_reading(
        Quantity(value_set(f"systolic-blood-pressure{setting}"), MMHG, SYSTOLIC_PLAUSIBLE),
        Quantity(value_set(f"diastolic-blood-pressure{setting}"), MMHG, DIASTOLIC_PLAUSIBLE),
        within=within,
    )


@checked
def target_met(
    at_clinic: tuple[float, float], at_home: tuple[float, float], within: Window, *, home_unverified: bool = False
) -> Word:
    """The later reading decides by the threshold of its setting; on one day either may meet its own.

    at_clinic, at_home: highest systolic and diastolic in mm[Hg] that meet the target. home_unverified: that at home was
    not seen in the rule set's own text.
    """
    by_clinic, by_home = clinic(within), home(within)
    return (by_clinic.at_most(*at_clinic) & by_clinic.no_earlier_than(by_home)) | (
        by_home.at_most(*at_home, unverified=home_unverified) & by_home.no_earlier_than(by_clinic)
    )


@checked
def on_hypertension_register() -> Word:
    return diagnosed(HYPERTENSION, unless_resolved_by=RESOLVED)


@checked
def care_adjustments() -> Word:
    """Who may be left out of QOF's hypertension indicators when the target is not met."""
    return (
        clinical_event(MAXIMAL_THERAPY, months(12))
        | clinical_event(UNSUITABLE, months(12))
        | clinical_event(PRESSURE_DECLINED, months(12))
        | clinical_event(HYPERTENSION_DECLINED, months(12))
        | clinical_event(INVITATION, months(12)).twice(days_apart=7)
        | clinical_event(HYPERTENSION, EVER).first.within(months(9))
        | registration_begun(within=months(9))
    )
