"""What every service shares: runtime, settings, errors, limits, wire forms, database, objects.

It must not import a service, and holds no rule that belongs to one service alone.
"""
