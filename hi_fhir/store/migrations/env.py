"""Alembic's entry: runs the migrations on the connection that `migrating.migrate` hands in."""

from alembic import context

from hi_fhir.store import (  # noqa: F401  which put their tables beside the others
    account_models,
    agreement_models,
    attack_models,
    client_models,
    export_models,
    subscription_models,
    succession_models,
)
from hi_fhir.store.models import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
