"""Who a person is: NHS number, birth, sex, name, address and death, in every state in which records have them."""

from datetime import date, timedelta
from random import Random

from hi_fhir.sandbox.people import places
from hi_fhir.sandbox.people.choices import Weighted, day_between
from hi_fhir.sandbox.people.model import AS_OF, PERIOD_END, Address, Death, NhsNumber, Postcode, When

_BLOCK = 200_000
MOST_PEOPLE = 2 * _BLOCK
"""How many people have a number of their own in the range of test numbers.

Of every two blocks of that range the second is for those of the first whose number has no check digit.
"""

_DAY = timedelta(days=1)
_GIVEN = ("Ash", "Bay", "Brook", "Clove", "Dale", "Fern", "Flint", "Heath", "Laurel", "Linden", "Moss", "Reed", "Sage")
_FAMILY = ("Quartz", "Granite", "Basalt", "Marl", "Shale", "Gneiss", "Tuff", "Chert", "Slate", "Gault", "Greensand")

_NUMBERS = Weighted({"verified": 72, "verified-in-words": 12, "present": 8, "invalid": 3, "absent": 5})


def nhs_number(random: Random, index: int) -> NhsNumber | None:
    """A number that nobody else has, in the range 999 that is kept for tests; None for none.

    Source: NHS Data Dictionary, NHS NUMBER, for the check digit.
    """
    standing = _NUMBERS.pick(random)
    if standing == "absent":
        return None
    number = _valid_number(index)
    if standing == "invalid":
        number = number[:9] + str((int(number[9]) + 1) % 10)
    return NhsNumber(number, standing)


def _valid_number(index: int) -> str:
    for block in range(2):
        digits = f"999{index + (index // _BLOCK + block) * _BLOCK:06}"
        weighted = sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True))
        check = 11 - weighted % 11
        if check != 10:
            return digits + str(check % 11)
    raise AssertionError("two numbers this far apart cannot both lack a check digit")


def name(random: Random) -> tuple[str, str]:
    """Given and family name."""
    return random.choice(_GIVEN), random.choice(_FAMILY)


_SEXES: Weighted[str | None] = Weighted({"female": 49, "male": 47, "other": 1.5, "unknown": 1.5, None: 1})


def sex(random: Random) -> str | None:
    return _SEXES.pick(random)


_BIRTHS = Weighted({"any": 80, "old": 8, "edge": 6, "leap": 1.5, "year": 1.5, "month": 1.5, "absent": 1.5})
_EDGE_AGES = (14, 16, 18, 40, 65, 80)


def birth(random: Random) -> When | None:
    """A birth date: many on or just after a birthday that decides, at the period's end; a few partial or absent."""
    match _BIRTHS.pick(random):
        case "any":
            return When(day_between(random, date(1935, 1, 1), PERIOD_END))
        case "old":
            return When(day_between(random, date(1922, 1, 1), date(1946, 1, 1)))
        case "edge":
            birthday = PERIOD_END.replace(year=PERIOD_END.year - random.choice(_EDGE_AGES))
            return When(birthday + random.choice((0, 1)) * _DAY)
        case "leap":
            return When(date(random.choice((1944, 1960, 1984, 2008)), 2, 29))
        case "year":
            return When(date(day_between(random, date(1935, 1, 1), PERIOD_END).year, 1, 1), "year")
        case "month":
            return When(day_between(random, date(1935, 1, 1), PERIOD_END).replace(day=1), "month")
    return None


_DEATHS = Weighted({"": 94, "before": 1.5, "undated": 1.2, "last-day": 1.2, "after": 1.2, "year": 1.2})


def death(random: Random) -> Death | None:
    match _DEATHS.pick(random):
        case "before":
            return Death(When(day_between(random, date(2020, 1, 1), AS_OF - _DAY)))
        case "undated":
            return Death(None)
        case "last-day":
            return Death(When(AS_OF))
        case "after":
            return Death(When(AS_OF + _DAY))
        case "year":
            return Death(When(date(2025, 1, 1), "year"))
    return None


_ADDRESSES = Weighted(
    {
        "listed": 76,
        "moved": 3,
        "unspaced": 3,
        "none": 3,
        "no-postcode": 1.5,
        "unlisted": 2,
        "pseudo": 1.5,
        "welsh": 1.5,
        "scottish": 1.5,
        "no-area": 1.5,
        "own-area": 1.5,
        "own-area-on-patient": 1.5,
        "own-old-area": 1.2,
        "unlisted-own-area": 1.3,
        "elsewhere": 1.5,
        "unsaid": 1.5,
        "ended": 2,
    }
)
_POSTCODES = {
    "unlisted": places.UNLISTED,
    "pseudo": places.PSEUDO,
    "welsh": places.WELSH,
    "scottish": places.SCOTTISH,
    "no-area": places.NO_AREA,
}


def address(random: Random) -> Address | None:
    """An address, of a home but for a few; None for none."""
    way = _ADDRESSES.pick(random)
    home: Postcode = random.choice(_POSTCODES.get(way, places.ENGLISH))
    area = random.choice(places.PLACES)
    match way:
        case "none":
            return None
        case "no-postcode":
            return Address(None)
        case "moved":
            return Address(home, former=random.choice(places.ENGLISH))
        case "elsewhere":
            return Address(home, use=random.choice(("old", "temp", "work", "billing")))
        case "unsaid":
            return Address(home, use=None)
        case "ended":
            return Address(home, until=When(AS_OF + random.choice((-1, -1, 0, 1)) * _DAY))
        case "unspaced":
            return Address(home, written=home.text.replace(" ", "").lower())
        case "own-area":
            return Address(None, area=area, vintages=("lsoa11", "lsoa21"))
        case "own-area-on-patient":
            return Address(None, area=area, vintages=("lsoa11", "lsoa21"), area_on_patient=True)
        case "own-old-area":
            return Address(None, area=area, vintages=("lsoa11",))
        case "unlisted-own-area":
            return Address(random.choice(places.UNLISTED), area=area, vintages=("lsoa21",))
    return Address(home)
