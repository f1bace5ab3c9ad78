"""Autologging: a framework's training logs itself, with no call in the user's code.

`patching` replaces functions of a framework so that no failure of logging reaches the training,
`integrations` knows which framework logs with which options, `sessions` which training is inside which,
`imports` sees frameworks that are imported later, and `recording` writes to a run. Then one module a
framework, or what several of them share. No module here may import a framework before the user has.

`autolog` is imported from `trackhelm.autologging.integrations`.
"""
