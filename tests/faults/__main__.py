"""`make faults`: runs the full matrix, case by case. It skips cases that have a result.

Results are kept in .cache/faults/results.jsonl by case and seed. The table of all results is written to
.cache/faults/table.md. Another SEED runs the matrix again and adds to the table. Each row names the
commits on which its cases ran.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Any

from agents.local.cluster import cluster
from tests.faults.cases import Case, Room, Skipped
from tests.faults.matrix import CASES
from tests.faults.report import Report

CACHE = Path(".cache/faults")
RESULTS = CACHE / "results.jsonl"
TABLE = CACHE / "table.md"


def main() -> int:
    """The exit status. 0: every case holds."""
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="all, if none is named")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", action="store_true", help="even what is done already")
    parser.add_argument("--once", action="store_true", help="with TRIGGERS_DELIVERY=exactly_once")
    parser.add_argument("--documents", action="store_true", help="recipes change in the middle")
    parser.add_argument("--short", action="store_true", help="as often as in the tests")
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    if args.list:
        for case in CASES.values():
            first = (case.run.__doc__ or "").splitlines()[0]
            print(f"{case.area:10} {'★' if case.star else ' '} {case.name:20} {first}")
        return 0
    # else SIGTERM, as of `timeout`, leaves the workers behind
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    CACHE.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in args.cases or CASES:
        done = any(
            r["held"] and key(r) == (name, args.seed, args.once, args.documents) for r in kept()
        )
        if (done and not args.again) or run(CASES[name], args):
            continue
        failed.append(name)
    TABLE.write_text(table(kept()))
    print(TABLE.read_text())
    print(f"failed: {', '.join(failed)}" if failed else f"all held; the table is in {TABLE}")
    return len(failed)


def run(case: Case, args: argparse.Namespace) -> bool:
    """Runs one case and keeps its result. Returns whether it held."""
    began, error, reports = time.monotonic(), "", list[Report]()
    try:
        with cluster(1) as own:
            reports = case.run(
                Room(
                    case.name,
                    args.seed,
                    own,
                    CACHE / "logs",
                    not args.short,
                    args.once,
                    args.documents,
                )
            )
    except Skipped as reason:
        error = f"skipped: {reason}"
    except Exception:
        error = traceback.format_exc()
    held = not error and all(report.held for report in reports)
    for report in reports:
        print(report.text().splitlines()[0] if report.held else report.text(), flush=True)
    print(f"{case.name}: {'held' if held else 'FAILED'} {error}", flush=True)
    row = {
        "case": case.name,
        "area": case.area,
        "seed": args.seed,
        "once": args.once,
        "documents": args.documents,
        "build": build(),
        "held": held,
        "error": error,
        "seconds": round(time.monotonic() - began),
        **figures(reports),
    }
    with RESULTS.open("a") as file:
        file.write(json.dumps(row) + "\n")
    return held or error.startswith("skipped")


def build() -> str:
    """The current commit, with `+` if files differ from it; "" outside of git."""
    asked = ["git", "describe", "--always", "--dirty=+", "--match="]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


def figures(reports: Iterable[Report]) -> dict[str, Any]:
    """Sums over the scenes of a case. Scenes that must break count only if all of them must.

    `broken` names the invariants that must break and held, too."""
    given = list(reports)
    found: dict[str, Any] = defaultdict(int)
    for report in [each for each in given if not each.expected] or given:
        found["faults"] += len(report.faults)
        found["events"] += report.events
        for name in ("triggers", "decisions", "missing", "false", "copies", "divergent"):
            found[name] += getattr(report.verdict, name)
        found["recovery"] = max(found["recovery"], round(report.recovery, 1))
        found["mb"] = max(found["mb"], report.rss >> 20)
        found["expected"] = report.expected
        found["broken"] = sorted({*(found["broken"] or ()), *report.broken})
    unbroken = {f"{each.expected} held" for each in given if each.expected and not each.held}
    found["broken"] = [*(found["broken"] or ()), *sorted(unbroken)]
    return dict(found)


def kept() -> list[dict[str, Any]]:
    """The last result of each case and seed, with each delivery."""
    if not RESULTS.exists():
        return []
    old = {"once": False, "documents": False, "build": ""}
    rows = [old | json.loads(line) for line in RESULTS.read_text().splitlines()]
    return list({key(row): row for row in rows}.values())


def key(row: dict[str, Any]) -> tuple[str, int, bool, bool]:
    return row["case"], row["seed"], row["once"], row["documents"]


COLUMNS = ("faults", "events", "triggers", "missing", "false", "copies", "divergent")
HEAD = """| area | case | commit | seeds | faults | records | triggers | missing | false | copies | divergent | drained, s |
|---|---|---|---|---|---|---|---|---|---|---|---|"""
CONTROLS = """
| build broken on purpose | commit | seed | must break | broke | missing | false | copies |
|---|---|---|---|---|---|---|---|"""


def table(rows: list[dict[str, Any]]) -> str:
    """A Markdown table with a line for each case: sums over its seeds, and the longest time to drain."""
    by_case: dict[tuple[str, bool, bool], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_case[row["case"], row["once"], row["documents"]].append(row)
    lines, controls, total = [HEAD], [CONTROLS], dict.fromkeys(COLUMNS, 0)
    for once, documents, name in product((False, True), (False, True), CASES):
        found = by_case.get((name, once, documents), [])
        if not found:
            continue
        runs = [row for row in found if "faults" in row]
        sums = {column: sum(row[column] for row in runs) for column in COLUMNS}
        if CASES[name].area == "control":
            controls += [_control(row) for row in runs]
            continue
        seeds = ", ".join(str(row["seed"]) for row in found)
        builds = ", ".join(dict.fromkeys(row["build"] for row in found))
        for column in COLUMNS:
            total[column] += sums[column]
        cells = " | ".join(str(sums[column]) for column in COLUMNS)
        longest = max((row["recovery"] for row in runs), default="")
        failed = "" if all(row["held"] for row in found) else f" ({_why(found)})"
        title = name + ", exactly once" * once + ", recipes change" * documents
        lines.append(
            f"| {CASES[name].area} | {title}{failed} | {builds} | {seeds} | {cells} | {longest} |"
        )
    cells = " | ".join(f"{total[column]:,}" for column in COLUMNS)
    return "\n".join([*lines, f"| | **all** | | | {cells} | |", *controls, ""])


def _why(rows: list[dict[str, Any]]) -> str:
    """The reason of the last failure, in one line."""
    bad = [row for row in rows if not row["held"]][-1]
    return bad["error"].strip().splitlines()[-1] if bad["error"] else f"broken: {bad['broken']}"


def _control(row: dict[str, Any]) -> str:
    broke = ", ".join(row["broken"])
    cells = f"{row['missing']} | {row['false']} | {row['copies']}"
    return f"| {row['case']} | {row['build']} | {row['seed']} | {row['expected']} | {broke} | {cells} |"


if __name__ == "__main__":
    sys.exit(main())
