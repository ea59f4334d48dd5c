"""Tables of practices as a release has them: each practice's people by rows, columns and both, and their network's."""

from hi_fhir.disclosure.counts import ExactCounts, Group, Hierarchy
from hi_fhir.disclosure.policies import SMALL_NUMBERS
from hi_fhir.disclosure.suppression.suppress import suppressed
from tests.support.every_table import ALL, Cell, Table, counts_of

POPULATION = "initial_population"


def released_table(table: Table) -> ExactCounts:
    """The network's strata by practice among them; of one practice there is no network."""
    groups = {
        group: {POPULATION: count} for name, count in counts_of(table).items() for group in told_by(name, len(table))
    }
    practices = [_reporter(number) for number in range(len(table))]
    network = {"U": tuple(practices)} if len(table) > 1 else {}
    reporters = {practice: (practice,) for practice in practices} | network
    hierarchy = Hierarchy({}, reporters, dict.fromkeys(practices, "U" if network else None))
    return ExactCounts(groups, {}, {}, hierarchy=hierarchy)


def held_back(table: Table) -> list[Cell]:
    """The counts of a table that are told nowhere: everybody of a practice is told by it and by its network."""
    suppressed_groups = set(suppressed(released_table(table), {}, SMALL_NUMBERS, 3).groups)
    return [name for name in counts_of(table) if suppressed_groups.issuperset(told_by(name, len(table)))]


def told_by(name: Cell, practices: int) -> set[Group]:
    practice, row, column = name
    is_of_practice = practices > 1 and practice != ALL and row == column == ALL
    return {group_of(name)} | ({Group("m", "U", "practice", _reporter(practice))} if is_of_practice else set())


def _reporter(number: int) -> str:
    return "U" if number == ALL else f"A{number}"


def group_of(name: Cell) -> Group:
    practice, row, column = name
    if row == column == ALL:
        return Group("m", _reporter(practice), "all", "all")
    if column == ALL:
        return Group("m", _reporter(practice), "row", f"{row}")
    if row == ALL:
        return Group("m", _reporter(practice), "column", f"{column}")
    return Group("m", _reporter(practice), "row*column", f"{row}*{column}")
