"""The HTTP face of files: parse, one call, stream."""
