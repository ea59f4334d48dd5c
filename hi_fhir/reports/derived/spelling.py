"""Statistics as extensions of a report's group, as canonical JSON: what they have in common is spelt once."""

import re
from collections.abc import Iterable

import orjson

from hi_fhir.core.files import canonical_json
from hi_fhir.reports.concepts import definition, nested, valued
from hi_fhir.reports.derived.rows import Statistic

_NUMBERS = ("value", "lower", "upper")
_PLACE = re.compile(rb'"@"')
_Form = tuple[object, ...]


class SpeltStatistics:
    """Spells statistics. base: of canonical URLs. forms: how many were spelt so far, but for their numbers."""

    def __init__(self, base: str) -> None:
        self._url = definition(base, "statistic")
        self._templates: dict[_Form, bytes] = {}

    @property
    def forms(self) -> int:
        return len(self._templates)

    def of(self, statistics: Iterable[Statistic]) -> bytes:
        """The extensions, each with a comma after it."""
        return b"".join([self._one(statistic) for statistic in statistics])

    def _one(self, statistic: Statistic) -> bytes:
        about, numbers, includes_rounding, reason = statistic
        form = (about, includes_rounding, reason, numbers[0] is None)
        template = self._templates.get(form)
        if template is None:
            template = self._templates[form] = self._template(statistic)
        if reason:
            return template
        return template % tuple([orjson.dumps(number) for number in numbers if number is not None])

    def _template(self, statistic: Statistic) -> bytes:
        about, numbers, includes_rounding, reason = statistic
        named = {"kind": about.kind, "stratifier": about.stratifier, "stratum": about.stratum, "against": about.against}
        parts = [valued(name, "Code", code) for name, code in named.items() if code is not None]
        if reason:
            return canonical_json(nested(self._url, [*parts, valued("absent", "Code", reason)])) + b","
        given = zip(_NUMBERS, numbers, strict=True)
        parts += [valued(name, "Decimal", "@") for name, number in given if number is not None]
        parts += [valued("method", "Code", about.method), valued("includes-rounding", "Boolean", includes_rounding)]
        spelt = canonical_json(nested(self._url, parts)).replace(b"%", b"%%") + b","
        return _PLACE.sub(b"%b", spelt)
