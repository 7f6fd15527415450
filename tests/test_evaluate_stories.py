"""`parley eval-stories` and `parley bench story`: the tables people read."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from bot.bench.story import _run, made_up
from bot.cli.output import console
from bot.detect.detector import Detector
from bot.errors import ConfigError
from bot.evaluate.stories import ALONE, LIVE, OURS, TFIDF, PairScores, Stories, evaluated, plain
from tests.process import parley

STORIES = [
    ("agreed", "Russia and Ukraine agree 30-day ceasefire in Istanbul", True),
    ("agreed", "Moscow and Kyiv agree to a 30-day truce at Istanbul talks", True),
    ("sudan", "Sudan's army and RSF sign humanitarian truce in Jeddah", True),
    ("", "Storm cuts power to 40,000 homes in Brittany", False),
]


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    file = tmp_path / "day.jsonl"
    file.write_text("\n".join(
        json.dumps({"title": title, "published": "2025-05-11T12:00:00Z", "gold": {"story": story, "relevant": scored}})
        for story, title, scored in STORIES
    ))  # fmt: skip
    return file


def test_a_file_of_stories_is_scored_over_what_is_relevant_beside_simpler_methods(
    labelled: Path, detector: Detector
) -> None:
    found = evaluated(labelled, detector)

    assert isinstance(found, Stories)
    assert (found.reports, found.stories, found.mistakes) == (3, 2, [])
    assert [row.method.split(" from")[0] for row in found.rows] == [OURS, LIVE, ALONE, TFIDF]
    scores = {row.method: row.scores for row in found.rows if row.scores}
    assert scores[OURS].f1 == scores[LIVE].f1 == 1.0
    assert scores[ALONE].pair_recall == 0.0


def test_near_duplicates_are_counted_within_stories(tmp_path: Path, detector: Detector) -> None:
    file = tmp_path / "near.jsonl"
    titles = ["Fed sees high bar for slower purchases", "Fed sees high bar for slower bond purchases", "Gold slips"]
    file.write_text("\n".join(json.dumps({"title": title, "story": "fed", "ts": 1394470370}) for title in titles))

    found = evaluated(file, detector)

    assert isinstance(found, Stories)
    assert (found.near_duplicates, found.recalled) == (1, 1)
    assert [mistake.joined for mistake in found.mistakes] == [False, False]


def test_pairs_are_scored_same_against_bad(tmp_path: Path, detector: Detector) -> None:
    file = tmp_path / "pairs.jsonl"
    pairs = [
        ("same", "Fed sees high bar for slower purchases", "Fed sees high bar for slower bond purchases"),
        ("bad", "Fed sees high bar for slower purchases", "Storm cuts power to 40,000 homes in Brittany"),
        ("rel", "Fed sees high bar for slower purchases", "Stocks slip after Fed"),
    ]
    file.write_text("\n".join(json.dumps({"result": a, "left": b, "right": c, "lang": "en"}) for a, b, c in pairs))

    found = evaluated(file, detector)

    assert found == PairScores(name="pairs.jsonl", same=1, bad=1, right=1, false=0)
    assert plain([found], errors=False)[0]["f1"] == 1.0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", ":1: it is not JSON"),
        ("\n[]", ":2: expected an object"),
        ('{"title": "Truce"}', ':1: no "story"'),
        ('{"title": "Truce", "story": ["a"]}', ':1: no "story"'),
        ('{"story": "a"}', ":1: 'title' is missing"),
        ('{"story": "a", "title": "Truce", "ts": 1e300}', ":1: 'ts': 1e+300 is no time"),
        ('{"result": "same", "left": "Truce"}', ":1: 'left' or 'right': 'title' is missing"),
        ("", 'no report in it has a "story" to measure by'),
        ('{"title": "Storm", "gold": {"relevant": false}}', 'no report in it has a "story" to measure by'),
    ],
)
def test_what_cannot_be_scored_is_named_with_its_line(
    tmp_path: Path, detector: Detector, content: str, said: str
) -> None:
    file = tmp_path / "wrong.jsonl"
    file.write_text(content)

    with pytest.raises(ConfigError) as error:
        evaluated(file, detector)

    assert said in str(error.value)


def test_a_file_saved_with_a_byte_order_mark_and_blank_lines_reads_the_same(labelled: Path, detector: Detector) -> None:
    before = evaluated(labelled, detector)
    labelled.write_bytes(b"\xef\xbb\xbf" + labelled.read_bytes().replace(b"\n", b"\r\n\r\n"))

    after = evaluated(labelled, detector)

    assert isinstance(before, Stories)
    assert isinstance(after, Stories)
    assert after.rows == before.rows


def test_words_in_brackets_are_printed_as_they_stand(capsys: pytest.CaptureFixture[str]) -> None:
    console().print("[video] Truce", "pip install 'parley[eval]'")

    assert "[video] Truce pip install 'parley[eval]'" in capsys.readouterr().out


@pytest.mark.slow
def test_the_command_prints_a_table_and_as_json_the_same(labelled: Path, tmp_path: Path) -> None:
    table = parley(tmp_path, "eval-stories", str(labelled), "--errors")
    as_json = parley(tmp_path, "eval-stories", str(labelled), "--json")
    nowhere = parley(tmp_path, "eval-stories", str(tmp_path / "nowhere.jsonl"))

    assert "3 reports, 2 stories" in table.stdout.decode()
    assert json.loads(as_json.stdout)[0]["rows"][0]["scores"]["f1"] == 1.0
    assert nowhere.returncode == 2
    assert "nowhere.jsonl: cannot be read" in nowhere.stderr.decode()


# ------------------------------------------------------------------------------------------ bench story
def test_invented_reports_are_always_the_same_and_spread_over_the_time() -> None:
    once, again = list(made_up(50, timedelta(days=5))), list(made_up(50, timedelta(days=5)))

    assert once == again
    first, last = once[0].entry.published, once[-1].entry.published
    assert first
    assert last
    assert timedelta(days=4.8) < last - first < timedelta(days=5)


def test_what_is_held_is_bounded_by_the_window_and_not_by_all_that_came() -> None:
    short, long = _run(300, timedelta(days=30)), _run(900, timedelta(days=90))

    assert short.open < 70
    assert long.open < 70
