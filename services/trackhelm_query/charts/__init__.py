"""Charts: buckets of series, which never hide a spike."""
