"""How the schema of the store comes to a revision."""

from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Connection

_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(connection: Connection, revision: str = "head") -> None:
    """Bring the schema to a later revision, the newest by default, within the connection's transaction."""
    command.upgrade(_config(connection), revision)


def migrate_back(connection: Connection, revision: str) -> None:
    """Bring the schema to an earlier revision, for whoever goes back to an earlier version. What came since is lost."""
    command.downgrade(_config(connection), revision)


def _config(connection: Connection) -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
