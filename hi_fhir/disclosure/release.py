"""The one gate between counts and reports: it sees all that goes to an audience at once, and what went before."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hi_fhir.core.files import content_name
from hi_fhir.disclosure.contract_totals import exact_totals
from hi_fhir.disclosure.counts import (
    MASKED,
    PROTECTS_OTHERS,
    SCORE,
    SHOWN,
    SUPPRESSED,
    UNSUPPORTED,
    Cell,
    ExactCounts,
    Group,
    ReleasedGroup,
    RunCount,
)
from hi_fhir.disclosure.policies import EXACT, Policy, Rule
from hi_fhir.disclosure.published import Published
from hi_fhir.disclosure.scores import EMPTY, PARTS, SMALL, score_denominator, score_numerator
from hi_fhir.disclosure.suppression.decided import NO_SUPPRESSION, Suppression
from hi_fhir.measures.model import OCCASIONS
from hi_fhir.terminology.data_files import ListState

_MISSING, _PARTIAL = ListState.MISSING, ListState.PARTIAL
_SHA256 = 64
_WITHHELD = Cell(UNSUPPORTED, None)
_NO_REASONS: Mapping[str, str] = {}
_SUPPRESSED = Cell(SUPPRESSED, None)
_WITHIN_SMALL = "small-group"


@dataclass(frozen=True)
class ReleasedCounts:
    """What `policy` lets the audience have. published: digest of what readers had when this was decided.

    already_known: small counts that they can work out of that alone. held_back: of all counts but 0, the share which is
    suppressed though not small, over all that was decided at once. guarded, proven: as of Suppression.
    """

    policy: Policy
    groups: Mapping[Group, ReleasedGroup]
    run: Mapping[RunCount, Cell]
    published: str
    already_known: int
    held_back: float
    guarded: int
    proven: int


def release(counts: ExactCounts, policy: Policy, published: Published) -> ReleasedCounts:
    """Decide every count of a release, and which groups may have a score.

    published: every version that readers were ever given or may have. What those of the same days tell counts as known.

    Raises:
        GateError: small counts could be worked out whatever is suppressed.
    """
    unsupported, own = _unsupported(counts.code_lists, policy), _Applied(policy.own)
    why = (_unsupported_strata(counts, policy), counts.withheld)
    untold = {group: _reasons(group, unsupported, *why) for group in counts.groups}
    totals = exact_totals(counts, policy.exact_totals, untold) if policy.exact_totals else {}
    held_back = _held_back(counts, untold, policy, published, totals)
    hidden, told = _hidden(held_back), totals if policy.tells_totals else {}
    return ReleasedCounts(
        policy=policy,
        groups=_all_released(counts, untold, hidden, own, told),
        run={name: policy.run.apply(count) for name, count in counts.run.items()},
        published=content_name(sorted([list(one) for one in published.versions]), _SHA256),
        already_known=held_back.already_known,
        held_back=_share_held_back(counts, held_back.groups, policy.own),
        guarded=held_back.guarded,
        proven=held_back.proven,
    )


def _held_back(
    counts: ExactCounts,
    untold: Mapping[Group, Collection[str]],
    policy: Policy,
    published: Published,
    totals: Mapping[Group, Collection[str]],
) -> Suppression:
    if policy.fewest is None:
        return NO_SUPPRESSION
    from hi_fhir.disclosure.suppression.suppress import suppressed  # and with it a solver

    return suppressed(
        counts, untold, policy.own, policy.fewest, published, totals, parts_of_small=policy.parts_of_small
    )


def _hidden(held_back: Suppression) -> dict[Group, dict[str, str]]:
    """Why counts are suppressed, by group and population."""
    found: dict[Group, dict[str, str]] = {}
    for reason, groups in ((PROTECTS_OTHERS, held_back.groups), (_WITHIN_SMALL, held_back.within_small)):
        for group, populations in groups.items():
            found.setdefault(group, {}).update(dict.fromkeys(populations, reason))
    return found


def _share_held_back(counts: ExactCounts, protecting: Mapping[Group, Collection[str]], rule: Rule) -> float:
    not_zero = sum(count > 0 for exact in counts.groups.values() for count in exact.values())
    exact = (
        counts.groups[group][population]
        for group, populations in protecting.items()
        for population in populations
        if population != SCORE
    )
    return sum(count > 0 and not rule.is_small(count) for count in exact) / max(not_zero, 1)


class _Applied(dict[int, Cell]):
    """What a rule gives of each count: most of a release are small, and many the same, so it is worked out once."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def __missing__(self, count: int) -> Cell:
        cell = self[count] = self.rule.apply(count)
        return cell


_EXACTLY = _Applied(EXACT)


def _reasons(
    group: Group, unsupported: Mapping[str, Mapping[str, str]], *of_group: Mapping[Group, Mapping[str, str]]
) -> Mapping[str, str]:
    """Why counts are withheld, by population; some of them may be of none that is counted. Later reasons prevail."""
    reasons = unsupported.get(group.measure_id, _NO_REASONS)
    for more in of_group:
        if group in more:
            reasons = {**reasons, **more[group]}
    return reasons


def _all_released(
    counts: ExactCounts,
    untold: Mapping[Group, Mapping[str, str]],
    hidden: Mapping[Group, Mapping[str, str]],
    own: _Applied,
    told: Mapping[Group, Collection[str]],
) -> dict[Group, ReleasedGroup]:
    """By group. Most groups are of few people and like many others, so each of a kind is worked out once."""
    found: dict[Group, ReleasedGroup] = {}
    known: dict[tuple[tuple[object, ...], ...], ReleasedGroup] = {}
    for group, exact in counts.groups.items():
        reasons, why, totals = untold[group], hidden.get(group, _NO_REASONS), told.get(group, ())
        kind = (*(tuple(one.items()) for one in (exact, reasons, why)), tuple(totals))
        if kind not in known:
            known[kind] = _released(exact, reasons, why, own, totals)
        found[group] = known[kind]
    return found


def _released(
    exact: Mapping[str, int],
    reasons: Mapping[str, str],
    hidden: Mapping[str, str],
    own: _Applied,
    totals: Collection[str],
) -> ReleasedGroup:
    """hidden: why populations are suppressed, or the score. totals: those that are told exactly all the same."""
    cells = {population: own[count] for population, count in exact.items()}
    if OCCASIONS in exact and own.rule.is_small(exact["numerator"]):
        cells[OCCASIONS] = Cell(MASKED, None)  # however often: it is of few people
    if totals:
        cells |= {population: Cell(SHOWN, exact[population]) for population in totals}
        hidden = {population: reason for population, reason in hidden.items() if population not in totals}
        if all(population in totals for population in PARTS if population in exact):
            own, hidden = _EXACTLY, {population: reason for population, reason in hidden.items() if population != SCORE}
    if not reasons and not hidden:
        return ReleasedGroup(cells, _no_score(exact, own.rule), {})
    withheld = {population: reason for population, reason in reasons.items() if population in cells}
    suppressed = {population: reason for population, reason in hidden.items() if population != SCORE}
    cells |= dict.fromkeys(suppressed, _SUPPRESSED) | dict.fromkeys(withheld, _WITHHELD)
    is_score_hidden = SCORE in hidden and all(cells[name].value is not None for name in PARTS if name in cells)
    no_score = PROTECTS_OTHERS if is_score_hidden else _no_score(exact, own.rule)
    return ReleasedGroup(cells, no_score, {**suppressed, **withheld})


def _unsupported(code_lists: Mapping[tuple[str, str], str], policy: Policy) -> dict[str, dict[str, str]]:
    """Why code lists cannot bear a count, by measure id and population: with no codes at all, 0 would be silent."""
    found: dict[str, dict[str, str]] = {}
    for (measure_id, population), state in code_lists.items():
        if _is_wanting(state, policy):
            found.setdefault(measure_id, {})[population] = _reason(state)
    return found


def _unsupported_strata(counts: ExactCounts, policy: Policy) -> dict[Group, dict[str, str]]:
    """Groups of strata that code lists cannot bear, with the reason for each population."""
    wanting = {name: state for name, state in counts.strata_lists.items() if _is_wanting(state, policy)}
    found: dict[Group, dict[str, str]] = {}
    for group, exact in counts.groups.items() if wanting else ():
        states = {wanting.get((group.measure_id, stratum)) for stratum in group.components}
        if worst := next((state for state in (_MISSING, _PARTIAL) if state in states), None):
            found[group] = dict.fromkeys(exact, _reason(worst))
    return found


def _is_wanting(state: str, policy: Policy) -> bool:
    return state == _MISSING or (state == _PARTIAL and not policy.partial)


def _reason(state: str) -> str:
    return f"code-lists-{state}"


def _no_score(exact: Mapping[str, int], rule: Rule) -> str | None:
    """Why the exact counts forbid a score, although their released ones may be there."""
    if "denominator" not in exact:
        return None
    denominator = score_denominator(exact)
    if denominator == 0:
        return EMPTY
    numerator = score_numerator(exact)
    if rule.is_small(numerator) or rule.is_small(denominator - numerator):
        return SMALL
    return None
