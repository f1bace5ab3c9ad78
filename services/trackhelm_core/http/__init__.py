"""The HTTP application: composing services, their routes, probes, and the OpenAPI document."""
