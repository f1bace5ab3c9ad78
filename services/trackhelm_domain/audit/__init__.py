"""The audit trail: what a change is, how it is recorded, and how the trail is verified."""
