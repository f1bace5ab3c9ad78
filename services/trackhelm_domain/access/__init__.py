"""Who calls, what they may do, and whether a row may be read or changed: for every service."""
