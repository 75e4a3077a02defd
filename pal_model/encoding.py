r"""Conversation and persona -> token ids: the only home of the text format.

A prompt is a sequence of chat turns, each `<|im_start|>role\ntext<|im_end|>\n`:

    fixed part     the instruction and one example for each strategy
    persona        a system turn with the persona sentences (left out in the history-only branch);
                   read on its own, or as part of the prompt (`PalConfig.persona_form`)
    history        the seeker speaks as `user`, the supporter as `assistant`; what the supporter
                   says begins with its strategy: `[Question] What happened?` (PAL, Eq. 5), but
                   for a zero-shot model, where only the examples do
    cue            `<|im_start|>assistant\n[`, so that the next token names a strategy
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pal_model.configuration import PalConfig
from pal_model.conversation import Conversation, Speaker, Utterance
from pal_model.errors import ModelLoadError
from pal_model.persona import Persona
from pal_model.prompt import (
    EXAMPLES,
    INSTRUCTION,
    NEUTRAL_MESSAGE,
    OPENERS,
    ORDINARY_CONVERSATIONS,
    PERSONA_LEAD,
)
from pal_model.strategy import Strategy

TURN_START, TURN_END = "<|im_start|>", "<|im_end|>"

_LONGEST_TEXT = 8_000
"""Characters of one utterance that are read at most, the last ones: far more than the history
budget holds, far less than would keep the tokenizer busy."""

_STRIDES = 4
"""Into so many parts the history's budget is divided; when it is exceeded, one of them goes."""

TokenIds = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PalInputs:
    """Token ids of one turn after the fixed part: the two inputs of Eq. 1, and the cue."""

    persona_ids: TokenIds
    history_ids: TokenIds
    cue_ids: TokenIds

    @property
    def with_persona(self) -> TokenIds:
        """Ids of the branch that sees the persona, as one prompt."""
        return self.persona_ids + self.history_ids + self.cue_ids

    @property
    def history_only(self) -> TokenIds:
        """Ids of the branch that does not."""
        return self.history_ids + self.cue_ids


def plain_text(text: str) -> str:
    """Return `text` as one line that cannot be mistaken for the format: no control characters, no
    turn markers, single spaces; the end of it where it is very long.
    """
    text = text[-_LONGEST_TEXT:]
    is_plain = text.isascii() and text.isprintable()  # as most are; the rest is slow
    if not is_plain:
        text = unicodedata.normalize("NFC", text)
    for marker in (TURN_START, TURN_END, "<|endoftext|>"):
        text = text.replace(marker, " ")
    if not is_plain:
        text = "".join(
            c if unicodedata.category(c)[0] != "C" or c == "\u200d" else " " for c in text
        )
    return " ".join(text.split())


class Encoder:
    """Turns conversations into token ids for one tokenizer."""

    def __init__(self, tokenizer: Any, config: PalConfig) -> None:
        """Check that `tokenizer` knows the turn markers and tells the strategies apart.

        Raises:
            ModelLoadError: it does not.
        """
        self._tokenizer = tokenizer
        self._config = config
        self._start = self._marker(TURN_START)
        self._end = self._marker(TURN_END)
        # A line break ends a response too: what follows it is a new paragraph or an invented turn.
        self._line_break = self._ids("\n")
        self._cue_ids = (self._start, *self._ids("assistant\n["))
        self.end_ids: TokenIds = (self._end, *self._line_break[:1])
        self.fixed_ids: TokenIds = self._fixed_ids() if config.zero_shot else ()
        self.strategy_ids = {s: self._ids(f"[{s.value}]")[1:] for s in Strategy}
        if len(self.first_strategy_ids) != len(Strategy):
            raise ModelLoadError(
                "This tokenizer begins two strategy names with the same token, so the next token "
                "cannot name a strategy. Use a model whose tokenizer tells them apart."
            )

    @property
    def first_strategy_ids(self) -> dict[int, Strategy]:
        """The token after the cue that names each strategy."""
        return {ids[0]: strategy for strategy, ids in self.strategy_ids.items()}

    def encode_inputs(self, conversation: Conversation, persona: Persona) -> PalInputs:
        """Encode one turn; what exceeds the configuration's budgets is left out, oldest first."""
        return PalInputs(
            persona_ids=self._persona_ids(persona),
            history_ids=self._history_ids(conversation.utterances),
            cue_ids=self._cue_ids,
        )

    def encode_response(self, strategy: Strategy, response: str) -> TokenIds:
        """Encode what follows the cue: a strategy's name, the response and its end (Eq. 5)."""
        text = self._ids(f" {plain_text(response)}")
        return (*self.strategy_ids[strategy], *text, self._end)

    def calibration_inputs(self) -> list[PalInputs]:
        """Encode ordinary turns of all kinds, to calibrate the choice of a strategy."""
        conversations = (Conversation(utterances) for utterances in ORDINARY_CONVERSATIONS)
        return [self.encode_inputs(conversation, Persona()) for conversation in conversations]

    def neutral_inputs(self) -> PalInputs:
        """Encode a turn in which the seeker has said nothing yet."""
        return self.encode_inputs(Conversation((NEUTRAL_MESSAGE,)), Persona())

    def openers(self, strategy: Strategy) -> list[TokenIds]:
        """Encode the ways in which a reply of `strategy` may begin; none for a trained model."""
        if not self._config.zero_shot:
            return []
        return [self._ids(f" {opener}") for opener in OPENERS[strategy]]

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of generated `ids`."""
        text: str = self._tokenizer.decode(list(ids), skip_special_tokens=True)
        return text

    def _fixed_ids(self) -> TokenIds:
        return self._turn("system", INSTRUCTION) + self._turns(EXAMPLES)

    def _persona_ids(self, persona: Persona) -> TokenIds:
        budget = self._config.max_persona_tokens
        sentences = [plain_text(sentence) for sentence in persona]
        lengths = map(len, self._ids_of_each([f" {sentence}" for sentence in sentences]))
        kept: list[str] = []
        for sentence, length in reversed(list(zip(sentences, lengths, strict=True))):
            budget -= length
            if budget < 0:
                break
            kept.insert(0, sentence)
        return self._turn("system", " ".join([PERSONA_LEAD, *kept])) if kept else ()

    def _history_ids(self, utterances: Sequence[Utterance]) -> TokenIds:
        if self._config.zero_shot:
            # Untrained, a model names the strategy that it named last, and then never another.
            utterances = [Utterance(u.speaker, u.text) for u in utterances]
        budget = self._config.max_history_tokens
        spoken = list(_merged_turns(utterances))
        turns = self._turn_of_each(spoken)
        # Left out in strides: where the kept part begins stays the same for some turns, so that
        # what was read of it can be used again.
        stride = max(1, budget // _STRIDES)
        excess = sum(map(len, turns)) - budget
        to_leave_out = -(-excess // stride) * stride
        left_out = 0
        while to_leave_out > left_out and len(turns) > 1:
            left_out += len(turns.pop(0))
        if turns and len(turns[0]) > budget:
            # The latest turn alone is too long: its end is what is answered.
            turns = [self._truncated_turn(*spoken[-1], budget)]
        return tuple(itertools.chain.from_iterable(turns))

    def _truncated_turn(self, role: str, text: str, budget: int) -> TokenIds:
        overhead = len(self._turn(role, ""))
        kept = self._ids(text)[-max(1, budget - overhead) :]
        return self._turn(role, self.decode(kept).strip("\ufffd "))

    def _turns(self, utterances: Iterable[Utterance]) -> TokenIds:
        encoded = self._turn_of_each(list(_merged_turns(utterances)))
        return tuple(itertools.chain.from_iterable(encoded))

    def _turn(self, role: str, text: str) -> TokenIds:
        [turn] = self._turn_of_each([(role, text)])
        return turn

    def _turn_of_each(self, spoken: Sequence[tuple[str, str]]) -> list[TokenIds]:
        """Encode turns, each a role and a text."""
        encoded = self._ids_of_each([f"{role}\n{text}" for role, text in spoken])
        return [(self._start, *ids, self._end, *self._line_break) for ids in encoded]

    def _ids(self, text: str) -> TokenIds:
        [ids] = self._ids_of_each([text])
        return ids

    def _ids_of_each(self, texts: Sequence[str]) -> list[TokenIds]:
        """Encode texts; a call of the tokenizer costs more than most of them."""
        if not texts:
            return []
        encoded = self._tokenizer(list(texts), add_special_tokens=False).input_ids
        return [tuple(ids) for ids in encoded]

    def _marker(self, marker: str) -> int:
        ids = self._ids(marker)
        if len(ids) != 1:
            raise ModelLoadError(
                f"This tokenizer has no token {marker!r}; the text format needs it. "
                "Use a chat model of the ChatML family, such as SmolLM2-Instruct."
            )
        return ids[0]


def _merged_turns(utterances: Iterable[Utterance]) -> Iterable[tuple[str, str]]:
    """Yield (role, text), what one speaker says in a row made one turn; empty texts vanish."""
    spoken = ((u.speaker, _with_strategy(u)) for u in utterances)
    kept = (item for item in spoken if item[1])
    for speaker, items in itertools.groupby(kept, key=lambda item: item[0]):
        yield "user" if speaker is Speaker.SEEKER else "assistant", " ".join(t for _, t in items)


def _with_strategy(utterance: Utterance) -> str:
    text = plain_text(utterance.text)
    return f"[{utterance.strategy.value}] {text}" if text and utterance.strategy else text
