"""Where the sandbox's people live and are registered: real areas, invented postcodes and practices."""

from dataclasses import dataclass
from datetime import date

from hi_fhir.sandbox.people.model import Postcode, SmallArea, SyntheticOrganisation

LSOAS_2011, LSOAS_2021 = 32_844, 33_755
"""How many areas are ranked: English indices of deprivation 2019 and 2025."""

_UNCHANGED = """
E01004820 624 704, E01006609 1416 2089, E01013876 1577 1272, E01020552 1396 1056,
E01005542 4382 6197, E01013499 4887 4874, E01020977 5410 4035, E01023397 6304 6608,
E01005490 3122 7514, E01010434 9441 9826, E01018401 8960 9001, E01019102 11446 7168,
E01008656 7257 11821, E01018226 8852 12870, E01018541 12556 11569, E01027599 14485 10278,
E01002165 19339 16862, E01016898 13363 15608, E01020608 17960 14092, E01030663 15635 13654,
E01015205 14765 17238, E01016303 26212 19056, E01030134 16857 18477, E01031221 18711 19312,
E01017527 17897 22998, E01026556 20218 21235, E01028336 19361 21217, E01032439 24548 22033,
E01009559 24515 24745, E01015391 21285 24830, E01019850 27161 23990, E01029493 25305 24815,
E01002318 26458 29216, E01013489 25113 27925, E01025552 28459 29892, E01027253 24534 28752,
E01018662 30931 32503, E01030486 31489 32551, E01031255 32358 33610, E01031458 27492 30707
"""
_DIVIDED = """
E01033468 244 E01035189 224, E01015791 5632 E01033807 3837, E01017390 18755 E01033813 11035,
E01032929 17788 E01034351 25296, E01027276 30391 E01035426 29522, E01016814 20923 E01034462 23741
"""
# Facts of the English indices of deprivation 2019 (LSOA 2011, rank) and 2025 (LSOA 2021, rank), Ministry of Housing,
# Communities and Local Government, and of the lookup of LSOAs of 2011 to those of 2021, ONS; OGL-3.0. The first are
# areas that both censuses have, the second were divided between them.


def _places() -> tuple[SmallArea, ...]:
    unchanged = (row.split() for row in _UNCHANGED.split(","))
    divided = (row.split() for row in _DIVIDED.split(","))
    return (
        *(SmallArea(code, int(old), code, int(new)) for code, old, new in unchanged),
        *(SmallArea(lsoa11, int(old), lsoa21, int(new)) for lsoa11, old, lsoa21, new in divided),
    )


PLACES = _places()
_WALES = SmallArea("W01000003", None, "W01000003", None)
_SCOTLAND = SmallArea("S01006506", None, "S01013481", None)

_ENDINGS = ("1AA", "2BB", "3DE")
ENGLISH = tuple(
    Postcode(f"ZX{number} {ending}", place) for number, place in enumerate(PLACES, 1) for ending in _ENDINGS
)
"""No postcode area is called ZX."""
WELSH = tuple(Postcode(f"ZX{number} 4WA", _WALES) for number in (81, 82))
SCOTTISH = tuple(Postcode(f"ZX{number} 5SC", _SCOTLAND) for number in (83, 84))
NO_AREA = (Postcode("ZX85 6NO", None),)
UNLISTED = tuple(Postcode(f"ZX{number} 7UN", None, in_directory=False) for number in (91, 92, 93))
PSEUDO = (Postcode("ZZ99 3VZ", None, in_directory=False), Postcode("ZZ99 3CZ", None, in_directory=False))
DIRECTORY = (*ENGLISH, *WELSH, *SCOTTISH, *NO_AREA)
"""What the postcode directory of the sandbox lists."""


@dataclass(frozen=True, slots=True)
class SyntheticMembership:
    """Where a practice belongs from the first to the last day, None open. pcn: None where it is in none."""

    practice: SyntheticOrganisation
    pcn: SyntheticOrganisation | None
    icb: SyntheticOrganisation
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Region:
    """organisations: those of which there are resources."""

    organisations: tuple[SyntheticOrganisation, ...]
    memberships: tuple[SyntheticMembership, ...]


def _board(number: int, name: str) -> SyntheticOrganisation:
    return SyntheticOrganisation(f"icb-{number}", f"XI{number}", name, "icb", None)


def _network(number: int, name: str, board: SyntheticOrganisation) -> SyntheticOrganisation:
    return SyntheticOrganisation(f"pcn-{number}", f"XN{number:02}", name, "pcn", board.id)


def _practice(
    number: int, name: str, part_of: SyntheticOrganisation, *, former: str | None = None
) -> SyntheticOrganisation:
    return SyntheticOrganisation(f"practice-{number}", f"XP{number:03}", name, "practice", part_of.id, former)


NORTH, SOUTH = _board(1, "Northshire Integrated Care Board"), _board(2, "Southshire Integrated Care Board")
HARBOUR, VALLEY = _network(1, "Harbour PCN", NORTH), _network(2, "Valley PCN", NORTH)
BORDER, DOWNS = _network(3, "Border PCN", NORTH), _network(4, "Downs PCN", SOUTH)
PRACTICES = (
    _practice(1, "Alder Surgery", HARBOUR),
    _practice(2, "Birch Medical Centre", HARBOUR, former="XA002"),
    _practice(3, "Cedar Health Centre", HARBOUR),
    _practice(4, "Damson Surgery", VALLEY),
    _practice(5, "Elm Practice", VALLEY),
    _practice(6, "Fir Tree Surgery", BORDER),
    _practice(7, "Gorse Hill Practice", BORDER, former="XZ007"),
    _practice(8, "Hazel Medical Centre", DOWNS),
    _practice(9, "Ivy House Surgery", DOWNS),
    _practice(10, "Juniper Practice", SOUTH),
)
BRANCH = SyntheticOrganisation("branch-1", "XP003001", "Cedar Branch Surgery", "branch", PRACTICES[2].id)
HOSPITAL = SyntheticOrganisation("hospital-1", "XT001", "Nowhere General Hospital", "hospital", None)
ORGANISATIONS = (NORTH, SOUTH, HARBOUR, VALLEY, BORDER, DOWNS, *PRACTICES, BRANCH, HOSPITAL)
"""Those of which there are resources."""

NO_PRACTICE = SyntheticOrganisation("", "V81999", "GP practice code not known", "no-practice", None)
GONE = SyntheticOrganisation("gone", "XZ001", "Somewhere", "unknown", None)

MEMBERSHIPS = (
    *(SyntheticMembership(practice, HARBOUR, NORTH) for practice in PRACTICES[:3]),
    SyntheticMembership(PRACTICES[3], VALLEY, NORTH),
    SyntheticMembership(PRACTICES[4], HARBOUR, NORTH, None, date(2024, 6, 30)),  # changed networks within the period
    SyntheticMembership(PRACTICES[4], VALLEY, NORTH, date(2024, 7, 1), None),
    SyntheticMembership(PRACTICES[5], BORDER, NORTH),
    SyntheticMembership(PRACTICES[6], BORDER, SOUTH),  # one network in two boards
    SyntheticMembership(PRACTICES[7], DOWNS, SOUTH),
    SyntheticMembership(PRACTICES[8], DOWNS, SOUTH, date(2023, 4, 1), None),
    SyntheticMembership(PRACTICES[9], None, SOUTH),  # in no network that is known
)
SHIRES = Region(ORGANISATIONS, MEMBERSHIPS)
"""Where people are made: every way in which a practice can belong, or not."""

COAST = _board(3, "Coastal Integrated Care Board")
EAST, WEST = _network(11, "East Bay PCN", COAST), _network(12, "West Bay PCN", COAST)
_EAST = ("Anchor Surgery", "Beacon Medical Centre", "Cove Health Centre", "Dune Surgery", "Estuary Practice")
_WEST = ("Galleon Practice", "Headland Surgery", "Inlet Medical Centre", "Jetty Surgery", "Keel Health Centre")
BAY_PRACTICES = (
    *(_practice(number, name, EAST) for number, name in enumerate((*_EAST, "Foreshore Surgery"), 101)),
    *(_practice(number, name, WEST) for number, name in enumerate((*_WEST, "Lighthouse Practice"), 107)),
)
BAYS = Region(
    (COAST, EAST, WEST, *BAY_PRACTICES, HOSPITAL),
    (
        *(SyntheticMembership(practice, EAST, COAST) for practice in BAY_PRACTICES[:6]),
        *(SyntheticMembership(practice, WEST, COAST) for practice in BAY_PRACTICES[6:]),
    ),
)
"""Two networks of six practices, none of which ever was in another."""
REGIONS = (SHIRES, BAYS)
