"""Goals that need no process of their own, or a clock that leaps: their tests are run in a child, and counted."""

import asyncio
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.drills.figures import Figures

PROJECT = Path(__file__).resolve().parents[2]
_FIGURE = re.compile(r"\d[\d,]* (cuts|chats|messages)")
_COUNT = re.compile(r"(\d+) (passed|failed|error|skipped)")


@dataclass(frozen=True, kw_only=True)
class Suite(Figures):
    """What a run of tests came to. *said* are the figures that they printed, *ending* is how it ended if not well."""

    passed: int
    failed: int
    skipped: int
    said: str
    ending: str

    def measured(self) -> str:
        counts = f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"
        return "; ".join(part for part in (counts, self.said) if part)

    def broken(self) -> Mapping[str, object]:
        return {f"tests failed: {self.ending}": self.failed, "no test ran": not self.passed}


async def tests(*which: str, full: bool) -> Suite:
    """Run the tests *which* (pytest's own arguments), the long ones only if *full*."""
    marks = "long or not long" if full else "not long"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-q", "-rN", "-s", "-p", "no:cacheprovider", "-m", marks, *which),
        cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await process.communicate())[0].decode(errors="replace")
    counts = {what: int(number) for number, what in _COUNT.findall(output.rsplit("\n", 2)[-2] if output else "")}
    figures = [line.strip(". ") for line in output.splitlines() if _FIGURE.search(line)]
    return Suite(
        secrets=0,
        passed=counts.get("passed", 0),
        failed=counts.get("failed", 0) + counts.get("error", 0),
        skipped=counts.get("skipped", 0),
        said="; ".join(figures),
        ending=output[-500:] if process.returncode else "",
    )
