"""What the classes of encounters are: of the code system that FHIR R4 means, of another, or not to be read."""

import pyarrow as pa
import pyarrow.compute as pc

from hi_fhir.terminology.systems import ACT_CODE

CODED, OTHER_SYSTEM, NOT_UNDERSTOOD, ABSENT = "coded", "other-system", "not-understood", "absent"
"""In the code system that FHIR R4 means, whether or not its code is in R4's list; in another or in none; there, without
a code that can be read; not there."""


def class_states(rows: pa.Table) -> dict[str, int]:
    """State to encounters, of the rows of `encounter`; without absent ones, which have no row of their own."""
    of_class = rows.filter(_is(rows["component"], "class"))
    read = pc.is_valid(of_class["code"])
    meant = pc.and_(read, pc.fill_null(_is(of_class["system"], ACT_CODE), False))
    coded, readable = (pc.sum(found).as_py() or 0 for found in (meant, read))
    return {CODED: coded, OTHER_SYSTEM: readable - coded, NOT_UNDERSTOOD: of_class.num_rows - readable}


def _is(column: pa.ChunkedArray, word: str) -> pa.Array:
    """Whether each of a column of words is this one; null where there is none."""
    whole = column.combine_chunks()
    return pc.equal(whole.indices, pc.index(whole.dictionary, word).cast(whole.indices.type))
