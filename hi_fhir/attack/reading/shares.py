"""Which published shares tell more than the counts beside them: those that were not worked out from these."""

from collections.abc import Iterable

import numpy as np

from hi_fhir.attack.told import Name, Ratios, State, Told

_TAKEN_OUT = ("denominator_exclusion", "denominator_exception")
_MOST_DIGITS = 15


def ratios_of(told: Told, scores: Iterable[tuple[int, int, float]]) -> Ratios:
    """scores: places in `reports` and `names` and the share as it is printed, of which the last digit is rounded."""
    places = {name: place for place, name in enumerate(told.names)}
    key = told.report.astype(np.int64) * max(len(told.names), 1) + told.name
    values = dict(zip(key.tolist(), np.where(told.state <= State.ROUNDED, told.value, -1).tolist(), strict=True))
    found = []
    for report, name, share in scores:
        group = told.names[name].group
        first = report * len(told.names)
        counts = {
            population: values.get(first + places[one])
            for population in ("denominator", "numerator", "numerator_exclusion", *_TAKEN_OUT)
            if (one := Name(*group, population)) in places and first + places[one] in values
        }
        near = 0.5 * 10.0 ** -_digits(share)
        if share <= 1 and not _is_worked_out(counts, share, near):  # more than all is how often, of no people
            found.append((report, name, max(share - near, 0.0), min(share + near, 1.0)))
    columns = np.array(found, dtype=np.float64).reshape(-1, 4).T
    return Ratios(columns[0].astype(np.int32), columns[1].astype(np.int32), columns[2], columns[3])


def _digits(share: float) -> int:
    """Digits after the point, as they are printed."""
    _, point, digits = f"{share!r}".partition(".")
    return min(len(digits), _MOST_DIGITS) if point and "e" not in digits else _MOST_DIGITS


def _is_worked_out(counts: dict[str, int | None], share: float, near: float) -> bool:
    """Whether a share follows from the counts as they are told."""
    known = {name: count for name, count in counts.items() if count is not None and count >= 0}
    if len(known) < len(counts) or "denominator" not in known or "numerator" not in known:
        return False
    denominator = known["denominator"] - sum(known.get(one, 0) for one in _TAKEN_OUT)
    numerator = known["numerator"] - known.get("numerator_exclusion", 0)
    return denominator > 0 and abs(numerator / denominator - share) <= near * 1.001
