"""The base of every group of settings."""

from typing import Final

from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX: Final = "TRACKHELM_"


class SettingsGroup(BaseSettings):
    """Settings that belong together, each read from the variable that is `PREFIX` and its name."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")
