"""What the tests against real servers share."""

from tests.support.hapi import hapi, lenient_hapi

__all__ = ["hapi", "lenient_hapi"]
