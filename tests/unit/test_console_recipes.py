"""The server's part of the recipes page: drafts, history, key, and the progress of a trial."""

import asyncio
import json
import time
from typing import Any

import pytest

from agents.config.settings import Settings, SettingsError
from agents.console import publish_key, recipe_documents
from agents.console.drafts import LARGEST, draft
from agents.console.http_security import POLICY
from agents.console.publish_key import PublishKey
from agents.console.recipe_documents import DEFAULT_TEXT, RecipeDocuments
from agents.console.recipes_routes import FRAME_HEADERS
from agents.console.trials import Trials
from stream import recipes_file

T = 1_767_571_200_000
DEFAULT = recipes_file.DEFAULT
LATER = {"recipes": [{"name": "cart-abandonment", "steps": ["2h"]}]}
KEY = "correct horse battery staple"


def published(document: Any, by: str = "anna", note: str = "later") -> bytes:
    return json.dumps({"document": document, "by": by, "note": note}).encode()


def documents(*values: bytes) -> RecipeDocuments:
    made = RecipeDocuments(DEFAULT, DEFAULT_TEXT, "what is shipped")
    for offset, value in enumerate(values):
        made.take(offset, T + offset * 60_000, value)
    return made


def test_the_default_text_decides_like_the_shipped_recipes() -> None:
    assert recipes_file.load(DEFAULT_TEXT).by_name == DEFAULT.by_name
    assert draft(DEFAULT_TEXT, DEFAULT).changes == []


def test_a_valid_draft_lists_its_changes() -> None:
    found = draft("recipes:\n  - name: cart-abandonment\n    steps: [2h]\n", DEFAULT)
    assert found.faults == ()
    assert found.document == LATER
    assert any("cart-abandonment" in each for each in found.changes)


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("recipes:\n  - name: cart-abandonment\n    step: [2h]\n", 3, "did you mean steps?"),
        ("recipes:\n  - name: [\n", 3, "expected"),
        ("recipes:\n  - name: nothing-like-it\n", 2, "kind"),
        ("history: [{}]\n", None, "history"),
    ],
)
def test_a_fault_is_reported_with_its_line(text: str, line: int | None, why: str) -> None:
    [found] = draft(text, DEFAULT).faults
    assert why in found.why
    assert not found.why.startswith("draft")
    if line is not None:
        assert found.line == line


def test_all_faults_of_a_draft_are_reported_in_the_order_of_their_lines() -> None:
    text = "recipes:\n  - name: nothing-like-it\n  - name: exit-intent\n    cooldown: 7\n    step: [2h]\n"
    found = draft(text, DEFAULT)
    assert [fault.line for fault in found.faults] == [2, 4, 5]
    assert found.document is None


def test_a_draft_that_is_too_long_is_not_read() -> None:
    [found] = draft("#" * (LARGEST + 1), DEFAULT).faults
    assert "at most" in found.why


def test_before_the_first_document_the_file_holds() -> None:
    made = documents()
    assert made.current(T) is DEFAULT
    assert made.text(0) == DEFAULT_TEXT
    (row,) = made.rows(T)
    assert (row["number"], row["state"], row["note"]) == (0, "in force", "what is shipped")


def test_a_document_is_in_force_five_seconds_after_it_was_appended() -> None:
    made = documents(published(LATER))
    assert made.current(T + 4_999) is DEFAULT
    assert made.current(T + 5_000).by_name["cart-abandonment"].steps == (7_200_000,)
    assert [row["state"] for row in made.rows(T + 4_999)] == ["coming", "in force"]
    assert [row["state"] for row in made.rows(T + 5_000)] == ["in force", "former"]
    assert made.current_number(T + 5_000) == made.newest == 1
    assert recipes_file.load(made.text(1) or "").by_name == made.current(T + 5_000).by_name


def test_the_history_names_author_note_and_changes() -> None:
    back = published({}, "bob", "back")
    newest, former, _ = documents(published(LATER), back).rows(T + 3_600_000)
    assert (former["by"], former["note"], former["since"]) == ("anna", "later", T + 5_000)
    assert former["changes"]
    assert newest["changes"]
    assert former["changes"] != newest["changes"]


def test_a_refused_document_is_shown_with_its_fault_and_changes_nothing() -> None:
    made = documents(published({"recipes": [{"name": "cart-abandonment", "step": ["2h"]}]}))
    assert made.current(T + 3_600_000) is DEFAULT
    row = made.rows(T + 3_600_000)[0]
    assert row["state"] == "refused"
    assert "step" in row["fault"]
    assert made.text(1) is None


def test_a_record_that_is_read_again_is_one_document() -> None:
    made = documents(published(LATER))
    made.take(0, T, published(LATER))
    assert len(made.rows(T)) == 2


def test_the_recipes_of_now_follow_the_clock() -> None:
    made = RecipeDocuments(DEFAULT, DEFAULT_TEXT, "what is shipped")
    made.take(0, time.time_ns() // 1_000_000 - 6_000, published(LATER))
    assert list(made.now().by_name) == ["cart-abandonment"]


def test_the_settings_name_what_holds_before_the_first_document(tmp_path: Any) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text("recipes: [{name: cart-abandonment}] # of the shop\n")
    made = recipe_documents.initial_documents(Settings(recipes=file))
    assert made.text(0) == file.read_text()
    assert made.rows(T)[0]["note"] == "shop.yaml"
    assert recipe_documents.initial_documents(Settings()).first is DEFAULT


def test_the_key_comes_from_its_setting_or_its_file(tmp_path: Any) -> None:
    assert publish_key.read({}) is None
    assert publish_key.read({publish_key.SETTING: KEY}) == KEY
    (tmp_path / "key").write_text(f"{KEY}\n")
    assert publish_key.read({f"{publish_key.SETTING}_FILE": str(tmp_path / "key")}) == KEY


@pytest.mark.parametrize("key", ["too short", "no ASCII, and yet long enough: ü"])
def test_a_key_that_could_be_guessed_or_not_be_sent_is_refused(key: str) -> None:
    with pytest.raises(SettingsError, match="16 or more printable characters of ASCII") as fault:
        publish_key.read({publish_key.SETTING: key})
    assert key not in str(fault.value)


def test_only_the_key_is_admitted_and_wrong_ones_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish_key, "PENALTY_S", 0.05)

    async def admitted() -> list[bool]:
        key = PublishKey(KEY)
        began = time.monotonic()
        wrong = await asyncio.gather(*(key.admits(each) for each in ("", KEY[:-1], f"{KEY} ", "ü")))
        assert time.monotonic() - began >= 0.2
        return [*wrong, await key.admits(KEY), await PublishKey(None).admits("")]

    assert asyncio.run(admitted()) == [False, False, False, False, True, False]


def test_a_report_may_be_framed_and_runs_no_code() -> None:
    assert "frame-src 'self'" in POLICY
    assert "frame-ancestors 'none'" in POLICY
    policy = FRAME_HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy


def test_a_failed_trial_says_why_and_deletes_its_files() -> None:
    async def failed() -> None:
        trials = Trials({"PATH": "", "TRIGGERS_KAFKA": "no address"})
        trial = await trials.start("{}", "{}", 1)
        async with asyncio.timeout(60):
            while trial.state == "running":
                await asyncio.sleep(0.05)
        assert trial.state == "failed"
        assert "TRIGGERS_KAFKA" in trial.fault
        assert trials.get(trial.id) is trial
        await trials.stop()
        assert trials.get(trial.id) is None
        assert not trial.folder.exists()

    asyncio.run(failed())


def test_a_new_trial_ends_the_one_before() -> None:
    async def twice() -> None:
        trials = Trials({"PATH": "", "TRIGGERS_KAFKA": "192.0.2.1:9092"})
        first = await trials.start("{}", "{}", 1)
        second = await trials.start("{}", "{}", 6)
        assert trials.get(first.id) is None
        assert first.process is not None
        assert first.process.returncode is not None
        assert second.shown()["state"] == "running"
        await trials.stop()

    asyncio.run(twice())
