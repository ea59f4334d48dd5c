"""Who is left out because they opted out: a named policy of the deployment, printed on every report."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

import ibis

from hi_fhir.cohorts.opt_out_policies import IMPORTED_LIST, NOT_APPLICABLE, OPTED_OUT, WITHDRAWN
from hi_fhir.core.errors import ConfigError, TerminologyError
from hi_fhir.tables.identity import IdentityKey
from hi_fhir.tables.views.nhs_number import usable_number


@dataclass(frozen=True)
class OptOuts:
    """policy: one of OPT_OUT_POLICIES. nhs_keys: keyed hashes of the numbers on an imported list."""

    policy: str = NOT_APPLICABLE
    nhs_keys: frozenset[str] = field(default=frozenset(), repr=False)


def read_opt_outs(policy: str, file: Path | None, key: IdentityKey) -> OptOuts:
    """The policy with its list, where it has one: a CSV whose first column, or the one named nhs_number, has numbers.

    A first line without digits is a heading. Any other line that has no valid number is refused: whoever it stands for
    would otherwise be counted. Only keyed hashes of the numbers are kept.

    Raises:
        ConfigError: the policy has no list or the list cannot be read.
        TerminologyError: a line has no valid NHS number.
    """
    if policy != IMPORTED_LIST:
        return OptOuts(policy)
    if file is None:
        raise ConfigError("opt-out policy imported-list needs a list. Set opt_out_list to a CSV of NHS numbers.")
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines)
            rows = [(reader.line_num, row) for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError("the opt-out list cannot be read. Fix the setting opt_out_list.") from error
    column = 0
    if rows and not _has_digits(rows[0][1]):
        heading = [name.strip().lower() for name in rows.pop(0)[1]]
        column = heading.index("nhs_number") if "nhs_number" in heading else 0
    return OptOuts(policy, frozenset(key.nhs_key(_number(line, row, column)) for line, row in rows))


def _has_digits(row: list[str]) -> bool:
    return any(character.isdigit() for cell in row for character in cell)


def _number(line: int, row: list[str], column: int) -> str:
    number = usable_number(row[column].replace("-", "")) if column < len(row) else None
    if number is None:
        raise TerminologyError(
            f"the opt-out list, line {line}: no NHS number of ten digits whose check digit is right. "
            "Fix or remove the line."
        )
    return number


def opted_out_by_code(records: ibis.Table) -> ibis.Table:
    """People with a type 1 opt-out and no later withdrawal, whatever the reference date.

    records: rows with person_id, day (never null; undated is the earliest day) and says (one of TYPE_1_SETS).
    Grain: one row per person; column person_id.
    """
    opted = (records.says == OPTED_OUT).ifelse(records.day, ibis.null("date"))
    withdrawn = (records.says == WITHDRAWN).ifelse(records.day, ibis.null("date"))
    latest = records.group_by("person_id").agg(opted=opted.max(), withdrawn=withdrawn.max())
    stands = latest.withdrawn.isnull() | (latest.withdrawn <= latest.opted)
    return latest.filter(latest.opted.notnull() & stands).select("person_id")
