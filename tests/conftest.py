"""What holds for all tests of this environment: none of them goes to a hub."""

import os

# Before anything imports huggingface_hub, which looks at it once.
os.environ["HF_HUB_OFFLINE"] = "1"
