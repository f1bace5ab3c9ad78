"""What a request meets before any service: whose pages may call, and below which path the server is.

Nothing here knows an endpoint, a body or a user.
"""
