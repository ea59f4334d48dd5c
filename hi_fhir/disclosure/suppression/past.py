"""What readers know of each count from reports of before, as arrays of a network.

Some readers know what was corrected since: a practice, of its own people. To these an earlier cell tells of the count
of now as much as of that of then, moved by as many people as it changed. To others it tells something of those counts
alone that did not change. Where it is not known any more how many were counted then, some take a count for unchanged if
it lies within what the cell told, and others do not.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from hi_fhir.disclosure.counts import MASKED, PROTECTS_OTHERS, ROUNDED, SCORE, SHOWN, SUPPRESSED
from hi_fhir.disclosure.policies import Rule
from hi_fhir.disclosure.published import EarlierReport, Published
from hi_fhir.disclosure.scores import EMPTY, ROUNDED_AWAY, SMALL
from hi_fhir.disclosure.suppression.areas_of_then import AreasOfThen
from hi_fhir.disclosure.suppression.equations import UNBOUNDED, Flags, Limits, Numbers
from hi_fhir.disclosure.suppression.network import Network

_GIVEN, _FEW, _NOBODY, _UNTOLD = range(4)
_SCORES = {ROUNDED_AWAY: _GIVEN, SMALL: _FEW, EMPTY: _NOBODY}
"""What the reason tells for which there is no score: of one that is rounded away, that it would have been given."""


class Past(NamedTuple):
    """known: between what each count lies by earlier cells. is_score_told: by place and layer of a score.

    is_held_back: counts and scores that were suppressed, and stay so: what comes and goes tells something.
    changes: of earlier evaluations that counted otherwise, by how many people more each count is now. is_supposed:
    whether there are others of which it is not known any more how many were counted.
    """

    known: Limits
    is_score_told: Flags
    is_held_back: Flags
    changes: tuple[Numbers, ...] = ()
    is_supposed: bool = False

    @property
    def is_nothing(self) -> bool:
        return not (self.known.low.any() or (self.known.high < UNBOUNDED).any() or self.is_score_told.any())

    @classmethod
    def nothing(cls, network: Network) -> "Past":
        shape = network.values.shape
        known = Limits(np.zeros(shape, dtype=np.int64), np.full(shape, UNBOUNDED, dtype=np.int64))
        return cls(known, np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_))


class Earlier:
    """Earlier reports, to be asked about one network after another."""

    def __init__(self, published: Published, areas: AreasOfThen) -> None:
        self._reports, self._cells, self._areas = published.reports, published.cells, areas
        groups: dict[tuple[str, str], int] = {}
        self._group = np.array([groups.setdefault(name[:2], len(groups)) for name in self._cells.names], dtype=np.int64)
        self._groups = list(groups)
        ends = np.searchsorted(self._cells.report, np.arange(len(self._reports) + 1))
        self._rows = [slice(*pair) for pair in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)]
        self._is_of_score = np.array([name[2] == SCORE for name in self._cells.names], dtype=np.bool_)
        self._is_denominator = np.array([name[2] == "denominator" for name in self._cells.names], dtype=np.bool_)
        self._is_held_back = np.array([reason == PROTECTS_OTHERS for _, reason in self._cells.words], dtype=np.bool_)
        self._score = np.array([_SCORES.get(reason or "", _UNTOLD) for _, reason in self._cells.words], dtype=np.int64)

    def of(self, network: Network, rule: Rule, *, of_changes: bool, supposing: bool = True) -> Past:
        """What is known of the counts of a network. rule: by which what is masked was masked.

        of_changes: to those who know what was corrected; else to those who do not. supposing: to those who suppose
        that what may be unchanged is, where it is not known any more; else of such counts nothing is known.
        """
        changes: dict[str, Numbers] = {}
        told, is_supposed = [*self._told_of(network, rule)], False
        for one in told:
            changed = changes.setdefault(one.report.evaluation, np.zeros_like(network.values))
            is_known = one.then >= 0
            at = one.place[is_known], one.layer[is_known]
            changed[at] = network.values[at] - one.then[is_known]
            is_supposed |= not one.is_counted
        for changed in changes.values():
            _add_left_over(network, changed)
        changed_since = tuple(one for one in changes.values() if one.any())
        found = Past.nothing(network)._replace(changes=changed_since, is_supposed=is_supposed)
        for changed in found.changes if of_changes else ():  # nor were there fewer than none then
            np.maximum(found.known.low, np.where(changed <= network.values, changed, 0), out=found.known.low)
        for one in told:
            changed, is_sure = changes[one.report.evaluation], supposing or one.is_counted
            _narrow(network, one, changed, found, of_changes=of_changes, is_known=is_sure)
            self._scores_of(network, rule, one, changed, found, of_changes=of_changes, is_known=is_sure)
        return found

    def _told_of(self, network: Network, rule: Rule) -> Iterator["_Told"]:
        """What each report told of counts of the network."""
        layers = {population: number for number, layer in enumerate(network.layers) for population in layer.populations}
        places = {place: number for number, place in enumerate(network.places)}
        is_of_few = np.array([one.people is not None for one in network.layers], dtype=np.bool_)
        is_suppressed = np.array([state == SUPPRESSED for state, _ in self._cells.words], dtype=np.bool_)
        at: dict[tuple[str, str], Numbers] = {}
        for report, rows in zip(self._reports, self._rows, strict=True):
            of = {name: layers[one] for name, one in report.same.items() if one in layers}
            if not of:
                continue
            key = (report.evaluation, report.reporter)
            if key not in at:
                named = (self._areas.place(*key, *group) for group in self._groups)
                at[key] = np.array([-1 if one is None else places.get(one, -1) for one in named], dtype=np.int64)
            layer = np.array([of.get(name[2], -1) for name in self._cells.names], dtype=np.int64)
            name, word, value, then = (column[rows] for column in self._cells[3:])
            place, layer = at[key][self._group[name]], layer[name]
            low, high = self._told(rule, word.astype(np.int64), value.astype(np.int64))
            high = np.where(is_of_few[layer] & (value < 0) & (low > 0), UNBOUNDED, high)  # few people, however often
            there = (place >= 0) & (layer >= 0)
            yield _Told(
                report,
                rows,
                at[key],
                place[there],
                layer[there],
                low[there],
                high[there],
                then[there].astype(np.int64),
                is_suppressed[word][there],
            )

    def _told(self, rule: Rule, word: Numbers, value: Numbers) -> tuple[Numbers, Numbers]:
        """Between what a count lies by a cell."""
        states = [state for state, _ in self._cells.words]
        is_shown, is_rounded, is_masked = (
            np.array([state == one for state in states], dtype=np.bool_)[word] for one in (SHOWN, ROUNDED, MASKED)
        )
        half = rule.base // 2
        low = np.select([is_shown, is_rounded, is_masked], [value, np.maximum(value - half, rule.masked_to + 1), 1], 0)
        most = [value, value + half, np.full_like(value, rule.masked_to)]
        return low, np.select([is_shown, is_rounded, is_masked], most, UNBOUNDED)

    def _scores_of(
        self,
        network: Network,
        rule: Rule,
        one: "_Told",
        changed: Numbers,
        found: Past,
        *,
        of_changes: bool,
        is_known: bool,
    ) -> None:
        """Mark the scores that a report tells of, where that is true of the counts of now, and those held back.

        is_known: whether it is known, or supposed, which counts are those of now.
        """
        report, (name, word) = one.report, (column[one.rows] for column in self._cells[3:5])
        own = [
            layer
            for layer in network.layers
            if layer.is_scored and any(measure == report.measure_id for measure, _ in layer.populations)
        ]
        if not own or any(same != (report.measure_id, name) for name, same in report.same.items()):
            return
        told, place = np.full(len(network.places), _UNTOLD), one.at[self._group[name]]
        for of_it, kind in ((self._is_denominator[name], _GIVEN), (self._is_of_score[name], self._score[word])):
            there = of_it & (place >= 0)
            told[place[there]] = np.broadcast_to(kind, word.shape)[there]
        held_back = place[self._is_of_score[name] & self._is_held_back[word] & (place >= 0)]
        for layer in own:
            pair, number = list(layer.scored), network.layers.index(layer)
            found.is_held_back[held_back, layer.score_parts[-1]] = True
            if not is_known:
                continue
            is_changed = changed[:, pair].any(axis=1)
            now = _kinds(network.values[:, pair], rule.masked_to)
            found.is_score_told[:, number] |= (told == now) & ~is_changed
            if of_changes and number in pair:
                then = network.values[:, number] - changed[:, number]
                is_few = (then > 0) & (then <= rule.masked_to) & (told == _FEW)
                is_many = (then > rule.masked_to) & (told == _GIVEN)
                is_none = (then == 0) & np.isin(told, (_GIVEN, _NOBODY))
                low = np.select([is_changed & is_few, is_changed & is_many], [1, rule.masked_to + 1], 0)
                high = np.select([is_changed & is_few, is_changed & is_none], [rule.masked_to, 0], UNBOUNDED)
                _narrow_to(found.known, (slice(None), number), low, high, changed[:, number])


class _Told(NamedTuple):
    """What a report told of counts of a network, by cell. rows: of the cells. at: places of groups.

    then: how many people were counted, -1: not known.
    """

    report: EarlierReport
    rows: slice
    at: Numbers
    place: Numbers
    layer: Numbers
    low: Numbers
    high: Numbers
    then: Numbers
    is_suppressed: Flags

    @property
    def is_counted(self) -> bool:
        """Whether it is known how many people were counted then."""
        return not len(self.then) or bool((self.then >= 0).any())


def _narrow(network: Network, one: _Told, changed: Numbers, found: Past, *, of_changes: bool, is_known: bool) -> None:
    """Narrow what is known by the cells of one report. is_known: as of `_scores_of`."""
    at = one.place, one.layer
    exact, change = network.values[at], changed[at]
    tells = (one.low <= exact - change) & (exact - change <= one.high) & ((of_changes | (change == 0)) & is_known)
    at = one.place[tells], one.layer[tells]
    _narrow_to(found.known, at, one.low[tells], one.high[tells], change[tells])
    found.is_held_back[one.place[one.is_suppressed], one.layer[one.is_suppressed]] = True


def _narrow_to(known: Limits, at: Any, low: Numbers, high: Numbers, change: Numbers) -> None:
    """Narrow bounds of counts that are by `change` more than what lies between `low` and `high`."""
    np.maximum.at(known.low, at, np.where(low > 0, low + change, 0))
    np.minimum.at(known.high, at, np.where(high < UNBOUNDED, high + change, UNBOUNDED))


def _add_left_over(network: Network, changed: Numbers) -> None:
    """Add, in place, by how many people those changed who are left of a population, of whom no cell tells."""
    within = network.system.within
    ends = np.cumsum(within.length).tolist()
    for whole, end, length in zip(within.whole.tolist(), ends, within.length.tolist(), strict=True):
        *parts, left = within.part[end - length : end].tolist()
        changed[:, left] = changed[:, whole] - changed[:, parts].sum(axis=1)


def _kinds(pair: Numbers, few: int) -> Numbers:
    """What is told of a score with these people in it and beside it, by place."""
    is_few, is_empty = ((pair > 0) & (pair <= few)).any(axis=1), (pair == 0).all(axis=1)
    return np.select([is_empty, is_few], [_NOBODY, _FEW], _GIVEN)
