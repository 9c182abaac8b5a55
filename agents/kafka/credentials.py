"""Checks whether the brokers accept the credentials. A client would retry for ever, as if no broker were up."""

import ssl
from typing import Final

from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from agents.config.settings import Settings, SettingsError, aiokafka_options

REFUSED = (
    AuthenticationFailedError,
    IllegalSaslStateError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
LOGIN_MS = 10_000


EXPIRED: Final = 10
HOSTS: Final = (62, 64)
"""Codes of OpenSSL for a certificate that is over, and for one of another host name or address."""


def _remedy(code: int) -> str:
    if code == EXPIRED:
        return "Renew it on the broker"
    if code in HOSTS:
        return "TRIGGERS_KAFKA must name the broker as its certificate does"
    return "Set TRIGGERS_CAFILE to the authorities to trust"


async def check_credentials(settings: Settings) -> None:
    """Logs in to each broker once. Raises SettingsError if one refuses the credentials or has an invalid certificate."""
    if settings.security.protocol == "PLAINTEXT":
        return
    options = aiokafka_options(settings)
    for address in options.pop("bootstrap_servers"):
        host, _, port = address.rpartition(":")
        try:
            connection = await create_conn(
                host.strip("[]"), int(port), request_timeout_ms=LOGIN_MS, **options
            )
        except REFUSED as error:
            raise SettingsError(
                f"{address} refuses TRIGGERS_USER with TRIGGERS_PASSWORD "
                f"({settings.security.mechanism}: {type(error).__name__})"
            ) from None
        except ssl.SSLCertVerificationError as error:
            raise SettingsError(
                f"{address} has an invalid certificate: {error.verify_message.rstrip('.')}. "
                f"{_remedy(error.verify_code)}"
            ) from None
        except (KafkaError, OSError, TimeoutError):
            continue
        connection.close()
