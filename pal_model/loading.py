"""Models are loaded, and the libraries for it first imported, by one thread at a time.

transformers is not made for more. While it is imported it puts a lazy module in its own place, and
a thread that waits for that goes on with the one before ("cannot import name 'AutoConfig'"); while
it makes a model, what any thread makes has no data ("Cannot copy out of meta tensor").
"""

from __future__ import annotations

import threading

LOADING = threading.RLock()
"""Held by whoever loads a model where another thread may do the same."""
