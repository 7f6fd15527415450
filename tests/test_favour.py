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
