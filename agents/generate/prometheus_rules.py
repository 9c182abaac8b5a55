"""Generates a resource of the Prometheus operator from the alert rules.

`python -m agents.generate.prometheus_rules` writes deploy/kubernetes/base/rules.yaml from deploy/prometheus.
"""

from pathlib import Path
from typing import Any, Final

import yaml

RULES: Final = (Path("deploy/prometheus/recipes.yaml"), Path("deploy/prometheus/rules.yaml"))
OUT: Final = Path("deploy/kubernetes/base/rules.yaml")
MADE: Final = (
    "# Made by `python -m agents.generate.prometheus_rules` from deploy/prometheus: do not edit.\n"
)


def document(root: Path = Path()) -> dict[str, Any]:
    """A PrometheusRule with the groups of all files. `root`: the project's folder."""
    files = [yaml.safe_load((root / file).read_text(encoding="utf-8")) for file in RULES]
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "triggers"},
        "spec": {"groups": [group for file in files for group in file["groups"]]},
    }


def text(root: Path = Path()) -> str:
    """The resource as YAML."""
    return MADE + yaml.safe_dump(document(root), sort_keys=False, width=110)


if __name__ == "__main__":
    OUT.write_text(text(), encoding="utf-8")
