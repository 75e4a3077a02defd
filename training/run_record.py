"""What a run has cost and measured so far: kept beside each checkpoint, for who goes on from it."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerState, TrainingArguments
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from training.manifest import write_json

_FILE = "run_record.json"


@dataclass(slots=True)
class RunRecord:
    """What the Trainer forgets of a run that was stopped.

    Attributes:
        revisions: of the code, one for each time that the run began or went on.
        validation_before: what was measured before the first step.
        seconds: that the steps until the last checkpoint took; None where that is not known.
    """

    revisions: list[str]
    validation_before: dict[str, float] | None = None
    seconds: float | None = 0.0

    @classmethod
    def of(cls, checkpoint: str, revision: str) -> RunRecord:
        """Return what a run goes on with: all but the revision unknown without the file."""
        file = Path(checkpoint) / _FILE
        if not file.exists():
            return cls(["unknown", revision], seconds=None)
        record = cls(**json.loads(file.read_text(encoding="utf-8")))
        record.revisions.append(revision)
        return record

    def after(self, seconds: float) -> float | None:
        """Return what the run took, with `seconds` since it went on."""
        return None if self.seconds is None else self.seconds + seconds

    def facts(self, seconds: float) -> dict[str, Any]:
        """Return what is written beside a result; `seconds` as for `after`."""
        first, *later = self.revisions
        took = self.after(seconds)
        facts: dict[str, Any] = {"git_revision": first}
        if later:
            facts["resumed_with"] = later
        if took is not None:
            facts["seconds"] = round(took)
        return facts | {"validation_before": self.validation_before}


class KeepRecord(TrainerCallback):
    """Writes a record into every checkpoint."""

    def __init__(self, record: RunRecord) -> None:
        """Keep `record`."""
        self._record = record
        self._begun = 0.0

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        """Start the clock."""
        self._begun = time.monotonic()

    def on_save(self, args: TrainingArguments, state: TrainerState, *_: Any, **__: Any) -> None:
        """Write the record, with the time until now."""
        if state.is_world_process_zero and args.output_dir is not None:
            folder = Path(args.output_dir) / f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}"
            took = self._record.after(time.monotonic() - self._begun)
            write_json(folder / _FILE, asdict(self._record) | {"seconds": took})
