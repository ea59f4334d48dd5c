"""Why a record cannot be taken: raised where it is found, kept with the record's bytes in quarantine."""


class RefusedError(Exception):
    """One record is refused.

    kind: a stable word, such as `impossible-date` or `no-subject`. path: the JSON path of what is wrong. Neither ever
    carries a value from the record.
    """

    def __init__(self, kind: str, path: str = "$", reason: str = "") -> None:
        super().__init__(f"{kind} at {path}")
        self.kind = kind
        self.path = path
        self.reason = reason or _REASONS.get(kind, "")


_REASONS = {
    "impossible-date": "not a FHIR date, or a day that no calendar has",
    "no-subject": "no reference to the person it is about",
    "another-server": "the subject is on another server; if that is this one by another name, declare it in the "
    "setting `bases` of the source",
    "contained-subject": "the subject is a contained resource without an identifier",
    "unusable-identifier": "the subject is named by an identifier without system or value, or by no valid NHS number",
    "subject-not-a-patient": "the subject is not a Patient",
    "unreadable-subject": "the reference to the subject cannot be read",
}
