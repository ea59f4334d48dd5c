"""Networks and boards as they were when earlier reports were made, where they had other practices than now.

Such an area's count of then is the sum of the counts of its practices of then, which are counts of now; so it is one
more place, of which nothing is told any more but what was.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from hi_fhir.disclosure.counts import ExactCounts, Group
from hi_fhir.disclosure.published import EarlierReport
from hi_fhir.disclosure.suppression.network import Place
from hi_fhir.measures.stratifiers import ALL, PCN, PRACTICE

Practices = frozenset[str]


@dataclass(frozen=True)
class AreasOfThen:
    """names: each set of practices that is counted together, now or then, with what it is called here.

    then: each earlier evaluation's reporters with their practices. now: the same of the release. pcns: practice to PCN.
    """

    names: Mapping[Practices, str]
    then: Mapping[str, Mapping[str, Practices]]
    now: Mapping[str, Practices]
    pcns: Mapping[str, str | None]

    @classmethod
    def of(cls, counts: ExactCounts, reports: Iterable[EarlierReport]) -> "AreasOfThen":
        """A practice that is not there any more leaves nothing known of the areas that it was in."""
        now = {code: frozenset(own) for code, own in counts.hierarchy.practices.items()}
        there = {code for code, own in now.items() if own == {code}}
        then: dict[str, dict[str, Practices]] = {}
        for report in reports:
            then.setdefault(report.evaluation, {})[report.reporter] = report.practices
        names = {own: code for code, own in sorted(now.items(), reverse=True)}
        names |= {frozenset({code}): code for code in there}
        for code, own in sorted({(code, own) for areas in then.values() for code, own in areas.items()}, key=repr):
            if own and own not in names and own <= there:
                names[own] = f"~{len(names)}~{code}"  # after all of now in order
        return cls(names, then, now, counts.hierarchy.pcns)

    def reporter(self, evaluation: str, code: str) -> str | None:
        """What the people of an earlier report's reporter are called here; None: they are not counted together."""
        own = self.then[evaluation][code]
        return code if self.now.get(code) == own else self.names.get(own)

    def place(self, evaluation: str, reporter: str, stratifier: str, stratum: str) -> Place | None:
        """Where a group of an earlier report is counted."""
        code = self.reporter(evaluation, reporter)
        if code is None:
            return None
        if stratifier != PCN:
            return code, stratifier, stratum
        own = self.then[evaluation][reporter]
        within = self.then[evaluation].get(stratum, frozenset()) & own
        if self.now.get(code) == own and within == {one for one in own if self.pcns.get(one) == stratum}:
            return code, stratifier, stratum
        name = self.names.get(within)
        return None if name is None else (name, ALL, ALL)

    def added_to(self, counts: ExactCounts) -> ExactCounts:
        """`counts` with those of the areas that are no more."""
        gone = {name: own for own, name in self.names.items() if name not in self.now}
        divisions = [
            {
                name: self.then[evaluation][code]
                for code in areas
                if (name := self.reporter(evaluation, code)) is not None
            }
            for evaluation, areas in sorted(self.then.items())
        ]
        if not gone:
            return counts
        groups = dict(counts.groups)
        by_practice: dict[str, list[Group]] = {}
        for group in counts.groups:
            by_practice.setdefault(group.reporter, []).append(group)
        for name, own in gone.items():
            for practice in sorted(own):
                for group in by_practice.get(practice, ()):
                    _add(groups, group._replace(reporter=name), counts.groups[group])
                    if group.stratifier == ALL:
                        _add(groups, Group(group.measure_id, name, PRACTICE, practice), counts.groups[group])
        hierarchy = counts.hierarchy
        practices = {**hierarchy.practices, **gone}
        return replace(counts, groups=groups, hierarchy=replace(hierarchy, practices=practices, divisions=divisions))


def _add(groups: dict[Group, Mapping[str, int]], group: Group, more: Mapping[str, int]) -> None:
    known = groups.get(group)
    groups[group] = dict(more) if known is None else {name: known[name] + count for name, count in more.items()}
