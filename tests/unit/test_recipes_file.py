"""A recipes file: what it may leave out, and how its faults are reported."""

import json

import pytest

from stream import recipes_file
from stream.durations import DAY, HOUR, MINUTE, SECOND
from stream.kinds.registry import SHIPPED as SHIPPED_RECIPES
from stream.recipes.recipe import Cap, Quiet
from stream.recipes_file import RecipesError, load
from stream.recipes_lines import MOST

SHIPPED = {
    "exit-intent": ((0,), 0, 7 * DAY, 30 * SECOND, 100, False),
    "payment-failed": ((5 * MINUTE, DAY, 3 * DAY), HOUR, 0, DAY, 10, True),
    "checkout-abandonment": ((30 * MINUTE, DAY, 3 * DAY), HOUR, DAY, DAY, 20, True),
    "cart-abandonment": ((HOUR, DAY, 3 * DAY), DAY, 7 * DAY, DAY, 30, True),
    "browse-abandonment": ((HOUR,), 7 * DAY, 7 * DAY, DAY, 80, True),
}
"""Steps, ordered_within, cooldown, valid_for, priority, capped."""


@pytest.mark.parametrize("text", ["", "{}", "policy: {}", '{"policy": {"caps": []}}'])
def test_a_file_without_recipes_has_the_five_that_are_shipped(text: str) -> None:
    found = load(text).by_name
    assert {
        name: (r.steps, r.ordered_within, r.cooldown, r.valid_for, r.priority, r.capped)
        for name, r in found.items()
    } == SHIPPED


@pytest.mark.parametrize("kind", sorted({each.kind for each in SHIPPED_RECIPES} - {"exit-intent"}))
def test_all_reminders_share_these_values(kind: str) -> None:
    recipe = recipes_file.DEFAULT.by_name[kind]
    assert recipe.channels == ("email", "sms", "push", "messenger")
    assert (recipe.reach, recipe.consent, recipe.holdout) == ("known", "not_withdrawn", 0)
    assert (recipe.expires, recipe.arms, recipe.version) == (7 * DAY, (), 1)


def test_exit_intent_is_for_anybody_on_the_site() -> None:
    recipe = recipes_file.DEFAULT.by_name["exit-intent"]
    assert (recipe.channels, recipe.reach) == (("onsite",), "any")


def test_the_shipped_policy() -> None:
    policy = recipes_file.DEFAULT.policy
    assert policy.caps == (Cap(1, HOUR, "defer"), Cap(3, 7 * DAY, "drop"))
    assert (policy.quiet, policy.zone) == (None, "UTC")


def test_a_policy_has_the_shipped_values_for_what_it_leaves_out() -> None:
    policy = load('policy: {zone: Asia/Seoul, quiet: {from: "21:00", to: "08:30"}}').policy
    assert (policy.zone, policy.quiet) == ("Asia/Seoul", Quiet(21 * 60, 8 * 60 + 30))
    assert policy.caps == recipes_file.DEFAULT.policy.caps


def test_a_recipe_has_its_kinds_values_and_its_name_is_the_default_kind() -> None:
    found = load("recipes: [{name: gentle, kind: cart-abandonment, steps: [2h]}]")
    (recipe,) = found.by_name.values()
    assert (recipe.steps, recipe.cooldown, recipe.kind) == (
        (2 * HOUR,),
        7 * DAY,
        "cart-abandonment",
    )
    assert load("recipes: [{name: payment-failed}]").names == ("payment-failed",)


def test_a_recipe_may_set_every_field() -> None:
    text = """
recipes:
  - name: all
    kind: browse-abandonment
    version: 3
    steps: [1m, 2m]
    ordered_within: 0
    cooldown: 0
    expires: 1d
    valid_for: 90s
    priority: 5
    channels: [sms, sms, push]
    capped: false
    reach: any
    consent: granted
    holdout: 33.333
    arms: {a: 0.01, b: 50}
    when: {visits: {min: 1, max: 9}, sub_kind: [recent], category: [hats]}
    offers: [{offer: gift, when: {message: {min: 2}}}, {offer: none}]
"""
    (recipe,) = load(text).by_name.values()
    assert (recipe.version, recipe.steps, recipe.priority) == (3, (MINUTE, 2 * MINUTE), 5)
    assert (recipe.ordered_within, recipe.cooldown) == (0, 0)
    assert (recipe.expires, recipe.valid_for) == (DAY, 90 * SECOND)
    assert (recipe.channels, recipe.capped, recipe.reach) == (("sms", "push"), False, "any")
    assert (recipe.consent, recipe.holdout, recipe.arms) == (
        "granted",
        3334,
        (("a", 1), ("b", 5001)),
    )
    assert [offer.name for offer in recipe.offers] == ["gift", "none"]
    assert recipe.when.sub_kinds == frozenset({"recent"})
    assert recipe.when.categories == frozenset({"hats"})


def test_a_category_may_be_a_number() -> None:
    text = "recipes: [{name: cart-abandonment, when: {category: [7, 5.0, hats]}}]"
    assert load(text).by_name["cart-abandonment"].when.categories == {"7", "5", "hats"}


def test_a_product_id_of_a_life_may_be_a_number() -> None:
    found = load("recipes: [{name: soon, kind: replenishment, life: {7: 30d, 8.0: 20d, 8.5: 1d}}]")
    assert found.by_name["soon"].life == {"7": 30 * DAY, "8": 20 * DAY, "8.5": DAY}


def test_a_category_that_is_not_a_whole_number_is_a_fault() -> None:
    with pytest.raises(RecipesError):
        load("recipes: [{name: cart-abandonment, when: {category: [7.5]}}]")


def test_a_long_duration_may_be_written_in_ms() -> None:
    found = load("recipes: [{name: exit-intent, cooldown: 31536000000ms}]")
    assert found.by_name["exit-intent"].cooldown == 365 * DAY


def test_ordered_within_0_switches_the_guard_off() -> None:
    found = load("recipes: [{name: payment-failed, ordered_within: 0}]")
    assert found.by_name["payment-failed"].ordered_within == 0


def test_a_recipe_that_is_not_enabled_is_known_by_name_only() -> None:
    found = load("recipes: [{name: cart-abandonment, enabled: false}]")
    assert (found.names, found.by_name, found.of["cart-abandonment"]) == (
        ("cart-abandonment",), {}, [],
    )  # fmt: skip


def test_recipes_of_a_kind_are_ordered_by_priority_and_name() -> None:
    named = [("b", 2), ("a", 2), ("z", 1)]
    each = ", ".join(f"{{name: {n}, kind: exit-intent, priority: {p}}}" for n, p in named)
    found = load(f"recipes: [{each}]")
    assert [recipe.name for recipe in found.of["exit-intent"]] == ["z", "a", "b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "recipes:\n  - name: exit-intent\n    steps: [1.5h]",
            "file.yaml:3: recipes[0].steps[0]: ",
        ),
        ("recipes:\n- name: exit-intent\n- {}", "file.yaml:3: recipes[1]: "),
        ("policy:\n  caps: [{max: 0, per: 1h, then: drop}]", "file.yaml:2: policy.caps[0].max: "),
        ("recipes:\n  - name: [", "file.yaml:2: "),
        (
            "policy:\n  caps:\n    - <<: {max: 0, per: 1h, then: drop}",
            "file.yaml:3: policy.caps[0].max: ",
        ),
        ("recipes: 5", "file.yaml:1: recipes: expected a list, got 5"),
        ("recipe: []", "file.yaml:1: recipe: is no field here: did you mean recipes?"),
        (
            "recipes:\n  - name: exit-intent\n    xyz: red",
            "file.yaml:3: recipes[0].xyz: is no field here: expected one of after, arms, ",
        ),
        ("5", "file.yaml:1: file: expected a map of fields, got 5"),
        (
            "recipes:\n  - name: exit-intent\n  - name: exit-intent",
            "file.yaml:3: recipes[1].name: exit-intent is there twice",
        ),
        (
            "recipes:\n  - name: exit-intent\n  - name: cart",
            "file.yaml:3: recipes[1].name: there is no kind cart, and a recipe without a kind has its name for one: "
            "expected one of exit-intent, payment-failed, checkout-abandonment, cart-abandonment, browse-abandonment",
        ),
        (
            "recipes:\n  - name: exit-intent\n  - name: carts\n    kind: cart-abandonement",
            "file.yaml:4: recipes[1].kind: there is no kind cart-abandonement: did you mean cart-abandonment?",
        ),
        (
            "recipes:\n  - name: exit-intent\n    cooldown: 7",
            "file.yaml:3: recipes[0].cooldown: expected a duration such as 30s, 45m, 24h or 7d, or 0, got 7",
        ),
        (
            "recipes:\n  - name: exit-intent\n    channels: [e-mail]",
            "file.yaml:3: recipes[0].channels[0]: is no value here: did you mean email?",
        ),
        (
            "policy:\n  quiet: {from: 21:00, to: '08:00'}",
            'file.yaml:2: policy.quiet.from: expected a time as HH:MM in quotes, such as "21:00", got 1260',
        ),
        (
            "audiences:\n  - name: a\n    members: {orders: {at_least: 3}}",
            "file.yaml:3: audiences[0].members.orders.at_least: is no field here: expected one of max, min",
        ),
        (
            "audiences:\n  - name: a\n    members:\n      - {since_order: {min: 60}}",
            "file.yaml:4: audiences[0].members[0].since_order.min: expected a duration such as ",
        ),
        ("audiences:\n  - name: a\n", "file.yaml:2: audiences[0]: members is missing"),
        (
            "recipes:\n  - name: exit-intent\n    cooldown: 1d\n    cooldown: 7d",
            "file.yaml:4: cooldown is there twice: keep one",
        ),
        (
            "recipes:\n  - name: soon\n    kind: replenishment\n    life: {p1: 0s}",
            "file.yaml:4: recipes[0].life.p1 must be longer than 0",
        ),
        (
            "recipes: [{name: cart}]",
            "file.yaml:1: recipes[0].name: there is no kind cart, and a recipe",
        ),
        (
            "recipes: [{name: lapsed, kind: audience}]",
            "file.yaml:1: recipes[0]: audience is missing: expected the name of one",
        ),
        (
            "audiences: [{name: a, members: {open: [cart]}}]",
            "file.yaml:1: audiences[0].members.open[0]: there is no kind cart: expected one of exit-",
        ),
        ("zone: !!python/object:os.system x", "file.yaml:1: could not determine a constructor"),
        ("a: 2026-99-99", "file.yaml: "),
        ("x: '\x00'", "file.yaml: "),
        ("[" * 500, "file.yaml: "),
    ],
)
def test_a_fault_is_reported_with_its_line_or_path_and_the_whole_file_is_refused(
    text: str, message: str
) -> None:
    with pytest.raises(RecipesError) as caught:
        load(text, "file.yaml")
    assert str(caught.value).startswith(message)


FAULTY = """\
recipe: []
policy:
  keep: 7d
  caps:
    - {max: 0, per: 1h, then: drop}
    - {per: 1x}
recipes:
  - name: exit-intent
    stps: [1h]
    cooldown: 7
    cooldown: 8
    channels: [email, fax, pigeon]
    when: {traits.value: {min: many}}
  - kind: cart-abandonment
    steps: [2h, 1h]
  - name: cart-abandonment
    steps: [2h, 1h]
    audience: lapsed
  - name: cart-abandonement
  - 7
  - {name: cart-abandonment, attribution: 90d}
audiences:
  - name: lapse
    members: {orders: {least: 1}}
  - members: []
"""
SAID = """\
file:1: recipe: is no field here: did you mean recipes?
file:5: policy.caps[0].max: expected 1 or more, got 0
file:6: policy.caps[1]: max is missing
file:6: policy.caps[1]: then is missing
file:6: policy.caps[1].per: expected a duration such as 30s, 45m, 24h or 7d, or 0, got "1x"
file:9: recipes[0].stps: is no field here: did you mean steps?
file:11: cooldown is there twice: keep one
file:11: recipes[0].cooldown: expected a duration such as 30s, 45m, 24h or 7d, or 0, got 8
file:12: recipes[0].channels[1]: is no value here: expected one of email, sms, push, messenger, onsite
file:12: recipes[0].channels[2]: is no value here: expected one of email, sms, push, messenger, onsite
file:13: recipes[0].when.traits.value.min: expected a number, got "many"
file:14: recipes[1]: name is missing
file:17: recipes[2].steps[1] must be longer than the step before it
file:19: recipes[3].name: there is no kind cart-abandonement, and a recipe without a kind has its name for one: did you \
mean cart-abandonment?
file:20: recipes[4]: expected a map of fields, got 7
file:21: recipes[5].name: cart-abandonment is there twice
file:24: audiences[0].members.orders.least: is no field here: expected one of max, min
file:25: audiences[1]: name is missing
file:25: audiences[1].members: expected a list of 1 or more, got a list
"""
"""Not told is what rests on a part with a fault: whether there is the audience, and whether keep is long enough."""


def test_all_faults_are_told_in_the_order_of_their_lines() -> None:
    with pytest.raises(RecipesError) as caught:
        load(FAULTY, "file")
    assert str(caught.value).splitlines() == SAID.splitlines()
    assert [fault.line for fault in caught.value.faults] == [
        int(line.split(":")[1]) for line in SAID.splitlines()
    ]


def test_all_faults_that_no_schema_sees_are_told() -> None:
    text = (
        "policy: {keep: 900d}\nrecipes:\n  - {name: soon, kind: cart}\n"
        "  - {name: exit-intent, steps: [2h, 1h], audience: vip}\n  - {name: exit-intent}"
    )
    with pytest.raises(RecipesError) as caught:
        load(text, "file")
    found = [line.split(": ")[0] for line in str(caught.value).splitlines()]
    assert found == ["file:1", "file:3", "file:4", "file:4", "file:5"]


def test_a_time_that_is_too_long_for_keep_is_told_beside_other_faults() -> None:
    text = "policy: {keep: 40d}\nrecipes:\n  - {name: exit-intent, attribution: 60d}\n  - 7"
    with pytest.raises(RecipesError) as caught:
        load(text, "file")
    assert [fault.line for fault in caught.value.faults] == [3, 4]


def test_the_faults_of_all_documents_of_a_history_are_told() -> None:
    documents = [{"recipes": [{"name": "A"}]}, {"from": 5, "recipes": 7, "policy": {"keep": "1d"}}]
    with pytest.raises(RecipesError) as caught:
        recipes_file.load_history(json.dumps({"history": documents}), "file")
    found = [line.split(" ")[1].rstrip(":") for line in str(caught.value).splitlines()]
    assert found == ["history[0].recipes[0].name", "history[1].recipes", "history[1].policy.keep"]


def test_a_file_with_very_many_faults_tells_a_hundred_of_them() -> None:
    with pytest.raises(RecipesError) as caught:
        load("recipes:\n" + "  - 7\n" * 250, "file")
    lines = str(caught.value).splitlines()
    assert (len(lines), lines[-1]) == (MOST + 1, "file: and 150 more")


def test_the_memory_of_what_fired_is_as_long_as_the_longest_window() -> None:
    assert recipes_file.DEFAULT.memory == 7 * DAY
    assert load("policy: {caps: [{max: 1, per: 40d, then: drop}]}").memory == 40 * DAY
    assert load("{policy: {caps: []}, recipes: [{name: payment-failed}]}").memory == DAY
