"""Synthetic people for a real server: their resources, what a user imports for them, and the counts they come to."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from hi_fhir.sandbox import render
from hi_fhir.sandbox.folder import write_folder
from hi_fhir.sandbox.people import make_people


@dataclass(frozen=True)
class Crowd:
    """folder: as `hi-fhir sandbox --write` leaves it, its FHIR apart."""

    resources: list[dict[str, Any]]
    folder: Path

    def at(self, base_url: str) -> list[dict[str, Any]]:
        """The resources as the server at `base_url` has them: absolute references to its own are under its base."""
        text = orjson.dumps(self.resources).replace(render.ABSOLUTE_BASE.encode(), base_url.encode())
        found: list[dict[str, Any]] = orjson.loads(text)
        return found

    def of(self, type_: str) -> list[dict[str, Any]]:
        return [one for one in self.resources if one["resourceType"] == type_]

    @property
    def by_search(self) -> dict[str, dict[str, int]]:
        """What is to become of the people's resources by type, where what is asked for is searched."""
        terms: dict[str, dict[str, int]] = self._truth()["reconciliation_by_search"]
        return terms

    @property
    def counts(self) -> dict[tuple[str, ...], int]:
        """The expected people by measure, practice, stratifier, stratum and population, where there are any."""
        return {tuple(cell): count for *cell, count in self._truth()["counts"]}

    def _truth(self) -> Any:
        return orjson.loads((self.folder / "truth.json").read_bytes())


def make_crowd(folder: Path, people: int, seed: int) -> Crowd:
    crowd = make_people(people, seed)
    write_folder(folder, crowd, gz=False)
    return Crowd([*render.organisation_resources(), *(one for who in crowd for one in render.resources(who))], folder)
