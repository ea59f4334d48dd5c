"""Which sums may not be told: those with a practice in them of which something is not known.

A sum without that practice would be another number under the same name, and one with its zero a wrong number.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from hi_fhir.disclosure.counts import Group, Stratum
from hi_fhir.measures.model import POPULATIONS
from hi_fhir.measures.stratifiers import PCN, PRACTICE, UNKNOWN
from hi_fhir.tables.standing import REASONS


def withheld_groups(
    groups: Iterable[Group],
    untold: Mapping[tuple[str, str], Mapping[str, str]],
    untold_strata: Mapping[tuple[str, str], Mapping[Stratum, str]],
    practices: Mapping[str, Collection[str]],
    pcns: Mapping[str, str | None],
) -> dict[Group, dict[str, str]]:
    """Groups to the populations that are withheld, each with the gravest of its practices' reasons.

    untold: measure id and practice to population to reason; untold_strata: to stratum to reason. practices: reporter to
    those that it covers. pcns: practice to its PCN.
    """
    if not untold and not untold_strata:
        return {}
    found: dict[Group, dict[str, str]] = {}
    for group in groups:
        for practice in _practices(group, practices[group.reporter], pcns):
            reasons = [*untold.get((group.measure_id, practice), {}).items()]
            if strata := untold_strata.get((group.measure_id, practice)):
                own = (strata[stratum] for stratum in group.components if stratum in strata)
                reasons += [(population, reason) for reason in own for population in POPULATIONS]
            for population, reason in reasons:
                known = found.setdefault(group, {})
                known[population] = min(reason, known.get(population, reason), key=REASONS.index)
    return found


def _practices(group: Group, covered: Collection[str], pcns: Mapping[str, str | None]) -> Iterator[str]:
    """The practices whose people a group counts."""
    if group.stratifier == PRACTICE:
        yield group.stratum
    elif group.stratifier == PCN:
        yield from (practice for practice in covered if (pcns.get(practice) or UNKNOWN) == group.stratum)
    else:
        yield from covered
