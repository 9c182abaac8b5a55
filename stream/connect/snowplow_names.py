"""The function that translates each Snowplow event. Source: docs/connect.md, 1.5, its table."""

from typing import Final

from stream.connect import snowplow_events as events
from stream.connect.snowplow_consent import consented, granted, withdrawn
from stream.connect.snowplow_events import GOOGLE, OWN, SHOP, Translator

ACTION: Final = f"{SHOP}snowplow_ecommerce_action"
MOBILE: Final = "com_snowplowanalytics_mobile_"
"""The prefix of the schemas of the trackers for apps. A push message arrives while nobody is there."""

GOOGLE_ACTION: Final = f"{GOOGLE}action"

KINDS: Final[dict[str, Translator]] = {
    "pv": events.page_viewed,
    "pp": events.pinged,
    "tr": events.order_placed,
    "ti": events.ignored,
}
"""Events without a schema. The items of a transaction add nothing to its own event."""

ACTIONS: Final[dict[str, Translator]] = {
    "product_view": events.product_viewed,
    "add_to_cart": events.added,
    "remove_from_cart": events.removed,
    "list_view": events.list_viewed,
    "list_click": events.pinged,
    "promo_view": events.pinged,
    "promo_click": events.pinged,
    "checkout_step": events.checkout_advanced,
    "transaction": events.order_placed,
    "trns_error": events.payment_failed,
    "refund": events.refunded,
}
"""The function for each type of e-commerce action."""

GOOGLE_ACTIONS: Final[dict[str, Translator]] = {
    "detail": events.product_viewed,
    "click": events.pinged,
    "view": events.pinged,
    "add": events.added,
    "remove": events.removed,
    "checkout": events.checkout_advanced,
    "checkout_option": events.pinged,
    "promo_click": events.pinged,
    "purchase": events.order_placed,
    "refund": events.ignored,
}
"""The same for the older plugin. Its refunds do not say how much of the order they cover."""

SCHEMAS: Final[dict[str, Translator]] = {
    f"{OWN}site_search": events.searched,
    f"{OWN}screen_view": events.screen_viewed,
    f"{MOBILE}screen_view": events.screen_viewed,
    f"{OWN}add_to_cart": events.added,
    f"{OWN}remove_from_cart": events.removed,
    f"{OWN}consent_preferences": consented,
    f"{OWN}consent_granted": granted,
    f"{OWN}consent_withdrawn": withdrawn,
    f"{OWN}cmp_visible": events.ignored,
    f"{OWN}link_click": events.pinged,
    f"{OWN}button_click": events.pinged,
    f"{OWN}focus_form": events.pinged,
    f"{OWN}change_form": events.pinged,
    f"{OWN}submit_form": events.pinged,
    f"{OWN}social_interaction": events.pinged,
    f"{OWN}application_error": events.ignored,
    f"{OWN}timing": events.ignored,
    f"{OWN}web_vitals": events.ignored,
    f"{OWN}diagnostic_error": events.ignored,
    f"{OWN}application_background": events.ignored,
    f"{OWN}application_foreground": events.pinged,
    f"{MOBILE}application_install": events.ignored,
    f"{MOBILE}message_notification": events.ignored,
    f"{MOBILE}deep_link_received": events.pinged,
    f"{MOBILE}list_item_view": events.pinged,
    f"{MOBILE}scroll_changed": events.pinged,
    f"{MOBILE}screen_end": events.pinged,
}
"""The function for each schema of self-describing events."""
