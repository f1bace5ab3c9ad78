"""The object store: one port, and its implementations over a folder, S3, Google and Azure."""
