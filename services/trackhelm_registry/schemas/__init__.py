"""The wire types of the registry."""
