"""How deprived the area is that a person lives in. Rule `deprivation`, version 1 (docs/explanation/rules.md)."""

import ibis
import pyarrow as pa
from ibis.backends.duckdb import Backend

from hi_fhir.cohorts.imports import PostcodeDirectory
from hi_fhir.terminology.ranks import LSOA_OF

VERSION = "1"
LINKED, NO_POSTCODE, UNKNOWN_POSTCODE = "linked", "no-postcode", "unknown-postcode"
OUTSIDE_ENGLAND, RESTRICTED = "outside-england", "restricted"
_NO_DIRECTORY = pa.table({name: pa.array([], pa.string()) for name in ("postcode", "lsoa11", "lsoa21")})


def known_postcodes(backend: Backend, directory: PostcodeDirectory | None, patient: ibis.Table) -> ibis.Table:
    """The directory's rows for postcodes that a patient has. Columns: postcode, directory_lsoa11, directory_lsoa21."""
    if directory is None:
        entries = ibis.memtable(_NO_DIRECTORY)
    else:
        entries = backend.read_parquet(str(directory.path), table_name="postcode_directory")
    used = patient.filter(patient.postcode.notnull()).select("postcode").distinct()
    return entries.join(used, "postcode").select("postcode", directory_lsoa11="lsoa11", directory_lsoa21="lsoa21")


def locate(people: ibis.Table, postcodes: ibis.Table, ranks: dict[int, ibis.Table], imd_year: int) -> ibis.Table:
    """`people` with `deprivation` of `imd_year` and rank and decile of each year in `ranks`, by that year's own areas.

    people: with postcode, lsoa11, lsoa21 and restricted; their own LSOA serves where the directory gives none.
    """
    found = people.left_join(postcodes.rename(known_postcode="postcode"), people.postcode == postcodes.postcode)
    for year, table in ranks.items():
        vintage = LSOA_OF[year]
        area = ibis.coalesce(found[f"directory_{vintage}"], found[vintage])
        found = found.mutate(**{f"area_{year}": found.restricted.ifelse(ibis.null("string"), area)})
        renamed = table.select(**{f"lsoa_{year}": "lsoa", f"imd_{year}_rank": "rank", f"imd_{year}_decile": "decile"})
        found = found.left_join(renamed, found[f"area_{year}"] == renamed[f"lsoa_{year}"])
    kind = ibis.cases(
        (found.restricted, RESTRICTED),
        (found[f"imd_{imd_year}_rank"].notnull(), LINKED),
        (found[f"area_{imd_year}"].notnull() | found.known_postcode.notnull(), OUTSIDE_ENGLAND),
        (found.postcode.notnull(), UNKNOWN_POSTCODE),
        else_=NO_POSTCODE,
    )
    return found.mutate(deprivation=kind)
