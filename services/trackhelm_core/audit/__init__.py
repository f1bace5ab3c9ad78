"""The audit trail: what changed, by whom, from what to what, in a chain of hashes that shows tampering.

Services record changes here (`recorder`) and never write the tables themselves; the registry service reads
them.
"""
