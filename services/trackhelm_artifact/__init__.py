"""Owns the files: upload, download, listing and deletion, by proxy path, run, model version or logged model.

It reads runs, versions and logged models to find where their files are; it must not write their tables.
"""
