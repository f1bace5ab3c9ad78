"""All that is shown of runs: reading it, its form on the wire, and the document that a settled run has of it.

Read by the query service, which shows it, and by ingest, which makes the documents. Writes nothing.
"""
