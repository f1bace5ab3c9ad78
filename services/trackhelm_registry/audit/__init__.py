"""The audit trail as users read it."""
