"""The rights of each role, and Strimzi's resources for them."""

import json
from typing import Any

import pytest

import schemas
from agents.config.settings import Settings
from agents.generate import strimzi
from agents.kafka.acls import ROLES, Acl, acls
from agents.kafka.topics import Layout
from stream import recipes_file
from stream.recipes_file import RecipesError

NAMES = ("exit-intent", "cart-vip")
PLAIN = Settings(prefix="eu.", group="eu.triggers")


def of(role: str, settings: Settings = PLAIN) -> dict[str, Acl]:
    return {right.name: right for right in acls(role, settings)}


def test_every_role_of_the_topic_list_is_one() -> None:
    topics = schemas.load("topics")["topics"]
    assert {role for topic in topics for role in topic["writers"] + topic["readers"]} == {*ROLES}


def test_a_storefront_may_write_only_events_and_refused_events() -> None:
    names = "eu.storefront.events", "eu.storefront.rejected"
    assert of("storefront") == {name: Acl("topic", name, ("Write",)) for name in names}


def test_a_worker_may_check_all_topics_and_write_what_it_decides() -> None:
    found = of("worker")
    topics = {name: right for name, right in found.items() if right.resource == "topic"}
    assert all({"Describe", "DescribeConfigs"} <= {*right.operations} for right in topics.values())
    assert "Write" in found["eu.triggers."].operations
    assert "Write" not in found["eu.storefront.events"].operations
    assert "Create" not in {each for right in found.values() for each in right.operations}


def test_a_sender_may_read_triggers_and_write_dead_letters() -> None:
    found = of("sender")
    assert found["eu.triggers."].operations == ("Read",)
    assert found["eu.sender.undelivered"].operations == ("Write",)
    assert found["eu.sender"] == Acl("group", "eu.sender", ("Describe", "Read"))
    assert "eu.storefront.events" not in found


def test_a_sender_is_denied_what_is_no_recipes_though_it_begins_like_one() -> None:
    denied = [right for right in acls("sender", PLAIN) if right.denied]
    assert denied == [
        Acl("topic", f"eu.triggers.{name}", ("All",), denied=True)
        for name in ("decisions", "shadow", "outcomes")
    ]


def test_no_recipe_may_have_the_name_of_a_topic_that_is_denied() -> None:
    denied = [right.name for role in ROLES for right in acls(role, Settings()) if right.denied]
    assert denied
    for name in denied:
        with pytest.raises(RecipesError, match="name"):
            recipes_file.load(json.dumps({"recipes": [{"name": name.removeprefix("triggers.")}]}))


@pytest.mark.parametrize("role", [role for role in ROLES if role != "sender"])
def test_other_roles_have_no_right_by_prefix_that_goes_too_far(role: str) -> None:
    assert not [right for right in acls(role, PLAIN) if right.denied]


def test_a_bridge_may_read_the_topics_of_sources_and_write_events() -> None:
    found = {right.name: right for right in acls("bridge", PLAIN, ["segment", "snowplow.good"])}
    assert found == {
        "eu.storefront.events": Acl("topic", "eu.storefront.events", ("Write",)),
        "eu.bridge.unreadable": Acl("topic", "eu.bridge.unreadable", ("Write",)),
        "segment": Acl("topic", "segment", ("Read",)),
        "snowplow.good": Acl("topic", "snowplow.good", ("Read",)),
        "eu.bridge": Acl("group", "eu.bridge", ("Describe", "Read")),
    }


def test_only_bridges_may_read_the_topics_of_sources() -> None:
    others = [role for role in ROLES if role != "bridge"]
    assert not [r for role in others for r in acls(role, PLAIN, ["segment"]) if r.name == "segment"]


def test_an_operator_may_make_the_topics_and_read_all_that_explains() -> None:
    found = of("operator")
    topics = [right for right in found.values() if right.resource == "topic"]
    assert all("Create" in right.operations for right in topics)
    for name in ("storefront.events", "visitor.facts", "state.people", "triggers.decisions"):
        assert "Read" in found[f"eu.{name}"].operations


@pytest.mark.parametrize("role", ROLES)
def test_rights_on_triggers_are_for_recipes_that_are_yet_to_come(role: str) -> None:
    rights = [right for right in acls(role, PLAIN) if right.name == "eu.triggers."]
    assert all(right.prefixed for right in rights)
    assert [right.name for right in acls(role, PLAIN) if "<recipe>" in right.name] == []


def test_a_publisher_is_an_operator_who_may_write_recipes() -> None:
    found, operator = of("publisher"), of("operator")
    assert "Write" in found["eu.recipes"].operations
    assert "Write" not in operator["eu.recipes"].operations
    assert {name: right for name, right in found.items() if name != "eu.recipes"} == {
        name: right for name, right in operator.items() if name != "eu.recipes"
    }


@pytest.mark.parametrize("role", [role for role in ROLES if role != "publisher"])
def test_only_publishers_may_publish_recipes(role: str) -> None:
    rights = [right for right in acls(role, PLAIN) if right.name == "eu.recipes"]
    assert "Write" not in {each for right in rights for each in right.operations}


def test_transactions_are_a_right_only_where_they_are_used() -> None:
    def transactional(settings: Settings, role: str = "worker") -> list[Acl]:
        found = acls(role, settings)
        return [right for right in found if right.resource == "transactionalId"]

    assert transactional(PLAIN) == []
    [right] = transactional(Settings(group="triggers", delivery="exactly_once"))
    assert right == Acl("transactionalId", "triggers", ("Describe", "Write"), prefixed=True)
    [right] = transactional(Settings(delivery="exactly_once"), "bridge")
    assert right == Acl("transactionalId", "bridge", ("Describe", "Write"), prefixed=True)


def documents(prefix: str) -> list[dict[str, Any]]:
    settings = Settings(prefix=prefix, group=f"{prefix}triggers")
    return strimzi.documents(settings, NAMES, Layout(12, 6, 6), "kafka", 3)


def test_a_user_of_strimzi_is_denied_what_the_rights_deny() -> None:
    [user] = [each for each in documents("eu.") if each["metadata"]["name"] == "eu.triggers-sender"]
    rules = user["spec"]["authorization"]["acls"]
    denied = [rule for rule in rules if rule.get("type", "allow") == "deny"]
    assert [rule["resource"]["name"] for rule in denied] == [
        f"eu.triggers.{name}" for name in ("decisions", "shadow", "outcomes")
    ]
    assert {rule["resource"]["patternType"] for rule in denied} == {"literal"}
    assert all(rule["operations"] == ["All"] for rule in denied)


def test_names_that_kubernetes_refuses_stay_distinct() -> None:
    found = documents("Shop_A.") + documents("shop_a.") + documents("shop-a.")
    names = [each["metadata"]["name"] for each in found]
    assert len(names) == len(set(names))
    assert all(name == name.lower() and "_" not in name for name in names)
    topics = [each["spec"] for each in found if each["kind"] == "KafkaTopic"]
    assert "Shop_A.storefront.events" in [spec.get("topicName") for spec in topics]


def test_a_topic_has_its_partitions_and_loses_nothing_with_a_broker() -> None:
    topics = {each["metadata"]["name"]: each["spec"] for each in documents("")}
    assert topics["storefront.events"]["partitions"] == 12
    assert topics["triggers.cart-vip"]["partitions"] == 6
    assert topics["state.people"]["config"]["cleanup.policy"] == "compact"
    assert topics["state.people"]["config"]["min.insync.replicas"] == "2"
