"""Protected models: protections, approval requests, and rollbacks."""
