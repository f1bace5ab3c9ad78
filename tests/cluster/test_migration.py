"""The Job that migrates the schema, as Helm, Argo CD and Flux deal with it."""

from datetime import datetime

import yaml

from tests.charts.rendering import CHART
from tests.cluster.cluster import Json, Release
from tests.cluster.fake_node import FakeNode
from tests.cluster.test_release import add_secrets, component, jobs
from tests.fixtures.waiting import wait_until


def rendered(release: Release, *more: str) -> list[Json]:
    values = str(CHART / "ci" / "production-values.yaml")
    # The ServiceMonitor is for clusters that know it.
    options = ("--values", values, "--set", "monitoring.serviceMonitor.enabled=false", *more)
    text = release.helm("template", release.name, str(CHART), *options)
    return [each for each in yaml.safe_load_all(text) if each]


def synced(release: Release, *more: str) -> None:
    """Apply what is rendered as Argo CD does: nothing is known of releases, and hooks are not Helm's."""
    objects = [
        each
        for each in rendered(release, *more)
        if "helm.sh/hook" not in (each["metadata"].get("annotations") or {})
    ]
    options = ("--server-side", "--field-manager=argocd-controller", "--filename", "-")
    release.cluster.kubectl("apply", *options, stdin=yaml.safe_dump_all(objects))


def versions(release: Release) -> dict[str, str]:
    return {name: each["spec"]["template"]["metadata"].get("uid", "") for name, each in jobs(release).items()}


def test_what_only_applies_manifests_can_do_so_again_and_again(release: Release) -> None:
    add_secrets(release)
    synced(release)
    (first,) = jobs(release)
    created = jobs(release)[first]["metadata"]["uid"]
    # A Job cannot be changed: the same is the same, whatever controllers have written into it meanwhile.
    synced(release)
    assert {name: each["metadata"]["uid"] for name, each in jobs(release).items()} == {first: created}
    # Another version has a Job of its own; the one before stays until it is pruned.
    synced(release, "--set", "image.tag=next")
    both = jobs(release)
    assert len(both) == 2
    # Settings change what a Job does, and a number of replicas does not.
    synced(release, "--set", "image.tag=next", "--set", "query.autoscaling.max=9")
    assert set(jobs(release)) == set(both)
    synced(release, "--set", "image.tag=next", "--set", "settings.LOG_LEVEL=debug")
    assert len(jobs(release)) == 3
    # And back, as a rollback does: nothing is made anew.
    synced(release)
    assert len(jobs(release)) == 3
    assert jobs(release)[first]["metadata"]["uid"] == created


def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_as_a_hook_it_has_ended_before_anything_else_begins(release: Release, node: FakeNode) -> None:
    add_secrets(release)
    options = ("--set", "migrate.hook=helm", "--set", "monitoring.serviceMonitor.enabled=false")
    release.install("production", "--wait", *options)
    (job,) = jobs(release).values()
    done = time_of(job["status"]["completionTime"])
    made = [time_of(each["metadata"]["creationTimestamp"]) for each in release.found("deployments").values()]
    assert min(made) >= done
    # An upgrade of the same version runs it again.
    release.upgrade("production", "--wait", *options)
    (again,) = jobs(release).values()
    assert again["metadata"]["uid"] != job["metadata"]["uid"]
    release.helm("uninstall", release.name, "--wait", "--timeout", "4m")


def test_pods_wait_for_the_schema_in_a_container_of_their_own(release: Release, node: FakeNode) -> None:
    add_secrets(release)
    release.install("production", "--wait", "--set", "monitoring.serviceMonitor.enabled=false")
    waiting = {
        component(pod)
        for pod in release.found("pods").values()
        for each in pod["spec"].get("initContainers", ())
        if each["name"] == "wait-for-schema"
    }
    assert waiting >= {"ingest", "query", "artifact", "registry", "worker-metrics", "webhooks", "watcher"}
    (job,) = jobs(release)
    wait_until(lambda: jobs(release)[job]["status"].get("succeeded") == 1)
    release.helm("uninstall", release.name, "--wait", "--timeout", "4m")
