"""Where data is kept."""

from pathlib import Path

from pydantic import Field

from trackhelm_core.settings.group import SettingsGroup


class StorageSettings(SettingsGroup):
    """Where data is kept."""

    data: Path = Field(
        Path("trackhelm-data"), description="Folder of the embedded server: database and artifacts."
    )
    database_url: str | None = Field(
        None, description="SQLAlchemy URL of the database; by default the SQLite file in the data folder."
    )

    @property
    def effective_database_url(self) -> str:
        """The database's URL, derived from the data folder where none is given."""
        return self.database_url or f"sqlite:///{self.data.absolute() / 'trackhelm.db'}"

    @property
    def artifact_folder(self) -> Path:
        """The folder that holds proxied artifacts."""
        return self.data.absolute() / "artifacts"
