"""How deprived a person's area is, by the rule `deprivation`: either index, each on its own areas."""

from datetime import date
from typing import NamedTuple

from hi_fhir.sandbox.people.model import Address, Patient, Place
from hi_fhir.sandbox.people.places import LSOAS_2011, LSOAS_2021
from hi_fhir.sandbox.truth.setting import USUAL, Setting

_VINTAGES = {2019: "lsoa11", 2025: "lsoa21"}


class Deprivation(NamedTuple):
    """kind: linked, restricted, no-postcode, unknown-postcode or outside-england. decile: 1 is the most deprived."""

    kind: str
    decile: int | None = None


def deprivation_of(patient: Patient, setting: Setting = USUAL, *, restricted: bool) -> Deprivation:
    """Of the person for whom this patient record speaks; restricted: whether any of the person's records is."""
    if restricted:
        return Deprivation("restricted")
    address = patient.address
    if address is None or not _is_home(address, setting.as_of):
        return Deprivation("no-postcode")
    listed = address.postcode is not None and address.postcode.in_directory
    if listed and address.postcode and address.postcode.place:
        return _ranked(address.postcode.place, setting.imd_year)
    if address.area and _VINTAGES[setting.imd_year] in address.vintages:
        return _ranked(address.area, setting.imd_year)
    if listed:
        return Deprivation("outside-england")
    return Deprivation("unknown-postcode" if address.postcode else "no-postcode")


def _is_home(address: Address, as_of: date) -> bool:
    return address.use in (None, "home") and (address.until is None or address.until.day >= as_of)


def _ranked(place: Place, year: int) -> Deprivation:
    rank, areas = (place.rank_2019, LSOAS_2011) if year == 2019 else (place.rank_2025, LSOAS_2021)
    if rank is None:
        return Deprivation("outside-england")
    return Deprivation("linked", -(-rank * 10 // areas))
