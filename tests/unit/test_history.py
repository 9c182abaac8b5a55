"""Which document is in force at what time. Source: docs/semantics-life.md, 14."""

from stream.recipes.history import Document, History
from stream.recipes.recipe import Recipes
from stream.recipes_file import parse


def _recipes(*names: str) -> Recipes:
    return parse({"recipes": [{"name": name, "kind": "cart-abandonment"} for name in names]})


FIRST, SECOND, THIRD = _recipes("a"), _recipes("b"), _recipes("c")


def test_the_first_document_holds_from_the_start() -> None:
    history = History(FIRST)
    assert history.at(-1) is history.at(0) is history.at(10**15) is FIRST
    assert history.next_after(-1) is None


def test_a_document_is_in_force_from_its_time_on() -> None:
    history = History(FIRST, [Document(THIRD, 300)])
    history.append(Document(SECOND, 200, "anna", "spring"))
    assert [history.at(time) for time in (199, 200, 299, 300)] == [FIRST, SECOND, SECOND, THIRD]
    assert history.document_at(250).note == "spring"
    assert [history.next_after(time) for time in (-1, 199, 200, 300)] == [200, 200, 300, None]
    assert (history.before(200), history.before(300)) == (FIRST, SECOND)


def test_of_two_documents_of_one_time_the_later_record_wins() -> None:
    history = History(FIRST, [Document(SECOND, 200)])
    assert history.at(200) is SECOND
    history.append(Document(THIRD, 200))
    assert history.at(200) is THIRD
    assert len(history.documents) == 2


def test_popups_are_asked_for_as_soon_as_some_document_would_show_one() -> None:
    document = {"recipes": [{"name": "welcome-popup", "looks": 3, "after": "20s"}]}
    history = History(FIRST, [Document(parse(document), 200)])
    assert history.popups == (3, 20_000)
