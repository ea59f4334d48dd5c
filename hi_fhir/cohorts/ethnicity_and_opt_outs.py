"""What records say about a person's ethnicity and opt-out: the few rows of the clinical tables that resolving reads."""

from collections.abc import Sequence
from datetime import date
from functools import reduce
from pathlib import Path

import ibis
import pyarrow as pa

from hi_fhir.cohorts.opt_out_policies import TYPE_1_BY_CODE, TYPE_1_SETS
from hi_fhir.cohorts.records import CODED_TABLES, countable_events, that_have_any
from hi_fhir.cohorts.registration import EARLIEST
from hi_fhir.cohorts.snapshots import read_table
from hi_fhir.engine.protocol import Engine
from hi_fhir.terminology.catalogue import Terminology


def lookup(meanings: pa.Table, terminology: Terminology, policy: str) -> pa.Table:
    """The codes to look for: of ethnicity, and of opt-outs where the policy goes by code. Columns as `meanings`."""
    tables = [meanings]
    if policy == TYPE_1_BY_CODE:
        for says, value_set in TYPE_1_SETS.items():
            systems, codes = zip(*sorted(terminology.preimage(value_set)), strict=True)
            tables.append(pa.table({"system": systems, "code": codes, "says": [says] * len(codes)}))
    return pa.concat_tables(tables, promote_options="default")


def rows_of_records(
    engine: Engine, snapshots: Sequence[Path], codes: ibis.Table, members: ibis.Table, as_of: date
) -> ibis.Table:
    """Rows of records that count and carry one of `codes`; those on ethnicity up to the reference date.

    Columns: person_id, day (EARLIEST where undated), says, category_2001, category_2021.
    """
    parts = []
    for table in CODED_TABLES:
        events = that_have_any(countable_events(read_table(engine, snapshots, table), table))
        parts.append(events.select("patient_id", "system", "code", "start_date"))
    rows = reduce(lambda left, right: left.union(right), parts).join(codes, ["code", "system"])
    seen = rows.start_date.isnull() | (rows.start_date <= as_of) | rows.says.isin(list(TYPE_1_SETS))
    rows = rows.filter(seen).join(members, "patient_id")
    day = ibis.coalesce(rows.start_date, ibis.literal(EARLIEST))
    return rows.select("person_id", "says", "category_2001", "category_2021", day=day)
