"""One ethnicity for each person from all that was recorded. Rule `ethnicity`, version 1 (docs/explanation/rules.md)."""

from functools import reduce

import ibis
import pyarrow as pa

from hi_fhir.cohorts.registration import EARLIEST
from hi_fhir.terminology.ethnicity import NOT_STATED, REFUSED, STATED, EthnicityMap
from hi_fhir.terminology.systems import (
    ETHNICITY_ENGLAND,
    ETHNICITY_RETIRED,
    ETHNICITY_SCOTLAND,
    ETHNICITY_WALES,
)

VERSION = "1"
NOT_KNOWN, NOT_RECORDED = "not-known", "not-recorded"
ANY_OTHER = (*"CGLPS", "white-other", "mixed-other", "asian-other", "black-other", "other-any-other")
"""Categories of 2001 and 2021 that are any other of a kind. Source: NHS Data Dictionary ETHNIC CATEGORY; ONS. [S]"""
_ORDER = (ETHNICITY_ENGLAND, ETHNICITY_WALES, ETHNICITY_SCOTLAND, ETHNICITY_RETIRED)
"""Where an extension has several codings, the first of these systems decides; any other comes after them."""


def meanings(map_: EthnicityMap) -> pa.Table:
    """The map as a table.

    Columns: system, code, says, category_2001, category_2021 and precedence, of which the greatest decides.
    """
    rows = [(*coding, *meaning) for coding, meaning in map_.meanings.items()]
    systems, codes, says, old, new = zip(*rows, strict=True)
    precedence = [-_ORDER.index(system) if system in _ORDER else -len(_ORDER) for system in systems]
    return pa.table(
        {
            "system": pa.array(systems, pa.string()),
            "code": pa.array(codes, pa.string()),
            "says": pa.array(says, pa.string()),
            "category_2001": pa.array(old, pa.string()),
            "category_2021": pa.array(new, pa.string()),
            "precedence": pa.array(precedence, pa.int8()),
        }
    )


def not_understood(codings: ibis.Table, map_: EthnicityMap) -> ibis.Table:
    """Patients whose extension says something and no coding of it is in a map. Columns: unread_id and unread_system.

    codings: patient_id, system and code of the extensions. unread_system: the least, "" where none has a system.
    """
    known = [*map_.meanings, *map_.silent]
    table = {
        "system": [system for system, _ in known],
        "code": [code for _, code in known],
        "known": [True] * len(known),
    }
    rows = codings.left_join(ibis.memtable(pa.table(table)), ["code", "system"])
    patients = rows.group_by("patient_id").agg(known=rows.known.max(), system=rows.system.min())
    patients = patients.filter(patients.known.isnull())
    return patients.select(unread_id="patient_id", unread_system=ibis.coalesce(patients.system, ""))


def groups(map_: EthnicityMap) -> pa.Table:
    """The five groups of each category: category, ethnic_group_2001 and ethnic_group_2021."""
    return pa.table(
        {
            "category": pa.array(list(map_.categories), pa.string()),
            "ethnic_group_2001": pa.array([one.group_2001 for one in map_.categories.values()], pa.string()),
            "ethnic_group_2021": pa.array([one.group_2021 for one in map_.categories.values()], pa.string()),
        }
    )


def settle(rows: ibis.Table, key: str, order: str, prefix: str) -> ibis.Table:
    """What the latest stated rows of each key say, and when it was last not stated or refused.

    rows: key, order (never null), says, category_2001, category_2021.
    Grain: one row per key. Columns, whose names all begin with `prefix`: id (the key); low and high (least and greatest
    category of 2001 at the latest stated order; null: never stated); finer (the category of 2021, where they agree);
    not_stated and refused (the latest order).
    """
    at = rows[order]
    marks = rows.group_by(key).agg(
        last_stated=at.max(where=rows.says == STATED),
        last_not_stated=at.max(where=rows.says == NOT_STATED),
        last_refused=at.max(where=rows.says == REFUSED),
    )
    marked = rows.join(marks, key)
    decides = (marked.says == STATED) & (marked[order] == marked.last_stated)
    found = marked.group_by(key).agg(
        low=marked.category_2001.min(where=decides),
        high=marked.category_2001.max(where=decides),
        low_2021=marked.category_2021.min(where=decides),
        high_2021=marked.category_2021.max(where=decides),
        not_stated=marked.last_not_stated.max(),
        refused=marked.last_refused.max(),
    )
    finer = (found.low_2021 == found.high_2021).ifelse(found.low_2021, ibis.null("string"))
    columns = {name: found[name] for name in ("low", "high", "not_stated", "refused")} | {"finer": finer}
    return found.select(**{prefix + "id": found[key]}, **{prefix + name: column for name, column in columns.items()})


def of_extensions(residents: ibis.Table, extension: ibis.Table) -> ibis.Table:
    """What the extensions of all patient records of a person say, but for those that were merged into another.

    residents: person_id, patient_id and is_merged. extension: `settle` of each patient's (ext_...).
    Grain: one row per person with any that states a category. Columns: said_id, said (how many), said_low, said_high.
    """
    own = residents.filter(~residents.is_merged).select("person_id", "patient_id")
    stated = own.join(extension.filter(extension.ext_low.notnull()), own.patient_id == extension.ext_id)
    return stated.group_by(said_id="person_id").agg(
        said=stated.count(), said_low=stated.ext_low.min(), said_high=stated.ext_high.max()
    )


def agrees(people: ibis.Table) -> ibis.Column:
    """Whether all sources that state a category state one; null where fewer than two do.

    people: with the columns of `of_extensions` and of `settle` of their observations (obs_...), which are one source.
    """
    sources = ibis.coalesce(people.said, 0) + people.obs_low.notnull().ifelse(1, 0)
    differ = (people.said_low != people.said_high, people.obs_low != people.obs_high, people.said_low != people.obs_low)
    one_category = reduce(lambda left, right: left & right, (~ibis.coalesce(test, False) for test in differ))
    return ibis.cases((sources < 2, ibis.null("boolean")), else_=one_category)


def decide(people: ibis.Table) -> dict[str, ibis.Column]:
    """The ethnicity columns of people who carry `settle` of their extension (ext_...) and observations (obs_...), and
    `of_extensions`."""
    undated = ibis.literal(EARLIEST)
    refused = ibis.coalesce(people.obs_refused, people.ext_refused.notnull().ifelse(undated, ibis.null("date")))
    not_stated = ibis.coalesce(
        people.obs_not_stated, people.ext_not_stated.notnull().ifelse(undated, ibis.null("date"))
    )
    refused_last = refused.notnull() & (not_stated.isnull() | (refused >= not_stated))
    by_extension, by_observation = people.ext_low.notnull(), people.obs_low.notnull()
    conflict = ibis.coalesce(
        by_extension.ifelse(people.ext_low != people.ext_high, people.obs_low != people.obs_high), False
    )
    state = ibis.cases(
        (conflict, NOT_KNOWN),
        (by_extension | by_observation, STATED),
        (refused_last, REFUSED),
        (not_stated.notnull(), NOT_STATED),
        else_=NOT_RECORDED,
    )
    source = ibis.cases(
        (by_extension, "extension"),
        (by_observation, "observation"),
        (refused_last, people.obs_refused.notnull().ifelse("observation", "extension")),
        (not_stated.notnull(), people.obs_not_stated.notnull().ifelse("observation", "extension")),
        else_=ibis.null("string"),
    )
    nothing = ibis.null("string")
    return {
        "ethnicity": state,
        "ethnicity_source": source,
        "ethnicity_agrees": agrees(people),
        "ethnic_category_2001": conflict.ifelse(nothing, ibis.coalesce(people.ext_low, people.obs_low)),
        "ethnic_category_2021": conflict.ifelse(nothing, by_extension.ifelse(people.ext_finer, people.obs_finer)),
    }
