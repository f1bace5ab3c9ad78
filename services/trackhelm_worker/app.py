"""The Celery application of this process's environment: `celery --app trackhelm_worker.app:celery worker`."""

from trackhelm_core.settings import RedisSettings, StorageSettings
from trackhelm_worker.compose import build_celery

celery = build_celery(StorageSettings(), RedisSettings())
