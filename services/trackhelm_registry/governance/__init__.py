"""Protected models: requests for approval, and rollback."""
