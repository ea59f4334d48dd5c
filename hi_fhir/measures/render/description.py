"""A measure as what its readers ask of it: who is counted where, from which code lists, by whose rules."""

from typing import Any

from hi_fhir.measures.model import Measure
from hi_fhir.measures.render.narrative import marked, sentence, strata_told
from hi_fhir.measures.render.requirements import value_sets
from hi_fhir.terminology.catalogue import Terminology


def describe(measure: Measure, terminology: Terminology) -> dict[str, Any]:
    """What `hi-fhir measures show` and the reference page tell, as JSON can carry it."""
    titles = terminology.own_titles()
    used = [terminology.value_set(id_) for id_ in value_sets(measure)]
    return {
        "id": measure.id,
        "version": measure.version,
        "title": measure.title,
        "description": measure.description,
        "rule_set": measure.rule_set,
        "source": measure.source,
        "reviewed_by": measure.reviewed_by,
        "next_review": measure.next_review.isoformat(),
        "scoring": measure.scoring,
        "improvement": measure.improvement if measure.has_score else None,
        "caveats": marked(measure.caveats),
        "populations": {name: sentence(word, titles) for name, word in measure.populations()},
        "value_sets": [
            {
                "id": one.id,
                "version": one.version,
                "state": one.state,
                "reason": one.reason,
                "verified": bool(one.codes) and not one.unverified,
                "codes": len(one.codes),
            }
            for one in used
        ],
        "stratifiers": [stratifier.id for stratifier in measure.stratifiers],
        "strata": {one.id: strata_told(one, titles) for one in measure.single_stratifiers if one.words},
        "examples": {example.name: example.outcome for example in measure.examples},
    }
