"""Files: listing, upload, download and deletion, of the server's own store and of runs and models."""
