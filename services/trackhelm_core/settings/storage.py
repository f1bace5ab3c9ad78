"""Where data is kept."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from trackhelm_core.settings.group import SettingsGroup
from trackhelm_core.settings.secrets import url_of


class StorageSettings(SettingsGroup):
    """Where data is kept."""

    data: Path = Field(
        Path("trackhelm-data"), description="Folder of the embedded server: database and artifacts."
    )
    database_url: str | None = Field(
        None, description="SQLAlchemy URL of the database; by default the SQLite file in the data folder."
    )

    database_url_file: Path | None = Field(None, description="File that holds that URL, and its password.")

    @model_validator(mode="after")
    def _is_given_once_and_can_be_read(self) -> Self:
        if self.database_url is not None and self.database_url_file is not None:
            raise ValueError("database_url and database_url_file are both given: one is enough")
        _ = self.given_database_url
        return self

    @property
    def given_database_url(self) -> str | None:
        """The URL, of its file where one is given; None where neither is. Raises `ValueError`."""
        return url_of(self.database_url, self.database_url_file, "database_url_file")

    @property
    def effective_database_url(self) -> str:
        """The database's URL, derived from the data folder where none is given. Raises `ValueError`."""
        return self.given_database_url or f"sqlite:///{self.data.absolute() / 'trackhelm.db'}"

    @property
    def artifact_folder(self) -> Path:
        """The folder that holds proxied artifacts."""
        return self.data.absolute() / "artifacts"
