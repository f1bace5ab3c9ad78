"""A read stores what waits before it answers, and what waits may be somebody else's."""

import time

from tests.integration.access.conftest import OTHER, Site


def test_what_others_logged_is_stored_by_a_read_of_somebody_without_rights(site: Site) -> None:
    owner, stranger = site.new_user(role="editor"), site.new_user(role="manager", workspace=OTHER)
    experiment = site.post(owner, "experiments/create", name=f"reads {owner}")["experiment_id"]
    run = site.post(owner, "runs/create", experiment_id=experiment)["run"]["info"]["run_id"]
    for step in range(20):
        now = int(time.time() * 1000)
        site.post(owner, "runs/log-metric", run_id=run, key="loss", value=1.0, timestamp=now, step=step)
        site.get(stranger, "runs/get", 404, workspace=OTHER, run_id=run)
        assert site.get(stranger, "metrics/get-history", workspace=OTHER, run_id=run, metric_key="loss") == {}
    points = site.get(owner, "metrics/get-history", run_id=run, metric_key="loss")["metrics"]
    assert [point["step"] for point in points] == list(range(20))
