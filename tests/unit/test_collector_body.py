"""Reading the body of a post: how long it may take. Source: docs/storefront.md, 1."""

import asyncio
from unittest.mock import Mock

import pytest
from aiohttp import StreamReader
from aiohttp.test_utils import make_mocked_request

from agents.collector.body import Limits, raw_body
from agents.collector.denied import Denied
from tests import virtual_time


@pytest.mark.parametrize(("seconds", "read"), [(9.9, True), (10.1, False)])
def test_a_body_has_ten_seconds(seconds: float, read: bool) -> None:
    async def test() -> None:
        content = StreamReader(Mock(_reading_paused=False), 2**16)
        content.feed_data(b"[")
        asyncio.get_running_loop().call_later(seconds, content.feed_eof)
        request = make_mocked_request("POST", "/collect", payload=content)
        if read:
            assert await raw_body(request, Limits(9, 9)) == b"["
        else:
            with pytest.raises(Denied, match="408"):
                await raw_body(request, Limits(9, 9))

    virtual_time.run(test())
