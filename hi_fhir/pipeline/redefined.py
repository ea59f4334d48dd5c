"""What says something else than when it was released last, under the same version: it is not released again as that."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from hi_fhir.core.errors import UserError
from hi_fhir.measures.evaluation import EvaluationManifest
from hi_fhir.measures.released import Versioned
from hi_fhir.reports.derived.breaks import kept_basis, redefined
from hi_fhir.reports.heads import report_head
from hi_fhir.store.current import newest_content


def check_definitions(session: Session, evaluation: EvaluationManifest, measures: Iterable[tuple[str, str]]) -> None:
    """That each measure of an evaluation, and all that it read, is what it was, or has another version.

    Readers could not tell one from the other, nor could what is decided by what they have. measures: id and URL.

    Raises:
        UserError: something is not.
    """
    references = {one.id: one for one in evaluation.measures}
    changed: set[str] = set()
    for id_, url in measures:
        content = newest_content(session, url)
        if content is not None:
            definition = Versioned(references[id_].version, references[id_].definition)
            found = redefined(kept_basis(report_head(content)), {**evaluation.contents, id_: definition}, id_)
            changed.update(found)
    if changed:
        raise UserError(
            f"evaluation {evaluation.id}: reports were released by the same versions of what says something else now: "
            f"{', '.join(sorted(changed))}. Raise the version of what was changed. Run: hi-fhir evaluate."
        )
