"""The audit trail: the form of a change, recording changes, and verifying the chain."""
