"""What is kept: cases, their images and cells, what people decided, and the log of it all.

One role a module; data flows one way: a function takes the :class:`Store` and plain values, does
its work in one transaction, and gives frozen records back. Nothing here runs a model, knows HTTP
or prints: pictures come in as bytes, predictions as records.
"""

from hemavision.store.database import Store, open_store

__all__ = ["Store", "open_store"]
