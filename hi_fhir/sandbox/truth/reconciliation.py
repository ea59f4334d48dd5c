"""What becomes of each resource when the scope of all measures is asked for: kept, deleted or out of scope."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from hi_fhir.sandbox.people.model import Record, SyntheticPerson
from hi_fhir.sandbox.truth.linked import ELSEWHERE
from hi_fhir.sandbox.truth.opted_out import BY_CODE, OPT_OUT, WITHDRAWN
from hi_fhir.sandbox.truth.setting import USUAL, TruthSetting

KEPT, DELETED, OUT_OF_SCOPE, QUARANTINED = "kept", "deleted", "out_of_scope", "quarantined"
TERMS = ("received", KEPT, "superseded", DELETED, OUT_OF_SCOPE, QUARANTINED)

_ASKED_BY_CODE = frozenset({"Observation", "Procedure"})
_ASKED_WHOLE = frozenset({"Condition", "Encounter", "EpisodeOfCare", "Organization", "Patient"})
_ENTERED_IN_ERROR = "entered-in-error"


class ExpectedReconciliation:
    """Counts of resources by type and what became of them, whether all were received or only what was asked for."""

    def __init__(self, setting: TruthSetting = USUAL) -> None:
        self._setting = setting
        self._fates: Counter[tuple[str, str, bool]] = Counter()
        self._add("Organization", KEPT, True, len(setting.region.organisations))

    def add(self, person: SyntheticPerson) -> None:
        for record in person.records:
            self._add(record.type, outcome(record, self._setting), is_asked_for(record, self._setting))
        for patient in person.patients:
            self._add("Patient", KEPT, True)
            for episode in (one for one in patient.registrations if one.kind == "episode"):
                self._add("EpisodeOfCare", DELETED if episode.status == _ENTERED_IN_ERROR else KEPT, True)

    def _add(self, type_: str, becomes: str, asked: bool, count: int = 1) -> None:
        self._fates[type_, becomes, asked] += count

    def of_everything(self) -> dict[str, dict[str, int]]:
        """Where all resources are received, as from a folder or an unfiltered export."""
        return self._terms(only_asked=False)

    def of_what_is_asked_for(self) -> dict[str, dict[str, int]]:
        """Where only types and codes of the scope are received, as from searches: each resource once.

        One with codes of several requests comes with each of them, and is superseded by itself.
        """
        return self._terms(only_asked=True)

    def _terms(self, only_asked: bool) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(TERMS, 0))
        for (type_, becomes, asked), count in sorted(self._fates.items()):
            if asked or not only_asked:
                found[type_][becomes] += count
                found[type_]["received"] += count
        return dict(found)


def outcome(record: Record, setting: TruthSetting = USUAL) -> str:
    """An error is deleted, of whatever code, in a type that is asked for; what is about another server's is refused."""
    if record.type not in _ASKED_BY_CODE | _ASKED_WHOLE:
        return OUT_OF_SCOPE
    if record.status == _ENTERED_IN_ERROR:
        return DELETED
    if not is_asked_for(record, setting):
        return OUT_OF_SCOPE
    return QUARANTINED if record.reference == ELSEWHERE else KEPT


def is_asked_for(record: Record, setting: TruthSetting = USUAL) -> bool:
    """Encounters are asked for whole; of the other types, codes that mean something to a measure or to the policy."""
    if record.type in _ASKED_WHOLE:
        return True
    return record.type in _ASKED_BY_CODE and any(_meanings(record, setting))


def _meanings(record: Record, setting: TruthSetting) -> Iterator[bool]:
    for code in (record.code, *(part.code for part in record.components)):
        if code is not None and code.means is not None:
            yield code.means not in (OPT_OUT, WITHDRAWN) or setting.opt_out == BY_CODE
