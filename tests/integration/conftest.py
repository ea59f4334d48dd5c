"""What the tests against real servers share."""

from tests.support.hapi import hapi, stray_hapi

__all__ = ["hapi", "stray_hapi"]
