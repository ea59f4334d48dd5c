"""Pages as HTML: of templates, and kept whole by all that they follow from."""

from collections.abc import Callable, Hashable, Mapping
from functools import cache
from threading import Lock
from typing import Any

from flask import request, url_for
from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader

from hi_fhir.pages import wording
from hi_fhir.pages.door import Door, own_form_token
from hi_fhir.pages.reading import Shelf, period_code
from hi_fhir.pipeline.kept_statistics import LatestUsed

Values = Mapping[str, Any]

_PAGES = 64 << 20  # characters of pages that are kept
_PERSON = "<!-- who looks -->"
"""Stands in a page where it is said who looks: the rest is the same for all who may have the same."""


class Rendering:
    """For one shelf. door: by which somebody logged in."""

    def __init__(self, shelf: Shelf, door: Door | None) -> None:
        self._shelf, self._door = shelf, door
        self._pages: LatestUsed[str] = LatestUsed(_PAGES)
        self._turn = Lock()

    def page(self, template: str, **values: Any) -> str:
        """A page that is rendered each time. Nobody is named where the values have a `person`, which is None."""
        return self._for_person(self._rendered(template, values), is_named="person" not in values)

    def kept_page(self, template: str, of: Hashable, values: Callable[[], Values]) -> str:
        """A page that was rendered before, or is now. of: all that `values` follow from, beside definitions, versions
        of reports in the store, which never change, and what the address says.

        One is made at a time: threads share one interpreter, and of eight at once the first would come as late as the
        last.
        """
        key = (request.script_root, request.endpoint, of)
        page = self._pages.get(key)
        if page is None:
            with self._turn:
                page = self._pages.get(key) or self._rendered(template, values())
            self._pages.keep(key, page, len(page))
        return self._for_person(page)

    def _for_person(self, page: str, *, is_named: bool = True) -> str:
        """With who it is that looks, where somebody logged in."""
        person = self._door.person() if self._door and is_named else None
        own = self._rendered("person.html", {"person": person}) if person else ""
        return page.replace(_PERSON, own, 1)

    def _rendered(self, template: str, values: Values) -> str:
        own = _templates().get_template(template)
        return own.render(
            values,
            url_for=url_for,
            own_form_token=own_form_token,
            period_code=period_code,
            say=wording,
            title_of=self._title,
            here=(request.endpoint or "").rpartition(".")[2],
        )

    def _title(self, id_: str) -> str:
        return self._shelf.measures[id_].title if id_ in self._shelf.measures else id_


@cache
def _templates() -> Environment:
    """Everything is escaped, in files of any name: those of the design system end in .jinja."""
    return Environment(
        loader=ChoiceLoader([PackageLoader("hi_fhir.pages"), PackageLoader("nhsuk_frontend_jinja")]),
        autoescape=True,
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
