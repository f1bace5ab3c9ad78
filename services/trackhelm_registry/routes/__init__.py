"""The HTTP face of the registry: parse, one call, answer."""
