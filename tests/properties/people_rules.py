"""Recipes under which the compiled people stage is held against its Python twin."""

import json

from stream import recipes_file
from stream.durations import DAY
from stream.recipes.history import Document, History
from tests.properties.odd_facts import START

LOOSE = """
policy: {caps: [], keep: 40d}
recipes:
  - {name: payment-failed, reach: any, cooldown: 0, steps: [5m, 2h]}
  - {name: checkout-abandonment, reach: any, cooldown: 0}
  - {name: cart-abandonment, reach: any, cooldown: 0, ordered_within: 0}
  - {name: second, kind: cart-abandonment, reach: any, when: {visits: {min: 2}}}
  - {name: trial, kind: cart-abandonment, mode: shadow, reach: any, cooldown: 0}
  - {name: browse-abandonment, reach: any, cooldown: 0}
  - {name: looking, kind: browse-abandonment, mode: shadow, reach: any, cooldown: 0}
"""
LIFE = """
policy: {caps: []}
audiences:
  - {name: cart, members: {open: [cart-abandonment]}}
  - {name: lapsed, members: {since_visit: {min: 14d}}}
  - {name: fans, members: {viewed: {category: [c], within: 30d}}}
recipes:
  - {name: cart-abandonment, reach: any, cooldown: 0}
  - {name: browse-abandonment, reach: any}
  - {name: welcome}
  - {name: post-purchase}
"""
AUDIENCES = """
policy: {caps: []}
audiences:
  - {name: again, members: {visits: {min: 2}, orders: {max: 0}}}
  - {name: spending, members: [{spent: {min: 50}}, {orders: {min: 2}}]}
  - {name: reached, members: {reachable: true}}
  - {name: unreached, members: {reachable: false, since_visit: {max: 2d}}}
  - {name: lately, members: {since_visit: {min: 1m, max: 1h}}}
  - {name: ordered, members: {since_order: {max: 1h}}}
  - {name: left, members: {open: [cart-abandonment, browse-abandonment]}}
  - {name: fans, members: {viewed: {category: [c], product: [p, p1], within: 1h}}}
  - {name: owners, members: {bought: {category: [c], product: [p, p1], within: 2d}}}
recipes:
  - {name: cart-abandonment, reach: any, cooldown: 0}
  - {name: browse-abandonment, reach: any}
  - {name: back, kind: audience, audience: again}
"""
MEMBERS_ONLY = f"""{AUDIENCES.partition("recipes:")[0]}
  - {{name: anybody, members: {{visits: {{min: 0}}}}}}
recipes:
  - {{name: cart-abandonment, reach: any, cooldown: 0}}
  - {{name: browse-abandonment, reach: any}}
  - {{name: replenishment}}
"""
AT_ONCE = json.dumps(
    {"audiences": [{"name": f"a{n}", "members": {"visits": {"min": 2}}} for n in range(70)]}
)
MANY = json.dumps(
    {"audiences": [{"name": f"a{n}", "members": {"visits": {"min": n}}} for n in range(1, 64)]}
)
_WAITS = AUDIENCES.replace("audience: again}", "audience: again, steps: [2d, 20d]}")
_SWITCHED_OFF = _WAITS.replace("steps:", "enabled: false, steps:")
TURNED = History(
    recipes_file.load(_WAITS), [Document(recipes_file.load(_SWITCHED_OFF), START + 10 * DAY)]
)
"""A recipe of an audience is switched off. Its open episodes still end when a person leaves the audience."""
RULES = [
    recipes_file.load(text) for text in ("{}", LOOSE, LIFE, AUDIENCES, MEMBERS_ONLY, AT_ONCE, MANY)
]
