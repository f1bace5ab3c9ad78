"""The HTTP face of tracking writes: parse, one call, answer."""
