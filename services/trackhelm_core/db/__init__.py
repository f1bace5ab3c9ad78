"""The metadata database: engines, units of work, tables, migrations. SQLite and PostgreSQL alike."""
