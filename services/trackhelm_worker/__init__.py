"""The worker: a Celery application composed of the services' tasks. It must not contain rules of its own."""
