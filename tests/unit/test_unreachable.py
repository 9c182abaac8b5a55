"""Commands that find no broker say so in one line, without the client's words for it."""

import pytest

from agents.__main__ import main
from agents.kafka.unreachable import told
from agents.local import ports


@pytest.mark.parametrize(
    ("command", "begins"),
    [
        (["recipes", "list"], "the topic of recipes cannot be used: "),
        (["lift"], "the outcomes cannot be read: "),
        (["audience", "loyal"], "the audience cannot be read: "),
        (["explain", "anna"], "127.0.0.1:"),
        (["erase", "--customer", "anna"], "nothing was erased: "),
    ],
)
def test_a_broker_that_is_not_there_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    begins: str,
) -> None:
    monkeypatch.setenv("TRIGGERS_KAFKA", f"127.0.0.1:{ports.free(1)[0]}")
    assert main(command) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith(begins)
    assert said.endswith("no broker answers; TRIGGERS_KAFKA must name one that is up")
    assert "bootstrap" not in said


def test_any_other_error_is_told_as_it_is() -> None:
    assert told(OSError("the disk is full")) == "the disk is full"
