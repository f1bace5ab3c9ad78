"""Celery's broker, when Redis is away just as a message is acknowledged."""

from typing import Any

import pytest
from kombu.entity import Queue
from redis.exceptions import RedisError

from tests.integration.queue.conftest import Split
from trackhelm_core.queue.broker import make_celery


@pytest.mark.parametrize("how", ["ack", "reject", "requeue"])
def test_a_message_whose_acknowledgement_failed_holds_up_no_other(split: Split, how: str) -> None:
    # Kombu carries no types.
    connection: Any
    with make_celery(split.redis.settings).connection_for_read() as connection:
        channel: Any = connection.channel()
        channel.basic_qos(0, 1, False)  # noqa: FBT003 - kombu's own order
        make: Any = Queue
        queue = make("test", channel=channel)
        queue.declare()
        for number in range(2):
            connection.Producer(channel).publish({"number": number}, routing_key="test")
        message = queue.get()
        assert message is not None
        assert not channel.qos.can_consume()
        split.server.kill()
        try:
            with pytest.raises(RedisError):
                message.ack() if how == "ack" else message.reject(requeue=how == "requeue")
        finally:
            split.server.start()
        assert channel.qos.can_consume()
        following = queue.get()
        assert following is not None
        assert following.payload == {"number": 1}
