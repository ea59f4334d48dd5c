"""Where a person is registered, in every way in which a record says so."""

from datetime import date, timedelta
from random import Random

from hi_fhir.sandbox.people.chance import Ways, day_between
from hi_fhir.sandbox.people.model import AS_OF, PERIOD_START, Organisation, Registration, When
from hi_fhir.sandbox.people.places import PRACTICES

_DAY = timedelta(days=1)
_NINE_MONTHS_AGO = date(2024, 7, 1)

_WAYS = Ways(
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
_STARTS = Ways({"long-ago": 78, "recent": 10, "nine-months": 3, "before-them": 3, "last-day": 2, "in-year": 4})


def registrations(chance: Random) -> tuple[Registration, ...]:
    """What one patient record states of registrations."""
    practice, other = chance.sample(PRACTICES, 2)
    start = When(_start(chance))
    way = _WAYS.pick(chance)
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
            return (_episode(chance, practice, start),)
        case "episode-reference":
            return (_episode(chance, practice, start, by_identifier=False),)
        case "finished-episode":
            end = chance.choice((None, When(AS_OF - _DAY), When(AS_OF + _DAY)))
            return (Registration("episode", practice, start, end, status="finished"),)
        case "begun-partial":
            return (Registration("general-practitioner", practice, _vague(chance, start.day)),)
        case "left":
            return (Registration("general-practitioner", practice, _old(chance), When(AS_OF - _DAY)),)
        case "left-on-last-day":
            return (Registration("general-practitioner", practice, _old(chance), When(AS_OF)),)
        case "not-begun":
            return (Registration("general-practitioner", practice, When(AS_OF + _DAY)),)
        case "none":
            return ()
    return _several(chance, way, practice, other, start)


def _several(
    chance: Random, way: str, practice: Organisation, other: Organisation, start: When
) -> tuple[Registration, ...]:
    """Two statements, of which the rules choose."""
    old = _old(chance)
    match way:
        case "episode-beats-gp":
            return (Registration("general-practitioner", other, When(AS_OF)), _episode(chance, practice, start))
        case "temporary":
            return (_episode(chance, practice, start, temporary=True),)
        case "temporary-and-regular":
            return (
                _episode(chance, other, When(AS_OF - 9 * _DAY), temporary=True),
                _episode(chance, practice, old, temporary=False),
            )
        case "planned-episode":
            status = chance.choice(("planned", "waitlist", "cancelled", "entered-in-error"))
            return (
                Registration("general-practitioner", practice, start),
                Registration("episode", other, start, status=status),
            )
        case "moved":
            moved = When(day_between(chance, PERIOD_START, AS_OF))
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
    chance: Random,
    practice: Organisation,
    start: When,
    *,
    temporary: bool | None = None,
    by_identifier: bool = True,
) -> Registration:
    said = chance.choice((None, False)) if temporary is None else temporary
    return Registration("episode", practice, start, temporary=said, by_identifier=by_identifier)


def two_registrations(chance: Random) -> tuple[tuple[Registration, ...], tuple[Registration, ...]]:
    """What two records of one person state: an earlier practice that was not told, a later one; or a tie."""
    practice, other = chance.sample(PRACTICES, 2)
    old = _old(chance)
    new = old if chance.random() < 0.3 else When(day_between(chance, PERIOD_START, AS_OF))
    earlier = Registration("general-practitioner", other, old)
    later = Registration("general-practitioner", practice, new)
    return (earlier,), (later,)


def _start(chance: Random) -> date:
    match _STARTS.pick(chance):
        case "recent":
            return day_between(chance, _NINE_MONTHS_AGO, AS_OF)
        case "nine-months":
            return _NINE_MONTHS_AGO
        case "before-them":
            return _NINE_MONTHS_AGO - _DAY
        case "last-day":
            return AS_OF
        case "in-year":
            return day_between(chance, PERIOD_START, _NINE_MONTHS_AGO)
    return _old(chance).day


def _old(chance: Random) -> When:
    return When(day_between(chance, date(1990, 1, 1), PERIOD_START - _DAY))


def _vague(chance: Random, day: date) -> When:
    """The day's month or year."""
    if chance.random() < 0.5:
        return When(day.replace(day=1), "month")
    return When(day.replace(month=1, day=1), "year")
