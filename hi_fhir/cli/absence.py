"""What a run withholds for want of data, as its last lines."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hi_fhir.cli.lines import say


def print_absent(absent: Iterable[Mapping[str, Any]]) -> None:
    """A line for each type of a source and what rests on it; nothing where all could be told."""
    from hi_fhir.tables.standing import WHY_WITHHELD, TypeState

    by_cause: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    practices: dict[tuple[str, str, str], set[str]] = {}
    for one in absent:
        cause = (one["source"], one["type"], one["standing"])
        by_cause.setdefault(cause, {}).setdefault(_what(one), []).append(one["measure_id"])
        practices.setdefault(cause, set()).update(one["practices"])
    for (source, type_, standing), measures in sorted(by_cause.items()):
        number = len(practices[source, type_, standing])
        concerned = "1 practice, and all that it is" if number == 1 else f"{number} practices, and all that they are"
        why = WHY_WITHHELD[TypeState(standing)].format(type=type_, source=source)
        say(
            f"Withheld: {why}, so for {concerned} part of, these are not given: "
            + "; ".join(f"{what} of {', '.join(ids)}" for what, ids in measures.items())
        )


def _what(absent: Mapping[str, Any]) -> str:
    """Populations by name; all where the initial population is one, since the others are within it. Or strata."""
    if absent["stratifier"]:
        return f"{' and '.join(absent['strata'])} by {absent['stratifier']}"
    populations: Sequence[str] = absent["populations"]
    return "all" if "initial_population" in populations else " and ".join(populations)
