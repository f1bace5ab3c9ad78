"""Owns the files: upload, download, listing and deletion, by proxy path, run, model version or logged model.

It reads runs, versions and logged models for where their files are; it must not write any table.
"""
