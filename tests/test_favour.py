"""Chats come first: nothing stops everything for long."""

import subprocess
import sys

_CODE = """
import gc, sys
from bot.ops.favour import favour_chats
favour_chats()
loaded = gc.get_freeze_count()
rubbish = []; rubbish.append(rubbish); del rubbish
print(loaded > 1000, sys.getswitchinterval() < 0.002, gc.collect() >= 1)
"""


def test_what_is_loaded_is_looked_through_no_more_and_new_rubbish_is() -> None:
    done = subprocess.run([sys.executable, "-c", _CODE], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["True", "True", "True"]


_LOADING = """
import gc
from bot.ops.favour import loading
with loading():
    while_loading = gc.isenabled()
    stays = [[number] for number in range(10_000)]
print(while_loading, gc.isenabled(), gc.get_freeze_count() > 10_000)
"""
_RULES = """
import gc
from bot.ops.rulewatch import read
read(None)
gc.collect()
gc.disable()
read(None)
print(gc.collect())
"""


def test_what_is_loaded_later_is_never_looked_through() -> None:
    done = subprocess.run([sys.executable, "-c", _LOADING], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "True", "True"]


def test_rules_that_are_read_leave_no_rubbish_that_would_be_kept_for_good() -> None:
    done = subprocess.run([sys.executable, "-c", _RULES], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "0"
