"""gunicorn's settings: ``gunicorn --config python:hemavision.web.gunicorn``.

As ``hemavision serve``: the settings' address, model and limits, threads by the cores. One process,
because the queue and the counts of ``/metrics`` are a process's own; the networks use all cores,
and what is Python's own work is a small part of an answer.
"""

from __future__ import annotations

import os
from typing import Any

from hemavision import settings
from hemavision.images.memory import give_back_what_is_large
from hemavision.web import logs
from hemavision.web.gate import FINISH_S, OF_A_SERVER, Gate

_gate = Gate()
bind = f"{settings.text('host')}:{settings.whole_number('port')}"
wsgi_app = "hemavision.web:create_app()"
workers = 1
worker_class = "gthread"
# Those with images wait in threads of their own.
threads = settings.OTHERS_AT_ONCE + _gate.at_once + _gate.most_waiting
#: Seconds that a connection is kept on which nothing is asked: longer than a proxy keeps it.
keepalive = 75
graceful_timeout = int(FINISH_S)


def post_worker_init(worker: Any) -> None:
    """Answer once before the first request comes."""
    give_back_what_is_large(*OF_A_SERVER)
    logs.write_lines()
    worker.wsgi.test_client().get("/health/ready")


def worker_exit(server: Any, worker: Any) -> None:
    """End without taking the networks apart.

    ONNX Runtime aborts there in a process that gunicorn has forked, which gunicorn would report as
    a crash. All that was asked for is answered by now, and nothing is kept in memory alone.
    """
    if worker.booted:
        os._exit(0)
