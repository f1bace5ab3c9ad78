"""What holds for every object of every profile, as a reviewer of a cluster would ask."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.charts.rendering import (
    PROFILES,
    RELEASE,
    Object,
    component_of,
    containers,
    name_of,
    objects_of,
    of_kind,
    pods,
)

pytestmark = pytest.mark.parametrize("profile", PROFILES)

# The chart's own containers are held to what users' need not be, and everything's extras are users'.
EXTRA = {"sidecar", "first"}
EXTRA_OBJECTS = {"ConfigMap/company-certificates", f"ConfigMap/{RELEASE}-templated"}

# Secrets that the profiles say exist, and what users name in theirs.
EXTERNAL = {
    "Secret": {"trackhelm-database-app", "trackhelm-redis", "trackhelm-bucket", "trackhelm-encryption"}
    | {"trackhelm-tls", "registry", "trackhelm-admin", "trackhelm-oidc"},
    # The cluster puts its own certificate into each namespace.
    "ConfigMap": {"proxy-settings", "kube-root-ca.crt"},
}


def every_container(profile: str) -> Iterator[tuple[str, Object, Object]]:
    for name, pod in pods(objects_of(profile)):
        for container in containers(pod):
            yield f"{name} {container['name']}", pod, container


def selects(selector: Object, labels: Object) -> bool:
    return all(labels.get(name) == value for name, value in selector.items())


def names(profile: str, kind: str) -> set[str]:
    return {each["metadata"]["name"] for each in of_kind(objects_of(profile), kind)}


def found_in(value: Any, *keys: str) -> Iterator[Any]:
    """Yield what lies under any of the keys, at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in keys:
                yield inner
            yield from found_in(inner, *keys)
    elif isinstance(value, list):
        for inner in value:
            yield from found_in(inner, *keys)


def test_pods_keep_to_the_restricted_standard(profile: str) -> None:
    for name, pod in pods(objects_of(profile)):
        security = pod["spec"]["securityContext"]
        assert security["runAsNonRoot"] is True, name
        assert security["runAsUser"] > 0, name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod["spec"].keys(), name
        kinds = {key for volume in pod["spec"]["volumes"] for key in volume if key != "name"}
        assert kinds <= {"emptyDir", "configMap", "secret", "projected", "persistentVolumeClaim"}, name
    for name, _pod, container in every_container(profile):
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False, name
        assert security["capabilities"] == {"drop": ["ALL"]}, name
        assert security["readOnlyRootFilesystem"] is True, name


def test_only_the_watcher_has_a_token_and_no_pod_the_variables_of_services(profile: str) -> None:
    for name, pod in pods(objects_of(profile)):
        has_token = component_of(pod) == "watcher"
        assert pod["spec"]["automountServiceAccountToken"] is has_token, name
        # A Service `trackhelm` would set TRACKHELM_PORT to `tcp://…`, which is a setting.
        assert pod["spec"]["enableServiceLinks"] is False, name
    for account in of_kind(objects_of(profile), "ServiceAccount"):
        assert account["automountServiceAccountToken"] is False
    rights = of_kind(objects_of(profile), "Role", "RoleBinding")
    assert {component_of(each) for each in rights} <= {"watcher"}
    assert not of_kind(objects_of(profile), "ClusterRole", "ClusterRoleBinding")


def test_each_component_has_an_account_of_its_own(profile: str) -> None:
    given = [
        pod["spec"]["serviceAccountName"]
        for name, pod in pods(objects_of(profile))
        if not name.startswith("Pod/")
    ]
    assert len(set(given)) == len(given)
    assert set(given) == names(profile, "ServiceAccount")


def test_containers_ask_for_resources_and_have_a_limit_of_memory(profile: str) -> None:
    for name, _pod, container in every_container(profile):
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys(), name
        assert "memory" in container["resources"]["limits"], name


def test_images_have_a_version(profile: str) -> None:
    for name, _pod, container in every_container(profile):
        image = container["image"]
        assert re.fullmatch(r"[a-z0-9./-]+(:[0-9][\w.-]*|@sha256:[0-9a-f]{64})", image), f"{name}: {image}"
        assert "minio/" not in image


def test_a_variable_and_a_volume_are_named_once(profile: str) -> None:
    for name, pod, container in every_container(profile):
        given = [each["name"] for each in container.get("env", ())]
        assert len(set(given)) == len(given), name
        mounted = [each["mountPath"] for each in container.get("volumeMounts", ())]
        assert len(set(mounted)) == len(mounted), name
        volumes = [each["name"] for each in pod["spec"]["volumes"]]
        assert len(set(volumes)) == len(volumes), name
        claimed = {"data"} if name.startswith("StatefulSet/") else set()
        used = {each["name"] for each in container.get("volumeMounts", ())}
        assert used <= claimed | set(volumes), name


def test_selectors_are_those_of_the_pods_and_of_no_others(profile: str) -> None:
    objects = objects_of(profile)
    labels = {name: pod["metadata"]["labels"] for name, pod in pods(objects)}
    for found in of_kind(objects, "Deployment", "StatefulSet"):
        selector = found["spec"]["selector"]["matchLabels"]
        assert [name for name, own in labels.items() if selects(selector, own)] == [name_of(found)]
    for found in of_kind(objects, "Service"):
        selected = [name for name, own in labels.items() if selects(found["spec"]["selector"], own)]
        assert len(selected) == 1, name_of(found)
    for found in of_kind(objects, "PodDisruptionBudget"):
        selector = found["spec"]["selector"]["matchLabels"]
        assert [name for name, own in labels.items() if selects(selector, own)], name_of(found)


def test_the_ports_of_services_are_named_ports_of_their_pods(profile: str) -> None:
    objects = objects_of(profile)
    for found in of_kind(objects, "Service"):
        (pod,) = (
            pod for _, pod in pods(objects) if selects(found["spec"]["selector"], pod["metadata"]["labels"])
        )
        named = {port["name"] for each in containers(pod) for port in each.get("ports", ())}
        assert {port["targetPort"] for port in found["spec"]["ports"]} <= named, name_of(found)


def test_probes_ask_a_named_port_of_their_container(profile: str) -> None:
    for name, _pod, container in every_container(profile):
        ports = {port["name"] for port in container.get("ports", ())}
        for probe in found_in(container, "livenessProbe", "readinessProbe", "startupProbe"):
            assert {how["port"] for how in found_in(probe, "httpGet", "tcpSocket")} <= ports, name


REFERENCES = {
    "Secret": ("secretName", "secretKeyRef", "secretRef", "secret"),
    "ConfigMap": ("configMapRef", "configMapKeyRef", "configMap"),
}


def references(found: Object) -> Iterator[tuple[str, str]]:
    """Yield the kind and the name of what an object refers to."""
    for kind, keys in REFERENCES.items():
        for reference in found_in(found, *keys):
            if isinstance(reference, str) or "name" in reference:
                yield kind, reference if isinstance(reference, str) else reference["name"]
    for target in found_in(found, "scaleTargetRef"):
        yield target["kind"], target["name"]
    for claim in found_in(found, "persistentVolumeClaim"):
        yield "PersistentVolumeClaim", claim["claimName"]


def test_every_reference_is_to_an_object_of_the_chart_or_a_named_one(profile: str) -> None:
    objects = objects_of(profile)
    referred = {(name_of(found), *each) for found in objects for each in references(found)}
    assert len(referred) >= 3
    for by, kind, name in referred:
        assert name in names(profile, kind) | EXTERNAL.get(kind, set()), f"{by}: {kind}/{name}"


def test_what_leads_into_the_cluster_leads_to_a_port_of_a_service(profile: str) -> None:
    objects = objects_of(profile)
    services = of_kind(objects, "Service")
    ports = [(each["metadata"]["name"], port) for each in services for port in each["spec"]["ports"]]
    for ingress in of_kind(objects, "Ingress"):
        for backend in found_in(ingress, "service"):
            assert (backend["name"], backend["port"]["name"]) in {(to, port["name"]) for to, port in ports}
    for route in of_kind(objects, "HTTPRoute"):
        for (backend,) in found_in(route, "backendRefs"):
            assert (backend["name"], backend["port"]) in {(to, port["port"]) for to, port in ports}


def test_what_scales_by_itself_has_no_number_of_pods(profile: str) -> None:
    objects = objects_of(profile)
    scaled = [
        each["spec"]["scaleTargetRef"]["name"]
        for each in of_kind(objects, "HorizontalPodAutoscaler", "ScaledObject")
    ]
    assert len(set(scaled)) == len(scaled), "two scale one"
    for found in of_kind(objects, "Deployment"):
        assert ("replicas" in found["spec"]) != (found["metadata"]["name"] in scaled), name_of(found)


def test_every_pod_has_a_network_policy_that_lets_it_find_names_and_no_more_than_it_needs(
    profile: str,
) -> None:
    objects = objects_of(profile)
    policies = of_kind(objects, "NetworkPolicy")
    for name, pod in pods(objects):
        own = [
            each
            for each in policies
            if selects(each["spec"]["podSelector"]["matchLabels"], pod["metadata"]["labels"])
        ]
        assert len(own) == 1, name
        assert own[0]["spec"]["policyTypes"] == ["Ingress", "Egress"]
        # An empty rule lets anything through.
        assert all(own[0]["spec"]["egress"]), name
        assert all(own[0]["spec"]["ingress"]), name


def test_peers_of_network_policies_are_pods_that_exist_and_ports_that_they_have(profile: str) -> None:
    objects = objects_of(profile)
    labels = [pod["metadata"]["labels"] for _, pod in pods(objects)]
    for policy in of_kind(objects, "NetworkPolicy"):
        for peer in found_in(policy["spec"].get("ingress"), "podSelector"):
            assert any(selects(peer["matchLabels"], own) for own in labels), name_of(policy)
        for rule in policy["spec"]["egress"]:
            for peer in found_in(rule, "podSelector"):
                (pod,) = (
                    pod for _, pod in pods(objects) if selects(peer["matchLabels"], pod["metadata"]["labels"])
                )
                ports = [port for each in containers(pod) for port in each.get("ports", ())]
                reached = {port["name"] for port in ports} | {port["containerPort"] for port in ports}
                assert {port["port"] for port in rule["ports"]} <= reached, name_of(policy)


def test_who_may_call_and_who_is_let_in_agree(profile: str) -> None:
    """Each rule of `egress` to a pod of the release has its counterpart in that pod's `ingress`."""
    policies = {component_of(each): each["spec"] for each in of_kind(objects_of(profile), "NetworkPolicy")}

    def peers(rules: list[Object]) -> set[str]:
        key = "app.kubernetes.io/component"
        return {peer["matchLabels"][key] for peer in found_in(rules, "podSelector") if peer}

    def takes_anybody(spec: Object) -> bool:
        return any("from" not in rule for rule in spec["ingress"])

    calls = {(name, to) for name, spec in policies.items() for to in peers(spec["egress"])}
    let_in = {(by, name) for name, spec in policies.items() for by in peers(spec["ingress"])}
    assert let_in - calls == set()
    assert {(by, to) for by, to in calls - let_in if not takes_anybody(policies[to])} == set()


def test_a_pod_serves_on_until_it_is_called_no_more_and_ends_what_runs(profile: str) -> None:
    # Services and nginx give running requests 10 s: tests/charts/test_contract.py.
    called = {component_of(each) for each in of_kind(objects_of(profile), "Service")}
    for name, pod in pods(objects_of(profile)):
        grace = pod["spec"].get("terminationGracePeriodSeconds", 30)
        for container in pod["spec"]["containers"]:
            is_called = component_of(pod) in called
            if not is_called or "http" not in {port["name"] for port in container.get("ports", ())}:
                continue
            if container["name"] == "gateway":
                hook = container["lifecycle"]["preStop"]["exec"]["command"][-1]
                drain = int(re.findall(r"sleep (\d+);", hook)[0])
            else:
                given = {each["name"]: each.get("value") for each in container["env"]}
                drain = int(given["TRACKHELM_STOP_DELAY_SECONDS"])
            assert 0 < drain <= grace - 15, name


def test_nothing_secret_stands_outside_secrets(profile: str) -> None:
    objects = objects_of(profile)
    known = {
        value
        for each in of_kind(objects, "Secret")
        for key, value in each["stringData"].items()
        if key != "access-key"
    }
    words = re.compile(r"password|secret|token|_key\b", re.IGNORECASE)
    for found in objects:
        if found["kind"] == "Secret" or name_of(found) in EXTRA_OBJECTS:
            continue
        assert not any(value in str(found) for value in known), name_of(found)
        if found["kind"] == "ConfigMap":
            assert not any(words.search(key) for key in found["data"]), name_of(found)
    for name, _pod, container in every_container(profile):
        for variable in container.get("env", ()):
            is_a_file = variable["name"].endswith("_FILE")
            assert is_a_file or not words.search(variable["name"]), f"{name}: {variable['name']}"


def test_objects_have_the_standard_labels(profile: str) -> None:
    wanted = {
        f"app.kubernetes.io/{name}" for name in ("name", "instance", "component", "managed-by", "version")
    }
    for found in objects_of(profile):
        if name_of(found) not in EXTRA_OBJECTS:
            assert wanted <= found["metadata"]["labels"].keys(), name_of(found)


def test_names_are_short_enough_for_kubernetes(profile: str) -> None:
    for found in objects_of(profile):
        # A Service's is a label of DNS, and a pod's is 16 longer than its Deployment's.
        assert len(found["metadata"]["name"]) <= 63 - 16, name_of(found)


def test_what_serves_has_all_probes_and_asks_no_database_whether_it_lives(profile: str) -> None:
    for name, _pod, container in every_container(profile):
        if "http" not in {port["name"] for port in container.get("ports", ())}:
            continue
        asked = {each: container[each]["httpGet"]["path"] for each in ("livenessProbe", "startupProbe")}
        assert set(asked.values()) == {"/health"}, name
        assert container["readinessProbe"]["httpGet"]["path"] in {"/ready", "/health"}, name


def test_many_pods_are_spread_and_kept(profile: str) -> None:
    objects = objects_of(profile)
    budgets = {component_of(each) for each in of_kind(objects, "PodDisruptionBudget")}
    for found in of_kind(objects, "Deployment"):
        if component_of(found) in {"beat", "embedded"}:
            assert found["spec"]["replicas"] == 1
            assert found["spec"]["strategy"] == {"type": "Recreate"}
            continue
        assert component_of(found) in budgets
        spread = found["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert {each["topologyKey"] for each in spread} == {
            "kubernetes.io/hostname",
            "topology.kubernetes.io/zone",
        }
        own = found["spec"]["selector"]["matchLabels"]
        assert all(each["labelSelector"]["matchLabels"] == own for each in spread)


def test_pods_that_read_the_settings_start_anew_when_these_change(profile: str) -> None:
    for name, pod in pods(objects_of(profile)):
        reads = any("envFrom" in each for each in containers(pod) if each["name"] not in EXTRA)
        if reads and not name.startswith("Job/"):
            assert "checksum/settings" in pod["metadata"]["annotations"], name


def test_what_needs_the_database_waits_for_its_schema(profile: str) -> None:
    for name, pod in pods(objects_of(profile)):
        if name.startswith("Job/"):
            continue
        served = pod["spec"]["containers"][0]
        needs = any(each["name"] == "TRACKHELM_DATABASE_URL_FILE" for each in served.get("env", ()))
        waits = [each for each in containers(pod) if each["name"] == "wait-for-schema"]
        assert bool(waits) == needs, name
        assert all(each["image"] == served["image"] for each in waits), name
