"""Logins of programs on machines without a browser: a person approves a code in theirs (RFC 8628)."""
