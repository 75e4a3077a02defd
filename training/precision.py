"""In which number format a device trains faster."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

WORTH_IT = 1.25
"""How many times as fast bfloat16 has to be on a CPU; it is the less exact one."""


@cache
def trains_faster_in_bfloat16() -> bool:
    """Return whether this machine's device does; on a CPU a product is timed in both formats.

    To have instructions for bfloat16 is not enough: on some processors that have them it is slower.
    """
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    cpu: Any = torch.cpu
    if not (cpu._is_avx512_bf16_supported() or cpu._is_amx_tile_supported()):
        return False
    return _product_time(torch.float32) > WORTH_IT * _product_time(torch.bfloat16)


def _product_time(dtype: torch.dtype) -> float:
    """Return the seconds that a product takes at best."""
    rows, weights = torch.ones(1024, 576, dtype=dtype), torch.ones(1536, 576, dtype=dtype)
    return min(_timed(rows, weights) for _ in range(20))


def _timed(rows: Tensor, weights: Tensor) -> float:
    started = time.perf_counter()
    F.linear(rows, weights)
    return time.perf_counter() - started
