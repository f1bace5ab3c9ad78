"""The scoring server: a model behind HTTP, by MLflow's contract and by the Open Inference Protocol v2.

`trackhelm models serve` starts it. It needs `trackhelm[serve]`, and no other part of this package imports it.
"""
