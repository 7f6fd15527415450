"""What a story comes to, through the real detector and archive: whatever is said of it, in any order."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from random import Random
from typing import NamedTuple
from urllib.parse import quote

import pytest

from bot.catalog import load_catalog
from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from bot.ingest import Ingest
from bot.model import Entry, FeedState, Standing, Story, StoryChange
from bot.ports import Parsed
from bot.store.archive import ArchiveStore
from bot.story.decide import merged, split
from bot.story.status import Reason, Status, status
from bot.story.voice import Word
from tests import make
from tests.make import NOON, minutes

CATALOG = load_catalog()
DETECTOR = Detector(load_rules())
PUBLISHERS = ("reuters", "bbc", "suspilne", "tass", "ria", *(f"Harbour Paper {number}" for number in range(8)))
AGREED = "Russia and Ukraine agree 30-day ceasefire"
AGREED_PLAINLY = "Ukraine and Russia agree to 30-day ceasefire"
DENIED = "Kremlin denies agreeing to 30-day ceasefire with Ukraine"


class Told(NamedTuple):
    """A headline that *publisher* has *after* so many minutes, on the page *page*, if not one of its own."""

    publisher: str
    title: str
    after: float = 0
    page: str = ""
    summary: str = ""


def feed(publisher: str) -> str:
    return f"https://{publisher.replace(' ', '-').lower()}.example/rss"


class Desk:
    """Takes headlines in, one poll each, as a running bot does."""

    def __init__(self) -> None:
        self.archive = ArchiveStore.open(":memory:")
        self.archive.register([make.feed(url=feed(name), publisher=name) for name in PUBLISHERS], NOON)
        self.now = NOON
        self.restart()

    def restart(self) -> None:
        """Forget what is held in memory."""
        self.ingest = Ingest(archive=self.archive, detector=DETECTOR, catalog=CATALOG)

    def take(self, *told: Told) -> None:
        for each in told:
            self.now = max(self.now + minutes(0.1), NOON + minutes(each.after))
            state = self.archive.feed_state(feed(each.publisher))
            assert state
            state = replace(state, baselined=True)
            self._poll(state, self._entry(each))

    def _poll(self, state: FeedState, entry: Entry) -> None:
        self.ingest.take(state, Parsed(entries=[entry]), lambda _: state, self.now)

    def _entry(self, told: Told) -> Entry:
        url = feed(told.publisher)
        return make.entry(
            told.title,
            id=told.page or told.title,
            link=url.replace("rss", told.page or quote(told.title)),
            feed_url=url,
            publisher=told.publisher,
            summary=told.summary,
            language="uk" if re.search("[іїєґ]", told.title) else "ru" if re.search("[а-я]", told.title) else "en",
            published=NOON + minutes(told.after),
            seen_at=self.now,
        )

    def story(self, title: str = AGREED) -> Story:
        [found] = [each for each in self.archive.stories(limit=50) if each.headline == title]
        return found

    def status(self, title: str = AGREED) -> Status:
        story = self.story(title)
        return status(story, self.archive.reports(story.id), CATALOG)

    def changes(self, title: str = AGREED) -> list[StoryChange]:
        return [each.change for each in self.archive.changes_of(self.story(title).id)]


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.archive.close()


# ------------------------------------------------------------------------------------------ what is a denial
@pytest.mark.parametrize(
    ("title", "denier"),
    [
        (DENIED, "russia"),
        ("No truce, Kyiv says", "ukraine"),
        ("No truce with Russia, Kyiv says", "ukraine"),
        ("There is no ceasefire in Ukraine, Zelensky says", "zelensky"),
        ("No ceasefire agreement reached, Kremlin says", "russia"),
        ("Kremlin says no ceasefire was agreed with Ukraine", "russia"),
        ("Ukraine says reports of ceasefire with Russia are false", "ukraine"),
        ("White House denies Russia-Ukraine ceasefire agreement", "usa"),
        ("Reports of Russia-Ukraine ceasefire denied by White House", "usa"),
        ("Ceasefire agreement with Ukraine denied by Kremlin", "russia"),
        ("Turkey says no ceasefire agreed between Russia and Ukraine", "turkey"),
        ("Зеленський: перемир'я з Росією немає", "zelensky"),
        ("Жодного перемир'я з Росією немає, заявив Зеленський", "zelensky"),
        ("Песков заявил, что договоренности о перемирии с Украиной нет", "peskov"),
        ("Сообщения о перемирии с Украиной опровергли в Кремле", "russia"),
        ("Peskov says report of 30-day ceasefire with Ukraine is not true", "peskov"),
        ("Kyiv: news of truce agreed with Moscow is disinformation", "ukraine"),
        ("Zelensky dismisses claim of ceasefire with Russia as untrue", "zelensky"),
        ("Ukraine rejects reports of ceasefire deal with Russia", "ukraine"),
        ("Зеленський спростував домовленість про 30-денне перемир'я", "zelensky"),
        ("Єрмак: повідомлення про перемир'я з Росією — фейк", "yermak"),
        ("Песков: Россия и Украина не договаривались о перемирии", "peskov"),
    ],
)
def test_who_has_a_say_denies_a_truce_by_saying_that_there_is_none(desk: Desk, title: str, denier: str) -> None:
    desk.take(Told("reuters", AGREED), Told("bbc", title, 20))

    of = desk.status()

    assert (of.standing, of.denier) == (Standing.DENIED, denier)
    assert desk.changes() == [StoryChange.NEW, StoryChange.DENIED]


@pytest.mark.parametrize(
    "title",
    [
        "Kremlin rejects 30-day ceasefire",
        "No ceasefire until Ukraine withdraws, Kremlin says",
        "No truce without guarantees, Zelensky says",
        "There will be no ceasefire, Kremlin says",
        "Ceasefire with Ukraine unlikely soon, Kremlin says",
        "No Christmas truce, Kremlin says",
        "Kremlin denies rejecting ceasefire with Ukraine",
        "Kremlin denies denying ceasefire with Ukraine",
        "Kremlin rejects claims that it blocks ceasefire with Ukraine",
        "Kremlin: reports of truce violations in Ukraine are false",
        "Office of president calls report of ceasefire with Russia fake",
        "Expert: there is no ceasefire between Russia and Ukraine",
        "France says there is no ceasefire between Russia and Ukraine",
        "Reports of Russia-Ukraine ceasefire denied",
        "There is no ceasefire, minister says",
        "Israel denies agreeing to ceasefire in Gaza",
        "Kremlin denies agreeing to three-day ceasefire with Ukraine",
    ],
)
def test_a_refusal_a_forecast_a_doubt_of_others_and_a_denial_of_something_else_deny_nothing(
    desk: Desk, title: str
) -> None:
    desk.take(Told("reuters", AGREED), Told("bbc", title, 20))

    assert desk.status().standing is Standing.UNCONFIRMED
    assert desk.story().publishers == ("reuters",)


@pytest.mark.parametrize(
    ("publisher", "title", "denier"),
    [
        ("suspilne", "Перемир'я немає, заявив міністр", "ukraine"),
        ("suspilne", "There is no ceasefire with Russia, defence minister says", "ukraine"),
        ("tass", "Договоренности о перемирии с Украиной нет, сообщили в министерстве", "russia"),
        ("suspilne", "Office of president calls report of ceasefire with Russia fake", "ukraine"),
        ("bbc", "There is no ceasefire with Russia, defence minister says", ""),
        ("suspilne", "There is no ceasefire with Russia, Polish minister says", ""),
        ("suspilne", "There is no ceasefire with Russia, expert says", ""),
    ],
)
def test_a_minister_of_no_named_land_denies_in_the_name_of_the_publisher_s_own(
    desk: Desk, publisher: str, title: str, denier: str
) -> None:
    desk.take(Told("reuters", AGREED), Told(publisher, title, 20))

    assert desk.status().denier == denier


@pytest.mark.parametrize(
    ("publisher", "standing"), [("tass", "unconfirmed"), ("suspilne", "denied"), ("bbc", "denied")]
)
def test_state_media_of_one_side_do_not_deny_in_the_name_of_the_other(
    desk: Desk, publisher: str, standing: str
) -> None:
    desk.take(Told("reuters", AGREED), Told(publisher, "There is no ceasefire in Ukraine, Zelensky says", 20))

    assert desk.status().standing == standing


@pytest.mark.parametrize(
    "title",
    [
        "Kremlin denies talks with Ukraine took place in Istanbul",
        "У Кремлі заперечили, що переговори з Україною відбулися",
    ],
)
def test_who_denies_that_talks_took_place_denies_them(desk: Desk, title: str) -> None:
    held = Told("reuters", "Russia and Ukraine hold direct talks in Istanbul")

    desk.take(held, Told("bbc", title, 20))

    of = desk.status(held.title)
    assert (of.standing, of.denier) == (Standing.DENIED, "russia")


def test_who_has_no_plans_to_talk_denies_no_talks(desk: Desk) -> None:
    desk.take(Told("reuters", "Russia and Ukraine hold direct talks in Istanbul"))
    desk.take(Told("bbc", "Kremlin has no plans for talks with Ukraine in Istanbul", 20))

    found = [status(each, desk.archive.reports(each.id), CATALOG).denier for each in desk.archive.stories()]

    assert set(found) == {""}


# ------------------------------------------------------------------------------------------ in any order
HISTORY = (
    Told("reuters", AGREED),
    Told("suspilne", "Ukraine and Russia agree to 30-day ceasefire", 5),
    Told("tass", DENIED, 20),
    Told("bbc", "Truce of 30 days: Russia and Ukraine agree ceasefire", 40),
)


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_in_whatever_order_reports_and_denial_come_in_the_story_ends_denied(desk: Desk, order: tuple[int, ...]) -> None:
    desk.take(*(HISTORY[number] for number in order))

    found = [
        status(story, reports, CATALOG)
        for story in desk.archive.stories()
        if len(reports := desk.archive.reports(story.id)) == len(HISTORY)
    ]

    assert [(of.standing, of.denier, len(of.sources)) for of in found] == [(Standing.DENIED, "russia", 3)]


def test_a_claim_that_comes_in_after_its_denial_is_never_told_as_if_nobody_denied_it(desk: Desk) -> None:
    desk.take(Told("tass", DENIED, 20), Told("reuters", AGREED))

    assert desk.status().standing is Standing.DENIED
    assert desk.story().standing is Standing.DENIED
    assert desk.changes() == [StoryChange.NEW]


def test_a_denial_of_yesterday_says_nothing_of_what_is_agreed_today(desk: Desk) -> None:
    desk.take(Told("tass", DENIED), Told("reuters", AGREED, 600))

    assert desk.status().standing is Standing.UNCONFIRMED


def test_who_goes_on_asserting_joins_the_denied_story_also_after_a_restart(desk: Desk) -> None:
    desk.take(Told("reuters", AGREED), Told("tass", DENIED, 20))
    desk.restart()

    desk.take(Told("suspilne", "Ukraine and Russia agree to 30-day ceasefire", 30))

    assert [len(desk.archive.reports(each.id)) for each in desk.archive.stories()] == [3]
    assert desk.status().standing is Standing.DENIED


# ------------------------------------------------------------------------------------------ who counts
def test_thirty_three_reports_by_ten_publishers_of_one_text_never_confirm(desk: Desk) -> None:
    text = (
        "Negotiators for both governments signed a paper in the lakeside hotel after nine hours of talks and told "
        "those in the corridor that all guns along the river fall silent on Monday at dawn."
    )
    wire = [Told("reuters", AGREED, summary=text)]
    copies = [
        Told(PUBLISHERS[number % 10], f"{AGREED} as take {number} says", number, summary=text)
        for number in range(1, 33)
    ]

    desk.take(*wire, *copies)

    of = desk.status()
    assert len(desk.archive.reports(desk.story().id)) == 33
    assert (of.standing, [source.id for source in of.sources]) == (Standing.UNCONFIRMED, ["reuters"])
    assert set(desk.changes()) == {StoryChange.NEW, StoryChange.GREW}


REWORDED = (
    Told("reuters", AGREED),
    Told("bbc", AGREED_PLAINLY, 1, summary="Officials on both sides told Reuters of the deal on Sunday."),
    Told("suspilne", "Україна та Росія домовилися про 30-денне перемир'я", 2, summary="Про це повідомляє Reuters."),
    Told("tass", "Россия и Украина договорились о 30-дневном перемирии", 3, summary="Об этом пишет агентство Рейтер."),
    Told("ria", "Reuters: Россия и Украина договорились о 30-дневном перемирии", 4),
    Told("Harbour Paper 0", f"{AGREED_PLAINLY}, Reuters says", 5),
    Told("Harbour Paper 1", "Moscow, Kyiv agree 30-day ceasefire: Reuters", 6),
    Told("Harbour Paper 2", f"{AGREED} - Reuters", 7),
    Told("Harbour Paper 3", AGREED_PLAINLY, 8, summary="KYIV, May 11 (Reuters) - The two sides have a deal."),
)


@pytest.mark.parametrize("seed", range(4))
def test_one_wire_told_in_many_words_and_languages_never_confirms_in_whatever_order_it_comes(
    desk: Desk, seed: int
) -> None:
    desk.take(*Random(seed).sample(REWORDED, len(REWORDED)))

    [of] = [status(each, desk.archive.reports(each.id), CATALOG) for each in desk.archive.stories()]
    assert (of.standing, of.reason, [source.id for source in of.sources]) == (
        Standing.UNCONFIRMED,
        Reason.ONE_SOURCE,
        ["reuters"],
    )


def test_two_state_media_of_one_country_do_not_confirm_each_other(desk: Desk) -> None:
    desk.take(Told("tass", AGREED), Told("ria", "Ukraine and Russia agree to 30-day ceasefire", 9))

    desk.take(Told("tass", f"UN says: {AGREED}", 12), Told("ria", f"UN: {AGREED}", 15))
    desk.take(Told("tass", f"Putin says {AGREED}", 17), Told("ria", f"Zelensky says {AGREED}", 19))

    assert desk.status().standing is Standing.UNCONFIRMED
    assert desk.status().blocs == ("russia",)


def test_both_parties_speaking_with_one_mouth_confirm_what_two_papers_report(desk: Desk) -> None:
    first = "Ceasefire of 30 days agreed, Russia and Ukraine say"
    desk.take(
        Told("Harbour Paper 1", first),
        Told("Harbour Paper 2", "Russia and Ukraine say 30-day ceasefire agreed", 9),
    )

    of = desk.status(first)

    assert (of.standing, of.word, of.voice) == (Standing.CONFIRMED, Word.BOTH_SIDES, "")


# ------------------------------------------------------------------------------------------ taken back
SECOND = Told("suspilne", "Ukraine and Russia agree to 30-day ceasefire", 5)


@pytest.mark.parametrize("milder", ["Ukraine offers Russia 30-day ceasefire", "Heavy rain expected over the weekend"])
@pytest.mark.parametrize("others", [[], [SECOND]], ids=["alone", "with another"])
def test_a_headline_that_goes_back_and_forth_ten_times_is_told_of_once(
    desk: Desk, others: list[Told], milder: str
) -> None:
    desk.take(Told("reuters", AGREED, page="truce"), *others)
    told_before = len(desk.changes())

    for number in range(10):
        desk.take(Told("reuters", milder if number % 2 == 0 else AGREED, 10 + number, page="truce"))
    once = [each for each in desk.changes()[told_before:] if each is not StoryChange.GREW]
    ends_asserting = desk.status()
    desk.take(Told("reuters", milder, 30, page="truce"))

    taken_back = Standing.WITHDRAWN if milder.startswith("Heavy") else Standing.CORRECTED
    assert once == [StoryChange.CORRECTED if others else StoryChange(taken_back)]
    assert ends_asserting.standing is Standing.UNCONFIRMED
    assert desk.status().standing is (Standing.UNCONFIRMED if others else taken_back)


def test_a_plan_that_one_of_several_rewords_is_corrected_in_its_name(desk: Desk) -> None:
    offer = Told("suspilne", "Zelensky ready to meet Putin in Istanbul on Thursday for talks")
    plan = Told("bbc", "Zelensky and Putin to meet in Istanbul on Thursday for talks", 20, page="meet")
    reworded = "Zelensky says he is ready to meet Putin in Istanbul on Thursday"

    desk.take(offer, plan, plan._replace(title=reworded, after=40))
    desk.take(Told("reuters", "Zelensky says he is ready to meet Putin in Istanbul for talks on Thursday", 50))

    of = desk.status(plan.title)
    assert of.standing is Standing.CORRECTED
    assert of.against
    assert (of.against.entry.publisher, of.against.entry.title) == ("bbc", reworded)
    assert StoryChange.CORRECTED in desk.changes(plan.title)


def test_a_founder_that_withdraws_is_named_and_the_others_are_counted_without_it(desk: Desk) -> None:
    third = Told("bbc", "Truce of 30 days: Russia and Ukraine agree ceasefire", 8)
    desk.take(Told("reuters", AGREED, page="truce"), SECOND, third)

    desk.take(Told("reuters", "Heavy rain expected over the weekend", 20, page="truce"))

    of = desk.status()
    assert (of.standing, [source.id for source in of.sources]) == (Standing.CONFIRMED, ["suspilne", "bbc"])
    assert [report.entry.title for report in of.lost] == ["Heavy rain expected over the weekend"]
    assert desk.changes()[-1] is StoryChange.GREW


@pytest.mark.parametrize(
    "later",
    [
        "Ukraine war live: Heavy rain over the weekend",
        "Live: Israel and Hamas agree 30-day ceasefire in Gaza",
        "Ukraine war live: Zelensky offers Putin a meeting in Istanbul",
    ],
)
def test_a_running_page_that_goes_on_to_other_news_takes_nothing_back(desk: Desk, later: str) -> None:
    live = f"Ukraine war live: {AGREED}"
    desk.take(Told("bbc", live, page="live"), Told("suspilne", "Ukraine and Russia agree to 30-day ceasefire", 5))
    before = desk.changes(AGREED_PLAINLY)

    desk.take(*(Told("bbc", title, 20, page="live") for title in (later, later, live, later)))

    story = desk.story(AGREED_PLAINLY)
    assert desk.status(AGREED_PLAINLY).standing is Standing.CONFIRMED
    assert [report.entry.title for report in desk.archive.reports(story.id)] == [live, AGREED_PLAINLY]
    assert set(desk.changes(AGREED_PLAINLY)[len(before) :]) <= {StoryChange.GREW}


def test_a_running_page_that_says_less_of_the_same_takes_it_back(desk: Desk) -> None:
    live = f"Ukraine war live: {AGREED}"
    desk.take(Told("bbc", live, page="live"))

    desk.take(Told("bbc", "Ukraine war live: Ukraine offers Russia 30-day ceasefire", 20, page="live"))

    assert desk.status(live).standing is Standing.CORRECTED


def test_a_page_that_goes_on_to_another_war_backs_the_first_no_more(desk: Desk) -> None:
    desk.take(Told("reuters", AGREED), Told("suspilne", "Ukraine and Russia agree to 30-day ceasefire", 5, page="live"))

    desk.take(Told("suspilne", "Israel and Hamas agree 30-day ceasefire in Gaza", 20, page="live"))

    of = desk.status()
    assert (of.standing, [source.id for source in of.sources]) == (Standing.UNCONFIRMED, ["reuters"])
    assert desk.story().conflicts == ("ukraine-russia",)
    assert desk.changes()[-1] is StoryChange.CORRECTED


def test_a_denial_whose_page_tells_of_something_else_leaves_the_story_what_it_was(desk: Desk) -> None:
    desk.take(Told("reuters", AGREED), Told("tass", DENIED, 20, page="kremlin"))

    desk.take(Told("tass", "Kremlin refuses to take part in talks with Ukraine", 20, page="kremlin"))

    assert desk.story().headline == AGREED
    assert desk.status().standing is Standing.UNCONFIRMED


def test_a_page_that_told_of_a_refusal_and_then_of_a_yes_moves_its_story_on(desk: Desk) -> None:
    desk.take(Told("tass", "Kremlin rejects 30-day ceasefire with Ukraine", page="kremlin"))

    desk.take(Told("tass", AGREED, 30, page="kremlin"))

    assert desk.changes() == [StoryChange.NEW, StoryChange.NEW_STAGE]


def test_a_page_that_becomes_a_denial_denies_the_story_it_was_never_in(desk: Desk) -> None:
    desk.take(Told("reuters", AGREED), Told("tass", "Weather in Moscow: rain", 5, page="kremlin"))

    desk.take(Told("tass", DENIED, 5, page="kremlin"))

    assert desk.status().standing is Standing.DENIED


def test_the_denier_that_gives_in_is_heard_and_its_old_denial_repeated_is_not(desk: Desk) -> None:
    desk.take(
        *HISTORY,
        Told("tass", "Kremlin says 30-day ceasefire agreed with Ukraine", 60),
    )
    confirmed = desk.status()
    desk.take(Told("Harbour Paper 3", f"{DENIED}, TASS reports", 21))

    assert confirmed.standing is desk.status().standing is Standing.CONFIRMED
    assert [each for each in desk.changes() if each is not StoryChange.GREW] == [
        StoryChange.NEW,
        StoryChange.CONFIRMED,
        StoryChange.DENIED,
        StoryChange.CONFIRMED,
    ]


def test_a_word_taken_back_goes_with_its_report_when_the_owner_splits_and_merges() -> None:
    one, two, three = (make.report(f"Truce, says {name}", id=name) for name in ("one", "two", "three"))
    story = make.story(one, two, three, taken_back=frozenset({one.entry.key, two.entry.key}))

    left, other = split(story, [one, two, three], {two.entry.key}, NOON, CATALOG)
    whole = merged(left, other, [two], NOON, CATALOG)

    assert left.taken_back == {one.entry.key}
    assert other.taken_back == {two.entry.key}
    assert whole.taken_back == story.taken_back
