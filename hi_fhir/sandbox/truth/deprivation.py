"""How deprived a person's area is, by the rule `deprivation`: either index, each on its own areas."""

from datetime import date
from typing import NamedTuple

from hi_fhir.sandbox.people.model import Address, Patient, SmallArea
from hi_fhir.sandbox.people.places import LSOAS_2011, LSOAS_2021
from hi_fhir.sandbox.truth.days import known
from hi_fhir.sandbox.truth.setting import USUAL, TruthSetting

_AFTER_ANY = date.max.toordinal() + 1
_VINTAGES = {2019: "lsoa11", 2025: "lsoa21"}


class Deprivation(NamedTuple):
    """kind: linked, restricted, no-postcode, unknown-postcode or outside-england. decile: 1 is the most deprived."""

    kind: str
    decile: int | None = None


def deprivation_of(patient: Patient, setting: TruthSetting = USUAL, *, restricted: bool) -> Deprivation:
    """Of the person for whom this patient record speaks; restricted: whether any of the person's records is."""
    if restricted:
        return Deprivation("restricted")
    address, area = _home(patient, setting)
    postcode = address.postcode if address else None
    listed = postcode is not None and postcode.in_directory
    if listed and postcode and postcode.place:
        return _ranked(postcode.place, setting.imd_year)
    if area:
        return _ranked(area, setting.imd_year)
    if listed:
        return Deprivation("outside-england")
    return Deprivation("unknown-postcode" if postcode else "no-postcode")


def homes(patient: Patient) -> list[Address]:
    """The homes among the addresses, the one that goes before the others first, whatever the day."""
    addresses = [address for address in (patient.address, *patient.further) if address]
    return sorted((one for one in addresses if one.use in (None, "home")), key=_order)


def _order(home: Address) -> tuple[int, bool, int]:
    """The one that ends last, of use `home`, that began last. Dates are as they are written, whether they can be."""
    until = home.until.day.toordinal() if home.until else _AFTER_ANY
    since = home.since.day.toordinal() if home.since else 0
    return -until, home.use is None, -since


def _home(patient: Patient, setting: TruthSetting) -> tuple[Address | None, SmallArea | None]:
    """The home of the day, and the area that a record gives for it in the vintage of the index."""
    of_patient = [one for one in (patient.address, *patient.further) if one and one.area_on_patient]
    for place, home in enumerate(homes(patient)):
        if _is_one(home, setting.as_of):
            says = [home] if not home.area_on_patient else []
            says += of_patient if place == 0 else []
            vintage = _VINTAGES[setting.imd_year]
            return home, next((one.area for one in says if one.area and vintage in one.vintages), None)
    return None, None


def _is_one(home: Address, as_of: date) -> bool:
    since, until = known(home.since), known(home.until)
    return (since is None or since <= as_of) and (until is None or until >= as_of)


def _ranked(place: SmallArea, year: int) -> Deprivation:
    rank, areas = (place.rank_2019, LSOAS_2011) if year == 2019 else (place.rank_2025, LSOAS_2021)
    if rank is None:
        return Deprivation("outside-england")
    return Deprivation("linked", -(-rank * 10 // areas))
