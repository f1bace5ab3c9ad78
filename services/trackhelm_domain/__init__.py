"""What several services know of the product: tables, migrations, audit, outbox, runs, locations, deletion.

It serves nothing by itself.
"""
