"""The record of the identity service, for compositions."""

from trackhelm_core.runtime import API_3, Mount, Service
from trackhelm_identity.devices import routes as devices_routes
from trackhelm_identity.kubernetes import routes as kubernetes_routes
from trackhelm_identity.oidc import routes as oidc_routes
from trackhelm_identity.quotas import routes as quotas_routes
from trackhelm_identity.roles import routes as roles_routes
from trackhelm_identity.sessions import routes as sessions_routes
from trackhelm_identity.tokens import routes as tokens_routes
from trackhelm_identity.users import routes as users_routes
from trackhelm_identity.workspace_permissions import routes as workspace_permissions_routes
from trackhelm_identity.workspaces import routes as workspaces_routes

SERVICE = Service(
    name="identity",
    mounts=(
        Mount(users_routes.router),
        Mount(tokens_routes.router),
        Mount(tokens_routes.accounts_router),
        Mount(sessions_routes.logins_router),
        Mount(sessions_routes.router),
        Mount(oidc_routes.router),
        Mount(devices_routes.router),
        Mount(workspaces_routes.router, API_3),
        Mount(workspace_permissions_routes.router, API_3),
        Mount(workspace_permissions_routes.of_user_router, API_3),
        Mount(quotas_routes.router),
        Mount(kubernetes_routes.router),
        Mount(roles_routes.router, API_3),
        Mount(roles_routes.users_router, API_3),
        Mount(roles_routes.grants_router),
        Mount(roles_routes.experiments_router),
        Mount(roles_routes.models_router),
    ),
)
