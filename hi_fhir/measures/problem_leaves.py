"""Leaf rows of all problems of a person: how many there are, and whether each is coded."""

import ibis

from hi_fhir.measures.evaluation_context import EvaluationContext
from hi_fhir.measures.words.problems import Problems
from hi_fhir.tables.schema import LEAF
from hi_fhir.terminology.systems import SNOMED


def problem_rows(leaf_id: int, leaf: Problems, context: EvaluationContext, conditions: ibis.Table) -> ibis.Table:
    """LEAF's columns. conditions: those that count, by whatever code."""
    start, end = context.days(leaf.window)
    dated = (conditions.start_date >= ibis.literal(start)) & (conditions.start_date <= ibis.literal(end))
    codings = conditions.filter((conditions.component == "") & dated)
    is_coded = ibis.coalesce(codings.system == SNOMED, False).ifelse(1.0, 0.0)
    each = codings.group_by("person_id", "source_id", "resource_id").agg(
        coded=is_coded.max(), first=codings.start_date.min(), last=codings.start_date.max()
    )
    return (
        each.group_by("person_id")
        .agg(
            leaf_id=ibis.literal(leaf_id, "int32"),
            n=each.count(),
            first_date=each["first"].min(),
            last_date=each["last"].max(),
            low=each.coded.min(),
            high=each.coded.min(),
        )
        .select(*LEAF.names)
    )
