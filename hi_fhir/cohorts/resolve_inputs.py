"""What people are resolved from."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from hi_fhir.cohorts.imports import AreaFile, PostcodeDirectory
from hi_fhir.cohorts.list_tally import PublishedLists
from hi_fhir.cohorts.opt_outs import OptOuts
from hi_fhir.core.days import Period
from hi_fhir.terminology.catalogue import Terminology


@dataclass(frozen=True)
class ResolveInputs:
    """snapshots: folders of finished snapshots, one a source. opt_out: as `opt_outs.read_opt_outs` gives it."""

    snapshots: tuple[Path, ...]
    terminology: Terminology
    period: Period
    as_of: date
    directory: PostcodeDirectory | None
    areas: AreaFile | None
    opt_out: OptOuts
    lists: PublishedLists | None
    imd_year: int  # 2019 or 2025: the one that `person.deprivation` speaks of
