"""What several services share of the product: tables, migrations, audit, outbox, runs, locations, deletion.

Must not serve requests or import a service.
"""
