"""A Prometheus that asks programs on this machine, with the files of deploy/prometheus and shorter times."""

import json
import re
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from agents.local import ports
from agents.local.process import Process
from tests.deploy.tools import DEPLOY

FOLDER = DEPLOY / "prometheus"
EVERY_S = 1
WINDOW, FOR, EVERY = "15s", "1s", f"{EVERY_S}s"
"""In place of the minutes and hours of the rules: windows and offsets, `for`, and scrapes."""

WITHIN_S = 120.0


def shortened(rules: str) -> str:
    """The rules with other durations and nothing else changed."""
    rules = re.sub(r"\[\d+[a-z]\]", f"[{WINDOW}]", rules)
    rules = re.sub(r"offset \d+[a-z]", f"offset {WINDOW}", rules)
    return re.sub(r"for: \d+[a-z]", f"for: {FOR}", rules)


def written(folder: Path, targets: Mapping[str, int]) -> Path:
    """Writes the configuration and the rules. `targets`: the port of each job; nothing listens for the other jobs."""
    config = yaml.safe_load((FOLDER / "prometheus.yaml").read_text(encoding="utf-8"))
    config["global"] = dict.fromkeys(
        ("scrape_interval", "scrape_timeout", "evaluation_interval"), EVERY
    )
    for job in config["scrape_configs"]:
        port = targets.get(job["job_name"]) or ports.free(1)[0]
        job["static_configs"] = [{"targets": [f"127.0.0.1:{port}"]}]
    recipes, rules = config["rule_files"]
    (folder / recipes).write_text((FOLDER / recipes).read_text(encoding="utf-8"))
    (folder / rules).write_text(shortened((FOLDER / rules).read_text(encoding="utf-8")))
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    return folder / "prometheus.yaml"


class PrometheusServer(Process):
    """The server. `fired`: the labels and annotations of each alert that was ever firing, by its name · `said`: all summaries
    with which it was. A figure in it grows and falls while what it counts moves through the window."""

    def __init__(self, program: str, folder: Path, targets: Mapping[str, int]) -> None:
        self.url = f"http://127.0.0.1:{ports.free(1)[0]}"
        super().__init__(
            "prometheus",
            [
                *(program, f"--config.file={written(folder, targets)}"),
                f"--web.listen-address={self.url.removeprefix('http://')}",
                f"--storage.tsdb.path={folder / 'data'}",
            ],
            folder / "prometheus.log",
            lambda process: "Server is ready" in process.output(),
        )
        self.fired: dict[str, tuple[dict[str, str], dict[str, str]]] = {}
        self.said: dict[str, set[str]] = {}

    def firing(self) -> set[str]:
        """The names of the alerts that are firing now."""
        alerts = [each for each in self._get("alerts")["alerts"] if each["state"] == "firing"]
        for each in alerts:
            name, annotations = each["labels"]["alertname"], each["annotations"]
            self.fired[name] = each["labels"], annotations
            self.said.setdefault(name, set()).add(annotations["summary"])
        return {each["labels"]["alertname"] for each in alerts}

    def has(self, series: str) -> bool:
        """Whether a series has a value now."""
        return bool(self._get(f"query?query={urllib.parse.quote(series)}")["result"])

    def wait(self, holds: Callable[[], bool]) -> None:
        """Waits until it holds. Looks at the alerts meanwhile."""
        until = time.monotonic() + WITHIN_S
        while not holds():
            assert time.monotonic() < until, f"firing now: {self.firing()}; ever: {set(self.fired)}"
            self.firing()
            time.sleep(0.2)

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}", timeout=60) as answer:
            return json.load(answer)["data"]
