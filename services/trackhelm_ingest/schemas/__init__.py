"""The wire types of tracking writes."""
