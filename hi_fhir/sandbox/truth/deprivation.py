"""How deprived a person's area is, by the rule `deprivation`, for the index of 2025 on the areas of 2021."""

from typing import NamedTuple

from hi_fhir.sandbox.people.model import AS_OF, Address, Patient, Place
from hi_fhir.sandbox.people.places import LSOAS_2021


class Deprivation(NamedTuple):
    """kind: linked, restricted, no-postcode, unknown-postcode or outside-england. decile: 1 is the most deprived."""

    kind: str
    decile: int | None = None


def deprivation_of(patient: Patient, *, restricted: bool) -> Deprivation:
    """Of the person for whom this patient record speaks; restricted: whether any of the person's records is."""
    if restricted:
        return Deprivation("restricted")
    address = patient.address
    if address is None or not _is_home(address):
        return Deprivation("no-postcode")
    listed = address.postcode is not None and address.postcode.in_directory
    if listed and address.postcode and address.postcode.place:
        return _ranked(address.postcode.place)
    if address.area and "lsoa21" in address.vintages:
        return _ranked(address.area)
    if listed:
        return Deprivation("outside-england")
    return Deprivation("unknown-postcode" if address.postcode else "no-postcode")


def _is_home(address: Address) -> bool:
    """On the as-of day."""
    return address.use in (None, "home") and (address.until is None or address.until.day >= AS_OF)


def _ranked(place: Place) -> Deprivation:
    if place.rank_2025 is None:
        return Deprivation("outside-england")
    return Deprivation("linked", -(-place.rank_2025 * 10 // LSOAS_2021))
