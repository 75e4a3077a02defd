"""Hugging Face's Trainer on packed rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import Dataset
from transformers import Trainer

from training.packing import IGNORED, PackedRow, collate


class PackedRows(Dataset[dict[str, Any]]):
    """Rows that are there already; their ids stand where Trainer looks for an item's length."""

    def __init__(self, rows: Sequence[PackedRow]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        row = self._rows[index]
        return {"input_ids": row.ids, "row": row}


def collate_items(items: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
    """Return a batch of items of `PackedRows` (see `collate`)."""
    return collate([item["row"] for item in items])


class PackedTrainer(Trainer):
    """Minimises the mean loss of a step's target tokens (Eq. 5), however rows share them out."""

    def __init__(self, **kwargs: Any) -> None:
        """As `Trainer`, but that batches are made by `collate_items`."""
        super().__init__(data_collator=collate_items, **kwargs)
        self.model_accepts_loss_kwargs = True  # `compute_loss` divides by the step's tokens itself

    def compute_loss(
        self,
        model: Any,
        inputs: Mapping[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """Return the loss of a batch: its sum over `num_items_in_batch`, or the batch's mean."""
        losses, labels = token_losses(model, inputs)
        count = (labels != IGNORED).sum() if num_items_in_batch is None else num_items_in_batch
        loss = losses.sum() / count
        if num_items_in_batch is not None and self.args.average_tokens_across_devices:
            loss = loss * self.accelerator.num_processes
        return (loss, {"loss": loss}) if return_outputs else loss

    def evaluate(
        self,
        eval_dataset: Any = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> dict[str, float]:
        """Return the loss a token over the whole set, and of names and responses apart."""
        del ignore_keys
        loader = self.get_eval_dataloader(eval_dataset)
        model: Any = self._wrap_model(cast(Any, self.model), training=False)
        model.eval()
        totals = torch.zeros(4, dtype=torch.float64, device=self.args.device)
        for batch in loader:
            with torch.inference_mode(), self.compute_loss_context_manager():
                inputs = self._prepare_inputs(batch)
                losses, labels = token_losses(model, inputs)
            is_target, is_name = labels != IGNORED, inputs["is_name"]
            for index, kept in enumerate((is_name, is_target & ~is_name)):
                totals[2 * index] += losses[kept].sum()
                totals[2 * index + 1] += kept.sum()
        totals = self.accelerator.reduce(totals, reduction="sum")
        name, names, text, texts = totals.tolist()
        metrics = {
            "loss": (name + text) / (names + texts),
            "response_loss": text / texts,
            "response_perplexity": math.exp(text / texts),
            "name_loss": name / names,
        }
        metrics = {f"{metric_key_prefix}_{key}": value for key, value in metrics.items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics


def target_logits(model: Any, inputs: Mapping[str, Tensor]) -> Tensor:
    """Return the logits that predict the labels of a batch of `collate`, (B, K, V)."""
    logits: Tensor = model(
        input_ids=inputs["input_ids"],
        attention_mask=inputs["attention_mask"],
        position_ids=inputs["position_ids"],
        use_cache=False,
        logits_to_keep=inputs["labels"].shape[1],
    ).logits
    return logits


def token_losses(model: Any, inputs: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Return the loss of each of the last K tokens, (B, K), 0 where there is none, and labels."""
    logits, labels = target_logits(model, inputs), inputs["labels"]
    losses = F.cross_entropy(
        logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED, reduction="none"
    )
    return losses.view_as(labels), labels
