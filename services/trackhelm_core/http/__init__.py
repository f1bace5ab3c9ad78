"""What an HTTP application is composed of: services, routes, problems and probes."""
