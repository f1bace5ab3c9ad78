"""The wire types of files."""
