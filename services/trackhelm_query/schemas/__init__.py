"""The wire types of tracking reads, and how they are made of rows."""
