"""The record of the query service, for compositions."""

from trackhelm_core.runtime import AJAX_2, Mount, Service
from trackhelm_query.charts import routes as charts_routes
from trackhelm_query.datasets import routes as datasets_routes
from trackhelm_query.experiments import routes as experiments_routes
from trackhelm_query.keys import routes as keys_routes
from trackhelm_query.metrics import routes as metrics_routes
from trackhelm_query.runs import routes as runs_routes
from trackhelm_query.table import routes as table_routes
from trackhelm_query.views import routes as views_routes

SERVICE = Service(
    name="query",
    mounts=(
        Mount(experiments_routes.router),
        Mount(runs_routes.router),
        Mount(runs_routes.search_router),
        Mount(metrics_routes.router),
        Mount(metrics_routes.browser_router, AJAX_2),
        Mount(datasets_routes.router, AJAX_2),
        Mount(charts_routes.router),
        Mount(metrics_routes.series_router),
        Mount(keys_routes.router),
        Mount(table_routes.router),
        Mount(views_routes.router),
    ),
)
