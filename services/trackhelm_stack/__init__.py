"""The split shape on one machine: PostgreSQL, Redis, every service and nginx, each as its own process.

It knows programs and addresses. It must not import a service: each is started by its role's name.
"""
