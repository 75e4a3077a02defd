"""A run on several processes, as on several GPUs, but on CPUs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.training.test_finetune_pal import RECIPE, history_of
from training.finetune_pal import main

pytestmark = pytest.mark.integration

REPOSITORY = RECIPE.parents[2]


def settings(esconv: Path, base: Path, batches_per_step: int) -> list[str]:
    values = (
        f"data.esconv={esconv}",
        f"base_model={base}",
        "lora.dropout=0",  # each process would draw its own
        "optimiser.order=random",
        "data.max_row_tokens=4000",  # a row a conversation: 8 are shared out evenly, 3 are not
        "data.train_conversations=8",
        f"optimiser.batches_per_step={batches_per_step}",
    )
    return [word for value in values for word in ("--set", value)]


def test_two_processes_take_the_steps_of_one_that_reads_twice_as_much(
    esconv: Path, base: Path, tmp_path: Path
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    assert main([str(RECIPE), "--output", str(one), *settings(esconv, base, 2)]) == 0
    launcher = ("torch.distributed.run", "--standalone", "--nproc_per_node", "2")
    command = [sys.executable, "-m", *launcher, "-m", "training.finetune_pal", str(RECIPE)]
    done = subprocess.run(
        [*command, "--output", str(two), *settings(esconv, base, 1)],
        cwd=REPOSITORY,
        env={**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    alone, together = history_of(one), history_of(two)
    assert [e["step"] for e in together] == [e["step"] for e in alone]
    for key in ("loss", "eval_loss", "eval_response_perplexity"):
        losses = [[e[key] for e in history if key in e] for history in (together, alone)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    ours, theirs = (load_file(f / "adapter_model.safetensors") for f in (two, one))
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name].float(), tensor.float(), rtol=0.01, atol=1e-3)
    facts = json.loads((two / "training_run.json").read_text())
    assert facts["processes"] == 2
