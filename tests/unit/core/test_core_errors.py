"""What stands behind an error is found, and looked at once."""

import errno

from hi_fhir.core.errors import causes
from hi_fhir.core.room import is_full


def test_what_an_error_holds_led_to_it_or_was_there_before_is_a_cause() -> None:
    held, cause, context = OSError(1), ValueError(2), KeyError(3)
    error = RuntimeError("told", held)
    error.__cause__, error.__context__ = cause, context
    assert list(causes(error)) == [error, held, cause, context]
    assert list(causes(None)) == []


def test_errors_that_lead_to_each_other_have_an_end() -> None:
    first, second = ValueError("first"), OSError("second")
    first.__cause__, second.__cause__ = second, first
    assert list(causes(first)) == [first, second]
    assert not is_full(first)
    second.errno = errno.ENOSPC
    assert is_full(first)
