"""What is logged, and how."""

from typing import Literal

from pydantic import Field

from trackhelm_core.settings.group import SettingsGroup


class LogSettings(SettingsGroup):
    """What is logged, and how."""

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe level that is logged."
    )
    log_format: Literal["console", "json"] = Field(
        "console", description="`console` for people, `json` for a log collector."
    )
