"""Direct access: multipart uploads and presigned URLs, by which clients use the store without the server."""
