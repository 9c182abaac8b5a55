"""The document in force at a time. Source: docs/semantics-life.md, 14."""

from stream.durations import DAY
from stream.recipes.history import Document, History
from stream.recipes.recipe import Recipes
from stream.recipes_file import parse


def _recipes(*names: str) -> Recipes:
    return parse({"recipes": [{"name": name, "kind": "cart-abandonment"} for name in names]})


def _names(history: History, *times: int) -> list[str]:
    return [history.at(time).names[0] for time in times]


FIRST, SECOND, THIRD = _recipes("a"), _recipes("b"), _recipes("c")


def test_the_first_document_holds_from_the_start() -> None:
    history = History(FIRST)
    assert history.at(-1) is history.at(0) is history.at(10**15) is FIRST
    assert history.next_after(-1) is None


def test_a_document_is_in_force_from_its_time_on() -> None:
    history = History(FIRST, [Document(THIRD, 300)])
    history.append(Document(SECOND, 200, "anna", "spring"))
    assert _names(history, 199, 200, 299, 300) == ["a", "b", "b", "c"]
    assert history.document_at(250).note == "spring"
    assert [history.next_after(time) for time in (-1, 199, 200, 300)] == [200, 200, 300, None]
    assert [history.before(time).names for time in (200, 300)] == [("a",), ("b",)]


def test_the_later_record_of_two_documents_with_one_time_wins() -> None:
    history = History(FIRST, [Document(SECOND, 200)])
    assert _names(history, 200) == ["b"]
    history.append(Document(THIRD, 200))
    assert _names(history, 200) == ["c"]
    assert len(history.documents) == 2


def test_popups_are_asked_for_as_soon_as_some_document_would_show_one() -> None:
    document = {"recipes": [{"name": "welcome-popup", "looks": 3, "after": "20s"}]}
    history = History(FIRST, [Document(parse(document), 200)])
    assert history.popups == (3, 20_000)


def test_fired_steps_are_remembered_for_the_longest_time_of_all_documents() -> None:
    long = parse({"recipes": [{"name": "a", "kind": "cart-abandonment", "cooldown": "40d"}]})
    history = History(FIRST, [Document(long, 200)])
    assert [history.at(time).remembers for time in (0, 200)] == [40 * DAY, 40 * DAY]
    assert (FIRST.memory, FIRST.remembers) == (7 * DAY, 30 * DAY)


def test_the_documents_of_a_history_know_one_another() -> None:
    found = History(FIRST, [Document(SECOND, 200)]).documents
    assert found[1].recipes.known("a") is FIRST.by_alias["a"]


def test_a_removed_recipe_is_explained_as_it_was_last() -> None:
    history = History(FIRST, [Document(SECOND, 200), Document(THIRD, 300)])
    gone = history.at(300).known("a")
    assert gone is FIRST.by_alias["a"]
    assert [history.at(300).known(name) is None for name in ("b", "c", "d")] == [False, False, True]
    assert history.at(0).known("b") is None
