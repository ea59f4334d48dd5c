"""People made up for an attack: counts that hang together in every way that those of real people do."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hi_fhir.attack.told import Name, Report, Rounding, State, Told
from tests.support.telling import NHS

Numbers = npt.NDArray[np.int64]

CATEGORIES = (*"ABCDEFGHJKLMNPRS", "not-stated", "refused", "not-known", "not-recorded")
GROUPS = {"ABC": "white", "DEFG": "mixed", "HJKLR": "asian", "MNP": "black", "S": "other"}
GROUP_OF = {letter: group for letters, group in GROUPS.items() for letter in letters}
DECILES = (*(str(decile) for decile in range(1, 11)), "unknown")
SEXES, BANDS = ("female", "male", "other", "unknown"), ("0-13", "14-17", "18-39", "40-64", "65-79", "80+", "unknown")


class Crowd(NamedTuple):
    """A practice's people: the place of the stratum of each by stratifier, and the strata's codes."""

    places: Mapping[str, Numbers]
    codes: Mapping[str, Sequence[str]]


def crowd(people: int, chance: np.random.Generator) -> Crowd:
    decile = chance.choice(11, people, p=[*(np.arange(10, 0, -1) / 55 * 0.9), 0.1])
    category = chance.choice(20, people, p=_few(20, 0.5))
    quintile = [*(str((place // 2) + 1) for place in range(10)), "unknown"]
    core20 = ["core20" if place < 2 else "rest" for place in range(10)] + ["unknown"]
    group = [GROUP_OF.get(code, code) for code in CATEGORIES]
    fine = {
        "sex": (chance.choice(4, people, p=[0.5, 0.48, 0.01, 0.01]), SEXES),
        "age-band": (chance.choice(7, people, p=[0.15, 0.05, 0.3, 0.3, 0.13, 0.06, 0.01]), BANDS),
        "ethnic-category-16": (category, CATEGORIES),
        "ethnic-group-5": _coarser(category, group),
        "imd-decile": (decile, DECILES),
        "imd-quintile": _coarser(decile, quintile),
        "core20": _coarser(decile, core20),
        "all": (np.zeros(people, dtype=np.int64), ("all",)),
    }
    (one, its), (two, others) = fine["ethnic-group-5"], fine["imd-quintile"]
    crossed = (one * len(others) + two, [f"{left}*{right}" for left in its for right in others])
    fine["ethnic-group-5*imd-quintile"] = crossed
    return Crowd(
        {name: places for name, (places, _) in fine.items()}, {name: codes for name, (_, codes) in fine.items()}
    )


def _few(size: int, ratio: float) -> Numbers:
    weights = ratio ** np.arange(size) + 0.005
    return weights / weights.sum()


def _coarser(places: Numbers, codes: Sequence[str]) -> tuple[Numbers, tuple[str, ...]]:
    own = tuple(dict.fromkeys(codes))
    return np.array([own.index(code) for code in codes])[places], own


POPULATIONS = ("initial_population", "denominator", "denominator_exception", "numerator", "undetermined")


class Made(NamedTuple):
    """What was told, and the people behind each of its cells."""

    told: Told
    exact: npt.NDArray[np.int32]


def made(measures: int, practices: int, people: int, seed: int = 1, a_network: int = 12, rule: Rounding = NHS) -> Made:
    """Reports of practices, networks of `a_network` practices each and one board, on made-up measures."""
    chance = np.random.default_rng(seed)
    crowds = [crowd(int(chance.integers(people // 2, people * 2)), chance) for _ in range(practices)]
    codes = crowds[0].codes
    names = tuple(Name(by, code, of) for by in codes for code in codes[by] for of in POPULATIONS)
    own = [f"P{place:03d}" for place in range(practices)]
    areas = {code: (place,) for place, code in enumerate(own)}
    areas |= {
        f"N{first:03d}": tuple(range(first, min(first + a_network, practices)))
        for first in range(0, practices, a_network)
    }
    areas["B"] = tuple(range(practices))
    reports, tables = [], []
    for number in range(measures):
        share = chance.uniform(0.005, 0.5)
        counted = np.stack([_counts(one, share, chance) for one in crowds])
        for code, within in areas.items():
            days = ("2024-04-01", "2025-03-31")
            covered = tuple(own[place] for place in within)
            reports.append(Report(f"m{number}", "1", days, days[1], days[1], code, covered, rule, f"{len(reports)}"))
            tables.append(counted[list(within)].sum(axis=0))
    exact = np.concatenate(tables).astype(np.int32)
    state = np.select([exact == 0, exact <= rule.masked_to], [State.EXACT, State.MASKED], State.ROUNDED)
    value = np.where(state == State.MASKED, -1, (exact + rule.base // 2) // rule.base * rule.base)
    columns = (
        np.repeat(np.arange(len(reports)), len(names)),
        np.tile(np.arange(len(names)), len(reports)),
        state,
        value,
    )
    return Made(Told(tuple(reports), names, *(column.astype(np.int32) for column in columns)), exact)


def _counts(one: Crowd, share: float, chance: np.random.Generator) -> Numbers:
    """People by stratum of each stratifier and by population, in the order of the names."""
    size = len(one.places["all"])
    initial = chance.random(size) < share
    denominator = initial & (chance.random(size) < 0.95)
    numerator = denominator & (chance.random(size) < chance.uniform(0.2, 0.9))
    exception = denominator & ~numerator & (chance.random(size) < 0.2)
    undetermined = ~initial & (chance.random(size) < 0.01)
    flags = (initial, denominator, exception, numerator, undetermined)
    parts = [
        np.stack([np.bincount(places[flag], minlength=len(one.codes[by])) for flag in flags], axis=1).ravel()
        for by, places in one.places.items()
    ]
    return np.concatenate(parts)
