"""The rules by which a broker lets users do what their rights say: made of agents/kafka/acls.py."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from agents.kafka.acls import Acl

REQUIRED: Final = {
    "sasl.enabled.mechanisms": "SCRAM-SHA-512",
    "listener.name.client.scram-sha-512.sasl.jaas.config": (
        "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    ),
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",
}
"""Properties of a broker whose listener CLIENT asks for passwords. Everything is allowed on the nodes' own listener."""

RESOURCES: Final = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactionalId": ResourceType.TRANSACTIONAL_ID,
}
OPERATIONS: Final = {"DescribeConfigs": "DESCRIBE_CONFIGS"}
"""Operations that kafka-python names in another way than by capitals."""


@contextmanager
def administered(address: str) -> Iterator[KafkaAdminClient]:
    admin = KafkaAdminClient(bootstrap_servers=address)
    try:
        yield admin
    finally:
        admin.close()


def add_user(inside: str, name: str, password: str) -> None:
    """`inside`: the nodes' own listener."""
    with administered(inside) as admin:
        wanted = UserScramCredentialUpsertion(name, ScramMechanism.SCRAM_SHA_512, password)
        admin.alter_user_scram_credentials([wanted])


def allow(inside: str, rules: Iterable[ACL]) -> None:
    with administered(inside) as admin:
        admin.create_acls(list(rules))


def of(user: str, right: Acl) -> list[tuple[str, ACL]]:
    """(what is allowed or denied, in words; the rule) for each operation of a right."""
    kind = ACLResourcePatternType.PREFIXED if right.prefixed else ACLResourcePatternType.LITERAL
    permission = ACLPermissionType.DENY if right.denied else ACLPermissionType.ALLOW
    pattern = ResourcePattern(RESOURCES[right.resource], right.name, kind)
    return [
        (
            f"{operation} {right.resource} {right.name}",
            ACL(
                f"User:{user}",
                "*",
                ACLOperation[OPERATIONS.get(operation, operation.upper())],
                permission,
                pattern,
            ),
        )
        for operation in right.operations
    ]
