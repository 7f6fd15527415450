"""Runs the drills and prints what was promised and what was measured; see `scripts/reliability --help`."""

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from rich.console import Console
from rich.table import Table

from tests.drills.addresses import addresses
from tests.drills.bombs import bombs
from tests.drills.commands import commands
from tests.drills.copies import copies
from tests.drills.day import day
from tests.drills.figures import Figures
from tests.drills.kills import kills
from tests.drills.latency import latency
from tests.drills.malformed import malformed
from tests.drills.manners import manners
from tests.drills.rooms import rooms
from tests.drills.secrets import secrets
from tests.drills.stops import stops
from tests.drills.suite import tests as in_suite


@dataclass(frozen=True)
class Drill:
    """A promise of reliability.md, how it is kept to in full, and in a few seconds."""

    promise: str
    full: Callable[[int], Awaitable[Figures]]
    quick: Callable[[int], Awaitable[Figures]]
    in_suite: bool = False


@dataclass(frozen=True)
class Result:
    """What one drill showed, of which goal."""

    goal: str
    figures: Figures
    seconds: float


def _in_suite(promise: str, *which: str) -> Drill:
    """Return the drill of a goal whose tests are in the test-suite anyway."""

    def ran(full: bool) -> Callable[[int], Awaitable[Figures]]:
        return lambda _: in_suite(*which, full=full)

    return Drill(promise, ran(True), ran(False), in_suite=True)


DRILLS: Mapping[str, Drill] = {
    "R1": Drill("kill -9: no alert, edit or reply lost, every repeat marked", partial(kills, 500), partial(kills, 3)),
    "R2": Drill("the same with 30 % faulty sends", partial(kills, 300, faulty=True), partial(kills, 3, faulty=True)),
    "R3": Drill("kill -9: no command lost or applied twice", partial(commands, 400, 40), partial(commands, 30, 3)),
    "R4": _in_suite("power cut: what the log holds is a prefix, and sound", "tests/test_power_cut.py"),
    "R5": Drill(
        "SIGTERM: no alert, edit or reply lost or repeated, prompt exits",
        partial(stops, 200, hung=10),
        partial(stops, 3, hung=1),
    ),
    "R6": Drill("malformed feeds and bombs: no crash, no chat waits", partial(malformed, 2000), partial(malformed, 60)),
    "R7": Drill(
        "hostile addresses: none is connected to", partial(addresses, full=True), partial(addresses, full=False)
    ),
    "R8": Drill("bombs and answers without end: small, and over in time", partial(bombs, 20), partial(bombs, 2)),
    "R9": _in_suite("hostile texts: Telegram refuses no message", "tests/test_alert_hostile.py"),
    "R10": _in_suite("flood control: none lost, hardly a 429, others in time", "tests/test_flood.py"),
    "R11": Drill("chats that are gone, move or close a topic", partial(rooms, 10), partial(rooms, 2)),
    "R12": Drill("a second copy tells nothing twice", partial(copies, 5, apart_s=32), partial(copies, 2)),
    "R13": Drill(
        "a day with 30 % faults: no feed late, nothing lost, memory and files as ever",
        partial(day, 24, 500),
        partial(day, 6, 60),
    ),
    "R14": _in_suite("a feed that lies in every way: each piece of news rings once", "tests/test_golden.py"),
    "R15": Drill("manners: no feed is asked before it wants to be", partial(manners, 72), partial(manners, 6)),
    "R16": Drill("token and chat ids in nothing that is written", secrets, secrets),
    "R19": Drill("fetched to accepted: p95 ≤ 2 s, p99 ≤ 5 s", partial(latency, 60), partial(latency, 4)),
    "R20": _in_suite(
        "a part that hangs turns health red and is started again",
        "tests/test_service.py",
        "tests/test_ops.py",
        "-k",
        "hangs or alarm or watch or still or late",
    ),
    "R21": _in_suite("restore drill", "tests/test_backup.py"),
}
AT_ONCE = {"full": 2, "quick": 4}
"""Drills side by side; they mostly wait."""


async def run(goal: str, *, full: bool, seed: int) -> Result:
    """Run one drill."""
    drill, began = DRILLS[goal], time.monotonic()
    figures = await (drill.full if full else drill.quick)(seed)
    return Result(goal, figures, time.monotonic() - began)


async def run_all(goals: list[str], *, full: bool, seed: int) -> list[Result]:
    """Run the drills, a few at a time; say on stderr how each went as soon as it is over."""
    places = asyncio.Semaphore(AT_ONCE["full" if full else "quick"])

    async def one(goal: str) -> Result:
        async with places:
            result = await run(goal, full=full, seed=seed)
        sys.stderr.write(f"{goal}: {result.figures.measured()} ({result.seconds:.0f} s)\n")
        return result

    return list(await asyncio.gather(*(one(goal) for goal in goals)))


def table(results: list[Result]) -> Table:
    """Return goal, measured and verdict, a row for each drill."""
    shown = Table(show_lines=True)
    for heading in ("goal", "promise", "measured", "verdict"):
        shown.add_column(heading, overflow="fold")
    for result in results:
        missed = result.figures.missed()
        verdict = "MISSED: " + "; ".join(missed) if missed else "met"
        shown.add_row(result.goal, DRILLS[result.goal].promise, result.figures.measured(), verdict)
    return shown


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/reliability", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="a few kills each, about a minute (the default)")
    size.add_argument("--full", action="store_true", help="the numbers of the goals, about half an hour")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("goals", nargs="*", metavar="GOAL", help=f"which: {' '.join(DRILLS)} (default: all)")
    given = parser.parse_args()
    if unknown := [goal for goal in given.goals if goal not in DRILLS]:
        parser.error(f"no drill is called {' '.join(unknown)}; there are {' '.join(DRILLS)}")
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # a killed bot leaves half a request behind
    logging.getLogger("bot").setLevel(logging.CRITICAL)  # that feeds fail is what some drills are about
    results = asyncio.run(run_all(given.goals or list(DRILLS), full=given.full, seed=given.seed))
    Console(width=None if sys.stdout.isatty() else 160).print(table(results))
    return int(any(result.figures.missed() for result in results))


if __name__ == "__main__":
    sys.exit(main())
