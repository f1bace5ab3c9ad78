"""HTTP to a tracking server, by the standard library alone. It must not know what the calls mean."""
