"""Alembic's entry: runs the migrations on the connection that `migrating.migrate` hands in."""

from alembic import context

from hi_fhir.store import account_models, agreement_models, client_models, export_models, subscription_models  # noqa: F401  which put their tables beside the others
from hi_fhir.store.models import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
