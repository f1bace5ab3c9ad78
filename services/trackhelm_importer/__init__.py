"""Moving in from MLflow, and back: another tracking store is read, ours written, and both are compared.

`sources` opens what is read: `sql_source` a tracking database, `folder_source` a `mlruns` folder,
`rest_source` a live server; all yield the `records`. `placing` decides where they come to, `importing` writes
them by `store`, `copying` copies files, `verification` compares both sides by `digests`, and `exporting`
writes a database that a stock MLflow server opens. Must never write to a source.
"""
