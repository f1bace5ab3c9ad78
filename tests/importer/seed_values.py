"""What the tests and the script that fills a stock server both know."""

LONG_KEY = "k" * 250
LONG_HISTORY = 100_000
SHORT_HISTORY = 3_000
"""Where another server has the long one: MLflow takes half a minute for it."""
