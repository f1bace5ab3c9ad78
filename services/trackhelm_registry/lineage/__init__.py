"""Lineage: the runs, datasets and models that a model was made from, and what was made from them."""
