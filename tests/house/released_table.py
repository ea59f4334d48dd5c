"""Writes the table of what has a version, unless something changed and kept its own: `make fix` calls it."""

import sys

from hi_fhir.measures import registry, released
from hi_fhir.terminology.catalogue import load


def main() -> int:
    now = released.versioned(registry.load(), load())
    faults = released.faults(now, released.read_table())
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    if faults:
        return 2
    released.write_table(now)
    return 0


if __name__ == "__main__":
    sys.exit(main())
