"""The errors that hi_fhir raises, and what each one means to whoever sees it.

    HiFhirError
    ├── UserError            the caller can fix it: one message with where, what and what to do   (exit 2)
    │   ├── ConfigError          a setting or an argument
    │   ├── DefinitionError      a measure definition
    │   ├── TerminologyError     a value set, concept map or imported reference file
    │   ├── NotFoundError        a run, measure, folder or report that is not there
    │   ├── ManifestError        a file of the data folder that another version wrote, or that was changed
    │   ├── BusyError            another process is doing that work
    │   └── NoRoomError          a disk is full; the same work goes on once it is not
    ├── SourceError          the other server's doing; `retryable` says whether trying again may help  (exit 3)
    ├── GateError            a data-quality or disclosure gate stopped the run on purpose            (exit 4)
    └── CancelledError       whoever asked for the work does not want it now; begun again, it goes on     (exit 130)

Anything else that is raised is our own fault (exit 1) and keeps its traceback.
No message ever carries a patient's id, NHS number, name, postcode or birth date, nor a URL's query.
"""

from collections.abc import Iterator


class HiFhirError(Exception):
    """Base of every error that hi_fhir raises on purpose."""

    exit_code = 1


class UserError(HiFhirError):
    exit_code = 2


class ConfigError(UserError):
    pass


class DefinitionError(UserError):
    pass


class TerminologyError(UserError):
    pass


class NotFoundError(UserError):
    pass


class ManifestError(UserError):
    pass


class BusyError(UserError):
    pass


class NoRoomError(UserError):
    pass


class SourceError(HiFhirError):
    """A FHIR server answered wrongly or not at all.

    kind: a stable word for tests and logs, such as `http-status`, `html-body`, `truncated-body`,
    `operation-outcome`, `dropped-parameter`, `next-link-loop`, `foreign-next-link`, `search-expired`.
    """

    exit_code = 3

    def __init__(self, message: str, *, kind: str, status: int | None = None, retryable: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = status
        self.retryable = retryable


class GateError(HiFhirError):
    """A gate stopped the run: counts that do not reconcile, a server total not reached, strata that do not add up."""

    exit_code = 4


class CancelledError(HiFhirError):
    """The work was asked to end, and did so where nothing is half done."""

    exit_code = 130


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what stands behind it, in any of the ways in which one error holds another; each once."""
    seen: list[BaseException] = []
    left = [error]
    while left:
        found = left.pop(0)
        if found is None or any(found is one for one in seen):
            continue
        seen.append(found)
        yield found
        reason = getattr(found, "reason", None)
        held = [one for one in (*found.args, reason) if isinstance(one, BaseException)]
        left += [*held, found.__cause__, found.__context__]
