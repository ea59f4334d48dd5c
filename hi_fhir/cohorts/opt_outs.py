"""Who is left out because they opted out: a named policy of the deployment, printed on every report."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

import ibis

from hi_fhir.core.config import OPT_OUT_POLICIES
from hi_fhir.core.errors import ConfigError
from hi_fhir.tables.identity import IdentityKey

NOT_APPLICABLE, APPLIED_UPSTREAM, TYPE_1_BY_CODE, IMPORTED_LIST = OPT_OUT_POLICIES
OPTED_OUT, WITHDRAWN = "opted-out", "withdrawn"
TYPE_1_SETS = {OPTED_OUT: "type-1-opt-out", WITHDRAWN: "type-1-opt-out-withdrawn"}
"""What a record says of a type 1 opt-out, and the value set whose codes say it."""
_DIGITS = 10


@dataclass(frozen=True)
class OptOuts:
    """policy: one of OPT_OUT_POLICIES. nhs_keys: keyed hashes of the numbers on an imported list."""

    policy: str = NOT_APPLICABLE
    nhs_keys: frozenset[str] = field(default=frozenset(), repr=False)


def read_opt_outs(policy: str, file: Path | None, key: IdentityKey) -> OptOuts:
    """The policy with its list, where it has one: a CSV whose first column, or the one named nhs_number, has numbers.

    Only their keyed hashes are kept.

    Raises:
        ConfigError: the policy has no list or the list cannot be read.
    """
    if policy != IMPORTED_LIST:
        return OptOuts(policy)
    if file is None:
        raise ConfigError("opt-out policy imported-list needs a list. Set opt_out_list to a CSV of NHS numbers.")
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = [row for row in csv.reader(lines) if row]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("the opt-out list cannot be read. Mend the setting opt_out_list.") from error
    heading = [name.strip().lower() for name in rows[0]] if rows else []
    column = heading.index("nhs_number") if "nhs_number" in heading else 0
    numbers = [_number(row, column) for row in rows]
    wrong = [line for line, number in enumerate(numbers, 1) if number is None and line > 1]
    if wrong:
        raise ConfigError(f"the opt-out list, line {wrong[0]}: not a number of ten digits. Mend or remove the line.")
    return OptOuts(policy, frozenset(key.nhs_key(number) for number in numbers if number))


def _number(row: list[str], column: int) -> str | None:
    digits = "".join(row[column].split()).replace("-", "") if column < len(row) else ""
    return digits if len(digits) == _DIGITS and digits.isascii() and digits.isdigit() else None


def opted_out_by_code(spoken: ibis.Table) -> ibis.Table:
    """People with a type 1 opt-out and no later withdrawal, whatever the as-of day.

    spoken: rows with person_id, day (never null; undated is the earliest day) and says (one of TYPE_1_SETS).
    Grain: one row a person; column person_id.
    """
    opted = (spoken.says == OPTED_OUT).ifelse(spoken.day, ibis.null("date"))
    withdrawn = (spoken.says == WITHDRAWN).ifelse(spoken.day, ibis.null("date"))
    latest = spoken.group_by("person_id").agg(opted=opted.max(), withdrawn=withdrawn.max())
    stands = latest.withdrawn.isnull() | (latest.withdrawn <= latest.opted)
    return latest.filter(latest.opted.notnull() & stands).select("person_id")
