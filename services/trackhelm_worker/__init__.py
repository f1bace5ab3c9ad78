"""The worker: a Celery application composed of the services' tasks. It holds no rule of its own."""
