"""Small working stand-ins, so that a test of words does not change when a data file grows."""

from datetime import datetime, timedelta
from typing import Any

from bot.adjustments import Adjustment
from bot.alert.phrases import Reader
from bot.catalog import Catalog, Conflict, Entity, Kind, Publisher
from bot.model import EventType, Report, Story
from tests import make

_LABELS = {
    EventType.CEASEFIRE_AGREED: ("🤝", 1, "Ceasefire agreed / declared", "Перемир'я погоджено"),
    EventType.CEASEFIRE_IN_EFFECT: ("✅", 1, "Ceasefire in effect", "Перемир'я діє"),
    EventType.CEASEFIRE_ENDED: ("🛑", 1, "Ceasefire ended", "Перемир'я завершено"),
    EventType.CEASEFIRE_PROPOSED: ("🕊", 2, "Ceasefire proposed", "Пропозиція перемир'я"),
    EventType.CEASEFIRE_VIOLATED: ("⚠️", 2, "Ceasefire violated (as reported)", "Порушення перемир'я"),
    EventType.TALKS_STALLED: ("⏸", 2, "Talks stalled", "Переговори зірвано"),
    EventType.TALKS_HELD: ("💬", 2, "Talks held", "Переговори відбулися"),
    EventType.AGREEMENT_REACHED: ("✍️", 1, "Agreement reached / signed", "Угоду підписано"),
    EventType.STATEMENT: ("🗣", 3, "Appeal / position", "Заява / заклик"),
}


def catalog() -> Catalog:
    """A catalog with just enough names."""
    return Catalog(
        conflicts={
            "ukraine-russia": Conflict(
                id="ukraine-russia",
                names={"en": "Russia–Ukraine war", "uk": "Російсько-українська війна"},
                flag="🇺🇦🇷🇺",
                parties={"A": ("ukraine",), "B": ("russia",)},
            ),
            "yemen": Conflict(id="yemen", names={"en": "Yemen (Houthis; Red Sea)"}, flag="🇾🇪"),
            "libya": Conflict(id="libya", names={"en": "Libya"}, flag="🇱🇾", status="watch"),
        },
        kinds={
            type_: Kind(type=type_, icon=icon, labels={"en": en, "uk": uk}, definition="", priority=priority)
            for type_, (icon, priority, en, uk) in _LABELS.items()
        },
        entities={
            "russia": Entity(id="russia", kind="country", names={"en": "Russia"}, links=(("ukraine-russia", "B"),)),
            "ukraine": Entity(id="ukraine", kind="country", names={"en": "Ukraine"}, links=(("ukraine-russia", "A"),)),
            "usa": Entity(id="usa", kind="country", names={"en": "United States"}),
            "kyiv": Entity(id="kyiv", kind="place", names={"en": "Kyiv"}),
        },
        publishers={
            "meridian": Publisher(
                id="meridian", name="Meridian Wire", family="meridian", bloc="international", tier=1, country="GB"
            ),
            "harbour": Publisher(id="harbour", name="Harbour Times", family="harbour", tier=2, bloc="west"),
            "harbour-evening": Publisher(
                id="harbour-evening", name="Harbour Evening", family="harbour", bloc="west", tier=2
            ),
            "herald": Publisher(
                id="herald", name="State Herald", family="state", bloc="russia", country="RU", state_media=True, tier=1
            ),
            "dnipro": Publisher(id="dnipro", name="Дніпровський кур'єр", family="dnipro", bloc="ukraine", tier=2),
        },
        adjustments=(
            Adjustment(id="watched", conflict_status=frozenset({"watch"}), change=1, why="it is only being watched"),
        ),
    )


def reader(now: datetime = make.NOON, **given: Any) -> Reader:
    return Reader.of(make.subscription(**given), catalog(), now)


def report(title: str, publisher: str = "meridian", **given: Any) -> Report:
    """A report of the small catalog's publishers; *after* are minutes after noon, *event* the fields of its event."""
    at = make.NOON + timedelta(minutes=given.pop("after", 0))
    times = {"published": at, "seen_at": at + timedelta(minutes=1)}
    defaults: dict[str, Any] = {"link": f"https://{publisher}.example/a?b=1&c=2", "publisher": publisher}
    return make.report(title, **defaults | times | given)


def agreed(*publishers: str, **event: Any) -> tuple[Story, list[Report]]:
    """A story of a ceasefire agreed, each of *publishers* reporting it some minutes after the last."""
    reports = [
        report(f"Russia and Ukraine agree 30-day truce, says {name}", name, after=4 * number, event=event)
        for number, name in enumerate(publishers or ("meridian",))
    ]
    return make.story(*reports), reports
