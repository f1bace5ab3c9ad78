"""The rules of files: which paths are safe, whose files are ours, which part of one is asked for."""
