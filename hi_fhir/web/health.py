"""Whether the service lives, and whether it can answer: for whoever starts and watches it."""

from typing import Any

from flask import Blueprint
from sqlalchemy.exc import SQLAlchemyError

from hi_fhir.store.session import Store, is_migrated


def make_blueprint(store: Store) -> Blueprint:
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def healthz() -> dict[str, Any]:
        return {"status": "ok"}

    @blueprint.get("/readyz")
    def readyz() -> tuple[dict[str, Any], int]:
        """503 as long as the store cannot be reached or is of another schema."""
        try:
            migrated = is_migrated(store)
        except SQLAlchemyError:
            return {"status": "unavailable", "store": "unreachable"}, 503
        if not migrated:
            return {"status": "unavailable", "store": "not migrated"}, 503
        return {"status": "ok", "store": "migrated"}, 200

    return blueprint
