"""The one gate between counts and reports: it sees all that goes to an audience at once, and what went before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hi_fhir.core.files import content_name
from hi_fhir.disclosure.counts import UNSUPPORTED, Cell, ExactCounts, Group, Published, ReleasedGroup, RunCount
from hi_fhir.disclosure.policies import Policy
from hi_fhir.disclosure.statistics import EMPTY, SMALL, score_denominator, score_numerator

_MISSING, _PARTIAL = "missing", "partial"
_SHA256 = 64


@dataclass(frozen=True)
class ReleasedCounts:
    """What `policy` lets the audience have. published: digest of what the audience had when this was decided."""

    policy: Policy
    groups: Mapping[Group, ReleasedGroup]
    run: Mapping[RunCount, Cell]
    published: str


def release(counts: ExactCounts, policy: Policy, published: Sequence[Published]) -> ReleasedCounts:
    """Decide every count of a release, and which groups may have a score.

    published: every version that the audience was ever given or may have, its cells to be read where a policy needs to
    know what it tells.
    No policy holds a count back for its sake yet: this is primary suppression alone, and a masked count may be worked
    out from shown ones.
    """
    return ReleasedCounts(
        policy=policy,
        groups={group: _released(group, exact, counts, policy) for group, exact in counts.groups.items()},
        run={name: policy.run.apply(count) for name, count in counts.run.items()},
        published=content_name(sorted([one.identifier, one.version, one.sha256] for one in published), _SHA256),
    )


def _released(group: Group, exact: Mapping[str, int], counts: ExactCounts, policy: Policy) -> ReleasedGroup:
    absent = counts.withheld.get(group, {})
    cells, reasons = {}, {}
    for population, count in exact.items():
        reason = absent.get(population) or _unsupported(counts.code_lists[group.measure_id, population], policy)
        if reason:
            reasons[population] = reason
        cells[population] = Cell(UNSUPPORTED, None) if reason else policy.own.apply(count)
    return ReleasedGroup(cells, _no_score(exact, policy), reasons)


def _unsupported(state: str, policy: Policy) -> str | None:
    """Why a count's code lists cannot bear it: with no codes at all, 0 would be a silent zero."""
    if state == _MISSING or (state == _PARTIAL and not policy.partial):
        return f"code-lists-{state}"
    return None


def _no_score(exact: Mapping[str, int], policy: Policy) -> str | None:
    """Why the exact counts forbid a score, although their released ones may be there."""
    if "denominator" not in exact:
        return None
    denominator = score_denominator(exact)
    if denominator == 0:
        return EMPTY
    numerator = score_numerator(exact)
    if policy.own.is_small(numerator) or policy.own.is_small(denominator - numerator):
        return SMALL
    return None
