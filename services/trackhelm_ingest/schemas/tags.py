"""The wire type of a tag, which experiments and runs share."""

from trackhelm_core.wire.requests import Required, WireModel


class Tag(WireModel):
    """A tag to set. An absent value is an empty one."""

    key: Required
    value: str = ""
