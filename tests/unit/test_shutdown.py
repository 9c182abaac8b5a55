"""A command that ends with an error logs one record, with the place and without the content of events."""

import logging

import pytest
from aiokafka.errors import KafkaError, ProducerFenced

from agents.runtime import shutdown

log = logging.getLogger("triggers.test")


def failed() -> Exception:
    try:
        raise ValueError("anna@example.com")
    except ValueError as error:
        return error


def test_an_error_and_its_traceback_are_one_log_record(caplog: pytest.LogCaptureFixture) -> None:
    """Another thread's line between an error and its stack would mislead the reader."""
    shutdown.report(log, failed(), ())
    (record,) = caplog.records
    first, *stack = record.getMessage().splitlines()
    assert first == "failed error=ValueError"
    assert stack[0].startswith(f'  File "{__file__}", line ')
    assert stack[0].endswith(", in failed")


def test_the_text_of_an_unknown_error_is_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shutdown.report(log, failed(), ())
    shutdown.report(log, failed(), (ValueError,))
    unknown, known = (record.getMessage().splitlines()[0] for record in caplog.records)
    assert unknown == "failed error=ValueError"
    assert known == "failed error=ValueError: anna@example.com"


def test_the_name_of_an_error_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    error = ProducerFenced("a newer one")
    assert str(error) == "ProducerFenced: a newer one", "aiokafka says it, too"
    shutdown.report(log, error, (KafkaError,))
    assert caplog.records[0].getMessage() == "failed error=ProducerFenced: a newer one"


def test_the_partition_of_an_error_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Who looks for the record that ends every worker has no other trace of it."""
    error = failed()
    error.add_note("in storefront.events 2, at offset 1200 or later")
    shutdown.report(log, error, ())
    first = caplog.records[0].getMessage().splitlines()[0]
    assert first == "failed error=ValueError (in storefront.events 2, at offset 1200 or later)"


def test_each_error_of_a_group_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    shutdown.report(log, ExceptionGroup("both", [failed(), KeyError("b")]), ())
    messages = [record.getMessage().splitlines()[0] for record in caplog.records]
    assert messages == ["failed error=ValueError", "failed error=KeyError"]
