"""Topics are created if they are missing, never changed, and each fault has its fix."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest
from kafka.errors import KafkaConnectionError, TopicAuthorizationFailedError

from agents.config.settings import Settings
from agents.kafka import cluster_admin
from agents.kafka.cluster_admin import TopicsError, check, create
from agents.kafka.topics import Layout, required

SETTINGS = Settings(kafka=("one:9092", "two:9092"))
NAMES = ("cart-abandonment",)


class Admin:
    """A cluster without a network. `topics`: partitions and settings by name."""

    def __init__(self, layout: Layout | None = None) -> None:
        self.topics: dict[str, tuple[int, dict[str, str]]] = {}
        self.made: dict[str, Any] = {}
        self.waited: list[str] = []
        self.codes: dict[str, int] = {}
        if layout is not None:
            for spec in required(SETTINGS, NAMES, layout):
                self.topics[spec.name] = (spec.partitions, dict(spec.config))

    def describe_topics(self, names: list[str]) -> list[Any]:
        return [
            {"name": n, "partitions": range(self.topics[n][0]), "error_code": 0}
            if n in self.topics
            else {"name": n, "partitions": [], "error_code": 3}
            for n in names
        ]

    def describe_configs(self, resources: list[Any], config_filter: str) -> Any:
        assert config_filter == "all"
        found = {each.name: self.topics[each.name][1] for each in resources}
        return {
            "topic": {
                name: {key: {"value": value} for key, value in config.items()}
                for name, config in found.items()
            }
        }

    def create_topics(self, wanted: dict[str, Any], raise_errors: bool) -> Any:
        assert not raise_errors
        self.made |= wanted
        return {
            "topics": [
                {"name": name, "error_code": self.codes.get(name, 0), "error_message": "no"}
                for name in wanted
            ]
        }

    def wait_for_topics(self, names: list[str], timeout_ms: int) -> None:
        self.waited = names


def of(admin: Admin) -> Any:
    return cast(Any, admin)


def faults(admin: Admin) -> list[str]:
    with pytest.raises(TopicsError) as caught:
        check(of(admin), SETTINGS, NAMES)
    return str(caught.value).splitlines()


def partitions(admin: Admin) -> dict[str, int]:
    return {name: each["num_partitions"] for name, each in admin.made.items()}


def test_an_empty_cluster_gets_every_topic_with_four_partitions_of_the_input() -> None:
    admin = Admin()
    made = create(of(admin), SETTINGS, NAMES)
    assert partitions(admin) == {
        spec.name: spec.partitions for spec in required(SETTINGS, NAMES, Layout(4, 4, 4))
    }
    assert made == admin.waited == list(admin.made)
    assert admin.made["storefront.events"]["replication_factor"] == -1
    assert admin.made["storefront.events"]["configs"]["message.timestamp.type"] == "LogAppendTime"


def test_counts_follow_what_exists_then_the_options_then_the_stage_before() -> None:
    admin = Admin()
    create(of(admin), SETTINGS, NAMES, 2, 3, 5, 1)
    found = partitions(admin)
    names = ("storefront.events", "visitor.facts", "identity.claims")
    assert [found[name] for name in names] == [2, 3, 5]
    assert admin.made["storefront.events"]["replication_factor"] == 1
    admin = Admin()
    create(of(admin), SETTINGS, NAMES, 6)
    assert [partitions(admin)[name] for name in names] == [6, 6, 6]
    admin = Admin()
    admin.topics["storefront.events"] = (7, {})
    create(of(admin), SETTINGS, NAMES, facts_partitions=3)
    assert [partitions(admin).get(name) for name in names] == [None, 3, 3]


def test_another_count_than_that_of_an_existing_topic_is_refused() -> None:
    admin = Admin(Layout(4, 4, 4))
    assert create(of(admin), SETTINGS, NAMES, 4) == []
    assert admin.made == {}
    with pytest.raises(TopicsError, match=r"storefront\.events: expected 5 partitions, got 4"):
        create(of(admin), SETTINGS, NAMES, 5)


def test_a_topic_that_another_process_created_is_not_an_error() -> None:
    admin = Admin()
    admin.codes = {"storefront.events": 36}
    create(of(admin), SETTINGS, NAMES)
    admin.codes = {"storefront.events": 29}
    with pytest.raises(TopicAuthorizationFailedError):
        create(of(admin), SETTINGS, NAMES)


def test_right_topics_give_the_layout() -> None:
    assert check(of(Admin(Layout(4, 2, 3))), SETTINGS, NAMES) == Layout(4, 2, 3)


def test_a_missing_topic_is_named_with_the_command_that_makes_it() -> None:
    admin = Admin(Layout(4, 4, 4))
    del admin.topics["triggers.cart-abandonment"]
    assert faults(admin) == [
        "triggers.cart-abandonment is missing: make it with `storefront-triggers topics`"
    ]
    assert len(faults(Admin())) > 5


def test_a_changelog_must_have_the_partitions_of_its_input() -> None:
    admin = Admin(Layout(4, 4, 4))
    admin.topics["state.visitors"] = (3, admin.topics["state.visitors"][1])
    (fault,) = faults(admin)
    assert fault.startswith(
        "state.visitors: expected 4 partitions, as its stage's input has, got 3: "
    )
    assert "TRIGGERS_PREFIX, with 4 partitions" in fault


def test_a_wrong_setting_is_named_with_the_command_that_changes_it() -> None:
    admin = Admin(Layout(4, 4, 4))
    config = admin.topics["storefront.events"][1]
    config["message.timestamp.type"] = "CreateTime"
    (fault,) = faults(admin)
    assert fault == (
        "storefront.events: expected message.timestamp.type=LogAppendTime, got CreateTime: "
        "kafka-configs.sh --bootstrap-server one:9092,two:9092 --alter --entity-type topics "
        "--entity-name storefront.events --add-config message.timestamp.type=LogAppendTime"
    )


def test_a_setting_may_be_above_its_least_value_and_not_below_and_must_be_readable() -> None:
    spec = next(s for s in required(SETTINGS, NAMES, Layout(4, 4, 4)) if s.least - s.exact)
    key = sorted(spec.least - spec.exact)[0]
    least = int(spec.config[key])
    for value, wrong in ((least + 1, False), (least, False), (least - 1, True)):
        admin = Admin(Layout(4, 4, 4))
        admin.topics[spec.name][1][key] = str(value)
        if wrong:
            assert faults(admin)[0].startswith(f"{spec.name}: expected {key}={least}, got {value}")
        else:
            check(of(admin), SETTINGS, NAMES)
    admin = Admin(Layout(4, 4, 4))
    del admin.topics[spec.name][1][key]
    assert faults(admin) == [
        f"{spec.name}: {key} cannot be read: allow DescribeConfigs, use Kafka 3.6 or later"
    ]


def test_no_topic_settings_are_requested_if_no_topic_exists() -> None:
    admin = Admin()
    admin.describe_configs = lambda *_, **__: 1 / 0  # type: ignore[method-assign, assignment]
    assert len(faults(admin)) > 5


def ready_after(monkeypatch: pytest.MonkeyPatch, errors: list[Exception]) -> tuple[Layout, int]:
    """The result of `ready` if the first connections fail with these errors."""

    class Cluster(Admin):
        def describe_cluster(self) -> Any:
            return {"brokers": ["one", "two"]}

    @contextmanager
    def connected(settings: Settings) -> Iterator[Admin]:
        if errors:
            raise errors.pop(0)
        yield Cluster(Layout(2, 2, 4))

    async def accepted(settings: Settings) -> None:
        pass

    monkeypatch.setattr(cluster_admin, "connected", connected)
    monkeypatch.setattr(cluster_admin, "check_credentials", accepted)
    monkeypatch.setattr(cluster_admin, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(cluster_admin, "LONGEST_PAUSE_S", 0.002)
    return asyncio.run(asyncio.wait_for(cluster_admin.ready(SETTINGS, NAMES), 10))


def test_a_start_waits_for_a_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    errors: list[Exception] = [KafkaConnectionError() for _ in range(3)]
    assert ready_after(monkeypatch, errors) == (Layout(2, 2, 4), 2)
    assert errors == []


def test_a_start_raises_an_error_that_is_not_temporary(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    errors: list[Exception] = [TopicAuthorizationFailedError(), KafkaConnectionError()]
    with pytest.raises(TopicAuthorizationFailedError):
        ready_after(monkeypatch, errors)
    assert len(errors) == 1, "it does not ask again"


def test_a_start_asks_again_after_pauses_that_double_up_to_a_bound(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def sleeps(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", sleeps)
    ready_after(monkeypatch, [KafkaConnectionError() for _ in range(3)])
    assert pauses == [0.001, 0.002, 0.002]
    told = [each.getMessage() for each in caplog.records if each.name == "triggers.topics"]
    assert told[0] == "no_broker error=KafkaConnectionError retry_s=0.001"
    assert len(told) == 3


def test_an_error_of_a_creation_names_the_topic_and_what_the_broker_says() -> None:
    admin = Admin()
    admin.codes = {"storefront.events": 29}
    with pytest.raises(TopicAuthorizationFailedError, match=r"storefront\.events: no"):
        create(of(admin), SETTINGS, NAMES)


def test_a_recipe_that_is_named_twice_has_one_topic() -> None:
    admin = Admin()
    made = create(of(admin), SETTINGS, NAMES * 2)
    assert made.count("triggers.cart-abandonment") == 1
    admin = Admin(Layout(4, 4, 4))
    del admin.topics["triggers.cart-abandonment"]
    with pytest.raises(TopicsError) as caught:
        check(of(admin), SETTINGS, NAMES * 2)
    assert len(str(caught.value).splitlines()) == 1


def test_a_client_of_the_cluster_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    story: list[Any] = []

    class Client:
        def __init__(self, **options: Any) -> None:
            story.append(options["client_id"])

        def close(self) -> None:
            story.append("closed")

    monkeypatch.setattr(cluster_admin, "KafkaAdminClient", Client)
    with pytest.raises(OSError), cluster_admin.connected(SETTINGS):
        raise OSError
    assert story == ["triggers-topics", "closed"]
