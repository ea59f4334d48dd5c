"""What readers know of each count from reports of before, as arrays of a network.

An earlier cell tells of the count of now where that lies within what it told; where it does not, the count was
corrected, and the earlier cell tells nothing of it.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from hi_fhir.disclosure.counts import MASKED, ROUNDED, SCORE, SHOWN, SUPPRESSED
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

    is_held_back: counts that were suppressed, which then stay so: one that comes and goes tells something.
    """

    known: Limits
    is_score_told: Flags
    is_held_back: Flags

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
        self._score = np.array([_SCORES.get(reason or "", _UNTOLD) for _, reason in self._cells.words], dtype=np.int64)

    def of(self, network: Network, rule: Rule) -> Past:
        """What is known of the counts of a network. rule: by which what is masked was masked."""
        found = Past.nothing(network)
        layers = {population: number for number, layer in enumerate(network.layers) for population in layer.populations}
        places = {place: number for number, place in enumerate(network.places)}
        at: dict[tuple[str, str], Numbers] = {}
        for report, rows in zip(self._reports, self._rows, strict=True):
            of = {name: layers[one] for name, one in report.same.items() if one in layers}
            if not of:
                continue
            key = (report.evaluation, report.reporter)
            if key not in at:
                named = (self._areas.place(*key, *group) for group in self._groups)
                at[key] = np.array([-1 if one is None else places.get(one, -1) for one in named], dtype=np.int64)
            self._cells_of(network, rule, rows, at[key], of, found)
            self._scores_of(network, rule, report, rows, at[key], found.is_score_told)
        return found

    def _cells_of(
        self, network: Network, rule: Rule, rows: slice, at: Numbers, of: Mapping[str, int], found: Past
    ) -> None:
        """Narrow what is known by the cells of one report."""
        layer = np.array([of.get(name[2], -1) for name in self._cells.names], dtype=np.int64)
        name, word, value = (column[rows] for column in self._cells[3:])
        place, layer = at[self._group[name]], layer[name]
        low, high = self._told(rule, word.astype(np.int64), value.astype(np.int64))
        is_of_few = np.array([one.people is not None for one in network.layers], dtype=np.bool_)
        high = np.where(is_of_few[layer] & (value < 0) & (low > 0), UNBOUNDED, high)  # few people, however often
        there = (place >= 0) & (layer >= 0)
        place, layer, low, high = place[there], layer[there], low[there], high[there]
        exact = network.values[place, layer]
        fits = (low <= exact) & (exact <= high)
        np.maximum.at(found.known.low, (place[fits], layer[fits]), low[fits])
        np.minimum.at(found.known.high, (place[fits], layer[fits]), high[fits])
        is_suppressed = np.array([state == SUPPRESSED for state, _ in self._cells.words], dtype=np.bool_)[word][there]
        found.is_held_back[place[is_suppressed], layer[is_suppressed]] = True

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
        self, network: Network, rule: Rule, report: EarlierReport, rows: slice, at: Numbers, is_told: Flags
    ) -> None:
        """Mark the scores that a report tells of, where what it tells is true of the counts of now."""
        own = [
            number
            for number, layer in enumerate(network.layers)
            if layer.is_scored and any(measure == report.measure_id for measure, _ in layer.populations)
        ]
        if not own or any(one != (report.measure_id, name) for name, one in report.same.items()):
            return
        name, word = self._cells.name[rows], self._cells.word[rows]
        told = np.full(len(network.places), _UNTOLD)
        for of_it, kind in ((self._is_denominator[name], _GIVEN), (self._is_of_score[name], self._score[word])):
            place = at[self._group[name]]
            there = of_it & (place >= 0)
            told[place[there]] = np.broadcast_to(kind, word.shape)[there]
        for number in own:
            pair = network.values[:, network.layers[number].scored]
            is_few, is_empty = ((pair > 0) & (pair <= rule.masked_to)).any(axis=1), (pair == 0).all(axis=1)
            now = np.select([is_empty, is_few], [_NOBODY, _FEW], _GIVEN)
            is_told[:, number] |= told == now
