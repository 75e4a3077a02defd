"""Heavy libraries are first imported by one thread at a time.

transformers, while it is imported, puts a lazy module in its own place; a thread that waits for
that import goes on with the one before, in which no name can be found ("cannot import name
'AutoConfig' from 'transformers'"). The server loads its models in several threads.
"""

from __future__ import annotations

import threading

IMPORTING = threading.RLock()
"""Held by whoever imports torch, transformers or peft where another thread may do the same."""
