"""The command explain finds a person by an e-mail address or a phone number, if the pepper is set."""

import json
from pathlib import Path

import pytest

from agents.__main__ import main
from agents.connect.contacts import keyed
from agents.explain.addressed import is_address, person_of
from agents.explain.lookup import persons
from agents.explain.timeline import Story, lines
from stream import recipes_file

PEPPER = b"a pepper of thirty-two bytes, or more"
T = 1_767_607_200_000
KEY_OF = keyed(PEPPER)


def told(folder: Path) -> tuple[str, ...]:
    """A backtest of a guest's cart, whose checkout gave an e-mail address."""
    line = {"product_id": "lamp", "name": "Lamp", "quantity": 1, "price": 40}
    cart = {"id": "c-1", "items": [line]}
    event = {"t": T, "id": "1", "type": "cart.updated", "cart": cart}
    event["keys"] = {"email": KEY_OF("email", "ann@shop-mail.de")}
    file = folder / "events.jsonl"
    file.write_text(json.dumps(event) + "\n")
    assert main(["backtest", str(file), "--out", str(folder)]) == 0
    return "--from", str(folder), "--events", str(file)


@pytest.mark.parametrize(
    "text", ["Ann@Shop-Mail.de", " email:ann@shop-mail.de", "email: ann@shop-mail.de"]
)
def test_an_address_leads_to_its_person(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = told(tmp_path)
    monkeypatch.setenv("TRIGGERS_IDENTITY_PEPPER", PEPPER.decode())
    capsys.readouterr()
    assert main(["explain", text.strip(), *files]) == 0
    assert "has in the cart: 1 × Lamp" in capsys.readouterr().out


def test_without_the_pepper_the_answer_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = told(tmp_path)
    assert main(["explain", "ann@shop-mail.de", *files]) == 1
    assert "TRIGGERS_IDENTITY_PEPPER" in capsys.readouterr().err


def test_a_phone_number_with_its_country_leads_to_its_key() -> None:
    key = KEY_OF("phone", "+49 30 1234567")
    assert person_of("+49 (30) 1234567", PEPPER) == f"phone:{key}"
    assert persons("+49301234567", PEPPER)[0] == f"phone:{key}"


@pytest.mark.parametrize(
    "text", ["anna", "visitor:v-1", "customer:4711", "email:nZ3x0bqkR7Jt2c8Yw4mLfQ", "+"]
)
def test_other_names_are_no_addresses(text: str) -> None:
    assert not is_address(text)
    assert person_of(text, PEPPER) is None


def test_an_address_may_be_an_id_of_the_shop_too() -> None:
    assert "customer:ann@shop-mail.de" in persons("ann@shop-mail.de", PEPPER)


def test_an_invalid_address_has_no_person() -> None:
    assert person_of("ann@@shop", PEPPER) is None


def test_somebody_who_has_only_pinged_so_far_was_here() -> None:
    ping = {"t": T, "id": "1", "type": "activity.pinged", "visitor": "v-1"}
    story = Story(frozenset({"visitor:v-1"}), [ping], now=T + 1_000)
    (line,) = lines(story, recipes_file.DEFAULT)
    assert line.text == "v-1 was here: there is nothing but signs of activity"
