"""Exact counts of each reporter: sums over its practices, before anything is masked, that add up or stop the run."""

from collections.abc import Collection, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from hi_fhir.core.errors import GateError
from hi_fhir.disclosure.counts import Group
from hi_fhir.measures.stratifiers import ALL, PCN, PRACTICE

_KEYS = ("measure_id", "stratifier", "stratum", "population")


def reporter_counts(counts: pa.Table, reporters: Mapping[str, Collection[str]]) -> dict[Group, dict[str, int]]:
    """People by population of each measure, reporter and stratum.

    counts: COUNTS of the evaluation. reporters: ODS code to those of its practices. A reporter is broken down by
    practice or PCN only where it has several.

    Raises:
        GateError: the strata of a stratifier do not add up to the whole.
    """
    found: dict[Group, dict[str, int]] = {}
    for reporter, practices in reporters.items():
        own = _summed(counts, reporter, practices)
        _check_adds_up(own)
        several = {stratifier for stratifier in (PRACTICE, PCN) if _strata(own, stratifier) > 1}
        found |= {
            group: people
            for group, people in own.items()
            if group.stratifier not in (PRACTICE, PCN) or group.stratifier in several
        }
    return found


def _summed(counts: pa.Table, reporter: str, practices: Collection[str]) -> dict[Group, dict[str, int]]:
    rows = counts.filter(pc.is_in(counts["practice_id"], pa.array(sorted(practices), pa.string())))
    sums = rows.group_by(list(_KEYS)).aggregate([("count", "sum")])
    found: dict[Group, dict[str, int]] = {}
    columns = (sums[name].to_pylist() for name in (*_KEYS, "count_sum"))
    for measure_id, stratifier, stratum, population, count in zip(*columns, strict=True):
        found.setdefault(Group(measure_id, reporter, stratifier, stratum), {})[population] = count
    return found


def _strata(groups: Mapping[Group, object], stratifier: str) -> int:
    return len({group.stratum for group in groups if group.stratifier == stratifier})


def _check_adds_up(groups: Mapping[Group, Mapping[str, int]]) -> None:
    sums: dict[Group, dict[str, int]] = {}
    for group, people in groups.items():
        total = sums.setdefault(group._replace(stratum=ALL), dict.fromkeys(people, 0))
        for population, count in people.items():
            total[population] += count
    for group, total in sums.items():
        if total != groups.get(group._replace(stratifier=ALL)):
            raise GateError(
                f"measure {group.measure_id}, reporter {group.reporter}: the strata of {group.stratifier} do not add "
                "up to the whole. Nothing is released; this is a fault of hi_fhir, please report it."
            )
