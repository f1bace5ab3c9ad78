"""Files: listing, upload, download and deletion, in the server's own store and of runs and models."""
