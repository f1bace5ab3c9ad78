"""Requests about aliases of registered models."""

from trackhelm_core.wire.requests import Comment, Required
from trackhelm_registry.schemas.common import NamedModel


class NamedAlias(NamedModel):
    """`GET registered-models/alias`."""

    alias: Required


class SetAlias(NamedAlias):
    """`POST registered-models/alias`."""

    version: Required
    comment: Comment = ""


class DeleteAlias(NamedAlias):
    """`DELETE registered-models/alias`."""

    comment: Comment = ""
