"""Hugging Face's Trainer on rows of tokens of any form, with the mean loss of the targets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import Dataset
from transformers import Trainer

from pal_model import PalError
from training.packing import IGNORED


class DivergedError(PalError):
    """Training that came to no number; what it has learnt is lost."""


class TokenForm(Protocol):
    """What a run trains: a model, and how rows of tokens become its batches."""

    model: Any

    def collate(self, rows: Sequence[Any]) -> dict[str, Tensor]:
        """Return a batch, with `labels`, (B, K), `IGNORED` where nothing is to be predicted."""

    def logits(self, model: Any, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the logits that predict the labels, (B, K, V)."""

    def parts(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return which targets belong to what is reported apart, (B, K) each; all of them once."""

    def save(self, model: Any, output: Path) -> None:
        """Write what the project loads."""


class Rows(Dataset[dict[str, Any]]):
    """Rows that are encoded already; their length stands where Trainer looks for it."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        row = self._rows[index]
        return {"input_ids": range(len(row)), "row": row}


class TokenTrainer(Trainer):
    """Minimises the mean loss of a step's target tokens (Eq. 5), however rows share them out."""

    def __init__(self, form: TokenForm, **kwargs: Any) -> None:
        """As `Trainer`, but that `form` has the model and makes the batches."""
        self._form = form
        super().__init__(
            model=form.model,
            data_collator=self._collate,
            **kwargs,
        )
        self.model_accepts_loss_kwargs = True  # `compute_loss` divides by the step's tokens itself

    def _collate(self, items: Sequence[Any]) -> dict[str, Tensor]:
        batch = self._form.collate([item["row"] for item in items])
        # Labels stand where they are predicted. Trainer, which counts them, would otherwise take it
        # that they have to be moved, and leave out the first of each row.
        return batch | {"shift_labels": batch["labels"]}

    def compute_loss(
        self,
        model: Any,
        inputs: Mapping[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """Return the loss of a batch: its sum over `num_items_in_batch`, or the batch's mean.

        Raises:
            DivergedError: it is not a finite number.
        """
        losses = token_losses(self._form, model, inputs)
        is_target = inputs["labels"] != IGNORED
        count = is_target.sum() if num_items_in_batch is None else num_items_in_batch
        loss = losses.sum() / count
        if num_items_in_batch is not None and self.args.average_tokens_across_devices:
            loss = loss * self.accelerator.num_processes
        if not torch.isfinite(loss):
            raise DivergedError(
                f"The loss after step {self.state.global_step} is {loss.item()}. Go on from the "
                "last checkpoint with a lower optimiser.learning_rate, or a lower "
                "optimiser.max_grad_norm."
            )
        return (loss, {"loss": loss}) if return_outputs else loss

    def evaluate(
        self,
        eval_dataset: Any = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> dict[str, float]:
        """Return the loss a token over the whole set; loss and perplexity of its parts."""
        del ignore_keys
        loader = self.get_eval_dataloader(eval_dataset)
        model: Any = self._wrap_model(cast(Any, self.model), training=False)
        model.eval()
        names: list[str] = []
        sums: list[Tensor] = []  # of each row and part: loss, tokens
        for batch in loader:
            with torch.inference_mode(), self.compute_loss_context_manager():
                inputs = self._prepare_inputs(batch)
                losses = token_losses(self._form, model, inputs)
            parts = self._form.parts(inputs)
            names = list(parts)
            of_rows = [
                torch.stack([(losses * kept).sum(1), kept.sum(1)], dim=1) for kept in parts.values()
            ]
            # From all processes, less the rows that made the last one's batch as long as theirs.
            gathered = self.accelerator.gather_for_metrics(torch.stack(of_rows, dim=1).double())
            sums.append(gathered.sum(0))
        by_part = torch.stack(sums).sum(0)
        loss, tokens = by_part.sum(0).tolist()
        metrics = {"loss": loss / tokens}
        for name, (part_loss, part_tokens) in zip(names, by_part.tolist(), strict=True):
            if not part_tokens:  # a corpus without strategies' names
                continue
            metrics[f"{name}_loss"] = part_loss / part_tokens
            metrics[f"{name}_perplexity"] = math.exp(part_loss / part_tokens)
        metrics = {f"{metric_key_prefix}_{key}": value for key, value in metrics.items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics


def token_losses(form: TokenForm, model: Any, inputs: Mapping[str, Tensor]) -> Tensor:
    """Return the loss of each target token of a batch, (B, K), 0 where there is none."""
    logits, labels = form.logits(model, inputs), inputs["labels"]
    losses = F.cross_entropy(
        logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED, reduction="none"
    )
    return losses.view_as(labels)
