"""Takes webhooks of `storefront-triggers sender`: verified, each once. Python's standard library is enough.

A sender repeats a request until it gets a 2xx, always with the same webhook-id: remember the ids, and answer
200 to one that is known.
"""

import hashlib
import hmac
import json
import os
import sqlite3
import time
from base64 import b64decode, b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

book = json.loads(Path(os.environ["BOOK"]).read_text()) if "BOOK" in os.environ else {}
"""Addresses by person: your customers, and every address that you know under its key (docs/senders.md)."""

secret = b64decode(os.environ["TRIGGERS_WEBHOOK_SECRET"].removeprefix("whsec_"))
TOLERANCE_S = 300


def genuine(id: str, stamp: str, signatures: str, body: bytes) -> bool:
    """Signed with our secret, and not an old request that somebody kept."""
    if not stamp.isdigit() or abs(time.time() - int(stamp)) > TOLERANCE_S:
        return False
    digest = hmac.digest(secret, f"{id}.{stamp}.".encode() + body, hashlib.sha256)
    expected = "v1," + b64encode(digest).decode()
    return any(hmac.compare_digest(expected, each) for each in signatures.split())


def address(person: str) -> str:
    """Of `customer:<id>` by your own id, of `email:<key>` and `phone:<key>` by the key."""
    return book.get(person, f"nobody: there is no address of {person}")


class Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        names = ("webhook-id", "webhook-timestamp", "webhook-signature")
        id, stamp, signatures = (self.headers.get(name, "") for name in names)
        if not genuine(id, stamp, signatures, body):
            self.send_error(401)
            return
        with sqlite3.connect(os.environ.get("MEMORY", "hooks.sqlite3")) as memory:
            memory.execute("create table if not exists seen (id text primary key)")
            if memory.execute("insert or ignore into seen values (?)", (id,)).rowcount:
                data = json.loads(body)["data"]
                print("recall" if id.endswith("/cancelled") else "send", id, flush=True)
                print("  to", address(data["person"]), flush=True)
        self.send_response(204)
        self.end_headers()


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8080"))), Hook).serve_forever()
