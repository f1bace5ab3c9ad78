"""Who asks, and whether a browser may: actors, credentials, proxies, hosts, origins; and sealed secrets."""
