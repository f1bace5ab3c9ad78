"""How requests are read from and answers written to MLflow's JSON: the forms, not their meaning.

Requests are pydantic models (`requests`), answers msgspec structs (`replies`): a page of 1,000 runs
holds some 50,000 small objects, which msgspec encodes in milliseconds.
"""
