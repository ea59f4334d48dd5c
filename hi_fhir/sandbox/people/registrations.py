"""Where a person is registered, in every way in which a record says so."""

from datetime import date, timedelta
from random import Random

from hi_fhir.sandbox.people.choices import Weighted, day_between
from hi_fhir.sandbox.people.model import AS_OF, PERIOD_START, Registration, SyntheticOrganisation, When
from hi_fhir.sandbox.people.places import PRACTICES

_DAY = timedelta(days=1)
_NINE_MONTHS_AGO = date(2024, 7, 1)

_KINDS = Weighted(
    {
        "gp": 40,
        "gp-reference": 7,
        "gp-no-start": 3,
        "managing": 5,
        "episode": 14,
        "episode-reference": 4,
        "episode-beats-gp": 3,
        "temporary": 1.5,
        "temporary-and-regular": 1.5,
        "planned-episode": 1.5,
        "finished-episode": 1.5,
        "none": 2.5,
        "left": 2.5,
        "left-on-last-day": 1.5,
        "not-begun": 1.5,
        "moved": 3,
        "moved-unended": 2,
        "tie": 1.5,
        "begun-partial": 2,
        "managing-and-gp": 2,
    }
)
_STARTS = Weighted({"long-ago": 78, "recent": 10, "nine-months": 3, "before-them": 3, "last-day": 2, "in-year": 4})


def registrations(random: Random) -> tuple[Registration, ...]:
    """What one patient record states of registrations."""
    practice, other = random.sample(PRACTICES, 2)
    start = When(_start(random))
    way = _KINDS.pick(random)
    match way:
        case "gp":
            return (Registration("general-practitioner", practice, start),)
        case "gp-reference":
            return (Registration("general-practitioner", practice, by_identifier=False),)
        case "gp-no-start":
            return (Registration("general-practitioner", practice),)
        case "managing":
            return (Registration("managing-organization", practice, by_identifier=False),)
        case "episode":
            return (_episode(random, practice, start),)
        case "episode-reference":
            return (_episode(random, practice, start, by_identifier=False),)
        case "finished-episode":
            end = random.choice((None, When(AS_OF - _DAY), When(AS_OF + _DAY)))
            return (Registration("episode", practice, start, end, status="finished"),)
        case "begun-partial":
            return (Registration("general-practitioner", practice, _vague(random, start.day)),)
        case "left":
            return (Registration("general-practitioner", practice, _old(random), When(AS_OF - _DAY)),)
        case "left-on-last-day":
            return (Registration("general-practitioner", practice, _old(random), When(AS_OF)),)
        case "not-begun":
            return (Registration("general-practitioner", practice, When(AS_OF + _DAY)),)
        case "none":
            return ()
    return _several(random, way, practice, other, start)


def _several(
    random: Random, way: str, practice: SyntheticOrganisation, other: SyntheticOrganisation, start: When
) -> tuple[Registration, ...]:
    """Two statements, of which the rules choose."""
    old = _old(random)
    match way:
        case "episode-beats-gp":
            return (Registration("general-practitioner", other, When(AS_OF)), _episode(random, practice, start))
        case "temporary":
            return (_episode(random, practice, start, temporary=True),)
        case "temporary-and-regular":
            return (
                _episode(random, other, When(AS_OF - 9 * _DAY), temporary=True),
                _episode(random, practice, old, temporary=False),
            )
        case "planned-episode":
            status = random.choice(("planned", "waitlist", "cancelled", "entered-in-error"))
            return (
                Registration("general-practitioner", practice, start),
                Registration("episode", other, start, status=status),
            )
        case "moved":
            moved = When(day_between(random, PERIOD_START, AS_OF))
            return (
                Registration("general-practitioner", other, old, When(moved.day - _DAY)),
                Registration("general-practitioner", practice, moved),
            )
        case "moved-unended":
            return (
                Registration("general-practitioner", practice, When(PERIOD_START)),
                Registration("general-practitioner", other, old),
            )
        case "tie":
            return (
                Registration("general-practitioner", practice, old),
                Registration("general-practitioner", other, old),
            )
    return (
        Registration("managing-organization", other, by_identifier=False),
        Registration("general-practitioner", practice, start),
    )


def _episode(
    random: Random,
    practice: SyntheticOrganisation,
    start: When,
    *,
    temporary: bool | None = None,
    by_identifier: bool = True,
) -> Registration:
    said = random.choice((None, False)) if temporary is None else temporary
    return Registration("episode", practice, start, temporary=said, by_identifier=by_identifier)


def two_registrations(random: Random) -> tuple[tuple[Registration, ...], tuple[Registration, ...]]:
    """What two records of one person state: an earlier practice that was not told, a later one; or a tie."""
    practice, other = random.sample(PRACTICES, 2)
    old = _old(random)
    new = old if random.random() < 0.3 else When(day_between(random, PERIOD_START, AS_OF))
    earlier = Registration("general-practitioner", other, old)
    later = Registration("general-practitioner", practice, new)
    return (earlier,), (later,)


def _start(random: Random) -> date:
    match _STARTS.pick(random):
        case "recent":
            return day_between(random, _NINE_MONTHS_AGO, AS_OF)
        case "nine-months":
            return _NINE_MONTHS_AGO
        case "before-them":
            return _NINE_MONTHS_AGO - _DAY
        case "last-day":
            return AS_OF
        case "in-year":
            return day_between(random, PERIOD_START, _NINE_MONTHS_AGO)
    return _old(random).day


def _old(random: Random) -> When:
    return When(day_between(random, date(1990, 1, 1), PERIOD_START - _DAY))


def _vague(random: Random, day: date) -> When:
    """The day's month or year."""
    if random.random() < 0.5:
        return When(day.replace(day=1), "month")
    return When(day.replace(month=1, day=1), "year")
