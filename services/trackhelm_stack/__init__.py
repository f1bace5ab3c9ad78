"""The split shape on one machine: PostgreSQL, Redis, every service and the gateway, each its own process.

It knows programs and addresses. It must not import a service: each is started by its role's name.
"""
