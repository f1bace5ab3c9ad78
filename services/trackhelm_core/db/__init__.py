"""The metadata database: engines, units of work and statements, for SQLite and PostgreSQL alike."""
