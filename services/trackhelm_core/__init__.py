"""What every service shares: runtime, settings, errors, limits, wire forms, database engine, queue.

It must not import a service, and holds no rule that belongs to one service alone.
"""

__version__ = "0.1.0"
