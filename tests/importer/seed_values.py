"""What the tests and the script that fills a stock server both know."""

LONG_KEY = "k" * 250
LONG_HISTORY = 100_000
