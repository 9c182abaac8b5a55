"""Reads values from environment variables, and collects every mistake."""

import difflib
from collections.abc import Mapping
from pathlib import Path

from yarl import URL

from stream import durations

PREFIX = "TRIGGERS_"


class Environment:
    """`mistakes` grows as values are read. A wrong value is read as its default.

    No mistake quotes a secret.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = {n: v.strip() for n, v in variables.items() if n.startswith(PREFIX)}
        self.mistakes: list[str] = []
        self.known: set[str] = set()

    def text(self, name: str, default: str = "") -> str:
        """The text of a variable; `default` if it is missing or empty."""
        self.known.add(name)
        return self.variables.get(name) or default

    def secret(self, name: str) -> str | None:
        """The variable itself, or the text of the file that NAME_FILE names."""
        given, file = self.text(name), self.text(f"{name}_FILE")
        if given and file:
            self.mistakes.append(f"{name} and {name}_FILE are both set: keep one")
        if not file:
            return given or None
        try:
            return Path(file).read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError) as error:
            self.mistakes.append(f"{name}_FILE: cannot read {file} ({type(error).__name__})")
            return None

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        value = self.text(name, default)
        if value in allowed:
            return value
        self.mistakes.append(f"{name}: expected one of {', '.join(allowed)}, got {value!r}")
        return default

    def number(self, name: str, lowest: int, highest: int, default: int) -> int:
        value = self.optional_number(name, lowest, highest)
        return default if value is None else value

    def optional_number(self, name: str, lowest: int, highest: int) -> int | None:
        value = self.text(name)
        if not value:
            return None
        digits = value.isascii() and value.isdigit() and len(value) < 16
        if digits and lowest <= int(value) <= highest:
            return int(value)
        self.mistakes.append(
            f"{name}: expected a whole number {lowest} to {highest}, got {value!r}"
        )
        return None

    def duration(self, name: str, default: str) -> int:
        """A duration such as `10m`, in ms."""
        value = self.text(name, default)
        try:
            return durations.parse(value)
        except ValueError as error:
            self.mistakes.append(f"{name}: {error}")
            return durations.parse(default)

    def http_url(self, name: str, given: str) -> None:
        """Checks a URL http:// or https://. A mistake does not quote it, because it may contain a password or a token."""
        try:
            url = URL(given)
            right = url.scheme in ("http", "https") and bool(url.host) and given.isprintable()
        except ValueError:
            right = False
        if not right:
            self.mistakes.append(f"{name}: expected a URL http:// or https://")

    def file(self, name: str) -> Path | None:
        value = self.text(name)
        if not value:
            return None
        if Path(value).is_file():
            return Path(value)
        self.mistakes.append(f"{name}: expected a file, got {value}, which does not exist")
        return None

    def address(self, name: str, value: str, lowest_port: int = 1) -> tuple[str, int] | None:
        """`host:port`, an IPv6 host in brackets; None after a mistake."""
        host, colon, port = value.rpartition(":")
        bare = host.removeprefix("[").removesuffix("]")
        number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else -1
        whole = bool(bare) and not set(host) & set(" /@") and (":" not in host or host != bare)
        if colon and whole and lowest_port <= number <= 65535:
            return bare, number
        self.mistakes.append(f"{name}: expected host:port, got {value!r}")
        return None

    def near_misses(self) -> None:
        """Adds a mistake for each variable that looks like a misspelt setting; others are ignored."""
        for name in sorted(self.variables.keys() - self.known):
            for meant in difflib.get_close_matches(name, sorted(self.known), 1, 0.9):
                self.mistakes.append(f"{name} is not a setting; did you mean {meant}?")
