"""The action server as `python -m actions.server` runs it, with a generator that needs no model.

Files in the folder CONTROL_DIR steer it: it loads while `loading` is there, cannot load where
`load-error` is (its text is the reason), and works on a turn while `working` is there. The
seeker's words do the rest: see `FakeGenerator`.

torch is not imported, so that a test waits one second for a server and not six.
"""

from __future__ import annotations

import os
import sys
import time
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pal_model import GenerationTimeoutError, ModelLoadError, Reply, Strategy

CONTROL = Path(os.environ.get("CONTROL_DIR", "."))


class FakeGenerator:
    """Answers, or fails as the seeker's latest words say."""

    def reply(
        self, requests: Sequence[Any], options: Any = None, *, deadline: float | None = None
    ) -> list[Any]:
        if deadline is not None:
            (CONTROL / "turn-began").touch()
            _wait_while("working")
        return [self._reply(request) for request in requests]

    def forget(self) -> None:
        pass

    def _reply(self, request: Any) -> Any:
        said = request.conversation.seeker_utterances[-1]
        if "broken" in said:
            raise RuntimeError(f"cannot encode {said!r}")
        if "late" in said:
            raise GenerationTimeoutError(f"too late for {said!r}")
        if "unusable" in said:
            raise ModelLoadError(f"no model for {said!r}")
        alternatives = ()
        text = f"You told me this: {said}"
        if "unsafe" in said:
            text, alternatives = f"I am a licensed therapist. {said}", ("That sounds hard.",)
        probabilities = dict.fromkeys(Strategy, 0.125)
        return Reply(text, Strategy.QUESTION, 0.0, request.persona, probabilities, alternatives)


class HearsNothing:
    """Stands in for the risk classifier; the patterns are the real ones."""

    def load(self) -> None:
        """Need no model."""

    def assess(self, _text: str) -> Any:
        from actions.safety import NO_RISK

        return NO_RISK


def _wait_while(name: str) -> None:
    ends = time.monotonic() + 30
    while (CONTROL / name).exists() and time.monotonic() < ends:
        time.sleep(0.01)


def _load(settings: Any) -> FakeGenerator:
    _wait_while("loading")
    error = CONTROL / "load-error"
    if error.exists():
        raise ModelLoadError(error.read_text("utf-8"))
    return FakeGenerator()


def main() -> int:
    stand_in = types.ModuleType("pal_model.generator")
    stand_in.PalGenerator = FakeGenerator
    sys.modules["pal_model.generator"] = stand_in

    from actions import server, supporter
    from actions.safety import assessment

    assessment.shipped_classifier = HearsNothing
    supporter.load_generator_from_settings = _load
    return server.main()


if __name__ == "__main__":
    sys.exit(main())
