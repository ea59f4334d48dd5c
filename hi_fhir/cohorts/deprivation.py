"""How deprived the area is that a person lives in. Rule `deprivation`, version 3 (docs/explanation/rules.md)."""

from datetime import date

import ibis
import pyarrow as pa

from hi_fhir.cohorts.imports import PostcodeDirectory
from hi_fhir.engine.protocol import Engine
from hi_fhir.terminology.ranks import LSOA_OF, DeprivationRanks

VERSION = "3"
LINKED, NO_POSTCODE, UNKNOWN_POSTCODE = "linked", "no-postcode", "unknown-postcode"
OUTSIDE_ENGLAND, RESTRICTED = "outside-england", "restricted"
_NO_DIRECTORY = pa.table({name: pa.array([], pa.string()) for name in ("postcode", "lsoa11", "lsoa21")})


def rank_table(ranks: DeprivationRanks) -> pa.Table:
    """The ranks of a year with its columns named for it: lsoa_YEAR, imd_YEAR_rank and imd_YEAR_decile."""
    return ranks.table.rename_columns([f"lsoa_{ranks.year}", f"imd_{ranks.year}_rank", f"imd_{ranks.year}_decile"])


def at_home(patient: ibis.Table, other_home: ibis.Table, as_of: date) -> ibis.Table:
    """`patient` with the postcode and areas of their home on the reference date; none where it has none then."""
    current = other_home.filter(_is_current(other_home, as_of))
    order = ibis.window(group_by=current.patient_id, order_by=current.place)
    current = current.mutate(turn=ibis.row_number().over(order))
    names = ("postcode", *LSOA_OF.values())
    others = current.filter(current.turn == 0)
    others = others.select(other_id="patient_id", **{f"other_{name}": name for name in names})
    rows = patient.left_join(others, patient.patient_id == others.other_id)
    own = _is_current(patient, as_of)
    return rows.select(
        *(name for name in patient.columns if name not in names),
        **{name: own.ifelse(rows[name], rows[f"other_{name}"]) for name in names},
    )


def _is_current(home: ibis.Table, as_of: date) -> ibis.Value:
    begun = home.home_from.isnull() | (home.home_from <= as_of)
    return begun & (home.home_until.isnull() | (home.home_until >= as_of))


def known_postcodes(engine: Engine, directory: PostcodeDirectory | None, patient: ibis.Table) -> ibis.Table:
    """The directory's rows for postcodes that a patient has: known_postcode, directory_lsoa11 and directory_lsoa21."""
    name = "postcode_directory"
    entries = engine.read(name, [directory.path]) if directory else ibis.memtable(_NO_DIRECTORY)
    used = patient.filter(patient.postcode.notnull()).select("postcode").distinct()
    found = entries.join(used, "postcode")
    return found.select(known_postcode="postcode", directory_lsoa11="lsoa11", directory_lsoa21="lsoa21")


def areas(people: ibis.Table) -> dict[str, ibis.Column]:
    """area_YEAR: the LSOA of the vintage that the year is ranked by; null where there is none or people are restricted.

    people: with the columns of `known_postcodes`, lsoa11, lsoa21 and restricted. Their own LSOA serves where the
    directory gives none.
    """
    return {
        f"area_{year}": people.restricted.ifelse(
            ibis.null("string"), ibis.coalesce(people[f"directory_{vintage}"], people[vintage])
        )
        for year, vintage in LSOA_OF.items()
    }


def kind(people: ibis.Table, year: int) -> ibis.Column:
    """Whether deprivation of `year` is linked, else why not. people: with `areas` and the columns of `rank_table`."""
    return ibis.cases(
        (people.restricted, RESTRICTED),
        (people[f"imd_{year}_rank"].notnull(), LINKED),
        (people[f"area_{year}"].notnull() | people.known_postcode.notnull(), OUTSIDE_ENGLAND),
        (people.postcode.notnull(), UNKNOWN_POSTCODE),
        else_=NO_POSTCODE,
    )
