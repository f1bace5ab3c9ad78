"""The gateway of the split shape: nginx, with a configuration that is derived from the table of routes.

Owns the text of that configuration, as functions of the settings. Must not start a program or open a file:
`trackhelm_stack.nginx` runs nginx with the text, and `trackhelm-server gateway-config` prints it for an nginx
that an operator runs.
"""
