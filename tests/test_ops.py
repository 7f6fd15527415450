import asyncio
import json
import socket
import subprocess
import sys
import urllib.request
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest

from bot.errors import ConfigError
from bot.ops import health
from bot.ops.health import Beats, healthy, serving
from bot.ops.lock import locked
from bot.ops.supervise import GaveUpError, supervise
from bot.ops.watchdog import watched


# ---------------------------------------------------------------------------------------------- lock
def test_a_second_copy_is_refused_and_named(tmp_path: Path) -> None:
    hold = (
        "import sys, pathlib; from bot.ops.lock import locked\n"
        "with locked(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"

        with pytest.raises(ConfigError, match=f"another Parley \\(process {other.pid}\\)"), locked(tmp_path):
            pass

        other.kill()
        other.wait()
        with locked(tmp_path):
            pass


def test_a_data_folder_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match="PARLEY_DATA"), locked(tmp_path / "file" / "data"):
        pass


# ---------------------------------------------------------------------------------------------- health
def test_healthz_is_green_while_all_beat_and_red_when_one_is_late() -> None:
    beats = Beats({"poll": timedelta(seconds=60), "deliver": timedelta(seconds=60)})
    with serving(beats, 0) as port:
        well, words = healthy(port)
        beats.limits = {"poll": timedelta(seconds=60), "deliver": timedelta(seconds=-1)}
        ill, late = healthy(port)

    assert well
    assert json.loads(words)["ok"] is True
    assert not ill
    assert json.loads(late)["late"] == ["deliver"]


def test_readyz_names_what_is_missing_and_healthz_stays_green() -> None:
    beats = Beats({"poll": timedelta(seconds=600)}, missing={"greeting"})
    with serving(beats, 0) as port:
        early, words = healthy(port, "readyz")
        alive, _ = healthy(port)
        beats.missing.clear()
        ready, _ = healthy(port, "readyz")
        beats.missing.add("stopping")
        stopping, _ = healthy(port, "readyz")

    assert not early
    assert json.loads(words) == {"ok": False, "missing": ["greeting"]}
    assert alive
    assert ready
    assert not stopping


def test_who_has_not_polled_for_90_seconds_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    beats = Beats({"poll": timedelta(seconds=600)})
    assert beats.unready() == []

    monkeypatch.setattr(health, "monotonic", lambda: monotonic() + 91)

    assert beats.unready() == ["poll"]
    assert beats.late() == []


def test_work_that_comes_and_goes_is_late_only_while_nothing_of_it_ends() -> None:
    beats = Beats({}, works={"read": timedelta(0)})
    at_rest = beats.late()
    with beats.working("read"), beats.working("read"):
        at_work = beats.late()

    assert at_rest == []
    assert at_work == ["read"]
    assert beats.late() == []


def test_no_server_is_unhealthy_in_plain_words() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    assert healthy(port) == (False, f"no Parley answers on 127.0.0.1:{port}: Connection refused")


def test_a_taken_health_port_is_a_config_mistake() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        with pytest.raises(ConfigError, match=r"\[health\] port"), serving(Beats({}), taken.getsockname()[1]):
            pass


def test_other_pages_are_not_found() -> None:
    with serving(Beats({}), 0) as port, pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/secrets")


# ---------------------------------------------------------------------------------------------- supervisor
async def test_a_crashed_task_starts_again() -> None:
    runs = []

    async def crashes_twice() -> None:
        runs.append(1)
        if len(runs) < 3:
            raise OSError("once more")

    await supervise({"task": crashes_twice}, first_wait=0)

    assert len(runs) == 3


async def test_a_task_that_keeps_crashing_ends_the_process_and_the_other_tasks() -> None:
    ended = []

    async def always() -> None:
        raise OSError("disk on fire")

    async def other() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("other")

    with pytest.raises(GaveUpError, match="bad crashed 5 times within 10 minutes, last with: disk on fire"):
        await supervise({"bad": always, "good": other}, first_wait=0)

    assert ended == ["other"]


async def test_a_task_that_hangs_is_started_again() -> None:
    beats = Beats({"task": timedelta(seconds=0.1)})
    runs = []

    async def hangs_once() -> None:
        runs.append(1)
        if len(runs) == 1:
            await asyncio.Event().wait()

    await supervise({"task": hangs_once}, beats, first_wait=0)

    assert len(runs) == 2


async def test_a_task_that_beats_is_left_alone_however_long_it_runs() -> None:
    beats = Beats({"task": timedelta(seconds=0.2)})
    runs = []

    async def beats_on() -> None:
        runs.append(1)
        for _ in range(30):
            await asyncio.sleep(0.02)
            beats.beat("task")

    await supervise({"task": beats_on}, beats, first_wait=0)

    assert len(runs) == 1


async def test_a_task_that_cannot_even_be_cancelled_ends_the_process() -> None:
    beats = Beats({"task": timedelta(seconds=0.05)})
    release = asyncio.Event()

    async def deaf() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                asyncio.get_running_loop().call_later(0.3, release.set)

    with pytest.raises(GaveUpError, match="task hangs and cannot be ended"):
        await supervise({"task": deaf}, beats, first_wait=0, grace_s=0.05)


async def test_what_only_the_operator_can_mend_ends_the_process_at_once() -> None:
    runs = []

    async def no_token() -> None:
        runs.append(1)
        raise ConfigError("Telegram does not know this bot token")

    with pytest.raises(ConfigError, match="token"):
        await supervise({"task": no_token}, first_wait=0)

    assert len(runs) == 1


# ---------------------------------------------------------------------------------------------- watchdog
def test_an_event_loop_that_stands_still_ends_the_process_with_70() -> None:
    freeze = (
        "import asyncio, threading\n"
        "from datetime import timedelta\n"
        "from bot.ops.health import Beats\n"
        "from bot.ops.watchdog import watched\n"
        "limit = timedelta(seconds=2)\n"
        "beats = Beats({'loop': limit})\n"
        "async def main():\n"
        "    for _ in range(10): beats.beat('loop'); await asyncio.sleep(0.05)\n"
        "    threading.Event().wait()\n"
        "with watched(beats, {'loop': limit}, look_s=0.1): asyncio.run(main())\n"
    )

    ended = subprocess.run([sys.executable, "-c", freeze], capture_output=True, timeout=60, check=False)

    assert ended.returncode == 70
    assert b"loop hangs and cannot be helped" in ended.stderr
    assert b"in main" in ended.stderr, "the stack says where it stands"


def test_a_watchdog_lets_go_what_beats_and_what_rests() -> None:
    beats = Beats({"loop": timedelta(0)}, works={"read": timedelta(0)})
    given_up: list[str] = []
    limits = {"loop": timedelta(seconds=0.5), "read": timedelta(seconds=0.5)}

    with watched(beats, limits, look_s=0.02, give_up=given_up.append):
        for _ in range(70):
            beats.beat("loop")
            sleep(0.01)

    assert given_up == []
