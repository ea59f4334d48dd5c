"""Which published strata lie in which coarser ones, as whoever reads a report knows them, whoever wrote it.

Sources: the English indices of deprivation (a quintile is two deciles; Core20 is the most deprived fifth); the ethnic
categories of the census of 2001 and the groups of that of 2021, where Chinese moved to Asian.
"""

from collections.abc import Iterator

_DECILES = {str(decile): (str((decile + 1) // 2), "core20" if decile <= 2 else "rest") for decile in range(1, 11)}
_GROUPS = {"white": "ABC", "mixed": "DEFG", "asian": "HJKLR", "black": "MNP", "other": "S"}
_CATEGORIES = {letter: group for group, letters in _GROUPS.items() for letter in letters}
_UNKNOWN = "unknown"


def coarser(stratifier: str, stratum: str) -> Iterator[tuple[str, str]]:
    """Stratifier and stratum of every coarser one in which a stratum lies; none where that is not known."""
    if stratifier == "imd-decile":
        quintile, core20 = _DECILES.get(stratum, (_UNKNOWN, _UNKNOWN))
        yield "imd-quintile", quintile
        yield "core20", core20
    elif stratifier == "imd-quintile":
        yield "core20", stratum if stratum == _UNKNOWN else ("core20" if stratum == "1" else "rest")
    elif stratifier == "ethnic-category-16":
        yield "ethnic-group-5", _CATEGORIES.get(stratum, stratum)
