"""The query service, as compositions see it."""

from trackhelm_core.service import AJAX_2, Mount, Service
from trackhelm_query.routes import charts, datasets, experiments, metrics, runs, series

SERVICE = Service(
    name="query",
    mounts=(
        Mount(experiments.router),
        Mount(runs.router),
        Mount(runs.search_router),
        Mount(metrics.router),
        Mount(metrics.browser_router, AJAX_2),
        Mount(datasets.router, AJAX_2),
        Mount(charts.router),
        Mount(series.router),
    ),
)
