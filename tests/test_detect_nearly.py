"""What nearly fired, near misses, and the words that explain a verdict; by rules with words of their own."""

import json
from pathlib import Path

import pytest

from bot.detect.detector import Detector
from bot.detect.explain import explain, near_miss_line, near_miss_words, obstacles
from bot.detect.nearly import is_near, near_miss
from bot.detect.rules import load_rules
from bot.model import Entry
from bot.rulefiles import read_rule_files
from tests import make
from tests.make import NOON

RULES = """
[[signal]]
id = "strong"
where = "title"
any = ["florping"]
weight = 1.0

[[signal]]
id = "weak"
where = "title"
any = ["snarking"]
weight = 0.6

[[signal]]
id = "two-sides"
where = "title"
any = ["zorbing"]
needs = "title_two"
weight = 1.0

[[signal]]
id = "with-more"
where = "title"
any = ["zorbing"]
also_title = ["quibbling", "@ceasefire"]
unless = ["merely"]
weight = 0.9

[[signal]]
id = "early"
where = "lead"
any = ["wibbling"]
weight = 1.0

[[exclude]]
id = "toys"
any = ["toy|toys"]
by = "title"
cancels = ["strong"]

[[genre]]
id = "columns"
any = ["grumbling"]
urls = ["/grumbles/"]
"""


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    folder: Path = tmp_path_factory.mktemp("rules")
    (folder / "own.toml").write_text(RULES, "utf-8")
    return Detector(load_rules(read_rule_files(folder)))


def nearly(detector: Detector, title: str, summary: str = "") -> list[str]:
    return [mention.name for mention in detector.nearly(make.entry(title, summary=summary))]


def why(detector: Detector, entry: Entry) -> list[str]:
    verdict = detector.judge(entry)
    return list(obstacles(near_miss(entry, verdict, detector.nearly(entry), detector.rules, NOON).mentions))


# ------------------------------------------------------------------------------------------ nearly
def test_a_signal_that_lacked_a_condition_says_which_the_nearest_first(detector: Detector) -> None:
    assert nearly(detector, "Merely zorbing in Kyiv") == [
        "two-sides (if the title named both sides)",
        "with-more (if the title also said quibbling or @ceasefire, and but for “Merely” in the title)",
    ]


def test_words_that_come_too_late_in_the_summary_nearly_fired(detector: Detector) -> None:
    late = nearly(detector, "Nothing new", "It rained. Then came wibbling.")
    early = nearly(detector, "Nothing new", "Wibbling came. It rained.")

    assert late == ["early (if it stood in the first sentence)"]
    assert early == []


def test_what_fired_did_not_nearly_fire(detector: Detector) -> None:
    assert nearly(detector, "Russia and Ukraine go zorbing") == [
        "with-more (if the title also said quibbling or @ceasefire)"
    ]
    assert nearly(detector, "It rained") == []


# ------------------------------------------------------------------------------------------ near misses
@pytest.mark.parametrize(
    ("title", "link", "near"),
    [
        ("Nothing but snarking", "", True),
        ("Florping of toys", "", True),
        ("Grumbling about florping", "", True),
        ("About florping", "https://news.example/grumbles/1", True),
        ("Zorbing", "", False),
        ("Florping", "", False),
        ("It rained", "", False),
    ],
)
def test_a_near_miss_is_too_weak_set_aside_or_background(detector: Detector, title: str, link: str, near: bool) -> None:
    assert is_near(detector.judge(make.entry(title, link=link)), detector.rules) is near


def test_what_stood_in_the_way_is_told_in_plain_words(detector: Detector) -> None:
    weak = why(detector, make.entry("Snarking and zorbing"))
    cancelled = why(detector, make.entry("Florping of toys"))
    background = why(detector, make.entry("About florping", link="https://news.example/grumbles/1"))

    assert weak == [
        "“Snarking” alone is too little (weak)",
        "“zorbing” would have counted if the title named both sides (two-sides)",
    ]
    assert cancelled == ["set aside because of “toys” (toys)"]
    assert background == ["taken for background, not news, because of “/grumbles/” (columns)"]


def test_a_near_miss_remembers_its_score_and_its_rules(detector: Detector) -> None:
    entry = make.entry("Nothing but snarking", publisher="Meridian Wire")
    noted = near_miss(entry, detector.judge(entry), (), detector.rules, NOON)

    words, line = near_miss_words(noted), json.loads(near_miss_line(noted))

    assert words.splitlines()[0] == "0.6  2025-05-11 12:00  Meridian Wire"
    assert words.splitlines()[1].strip() == "Nothing but snarking"
    assert (line["score"], line["title"], line["why"]) == (0.6, entry.title, obstacles(noted.mentions))
    assert line["rules_hash"] == detector.rules.hash != ""


# ------------------------------------------------------------------------------------------ explain
def told(detector: Detector, title: str) -> str:
    entry = make.entry(title)
    return explain(entry, detector.judge(entry), detector.rules, detector.nearly(entry))


def test_an_explanation_is_a_table_of_words_rules_and_places(detector: Detector) -> None:
    lines = told(detector, "Snarking, zorbing and florping of toys").splitlines()

    assert lines == [
        "NEAR MISS (score 0.6, needs 1)",
        "“Snarking, zorbing and florping of toys”",
        "",
        "  +1    signal     strong     “florping”  title 22-30",
        "  +0.6  signal     weak       “Snarking”  title 0-8",
        "  -     cancelled  toys       “toys”      title 34-38  cancels strong",
        "  ~1    nearly     two-sides  “zorbing”   title 10-17  if the title named both sides",
        "  ~0.9  nearly     with-more  “zorbing”   title 10-17  if the title also said quibbling or @ceasefire",
        "",
        f"  rules       {detector.rules.hash}",
    ]


def test_the_explanation_of_news_ends_with_what_was_found(detector: Detector) -> None:
    lines = told(detector, "Russia and Ukraine agree 30-day ceasefire").splitlines()

    assert lines[0].startswith("RELEVANT: ceasefire.agreed, fact (score ")
    assert "  conflicts   ukraine-russia" in lines
    assert lines[-1] == f"  rules       {detector.rules.hash}"


def test_the_explanation_of_nothing_says_so(detector: Detector) -> None:
    assert "nothing in it speaks of ceasefires or peace talks" in told(detector, "It rained")


# ------------------------------------------------------------------------------------------ the edition of the rules
def test_rules_have_the_same_hash_wherever_they_lie_and_another_after_any_change(tmp_path: Path) -> None:
    here, there, changed = (tmp_path / name for name in ("here", "there", "changed"))
    for folder, names in ((here, "ab"), (there, "yx"), (changed, "ab")):
        folder.mkdir()
        for name, word in zip(names, ("florping", "snarking"), strict=True):
            text = f'[[signal]]\nid = "{word}"\nany = ["{word}"]\nweight = 1.0\n'
            (folder / f"{name}.toml").write_text(text.replace("1.0", "0.9") if folder is changed else text, "utf-8")

    hashes = [read_rule_files(folder).hash for folder in (here, there, changed)]

    assert hashes[0] == hashes[1] != hashes[2]


def test_an_event_says_by_which_rules_it_was_found(detector: Detector) -> None:
    event = detector.judge(make.entry("Russia and Ukraine agree 30-day ceasefire")).event

    assert event
    assert event.rules_hash == detector.rules.hash
