"""Who sends a request and whether a browser may: actors, credentials, proxies, origins; sealed secrets."""
