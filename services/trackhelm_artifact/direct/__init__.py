"""Direct access: multipart uploads and presigned addresses, by which bytes pass the server by."""
