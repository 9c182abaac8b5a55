"""Finds the source of a request, and how far the request is trusted.

A key names a source and proves nothing, because pages contain it. A secret or a signature is a proof.
Source: docs/connect.md, 7.5.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from hmac import compare_digest
from typing import Final, NamedTuple

from msgspec import structs

from agents.connect.signatures import SIGNED, is_genuine
from agents.connect.sources import Connected
from agents.faces.face import Face
from agents.faces.identification import Credentials
from agents.faces.post import Post
from stream.connect.source import Source

PING: Final = b"webhook_id="
"""The first call of a new webhook of WooCommerce: it has no signature and no event."""


class Unknown(Exception):
    """The request has no valid source. `reason`: no_source, no_key, wrong_key or wrong_signature."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Admitted(NamedTuple):
    """The source of a request, with the trust that this request has. `proven`: by a secret or a signature."""

    source: Source
    proven: bool


class Senders:
    """The sources of the sources file, and how their senders authenticate."""

    def __init__(self, connected: Iterable[Connected]) -> None:
        self._by_kind: defaultdict[str, list[Connected]] = defaultdict(list)
        self._candidates: dict[tuple[str, ...], list[Connected]] = {}
        self._browsers: dict[str, Source] = {}
        for each in connected:
            self._browsers[each.source.name] = structs.replace(each.source, trust="browser")
            if not each.is_of_topics_alone:
                self._by_kind[each.source.kind].append(each)

    def as_browser(self, name: str) -> Source:
        """The source with the trust of a request without a proof."""
        return self._browsers[name]

    def admitted(self, face: Face, name: str | None, post: Post) -> Admitted:
        """The source of a post. `name`: from its address, None without one. Raises Unknown."""
        candidates = self._candidates.get(face.kinds)
        if candidates is None:
            candidates = [each for kind in face.kinds for each in self._by_kind.get(kind, ())]
            self._candidates[face.kinds] = candidates
        if name is not None:
            candidates = [each for each in candidates if _called(each, name)]
        if not candidates:
            raise Unknown("no_source")
        if face.kinds[0] in SIGNED:
            return self._signed(candidates, post)
        if len(candidates) == 1 and not candidates[0].keys and not candidates[0].secrets:
            return self._unproven(candidates[0])
        credentials = face.credentials(post)
        if name is not None:
            credentials = Credentials((*credentials.keys, name), (*credentials.secrets, name))
        return self._by_credentials(face, candidates, credentials, name)

    def _by_credentials(
        self,
        face: Face,
        candidates: Sequence[Connected],
        credentials: Credentials,
        name: str | None,
    ) -> Admitted:
        for each in candidates:
            if each.secrets and _proves(credentials.secrets, each.secrets):
                return self._proven(each)
        open_to_keys = [each for each in candidates if face.needs != "secret" or not each.secrets]
        for each in open_to_keys:
            for key in credentials.keys:
                if key in each.keys:
                    return self._unproven(each) if each.secrets else self._proven(each)
        without = [
            each
            for each in open_to_keys
            if not each.keys and (face.needs == "key" or not each.secrets)
        ]
        if len(without) == 1:
            return self._unproven(without[0])
        given = set(credentials.keys) - {name}
        raise Unknown("wrong_key" if given else "no_key")

    def _signed(self, candidates: Sequence[Connected], post: Post) -> Admitted:
        for each in candidates:
            if is_genuine(each.source.kind, post.raw, post.headers, each.secrets):
                return self._proven(each)
        if candidates[0].source.kind == "woocommerce" and post.raw.startswith(PING):
            return self._unproven(candidates[0])
        raise Unknown("wrong_signature")

    def _proven(self, found: Connected) -> Admitted:
        return Admitted(found.source, found.source.trust == "server")

    def _unproven(self, found: Connected) -> Admitted:
        return Admitted(self.as_browser(found.source.name), False)


def _called(each: Connected, name: str) -> bool:
    return name == each.source.name or name in each.keys or _proves((name,), each.secrets)


def _proves(credentials: Iterable[str], secrets: Sequence[str]) -> bool:
    given = [each.encode("utf-8", "replace") for each in credentials]
    return any(compare_digest(one, secret.encode()) for one in given for secret in secrets)
