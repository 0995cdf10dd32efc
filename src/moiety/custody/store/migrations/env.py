"""Alembic's environment: the connection is the store's, and so is the transaction."""

from alembic import context

# Whoever imports this and is not Alembic finds nothing to do.
config = getattr(context, "config", None)
if config is not None:
    context.configure(connection=config.attributes["connection"])
    with context.begin_transaction():
        context.run_migrations()
