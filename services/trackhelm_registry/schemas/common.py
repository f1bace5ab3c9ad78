"""Messages that requests about models and about versions share."""

from trackhelm_core.wire.requests import Required, WireModel


class Tag(WireModel):
    """A tag to set. An absent value is an empty one."""

    key: Required
    value: str = ""


class NamedModel(WireModel):
    """A registered model, by its name."""

    name: Required


class NamedVersion(NamedModel):
    """A version of a registered model."""

    version: Required
