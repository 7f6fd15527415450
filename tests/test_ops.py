import asyncio
import json
import socket
import subprocess
import sys
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.ops.health import Beats, healthy, serving
from bot.ops.lock import locked
from bot.ops.supervise import GaveUpError, supervise


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


def test_no_server_is_unhealthy_in_plain_words() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    assert healthy(port)[0] is False
    assert "no Parley answers" in healthy(port)[1]


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
