"""Requests about aliases of registered models."""

from trackhelm_core.wire.requests import Required
from trackhelm_registry.schemas.common import NamedModel


class NamedAlias(NamedModel):
    """`GET` and `DELETE registered-models/alias`."""

    alias: Required


class SetAlias(NamedAlias):
    """`POST registered-models/alias`."""

    version: Required
