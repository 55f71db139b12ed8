"""A nursery of servers, once a session, and a bucket's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from real_parts import missing
from servers import Nursery, Served


@pytest.fixture(scope="session")
def forked() -> Iterator[Served]:
    """Serve like ``servers.served``, in a fraction of the time: the imports are done already."""
    nursery = Nursery()
    yield nursery.served
    nursery.close()


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """A server that is on the way to where AWS's programs look for it."""
    try:
        import s3fs
        from moto.server import ThreadedMotoServer
    except ImportError as error:
        missing(f"an S3 server and what reads it ({error.name})")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            patch.setenv(name, value)
        patch.delenv("AWS_PROFILE", raising=False)
        yield s3fs.S3FileSystem()
        s3fs.S3FileSystem.clear_instance_cache()
    server.stop()
