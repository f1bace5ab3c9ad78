"""The calls of `MlflowClient` about webhooks."""

from collections.abc import Sequence

from trackhelm.client._base import ClientBase, page
from trackhelm.entities import PagedList, Webhook, WebhookEvent, WebhookStatus, WebhookTestResult
from trackhelm.rest.transport import API, path_of


class WebhookCalls(ClientBase):
    """Webhooks: create, list, change, test, delete."""

    def create_webhook(
        self,
        name: str,
        url: str,
        events: Sequence[str | WebhookEvent],
        description: str | None = None,
        secret: str | None = None,
        status: str | WebhookStatus | None = None,
    ) -> Webhook:
        """Create a webhook.

        Args:
            name: Its name.
            url: The address that is called.
            events: What it is called for, such as `registered_model.created`.
            description: What it is for.
            secret: The key with which calls are signed.
            status: `ACTIVE`, or `DISABLED` to create it without calls.
        """
        body = {
            "name": name,
            "url": url,
            "events": [_event(event).to_wire() for event in events],
            "description": description,
            "secret": secret,
            "status": None if status is None else str(WebhookStatus(status)),
        }
        return Webhook.from_dictionary(self._registry.post("webhooks", body)["webhook"])

    def get_webhook(self, webhook_id: str) -> Webhook:
        """Return a webhook."""
        return Webhook.from_dictionary(self._registry.get(f"webhooks/{path_of(webhook_id)}")["webhook"])

    def list_webhooks(
        self, max_results: int | None = None, page_token: str | None = None
    ) -> PagedList[Webhook]:
        """Return a page of webhooks."""
        query = {"max_results": max_results, "page_token": page_token}
        return page(self._registry.get("webhooks", query), "webhooks", Webhook.from_dictionary)

    def update_webhook(
        self,
        webhook_id: str,
        name: str | None = None,
        description: str | None = None,
        url: str | None = None,
        events: Sequence[str | WebhookEvent] | None = None,
        secret: str | None = None,
        status: str | WebhookStatus | None = None,
    ) -> Webhook:
        """Change a webhook; what is None stays."""
        body = {
            "name": name,
            "description": description,
            "url": url,
            "events": None if events is None else [_event(event).to_wire() for event in events],
            "secret": secret,
            "status": None if status is None else str(WebhookStatus(status)),
        }
        answer = self._registry.call("PATCH", f"{API}webhooks/{path_of(webhook_id)}", body=body)
        return Webhook.from_dictionary(answer["webhook"])

    def delete_webhook(self, webhook_id: str) -> None:
        """Delete a webhook."""
        self._registry.call("DELETE", f"{API}webhooks/{path_of(webhook_id)}")

    def test_webhook(self, webhook_id: str, event: str | WebhookEvent | None = None) -> WebhookTestResult:
        """Call a webhook once with an example, and return how that ended."""
        body = {} if event is None else {"event": _event(event).to_wire()}
        answer = self._registry.post(f"webhooks/{path_of(webhook_id)}/test", body)
        return WebhookTestResult.from_dictionary(answer["result"])


def _event(event: str | WebhookEvent) -> WebhookEvent:
    return WebhookEvent.from_str(event) if isinstance(event, str) else event
