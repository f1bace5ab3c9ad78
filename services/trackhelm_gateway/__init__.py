"""The gateway of the split shape: one address, from which each path goes to the service that answers it.

It owns no rule and no data, and knows no service but by its name and address. Bodies pass through in blocks.
"""
