"""Data of the simulated shop: its articles, and the devices, homes and names of its customers."""

from typing import Final, NamedTuple

HOST: Final = "https://shop.example"


class Article(NamedTuple):
    """A product of the shop. `variants`: its sizes; empty: it has no variants."""

    id: str
    name: str
    category: str
    price: float
    variants: tuple[str, ...]

    @property
    def attributes(self) -> dict[str, object]:
        """The fields of the product in an event, except its id."""
        return {
            "name": self.name,
            "category": self.category,
            "price": self.price,
            "url": f"{HOST}/p/{self.id}",
            "image": f"{HOST}/i/{self.id}-800.webp",
        }


class DeviceKind(NamedTuple):
    """A kind of device. `signals`: its exit signals, each with the largest `held_ms`; 0: it sends none."""

    name: str
    agent: str
    screen: str
    signals: tuple[tuple[str, int], ...]


SIZES: Final = ("S", "M", "L", "XL")

STOCK: Final[dict[str, tuple[tuple[str, float], ...]]] = {
    "jackets": (
        ("Rain jacket Skagen", 129.0),
        ("Down jacket Kebne", 249.0),
        ("Fleece jacket Oslo", 79.9),
        ("Wind jacket Sylt", 89.0),
        ("Parka Tromsö", 299.0),
    ),
    "trousers": (
        ("Trekking trousers Vidda", 99.0),
        ("Shorts Gotland", 49.9),
        ("Softshell trousers Harz", 119.0),
        ("Climbing trousers Arco", 84.5),
    ),
    "shoes": (
        ("Trail shoe Eiger", 139.0),
        ("Hiking boot Dolomit", 219.0),
        ("Sandal Kreta", 59.9),
        ("Approach shoe Chamonix", 149.0),
        ("Hut shoe Alm", 34.9),
    ),
    "socks": (
        ("Merino socks Light", 14.9),
        ("Merino socks Warm", 19.9),
        ("Running socks Quick", 12.5),
    ),
    "tents": (
        ("Tent Sarek 2", 449.0),
        ("Tent Sarek 3", 529.0),
        ("Tarp Müritz", 129.0),
        ("Tent pegs, set of 8", 16.9),
    ),
    "sleeping bags": (
        ("Sleeping bag Polar -12", 329.0),
        ("Sleeping bag Sommer +8", 119.0),
        ("Mat Airlight", 109.0),
        ("Silk liner", 59.0),
    ),
    "backpacks": (
        ("Backpack Day 22", 89.9),
        ("Backpack Tour 45", 169.0),
        ("Backpack Trek 65", 229.0),
        ("Rain cover", 19.9),
    ),
    "cooking": (
        ("Gas stove Spark", 44.9),
        ("Titanium pot 0.9 l", 54.0),
        ("Spork, titanium", 11.9),
        ("Water filter Quell", 42.0),
        ("Bottle 1 l, steel", 27.9),
    ),
}


def _shelf(category: str, name: str, price: float) -> Article:
    word = name.lower().replace(",", "").replace(".", "").replace("ö", "oe").replace("ü", "ue")
    sized = category in ("jackets", "trousers", "shoes", "socks")
    return Article(word.replace(" ", "-"), name, category, price, SIZES if sized else ())


ARTICLES: Final = tuple(
    _shelf(category, name, price) for category, shelf in STOCK.items() for name, price in shelf
)
SHELVES: Final = {
    category: tuple(article for article in ARTICLES if article.category == category)
    for category in STOCK
}
CATEGORIES: Final = tuple(STOCK)
QUERIES: Final = ("waterproof", "merino", "tent 2 person", "gift", "ultralight", "red", "boots 42")

PHONE: Final = DeviceKind(
    "phone",
    "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36",
    "412x915",
    (("back", 0), ("tab_hidden", 12000), ("scroll_up", 0), ("landing_return", 0), ("idle", 0)),
)
DESKTOP: Final = DeviceKind(
    "desktop",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/605.1.15 Version/18.1 Safari/605.1",
    "1728x1117",
    (("pointer_top", 2400), ("close_shortcut", 0), ("window_blur", 0), ("tab_hidden", 20000)),
)

HOMES: Final = (
    ("Europe/Berlin", "de-DE"),
    ("Europe/Berlin", "de-DE"),
    ("Europe/Stockholm", "sv-SE"),
    ("Europe/Paris", "fr-FR"),
    ("Europe/Warsaw", "pl-PL"),
    ("America/New_York", "en-US"),
    ("Asia/Tokyo", "ja-JP"),
)
"""(time zone, locale) of customers. A frequent pair is listed twice."""

NAMES: Final = (
    "anna", "ben", "clara", "david", "elif", "finn", "greta", "hugo", "ines", "jonas", "katja",
    "liam", "mira", "noah", "olga", "pablo", "quynh", "rosa", "sven", "tilda", "umar", "vera",
)  # fmt: skip
