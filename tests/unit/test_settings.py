"""Settings from the environment."""

from pathlib import Path

import pytest

from agents.config.settings import (
    CheckpointPauses,
    Security,
    Settings,
    SettingsError,
    aiokafka_options,
    kafka_python_options,
)

SASL = {"TRIGGERS_SECURITY": "SASL_SSL", "TRIGGERS_USER": "worker", "TRIGGERS_KAFKA": "k:9093"}


def read(**variables: str) -> Settings:
    return Settings.read({f"TRIGGERS_{name}": value for name, value in variables.items()})


def mistakes(variables: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        Settings.read(variables)
    return str(caught.value)


def test_nothing_set_gives_the_defaults() -> None:
    assert Settings.read({}) == Settings()


def test_empty_is_the_same_as_left_out() -> None:
    assert read(KAFKA="", REDIS="", RECIPES="", TIME="", MARGIN_MS="") == Settings()


def test_every_setting_is_read(tmp_path: Path) -> None:
    recipes, cafile = tmp_path / "recipes.yaml", tmp_path / "ca.pem"
    recipes.touch()
    cafile.touch()
    assert read(
        KAFKA="a:9092, [::1]:9093",
        REDIS="redis://cache/1",
        PREFIX="shop1.",
        TIME="record",
        RECIPES=str(recipes),
        METRICS="0.0.0.0:0",
        SECURITY="SASL_SSL",
        SASL_MECHANISM="PLAIN",
        USER="worker",
        PASSWORD="s3cret",
        CAFILE=str(cafile),
        INSTANCE_ID="worker-0",
        SESSION_MS="6000",
        CHECKPOINT_MS="500/50",
        MARGIN_MS="250",
        DELIVERY="exactly_once",
    ) == Settings(
        kafka=("a:9092", "[::1]:9093"),
        redis="redis://cache/1",
        prefix="shop1.",
        time="record",
        recipes=recipes,
        metrics=("0.0.0.0", 0),
        security=Security("SASL_SSL", "PLAIN", "worker", "s3cret", cafile),
        group="shop1.triggers",
        instance_id="worker-0",
        session_ms=6000,
        checkpoint_ms=CheckpointPauses(pause=500, transaction=50),
        margin_ms=250,
        delivery="exactly_once",
    )


def test_all_mistakes_are_in_one_message() -> None:
    message = mistakes(
        {
            "TRIGGERS_KAFKA": "localhost,b:99999,a b:1",
            "TRIGGERS_REDIS": "cache:6379",
            "TRIGGERS_PREFIX": "my shop",
            "TRIGGERS_TIME": "wall",
            "TRIGGERS_RECIPES": "/nowhere/recipes.yaml",
            "TRIGGERS_METRICS": "9108",
            "TRIGGERS_SECURITY": "TLS",
            "TRIGGERS_SESSION_MS": "10s",
            "TRIGGERS_CHECKPOINT_MS": "100/1000",
            "TRIGGERS_MARGIN_MS": "-1",
            "TRIGGERS_DELIVERY": "twice",
        }
    )
    lines = message.splitlines()
    assert len(lines) == 13
    for name in ("KAFKA", "REDIS", "PREFIX", "TIME", "RECIPES", "METRICS", "SECURITY"):
        assert any(line.startswith(f"TRIGGERS_{name}") for line in lines), name
    for name in ("SESSION_MS", "CHECKPOINT_MS", "MARGIN_MS", "DELIVERY"):
        assert any(line.startswith(f"TRIGGERS_{name}") for line in lines), name


def test_empty_metrics_switch_the_server_off() -> None:
    assert read(METRICS="").metrics is None


@pytest.mark.parametrize(
    "address", ["::1:9092", "a:0", "a:", ":9092", "a:9x", "u@a:9092", "a:９０９２"]
)
def test_a_broker_without_host_and_port_is_a_mistake(address: str) -> None:
    assert "host:port" in mistakes({"TRIGGERS_KAFKA": address})


def test_a_command_that_needs_a_broker_names_the_missing_setting() -> None:
    with pytest.raises(SettingsError, match="TRIGGERS_KAFKA"):
        Settings.read({}).require_kafka()


def test_a_name_written_nearly_right_is_a_mistake() -> None:
    assert "did you mean TRIGGERS_RECIPES?" in mistakes({"TRIGGERS_RECIPE": "recipes.yaml"})


@pytest.mark.parametrize(
    "name", ["TRIGGERS_PORT", "TRIGGERS_SERVICE_HOST", "TRIGGERS_REDIS_PORT_6379_TCP"]
)
def test_variables_that_kubernetes_sets_are_ignored(name: str) -> None:
    assert Settings.read({name: "tcp://10.0.0.1:80"}) == Settings()


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("s3cret\n")
    assert (
        Settings.read({**SASL, "TRIGGERS_PASSWORD_FILE": str(file)}).security.password == "s3cret"
    )


def test_a_secret_given_twice_is_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("s3cret")
    both = {**SASL, "TRIGGERS_PASSWORD": "other", "TRIGGERS_PASSWORD_FILE": str(file)}
    assert "keep one" in mistakes(both)


def test_a_secret_file_that_cannot_be_read_is_a_mistake() -> None:
    assert "cannot read" in mistakes({**SASL, "TRIGGERS_PASSWORD_FILE": "/nowhere/password"})


def test_sasl_needs_a_user_and_a_password() -> None:
    assert "TRIGGERS_PASSWORD" in mistakes(SASL)


def test_a_password_without_sasl_is_a_mistake() -> None:
    assert "SASL only" in mistakes({"TRIGGERS_USER": "worker", "TRIGGERS_PASSWORD": "s3cret"})


def test_authorities_without_ssl_are_a_mistake(tmp_path: Path) -> None:
    assert "SSL only" in mistakes({"TRIGGERS_CAFILE": __file__})


def test_secrets_are_never_shown() -> None:
    settings = Settings.read(
        {**SASL, "TRIGGERS_PASSWORD": "s3cret", "TRIGGERS_REDIS": "redis://:s3cret@cache"}
    )
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in mistakes({"TRIGGERS_PASSWORD": "s3cret", "TRIGGERS_REDIS": "x:s3cret"})


def test_clients_get_addresses_and_security() -> None:
    settings = Settings.read({**SASL, "TRIGGERS_PASSWORD": "s3cret"})
    options = {
        "bootstrap_servers": ["k:9093"],
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "worker",
        "sasl_plain_password": "s3cret",
    }
    assert kafka_python_options(settings) == options
    context = aiokafka_options(settings)
    assert context.pop("ssl_context").check_hostname
    assert context == options


def test_topics_and_group_carry_the_prefix() -> None:
    settings = read(PREFIX="shop1.")
    assert settings.topic("storefront.events") == "shop1.storefront.events"
    assert settings.group == "shop1.triggers"
