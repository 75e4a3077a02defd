r"""Conversation and persona -> token ids for encoder-decoders: the only home of their text format.

history     the utterances, each after its speaker, with the tokenizer's end token between them:
            `Persona: I can't sleep`, `System: [Question] Since when?`. The labels are those of
            the published code, so that its checkpoints read what they were trained on
persona     the persona sentences, with the end token between them
response    a strategy's token, the text, the end token (Eq. 5)
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

from pal_model.configuration import PalConfig
from pal_model.conversation import Conversation, Speaker, Utterance
from pal_model.encoding import PalInputs, TokenIds, plain_text
from pal_model.errors import ModelLoadError
from pal_model.persona import Persona
from pal_model.strategy import Strategy

_LABELS = {Speaker.SEEKER: "Persona:", Speaker.SUPPORTER: "System:"}
_STRATEGY_TOKENS = {strategy: f"[{strategy.value}]" for strategy in Strategy}
_SPACE_BEFORE_MARK = re.compile(r" +(?=[.,!?;:)])")
_SPACES_AROUND_APOSTROPHE = re.compile(r"(?<=\w) +(['’]) +(?=(?:s|m|t|d|re|ve|ll)\b)")
_LONE_I = re.compile(r"\bi\b")


def add_strategy_tokens(model: Any, tokenizer: Any) -> None:
    """Give each strategy a token of its own and `model` the embeddings for them, untrained.

    The strategies get the ids behind the vocabulary, in the order of `Strategy`.
    """
    tokenizer.add_tokens(list(_STRATEGY_TOKENS.values()), special_tokens=True)
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        model.resize_token_embeddings(len(tokenizer), mean_resizing=False)


class Seq2SeqEncoder:
    """Turns conversations into token ids for one encoder-decoder."""

    def __init__(self, tokenizer: Any, config: PalConfig, positions: int) -> None:
        """Check that `tokenizer` has a token for each strategy.

        Args:
            tokenizer: the model's.
            config: its budgets, which `positions` bounds.
            positions: number of tokens that the model's encoder can read.

        Raises:
            ModelLoadError: a strategy, or the end of an utterance, has no token.
        """
        self._tokenizer = tokenizer
        self._max_history = min(config.max_history_tokens, positions)
        self._max_persona = min(config.max_persona_tokens, positions)
        if tokenizer.eos_token_id is None:
            raise ModelLoadError(
                "This tokenizer has no end token, which separates utterances. Use the one that "
                "the model was trained with."
            )
        self._end: int = tokenizer.eos_token_id
        self.end_ids: TokenIds = (self._end,)
        self.strategy_ids = {strategy: self._strategy_id(strategy) for strategy in Strategy}

    def encode_inputs(self, conversation: Conversation, persona: Persona) -> PalInputs:
        """Encode one turn; what exceeds the budgets is left out, oldest first. There is no cue."""
        spoken = [self._utterance(utterance) for utterance in conversation.utterances]
        known = [self._ids(plain_text(sentence)) for sentence in persona]
        return PalInputs(
            persona_ids=self._latest(known, self._max_persona),
            history_ids=self._latest(spoken, self._max_history) or (self._end,),
            cue_ids=(),
        )

    def encode_response(self, strategy: Strategy, response: str) -> TokenIds:
        """Encode what the model is trained to write."""
        return (self.strategy_ids[strategy], *self._ids(plain_text(response)), self._end)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of generated `ids`; BlenderbotSmall's is lower case, with spaces before
        marks, which are taken out.
        """
        text: str = self._tokenizer.decode(
            list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        text = _SPACES_AROUND_APOSTROPHE.sub(r"\1", _SPACE_BEFORE_MARK.sub("", text))
        return _LONE_I.sub("I", text)

    def _utterance(self, utterance: Utterance) -> TokenIds:
        label = self._ids(_LABELS[utterance.speaker])
        name = (self.strategy_ids[utterance.strategy],) if utterance.strategy else ()
        return (*label, *name, *self._ids(plain_text(utterance.text)))

    def _latest(self, parts: Sequence[TokenIds], budget: int) -> TokenIds:
        """Join the last of `parts` that fit, an end token between them; of a part that is too long
        by itself, keep the end.
        """
        room = budget
        kept: list[TokenIds] = []
        for part in reversed(parts):
            room -= len(part) + bool(kept)
            if room < 0:
                break
            kept.insert(0, part)
        if parts and not kept:
            return parts[-1][-budget:]
        separated = ((self._end, *part) if index else part for index, part in enumerate(kept))
        return tuple(itertools.chain.from_iterable(separated))

    def _ids(self, text: str) -> TokenIds:
        return tuple(self._tokenizer(text, add_special_tokens=False).input_ids)

    def _strategy_id(self, strategy: Strategy) -> int:
        token = _STRATEGY_TOKENS[strategy]
        ids = self._ids(token)
        if len(ids) != 1 or ids[0] == self._tokenizer.unk_token_id:
            raise ModelLoadError(
                f"This tokenizer has no token {token!r}; each strategy needs one (PAL, Eq. 5). "
                "Use the tokenizer that the model was trained with, or add them before training "
                "with pal_model.seq2seq_encoding.add_strategy_tokens."
            )
        return ids[0]
