"""A board's release of made-up people, and its pages as somebody sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
from flask import Flask
from flask.testing import FlaskClient

from hi_fhir.cohorts.lists import ListComparison
from hi_fhir.core.audiences import Audience
from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.core.days import Period
from hi_fhir.measures.evaluation import FORMAT, MANIFEST, read_evaluation
from hi_fhir.pages.reading import Shelf
from hi_fhir.pages.site import make_site
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.report import report
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from hi_fhir.web.app import create_app
from tests.support.evaluations import AREAS, write_evaluation
from tests.support.unattacked import kept_unattacked

CLOCK = FixedClock(datetime(2025, 5, 3, tzinfo=UTC))


YEAR_BEFORE: Mapping[str, Any] = {
    "period": Period(date(2023, 4, 1), date(2024, 3, 31)),
    "as_of": date(2024, 3, 31),
    "data_date": date(2024, 4, 2),
}


def release_for_pages(
    data_dir: Path,
    store: Store,
    measures: Sequence[str],
    audience: Audience = Audience.ICB,
    *,
    name: str = "now",
    seed: int = 1,
    lists: ListComparison | None = None,
    **changed: Any,
) -> None:
    """Unattacked: counts of several measures are made up each by itself, and contradict one another.

    changed: fields of the evaluation's manifest.
    """
    config = Config(data_dir=data_dir)
    folder = data_dir / "evaluations" / name
    write_evaluation(folder, measures=list(measures), areas=AREAS[:3], people=400, seed=seed, lists=lists)
    if changed:
        FORMAT.commit(folder / MANIFEST, msgspec.structs.replace(read_evaluation(folder), **changed))
    with kept_unattacked():
        report(RunContext(config, CLOCK, opened=store), folder, audience, data_dir / "runs" / f"{name}-{audience}")


@dataclass
class Looking:
    """Who looks; it may change while the service runs."""

    reader: Reader

    def site(self, store: Store, data_dir: Path | None = None) -> Flask:
        def reader_of(_request: object) -> Reader:
            return self.reader

        return create_app(store, CLOCK, reader_of, pages=make_site(Shelf(store, data_dir=data_dir), reader_of))


def site_of(store: Store, reader: Reader, data_dir: Path | None = None) -> Flask:
    return Looking(reader).site(store, data_dir)


def site(store: Store, reader: Reader) -> FlaskClient:
    return site_of(store, reader).test_client()


class PageText(HTMLParser):
    """rows: texts of the cells of each table's rows. links, images: where they lead. text: all of it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.links: list[str] = []
        self.images: list[str] = []
        self.text = ""
        self._in_cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._in_cell = True
        if tag == "a":
            self.links.append(told.get("href") or "")
        if tag == "img":
            self.images.append(told.get("src") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._in_cell:
            self.rows[-1][-1] += data
