"""Brokers that refuse the credentials, or have the wrong certificate, are named at once."""

import asyncio
import ssl
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, SaslAuthenticationFailed

from agents.config.settings import Security, Settings, SettingsError
from agents.kafka import credentials

SASL = Security("SASL_PLAINTEXT", "SCRAM-SHA-512", "anna", "secret")


class Brokers:
    """`faults`: by address. Other brokers accept the credentials."""

    def __init__(self, **faults: BaseException) -> None:
        self.faults, self.asked, self.closed = faults, list[tuple[str, int]](), 0

    async def connect(self, host: str, port: int, **options: Any) -> Any:
        self.asked.append((host, port))
        assert options["sasl_plain_username"] == "anna"
        if host in self.faults:
            raise self.faults[host]
        return SimpleNamespace(close=self._close)

    def _close(self) -> None:
        self.closed += 1


def check(monkeypatch: pytest.MonkeyPatch, brokers: Brokers, security: Security = SASL) -> None:
    monkeypatch.setattr(credentials, "create_conn", brokers.connect)
    settings = Settings(kafka=("one:9092", "[::1]:9093"), security=security)
    asyncio.run(credentials.check_credentials(settings))


def test_every_broker_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    brokers = Brokers()
    check(monkeypatch, brokers)
    assert brokers.asked == [("one", 9092), ("::1", 9093)]
    assert brokers.closed == 2


def test_without_credentials_no_broker_is_contacted(monkeypatch: pytest.MonkeyPatch) -> None:
    brokers = Brokers()
    check(monkeypatch, brokers, Security())
    assert brokers.asked == []


def test_a_refusal_names_the_broker_and_the_settings_and_no_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused = "one:9092 refuses TRIGGERS_USER with TRIGGERS_PASSWORD"
    with pytest.raises(SettingsError, match=refused) as caught:
        check(monkeypatch, Brokers(one=SaslAuthenticationFailed()))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "fault", "told"),
    [
        (10, "certificate has expired", "certificate has expired. Renew it"),
        (64, "IP address mismatch.", "IP address mismatch. TRIGGERS_KAFKA must name"),
        (62, "Hostname mismatch.", "Hostname mismatch. TRIGGERS_KAFKA must name"),
        (19, "self-signed certificate", "self-signed certificate. Set TRIGGERS_CAFILE"),
    ],
)
def test_a_wrong_certificate_is_named_with_what_helps(
    monkeypatch: pytest.MonkeyPatch, code: int, fault: str, told: str
) -> None:
    error = ssl.SSLCertVerificationError("x")
    error.verify_code, error.verify_message = code, fault
    with pytest.raises(SettingsError, match=f"invalid certificate: {told}"):
        check(monkeypatch, Brokers(one=error))


def test_an_unreachable_broker_is_not_a_credentials_error(monkeypatch: pytest.MonkeyPatch) -> None:
    brokers = Brokers(one=KafkaConnectionError())
    check(monkeypatch, brokers)
    assert (len(brokers.asked), brokers.closed) == (2, 1)
