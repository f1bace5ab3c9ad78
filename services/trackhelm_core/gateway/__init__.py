"""The gateway of the split shape: nginx, configured by a text that is derived from the table of routes.

Functions of settings alone: nothing here starts a program or opens a file. `trackhelm_stack.nginx` runs nginx
with the text, and `trackhelm-server gateway-config` prints it for whoever runs an nginx of their own.
"""
