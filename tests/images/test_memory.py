"""Freed memory is kept for the next step where a training asks for it."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

STEPS = """
import resource
import numpy as np
from hemavision.images.memory import keep_what_is_freed

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(4):
        np.empty(2**26, np.uint8).fill(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

given_back = faults()
keep_what_is_freed()
faults()
print(given_back, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told what to keep")
def test_the_next_step_takes_what_the_last_one_freed():
    done = subprocess.run([sys.executable, "-c", STEPS], capture_output=True, text=True, check=True)
    given_back, kept = map(int, done.stdout.split())
    assert kept < given_back / 10
