"""What a process tells of itself: logs, and an id for each request."""
