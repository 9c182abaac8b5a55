"""Consent as Snowplow's two consent plugins send it, by the source's table. Source: docs/connect.md, 1.5."""

from typing import Final

from stream.connect import consent
from stream.connect.bodies import IGNORED, Bodies
from stream.connect.reading import first, text
from stream.connect.snowplow_event import Sent
from stream.connect.source import Source

GRANTS: Final = frozenset({"allow_all", "allow_selected"})
WITHDRAWALS: Final = frozenset({"deny_all", "withdrawn", "expired"})
"""The events that withdraw. Consent that is pending or only implied is no decision."""


def consented(sent: Sent, source: Source) -> Bodies:
    """The consents. The scopes list what is allowed now; all other categories are withdrawn."""
    kind, scopes = first(sent.data, "eventType", "event_type"), sent.data.get("consentScopes")
    if not isinstance(kind, str) or kind not in GRANTS | WITHDRAWALS:
        return IGNORED
    allowed = scopes if isinstance(scopes, list) else sent.data.get("consent_scopes")
    if kind == "allow_selected" and not isinstance(allowed, list):
        return "no_scopes"
    everything = kind == "allow_all" and not allowed
    named = allowed if isinstance(allowed, list) and kind in GRANTS else []
    granted = {scope: everything or scope in named for scope in source.consent}
    return list(consent.changes(source, granted)) or "no_channels"


DOCUMENT: Final = "com_snowplowanalytics_snowplow_consent_document"


def granted(sent: Sent, source: Source) -> Bodies:
    """The consents of the original plugin: the documents that were agreed to are categories, by their ids or names."""
    return _documents(sent, source, True)


def withdrawn(sent: Sent, source: Source) -> Bodies:
    """The withdrawn consents of the original plugin: some documents, or all."""
    if sent.data.get("all") is True:
        return list(consent.changes(source, dict.fromkeys(source.consent, False))) or "no_channels"
    return _documents(sent, source, False)


def _documents(sent: Sent, source: Source, agreed: bool) -> Bodies:
    documents = sent.entities.get(DOCUMENT, ())
    given = (text(each.get(name)) for each in documents for name in ("id", "name"))
    decided = {name: agreed for name in given if name is not None}
    if not decided:
        return "no_scopes"
    return list(consent.changes(source, decided)) or "no_channels"
