"""Charts: series as buckets that keep the least and greatest value, so that no spike is lost."""
