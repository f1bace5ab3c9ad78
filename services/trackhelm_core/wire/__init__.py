"""MLflow's JSON: reading requests and writing answers. Owns the forms, and must not know their meaning.

Requests are pydantic models (`requests`). Answers are msgspec structs (`replies`), because a page of 1,000
runs has about 50,000 small objects, which msgspec encodes in milliseconds.
"""
