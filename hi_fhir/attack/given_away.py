"""What a release gives away that was not given away before it: the question that is asked before it is kept."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from hi_fhir.attack.attacking import Bounded, bounded, recovered_examples, without_told
from hi_fhir.attack.bounds import Bounds, propagate
from hi_fhir.attack.exact.checking import check
from hi_fhir.attack.findings import Recovered, RecoveredExample, recovered_counts
from hi_fhir.attack.insiders import FromWithin, as_insider, given_to_insiders
from hi_fhir.attack.own import own_people
from hi_fhir.attack.reading.own_counts import OwnCounts, own_counts
from hi_fhir.attack.relations.sums import is_corrected
from hi_fhir.attack.told import FEWEST, Bools, Ints, Told
from hi_fhir.core.progress import Progress, Silent

_EXAMPLES = 3  # a chain of relations none of which can be left out takes a while to find
_NODES = 500
"""How far each look for values goes. What is looked at is bounded by how many counts are, never by a clock, so that the
same release has the same answer on any machine."""


@dataclass(frozen=True)
class GivenAway:
    """What can be worked out with a release and could not without it. already: so many could be before, and no better.

    recovered: where that is anything, others may be among it of which it was not asked any more whether several sums at
    once gave them away before.

    masked: masked counts of the release. asked: those of them that several sums at once were held against. insiders:
    practices that can work out others' counts, since they know their own. from_within: examples of the first that can.
    """

    recovered: tuple[Recovered, ...]
    examples: tuple[RecoveredExample, ...]
    already: int
    masked: int
    asked: int
    insiders: tuple[FromWithin, ...]
    from_within: tuple[RecoveredExample, ...]


def given_away(
    told: Told,
    new: Collection[int],
    exact: Mapping[str, pa.Table],
    most: int,
    progress: Progress,
    also: Collection[int] = (),
) -> GivenAway:
    """Attack all that was told, and again without what `new` reports tell: as everybody, and as each practice.

    Where true counts changed from one edition to another, it is done as somebody who knows what was corrected, and as
    somebody who does not: what the first could work out before, the second may work out now.

    new: places in the reports, all of one edition. exact: COUNTS of evaluations by edition, that of `new` among them:
    each practice knows its own. also: places of reports of the same counts that were there before. most: so many masked
    counts of the new ones, those with the fewest values left first, are held against several sums at once, for
    everybody; all are against single ones.
    """
    found = bounded(told, progress, exact=exact)
    knowing = _given_away(found, told, new, exact, most, progress, also)
    if not is_corrected(found.system.sums):
        return knowing
    unknowing = bounded(told, progress, exact=exact, knows_changes=False)
    return _joined(knowing, _given_away(unknowing, told, new, exact, most, progress, also))


def _joined(one: GivenAway, other: GivenAway) -> GivenAway:
    insiders = {own.practice: own for own in one.insiders}
    for own in other.insiders:
        known = insiders.get(own.practice)
        insiders[own.practice] = (
            own
            if known is None
            else FromWithin(own.practice, _distinct(known.recovered, own.recovered), max(known.already, own.already))
        )
    return replace(
        one,
        recovered=_distinct(one.recovered, other.recovered),
        examples=(*one.examples, *other.examples),
        already=max(one.already, other.already),
        insiders=tuple(insiders.values()),
        from_within=one.from_within or other.from_within,
    )


def _distinct(one: Sequence[Recovered], other: Sequence[Recovered]) -> tuple[Recovered, ...]:
    places = {found.place for found in one}
    return (*one, *(found for found in other if found.place not in places))


def _given_away(
    found: Bounded,
    told: Told,
    new: Collection[int],
    exact: Mapping[str, pa.Table],
    most: int,
    progress: Progress,
    also: Collection[int],
) -> GivenAway:
    alone = found.bounds.high - found.bounds.low + 1
    is_new = np.repeat(np.isin(np.arange(len(told.reports)), list(new)), len(found.counts.names))
    asked = _asked(found, alone, is_new, most)
    checked = check(found.system, found.bounds, asked, math.inf if most else 0, progress, nodes=_NODES)
    possible = np.minimum(checked.possible, alone)
    is_news = is_new & ~found.counts.is_given  # what a policy means to tell is known, with what follows from it
    known = own_people(found.counts, found.system.sums, found.bounds, told.knowing) if told.knowing else None
    recovered = recovered_counts(found.counts, found.system, found.bounds, possible, alone, known)
    before = _before(found, is_news, possible, [one.place for one in recovered])
    edition = next(edition for place in new if (edition := told.reports[place].edition) in exact)
    worse = tuple(one for one in recovered if possible[one.place] < before[one.place])
    readers = tuple(own_counts(exact[edition], found.counts, sorted({*new, *also})))
    insiders = tuple(given_to_insiders(found, readers, lambda: without_told(found.system, is_news)))
    return GivenAway(
        recovered=worse,
        examples=recovered_examples(found, worse, _EXAMPLES),
        already=len(recovered) - len(worse),
        masked=int((found.counts.is_guarded_cell & is_new).sum()),
        asked=int(asked.sum()),
        insiders=insiders,
        from_within=_from_within(found, readers, insiders),
    )


def _from_within(
    found: Bounded, readers: Iterable[OwnCounts], insiders: Iterable[FromWithin]
) -> tuple[RecoveredExample, ...]:
    """A few of what the first practice can work out that can anything."""
    first = next((one for one in insiders if one.recovered), None)
    if first is None:
        return ()
    reader = next(one for one in readers if one.practice == first.practice)
    return recovered_examples(as_insider(found, reader), first.recovered, _EXAMPLES)


def _asked(found: Bounded, alone: Ints, is_new: Bools, most: int) -> Bools:
    """Masked counts of the release of which single sums leave the fewest values, of those that they leave enough."""
    places = np.flatnonzero(found.counts.is_guarded & is_new & (alone >= FEWEST))
    chosen = places[np.argsort(alone[places], kind="stable")[:most]]
    asked = np.zeros(len(alone), dtype=np.bool_)
    asked[chosen] = True
    return asked


def _before(found: Bounded, is_new: Bools, now: Ints, recovered: Sequence[int]) -> Ints:
    """How many values each count could have without what new reports tell.

    now: with that. recovered: places of the counts in question: of them it is asked what all sums at once left before,
    of a few, then of twice as many, until one turns out to have had more than now. That settles it: of the others
    single sums are enough.
    """
    opened = without_told(found.system, is_new)
    bounds: Bounds = propagate(opened, Silent())
    possible: Ints = bounds.high - bounds.low + 1
    unsettled = [place for place in recovered if possible[place] >= FEWEST]
    first, number = 0, _EXAMPLES
    while first < len(unsettled):
        asked = np.zeros(len(possible), dtype=np.bool_)
        asked[unsettled[first : first + number]] = True
        possible = np.minimum(possible, check(opened, bounds, asked, math.inf, Silent(), nodes=_NODES).possible)
        if (possible[asked] > now[asked]).any():
            break
        first, number = first + number, 2 * number
    return possible
