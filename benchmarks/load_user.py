"""What one user of benchmarks/load.py does, for locust: sends images, and waits as it is told to.

Not run by hand. The environment says what: LOAD_PATH, LOAD_IMAGES (a JSON list of files),
LOAD_RATE (requests a second and user, at random moments; 0: the next as soon as there is an
answer), LOAD_COUNT (requests of all users after which to end; 0: when time is up) and LOAD_OUT, the
file for a JSON list of [second of the answer, HTTP status, milliseconds].
"""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path
from typing import Any

import gevent
from locust import FastHttpUser, events, task

BOUNDARY = "hemavision-benchmark"
PATH, RATE = os.environ["LOAD_PATH"], float(os.environ["LOAD_RATE"])
COUNT, OUT = int(os.environ["LOAD_COUNT"]), Path(os.environ["LOAD_OUT"])
HEADERS = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def body_of(path: Path) -> bytes:
    """Return a request's body with one image."""
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="images"; '
        f'filename="{path.name}"\r\nContent-Type: image/jpeg\r\n\r\n'
    )
    return head.encode() + path.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode()


BODIES = [body_of(Path(name)) for name in json.loads(os.environ["LOAD_IMAGES"])]
answers: list[tuple[float, int, float]] = []


class Sender(FastHttpUser):
    """Sends one image after another; refused, it waits as long as the server says."""

    connection_timeout = network_timeout = 120.0

    def on_start(self) -> None:
        """Begin at a moment of one's own."""
        self.at = time.monotonic()

    def wait_time(self) -> float:
        """Return the seconds until the next request."""
        if not RATE:
            return 0.0
        self.at += random.expovariate(RATE)
        return max(self.at - time.monotonic(), 0.0)

    @task
    def send(self) -> None:
        """Send an image."""
        body = random.choice(BODIES)
        with self.client.post(PATH, data=body, headers=HEADERS, catch_response=True) as response:
            response.success()
            busy, after = response.status_code == 503, response.headers.get("Retry-After", "1")
        if busy:
            time.sleep(float(after))


@events.init.add_listener
def begin(environment: Any, **more: Any) -> None:
    """Note every answer, and end once there are as many as are wanted."""

    def note(response_time: float, response: Any, **more: Any) -> None:
        answers.append((time.monotonic(), response.status_code, response_time))
        if COUNT and len(answers) == COUNT:
            # Not in the user's own greenlet, for which the runner would wait.
            gevent.spawn(environment.runner.quit)

    environment.events.request.add_listener(note)


@events.quitting.add_listener
def write(**more: Any) -> None:
    """Write all answers down."""
    OUT.write_text(json.dumps(answers))
