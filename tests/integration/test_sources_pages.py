"""The first event of every page in docs/sources, sent as the page says, with a real broker."""

import base64
import json
import re
from pathlib import Path

import pytest

from agents.config.settings import Settings
from tests.contract.test_sources_pages import PAGES, curls, label, sources
from tests.integration.collecting import kept, make_topics
from tests.integration.facing import Facing, faced

TRIED = [page for page in PAGES if curls(page)]


@pytest.mark.parametrize("page", TRIED, ids=label)
def test_the_request_of_a_page_becomes_the_event_that_it_promises(
    page: Path, broker: str, prefix: str
) -> None:
    settings: Settings = make_topics(broker, prefix)

    async def test(site: Facing) -> None:
        for each in curls(page):
            headers = dict(each.headers)
            if each.user is not None:
                packed = base64.b64encode(each.user.encode()).decode()
                headers["Authorization"] = f"Basic {packed}"
            if each.body:
                headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
            heard = await site.taken(each.method, each.path, each.body, headers)
            assert heard.status in (200, 204)

    faced(settings, sources(page), test)
    visitors = {json.loads(record.value).get("visitor") for record in kept(settings)}
    promised = re.findall(r"explain visitor:(\S+)", page.read_text())
    assert visitors - {None} == set(promised)


def test_most_pages_have_a_request_to_try() -> None:
    assert len(TRIED) > len(PAGES) / 2
