"""Fine-tuning and evaluation."""

import pal_model  # noqa: F401  (before torch: it says how OpenMP is to wait)
