"""Every alarm is fired by its cause in a test with a real Prometheus, or is listed here. promtool tests all of them."""

from tests.deploy import test_alerts_live as alerts
from tests.deploy.test_bridge_alarms_live import OWN
from tests.deploy.test_prometheus import ALERTS

FIRED = alerts.CAUSED | alerts.INPUT | alerts.QUIET | alerts.DOCUMENTS | {alerts.DOOR} | OWN

NOT_FIRED = {
    "a sender": "SenderDown SenderFailing SenderStuck Undelivered MarksDown",
    "an eraser": "EraserDown ErasureBehind",
    "a console with a view": "ConsoleDown ViewDown",
    "several workers": "VersionsMixed PartitionOwnedTwice PartitionUnowned Rebalancing RecipesDiffer",
    "a worker that is slow, or ends again and again": "Behind DueLate EvidenceOld ExitSlow CancelSlow FlushSlow "
    "WorkerRestarts RecipesUnread",
    "brokers that fail": "PostsNotTaken DeletedUnread StateLost ClocksApart",
    "weeks of history": "InputSilent OrdersMissing RecipeFlood RecipeSilent",
}
"""By what a test of them needs."""


def test_every_alarm_is_fired_live_or_listed() -> None:
    listed = {f"Triggers{name}" for names in NOT_FIRED.values() for name in names.split()}
    assert listed == ALERTS.keys() - FIRED
