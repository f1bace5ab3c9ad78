"""Keys of metrics, params and tags that the runs of experiments have, and the values of params and tags."""
