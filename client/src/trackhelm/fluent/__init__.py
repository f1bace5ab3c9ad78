"""The functions of `trackhelm` itself, which act on the active run and experiment.

`_state` holds what is active; the other modules hold the functions, a module for each kind. `MlflowClient`
does what they ask for.
"""
