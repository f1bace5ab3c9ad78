/**
 * Every page and its address. The address lies in the hash, as in the links that MLflow's clients print, so
 * that those links are ours and the same files work below any prefix of a proxy.
 *
 * A page is loaded when it is first opened. Its search parameters are checked by the `search.ts` of its folder.
 */
import {
  createHashHistory,
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { NotFound } from "@/components/NotFound";
import { PageFailure } from "@/components/Failure";
import { validateAccountSearch } from "@/pages/account/search";
import { validateAuditSearch } from "@/pages/audit/search";
import { validateDeviceSearch } from "@/pages/device/search";
import { validateSearch } from "@/pages/experiment/search";
import { validateExperimentsSearch } from "@/pages/experiments/search";
import { validateLoggedModelSearch } from "@/pages/logged-model/search";
import { validateLoginSearch } from "@/pages/login/search";
import { validateModelSearch } from "@/pages/model/search";
import { validateModelsSearch } from "@/pages/models/search";
import { validateVersionSearch } from "@/pages/version/search";
import { validateWorkspaceSearch } from "@/pages/workspace/search";
import { Shell } from "@/shell/Shell";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: PageFailure });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("@/pages/home/HomePage"), "HomePage"),
});

const experiments = createRoute({
  getParentRoute: () => root,
  path: "/experiments",
  validateSearch: validateExperimentsSearch,
  component: lazyRouteComponent(() => import("@/pages/experiments/ExperimentsPage"), "ExperimentsPage"),
});

const experiment = createRoute({
  getParentRoute: () => root,
  path: "/experiments/$experimentId",
  validateSearch,
  component: lazyRouteComponent(() => import("@/pages/experiment/ExperimentPage"), "ExperimentPage"),
});

const experimentTable = createRoute({
  getParentRoute: () => experiment,
  path: "/",
  component: lazyRouteComponent(() => import("@/pages/experiment/table/TableView"), "TableView"),
});

const experimentCharts = createRoute({
  getParentRoute: () => experiment,
  path: "/charts",
  component: lazyRouteComponent(() => import("@/pages/experiment/charts/ChartsView"), "ChartsView"),
});

/** The file that a comparison shows, and how; with an empty one it shows the list of files. */
const comparedFile = ({ file, as }: Record<string, unknown>): { file?: string; as?: "diff" | "seen" } => ({
  ...(typeof file === "string" || typeof file === "number" ? { file: String(file) } : {}),
  ...(as === "diff" || as === "seen" ? { as } : {}),
});

const experimentCompare = createRoute({
  getParentRoute: () => experiment,
  path: "/compare",
  validateSearch: comparedFile,
  component: lazyRouteComponent(() => import("@/pages/experiment/compare/CompareView"), "CompareView"),
});

// MLflow's address of an experiment's runs.
const experimentRuns = createRoute({
  getParentRoute: () => root,
  path: "/experiments/$experimentId/runs",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/experiments/$experimentId", params, replace: true });
  },
});

const run = createRoute({
  getParentRoute: () => root,
  path: "/experiments/$experimentId/runs/$runId",
  // Its tabs with charts check this part, which is theirs.
  validateSearch: ({ charts }: Record<string, unknown>) =>
    (charts === undefined ? {} : { charts }) as { charts?: unknown },
  component: lazyRouteComponent(() => import("@/pages/run/RunPage"), "RunPage"),
});

const runOverview = createRoute({
  getParentRoute: () => run,
  path: "/",
  component: lazyRouteComponent(() => import("@/pages/run/OverviewTab"), "OverviewTab"),
});

const runCharts = createRoute({
  getParentRoute: () => run,
  path: "/charts",
  component: lazyRouteComponent(() => import("@/pages/run/ChartsTab"), "ChartsTab"),
});

const runSystem = createRoute({
  getParentRoute: () => run,
  path: "/system",
  component: lazyRouteComponent(() => import("@/pages/run/SystemTab"), "SystemTab"),
});

const runArtifacts = createRoute({
  getParentRoute: () => run,
  path: "/artifacts",
  component: lazyRouteComponent(() => import("@/pages/run/ArtifactsTab"), "ArtifactsTab"),
});

const runArtifact = createRoute({
  getParentRoute: () => run,
  path: "/artifacts/$",
  component: lazyRouteComponent(() => import("@/pages/run/ArtifactsTab"), "ArtifactsTab"),
});

const runModels = createRoute({
  getParentRoute: () => run,
  path: "/models",
  component: lazyRouteComponent(() => import("@/pages/run/ModelsTab"), "ModelsTab"),
});

const runLineage = createRoute({
  getParentRoute: () => run,
  path: "/lineage",
  component: lazyRouteComponent(() => import("@/pages/run/LineageTab"), "LineageTab"),
});

// MLflow's addresses of the tabs of a run.
const mlflowRunTabs = [
  ["/model-metrics", "/experiments/$experimentId/runs/$runId/charts"],
  ["/system-metrics", "/experiments/$experimentId/runs/$runId/system"],
] as const;
const mlflowRunRoutes = mlflowRunTabs.map(([tab, to]) =>
  createRoute({
    getParentRoute: () => root,
    path: `/experiments/$experimentId/runs/$runId${tab}`,
    beforeLoad: ({ params }) => {
      throw redirect({ to, params, replace: true });
    },
  }),
);

const mlflowArtifactPath = createRoute({
  getParentRoute: () => root,
  path: "/experiments/$experimentId/runs/$runId/artifactPath/$",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/experiments/$experimentId/runs/$runId/artifacts/$", params, replace: true });
  },
});

const compare = createRoute({
  getParentRoute: () => root,
  path: "/compare",
  validateSearch: (raw: Record<string, unknown>) => ({
    runs: Array.isArray(raw["runs"]) ? raw["runs"].map(String) : [],
    ...comparedFile(raw),
  }),
  component: lazyRouteComponent(() => import("@/pages/compare/ComparePage"), "ComparePage"),
});

const loggedModel = createRoute({
  getParentRoute: () => root,
  path: "/experiments/$experimentId/models/$modelId",
  validateSearch: validateLoggedModelSearch,
  component: lazyRouteComponent(() => import("@/pages/logged-model/LoggedModelPage"), "LoggedModelPage"),
});

const models = createRoute({
  getParentRoute: () => root,
  path: "/models",
  validateSearch: validateModelsSearch,
  component: lazyRouteComponent(() => import("@/pages/models/ModelsPage"), "ModelsPage"),
});

const model = createRoute({
  getParentRoute: () => root,
  path: "/models/$name",
  validateSearch: validateModelSearch,
  component: lazyRouteComponent(() => import("@/pages/model/ModelPage"), "ModelPage"),
});

const version = createRoute({
  getParentRoute: () => root,
  path: "/models/$name/versions/$version",
  validateSearch: validateVersionSearch,
  component: lazyRouteComponent(() => import("@/pages/version/VersionPage"), "VersionPage"),
});

const approvals = createRoute({
  getParentRoute: () => root,
  path: "/approvals",
  component: lazyRouteComponent(() => import("@/pages/approvals/ApprovalsPage"), "ApprovalsPage"),
});

const audit = createRoute({
  getParentRoute: () => root,
  path: "/audit",
  validateSearch: validateAuditSearch,
  component: lazyRouteComponent(() => import("@/pages/audit/AuditPage"), "AuditPage"),
});

const webhooks = createRoute({
  getParentRoute: () => root,
  path: "/webhooks",
  component: lazyRouteComponent(() => import("@/pages/webhooks/WebhooksPage"), "WebhooksPage"),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings",
  component: lazyRouteComponent(() => import("@/pages/settings/SettingsPage"), "SettingsPage"),
});

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: validateLoginSearch,
  component: lazyRouteComponent(() => import("@/pages/login/LoginPage"), "LoginPage"),
});

const account = createRoute({
  getParentRoute: () => root,
  path: "/account",
  validateSearch: validateAccountSearch,
  component: lazyRouteComponent(() => import("@/pages/account/AccountPage"), "AccountPage"),
});

const users = createRoute({
  getParentRoute: () => root,
  path: "/users",
  component: lazyRouteComponent(() => import("@/pages/users/UsersPage"), "UsersPage"),
});

const workspace = createRoute({
  getParentRoute: () => root,
  path: "/workspace",
  validateSearch: validateWorkspaceSearch,
  component: lazyRouteComponent(() => import("@/pages/workspace/WorkspacePage"), "WorkspacePage"),
});

const device = createRoute({
  getParentRoute: () => root,
  path: "/device",
  validateSearch: validateDeviceSearch,
  component: lazyRouteComponent(() => import("@/pages/device/DevicePage"), "DevicePage"),
});

const routeTree = root.addChildren([
  home,
  experiments,
  experimentRuns,
  experiment.addChildren([experimentTable, experimentCharts, experimentCompare]),
  run.addChildren([runOverview, runCharts, runSystem, runArtifacts, runArtifact, runModels, runLineage]),
  ...mlflowRunRoutes,
  mlflowArtifactPath,
  compare,
  loggedModel,
  models,
  model,
  version,
  approvals,
  audit,
  webhooks,
  settings,
  login,
  account,
  users,
  workspace,
  device,
]);

export function makeRouter() {
  return createRouter({
    routeTree,
    history: createHashHistory(),
    defaultPreload: "intent",
    defaultErrorComponent: PageFailure,
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
