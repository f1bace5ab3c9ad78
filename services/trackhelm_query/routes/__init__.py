"""The HTTP face of tracking reads: parse, one call, answer."""
