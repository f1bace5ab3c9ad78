"""Options of the chart: what each makes, and what it leaves alone."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.charts.rendering import (
    CHART,
    KUBERNETES,
    RELEASE,
    Object,
    component_of,
    containers,
    helm,
    name_of,
    objects_of,
    of_kind,
    one,
    parsed,
    pods,
    render,
)
from tests.charts.schemas import violations

EXTERNAL: dict[str, Any] = {
    "postgres": {"existingSecret": "database"},
    "redis": {"existingSecret": "redis"},
    "objectStore": {"url": "s3://bucket"},
}


def job(objects: list[Object]) -> Object:
    (found,) = of_kind(objects, "Job")
    return found


def secrets_of(pod: Object) -> dict[str, tuple[str, str]]:
    """Return the Secret and its entry behind each file of a pod."""
    return {
        item["path"]: (source["secret"]["name"], item["key"])
        for volume in pod["spec"]["volumes"]
        for source in volume.get("projected", {"sources": ()})["sources"]
        for item in source["secret"]["items"]
    }


def test_evaluation_bundles_all_three_stores_and_keeps_their_passwords() -> None:
    objects = objects_of("evaluation")
    assert {component_of(each) for each in of_kind(objects, "StatefulSet")} == {
        "postgres",
        "redis",
        "object-store",
    }
    secret = one(objects, "Secret", f"{RELEASE}-bundled")
    assert secret["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    password = secret["stringData"]["postgres-password"]
    assert len(password) == 40
    assert f":{password}@{RELEASE}-postgres:5432/" in secret["stringData"]["database-url"]


def test_production_bundles_nothing_and_makes_no_secret() -> None:
    objects = objects_of("production")
    assert not of_kind(objects, "StatefulSet", "Secret", "PersistentVolumeClaim")
    pod = one(objects, "Deployment", f"{RELEASE}-worker-metrics")["spec"]["template"]
    assert secrets_of(pod) == {
        "database-url": ("trackhelm-database-app", "uri"),
        "redis-url": ("trackhelm-redis", "url"),
        "access-key": ("trackhelm-bucket", "access-key"),
        "secret-key": ("trackhelm-bucket", "secret-key"),
        "encryption": ("trackhelm-encryption", "secret-key"),
    }


def test_a_secret_of_ones_own_takes_the_place_of_the_generated_one() -> None:
    objects = render({"bundled": {"existingSecret": "mine"}})
    assert not of_kind(objects, "Secret")
    pod = one(objects, "Deployment", f"{RELEASE}-ingest")["spec"]["template"]
    assert {secret for secret, _ in secrets_of(pod).values()} == {"mine"}


def test_one_store_may_be_outside_alone() -> None:
    objects = render({"postgres": EXTERNAL["postgres"]})
    assert {component_of(each) for each in of_kind(objects, "StatefulSet")} == {"redis", "object-store"}


def test_a_component_has_only_the_secrets_that_it_needs() -> None:
    objects = objects_of("evaluation")
    files = {component_of(pod): set(secrets_of(pod)) for _, pod in pods(objects)}
    assert files["gateway"] == set()
    assert files["ingest"] == files["query"] == {"database-url", "redis-url"}
    assert files["migrate"] == {"database-url"}
    assert files["beat"] == {"redis-url", "encryption"}
    assert files["artifact"] == {"database-url", "redis-url", "access-key", "secret-key"}


def test_embedded_is_one_pod_with_its_data_on_a_volume_that_stays() -> None:
    objects = objects_of("embedded")
    assert [component_of(each) for each in of_kind(objects, "Deployment", "StatefulSet", "Job")] == [
        "embedded"
    ]
    (claim,) = of_kind(objects, "PersistentVolumeClaim")
    assert claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    own = render({"embedded": {"persistence": {"existingClaim": "mine"}}}, "embedded")
    assert not of_kind(own, "PersistentVolumeClaim")
    volumes = one(own, "Deployment", f"{RELEASE}-embedded")["spec"]["template"]["spec"]["volumes"]
    assert {"name": "data", "persistentVolumeClaim": {"claimName": "mine"}} in volumes


def test_the_address_is_the_same_in_both_modes() -> None:
    for profile in ("evaluation", "embedded"):
        service = one(objects_of(profile), "Service", RELEASE)
        assert [port["port"] for port in service["spec"]["ports"]] == [80]


def test_the_jobs_name_changes_with_what_it_runs_and_with_nothing_else() -> None:
    name = name_of(job(render({})))
    assert name == name_of(job(render({})))
    assert name == name_of(job(render({"query": {"replicas": 5}})))
    assert name != name_of(job(render({"image": {"tag": "0.2.0"}})))
    assert name != name_of(job(render({"settings": {"LOG_LEVEL": "debug"}})))
    assert name != name_of(job(render({"migrate": {"podLabels": {"a": "b"}}})))


@pytest.mark.parametrize(
    ("hook", "annotation"), [("helm", "helm.sh/hook"), ("argocd", "argocd.argoproj.io/hook")]
)
def test_a_hook_needs_nothing_that_comes_after_it(hook: str, annotation: str) -> None:
    objects = render({**EXTERNAL, "migrate": {"hook": hook}})
    found = job(objects)
    account = one(objects, "ServiceAccount", f"{RELEASE}-migrate")
    assert annotation in found["metadata"]["annotations"]
    assert annotation in account["metadata"]["annotations"]
    (container,) = containers(found["spec"]["template"])
    assert "envFrom" not in container
    assert {"name": "TRACKHELM_LOG_FORMAT", "value": "json"} in container["env"]


def test_a_plain_job_is_no_hook() -> None:
    assert not any("hook" in key for key in job(render({}))["metadata"].get("annotations", {}))


def test_an_hpa_or_keda_scales_and_never_both() -> None:
    def scalers(by: str) -> list[str]:
        scaled = {"workers": {"metrics": {"autoscaling": {"by": by}}}}
        objects = render({**scaled, "networkPolicy": {"metricsFrom": [{"namespaceSelector": {}}]}})
        deployment = one(objects, "Deployment", f"{RELEASE}-worker-metrics")
        assert ("replicas" in deployment["spec"]) == (by == "none")
        return [each["kind"] for each in of_kind(objects, "HorizontalPodAutoscaler", "ScaledObject")]

    assert scalers("none") == []
    assert scalers("hpa") == ["HorizontalPodAutoscaler"]
    assert scalers("keda") == ["ScaledObject"]


def test_keda_adds_workers_by_what_waits() -> None:
    (found,) = (
        each
        for each in of_kind(objects_of("everything"), "ScaledObject")
        if component_of(each) == "worker-metrics"
    )
    (trigger,) = found["spec"]["triggers"]
    assert trigger["metadata"]["valueLocation"] == "trackhelm_queue_waiting_bytes"
    assert trigger["metadata"]["targetValue"] == "16777216"


def test_an_ingress_and_a_route_lead_to_the_address() -> None:
    assert not of_kind(objects_of("evaluation"), "Ingress", "HTTPRoute")
    (ingress,) = of_kind(objects_of("production"), "Ingress")
    assert ingress["spec"]["tls"] == [{"secretName": "trackhelm-tls", "hosts": ["trackhelm.example.com"]}]
    (route,) = of_kind(objects_of("everything"), "HTTPRoute")
    assert route["spec"]["rules"][0]["matches"] == [{"path": {"type": "PathPrefix", "value": "/trackhelm"}}]


def test_a_digest_takes_precedence_over_the_tag_and_a_mirror_over_every_registry() -> None:
    values = {
        "image": {"tag": "1.0.0", "digest": f"sha256:{'0' * 64}"},
        "global": {"imageRegistry": "mirror:5000"},
    }
    images = {each["image"] for _, pod in pods(render(values)) for each in containers(pod)}
    assert f"mirror:5000/trackhelm/trackhelm-server@sha256:{'0' * 64}" in images
    assert all(image.startswith("mirror:5000/") for image in images)
    assert "mirror:5000/trackhelm/trackhelm-gateway:0.1.0" in images


def test_a_component_overrides_the_default_of_all_by_false_and_zero_too() -> None:
    objects = render({"query": {"disruption": {"enabled": False}, "replicas": 0}})
    budgets = {component_of(each) for each in of_kind(objects, "PodDisruptionBudget")}
    assert "query" not in budgets
    assert "ingest" in budgets
    assert one(objects, "Deployment", f"{RELEASE}-query")["spec"]["replicas"] == 0


def test_workers_are_a_map_by_name() -> None:
    values = {"workers": {"metrics": None, "all": {"queues": ["metrics", "upkeep"], "concurrency": 8}}}
    deployments = of_kind(render(values), "Deployment")
    assert {component_of(each) for each in deployments if "worker" in component_of(each)} == {
        "worker-all",
        "worker-upkeep",
    }
    (container,) = one(deployments, "Deployment", f"{RELEASE}-worker-all")["spec"]["template"]["spec"][
        "containers"
    ]
    assert container["command"][2:] == ["--queue", "metrics", "--queue", "upkeep", "--concurrency", "8"]


def test_alerts_and_dashboards_are_the_files_as_they_stand(tmp_path: Path) -> None:
    chart = tmp_path / "trackhelm"
    shutil.copytree(CHART, chart)
    shutil.rmtree(chart / "files")
    (chart / "files" / "dashboards").mkdir(parents=True)
    alert = {
        "alert": "Old",
        "expr": "up == 0",
        "annotations": {"summary": "{{ $value }} of {{ $labels.job }}"},
    }
    rules = {"groups": [{"name": "trackhelm", "rules": [alert]}]}
    (chart / "files" / "alerts.yaml").write_text(json.dumps(rules), encoding="utf-8")
    dashboard = '{"title": "API", "legend": "{{route}}"}\n'
    (chart / "files" / "dashboards" / "api.json").write_text(dashboard, encoding="utf-8")
    values = [
        "--set",
        "monitoring.prometheusRule.enabled=true",
        "--set",
        "monitoring.dashboards.enabled=true",
    ]

    objects = parsed(helm("helm4", "template", RELEASE, str(chart), *values))

    (rule,) = of_kind(objects, "PrometheusRule")
    assert rule["spec"] == rules
    assert violations(rule, KUBERNETES[-1]) == []
    found = one(objects, "ConfigMap", f"{RELEASE}-dashboard-api")
    assert found["data"] == {"api.json": dashboard}
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert not of_kind(objects_of("evaluation"), "PrometheusRule", "ServiceMonitor")


def test_without_network_policies_there_are_none() -> None:
    assert not of_kind(render({"networkPolicy": {"enabled": False}}), "NetworkPolicy")


def test_extras_are_in_the_pod_beside_the_charts_own() -> None:
    pod = one(objects_of("everything"), "Deployment", f"{RELEASE}-tracking-query")["spec"]["template"]
    assert [each["name"] for each in containers(pod)] == ["wait-for-schema", "first", "query", "sidecar"]
    query = pod["spec"]["containers"][0]
    assert {"name": "HTTPS_PROXY", "value": "http://proxy.example.com:3128"} in query["env"]
    assert pod["spec"]["serviceAccountName"] == f"{RELEASE}-tracking-query"


def test_a_large_number_is_written_out() -> None:
    data = one(objects_of("everything"), "ConfigMap", f"{RELEASE}-tracking-settings")["data"]
    assert data["TRACKHELM_QUEUE_BACKLOG"] == "1000000"
    assert data["TRACKHELM_READ_WAIT_SECONDS"] == "2.5"


def test_an_extra_object_may_be_a_template() -> None:
    assert one(objects_of("everything"), "ConfigMap", f"{RELEASE}-templated")["data"] == {"release": RELEASE}


def test_the_notes_say_what_stays_and_that_it_is_for_evaluation() -> None:
    # Helm 3 asks a cluster even for a dry run.
    notes = helm("helm4", "install", RELEASE, str(CHART), "--dry-run=client").partition("NOTES:")[2]
    assert "FOR EVALUATION ONLY" in notes
    for store in ("postgres", "redis", "object-store"):
        assert f"delete pvc data-{RELEASE}-{store}-0" in notes
    assert re.search(r"MLFLOW_TRACKING_URI=http://trackhelm\.default:80$", notes, re.MULTILINE)


def test_the_notes_of_production_name_the_address_outside() -> None:
    values = str(CHART / "ci" / "production-values.yaml")
    printed = helm("helm4", "install", RELEASE, str(CHART), "--dry-run=client", "--values", values)
    notes = printed.partition("NOTES:")[2]
    assert "export MLFLOW_TRACKING_URI=https://trackhelm.example.com\n" in notes
    assert "EVALUATION" not in notes
    assert "delete" not in notes


def test_the_watcher_reads_where_it_watches_and_writes_one_lease() -> None:
    """The rights are those of the page, which the tests of the watcher are held to."""
    objects = render({"watcher": {"namespaces": ["training", "vision"]}})
    page = (CHART.parents[1] / "docs" / "operations" / "watcher.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(apiVersion: rbac.*?)```", page, re.DOTALL)
    reads, writes = (role["rules"] for role in parsed(example))
    roles = {
        (role["metadata"]["namespace"], role["metadata"]["name"]): role["rules"]
        for role in of_kind(objects, "Role")
    }
    home = one(objects, "Deployment", f"{RELEASE}-watcher")["metadata"]["namespace"]
    assert roles == {
        ("training", f"{RELEASE}-watcher"): reads,
        ("vision", f"{RELEASE}-watcher"): reads,
        (home, f"{RELEASE}-watcher-lease"): writes,
    }
    bindings = {
        (each["metadata"]["namespace"], each["roleRef"]["name"]): each["subjects"]
        for each in of_kind(objects, "RoleBinding")
    }
    account = [{"kind": "ServiceAccount", "name": f"{RELEASE}-watcher", "namespace": home}]
    assert bindings == dict.fromkeys(roles, account)


def test_a_watcher_that_is_not_wanted_leaves_no_rights_behind() -> None:
    objects = render({"watcher": {"enabled": False}})
    assert not [each for each in objects if component_of(each) == "watcher"]
    assert not of_kind(objects, "Role", "RoleBinding")


def test_traces_are_sent_only_where_a_collector_is_named() -> None:
    def egress(objects: list[Object], component: str) -> list[Any]:
        rules: list[Any] = one(objects, "NetworkPolicy", f"trackhelm-{component}")["spec"]["egress"]
        return [rule for rule in rules if {"protocol": "TCP", "port": 4318} in rule["ports"]]

    without = render({})
    settings = one(without, "ConfigMap", "trackhelm-settings")["data"]
    assert not [name for name in settings if "TRACES" in name]
    objects = render({"monitoring": {"traces": {"url": "http://collector.monitoring:4318", "sample": 0.5}}})
    settings = one(objects, "ConfigMap", "trackhelm-settings")["data"]
    assert settings["TRACKHELM_TRACES_URL"] == "http://collector.monitoring:4318"
    assert settings["TRACKHELM_TRACES_SAMPLE"] == "0.5"
    for component in ("ingest", "query", "artifact", "registry", "identity", "worker-metrics", "webhooks"):
        assert egress(objects, component)
        assert not egress(without, component)
    assert not egress(objects, "gateway")
    secure = render({"monitoring": {"traces": {"url": "https://collector.example.com/otlp"}}})
    rules = one(secure, "NetworkPolicy", "trackhelm-query")["spec"]["egress"]
    assert {"ports": [{"protocol": "TCP", "port": 443}]} in rules
