"""Decides what a message is: one of a few commands, or something to talk about.

Deliberately not a classifier. "My friends forget me" must never run the command that forgets, and
"help me" is a person asking for help, so only a whole message counts, and only an exact one, or one
of a few patterns that a person who talks does not meet.
"""

# ruff: noqa: ARG003  (Rasa creates every component with the same four arguments)
from __future__ import annotations

import re
import unicodedata
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import (
    ENTITIES,
    INTENT,
    INTENT_NAME_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message

CHAT = "chat"
UNKNOWN_COMMAND = "unknown_command"

# Longer than any command: normalising a very long message would be wasted work.
_LONGEST_COMMAND = 80
# Longer than what anybody corrects or describes; what is longer is talk.
_LONGEST_MATCH = 500
_SEPARATORS = re.compile(r"[\s_\-]+")
# What looks like a command or like Rasa's own "/intent@0.9{...}" and "/EXTERNAL: intent": a slash
# and one word. "/I can't go on" and "// I took them all" are a person talking, who must be heard.
_COMMAND_LIKE = re.compile(r"/[\s/]*(?:$|\w[\w\-]*\s*(?:$|[@{\[])|EXTERNAL\s*:)")


def normalise(text: str) -> str:
    """The form in which messages and commands are compared."""
    text = unicodedata.normalize("NFKC", text).casefold().strip().rstrip(".!? ")
    return _SEPARATORS.sub(" ", text.replace("\u2019", "'")).strip()


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class FreeTextRouter(GraphComponent, IntentClassifier):
    """Gives each message its intent: an exact command, `unknown_command` or `chat`."""

    def __init__(
        self, commands: dict[str, list[str]], patterns: dict[str, list[str]] | None = None
    ) -> None:
        """Takes of each command's intent the whole-message wordings, and patterns of messages."""
        self._intents = {
            normalise(wording): intent
            for intent, wordings in commands.items()
            for wording in wordings
        }
        self._patterns = [
            (re.compile(pattern, re.IGNORECASE | re.DOTALL), intent)
            for intent, of_intent in (patterns or {}).items()
            for pattern in of_intent
        ]

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> FreeTextRouter:
        """Creates the component from its section of config.yml."""
        return cls(config["commands"], config["patterns"])

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """No commands unless config.yml names them."""
        return {"commands": {}, "patterns": {}}

    def intent_of(self, text: str) -> str:
        """The intent of one message."""
        stripped = text.strip()
        if len(stripped) <= _LONGEST_COMMAND:
            intent = self._intents.get(normalise(stripped))
            if intent:
                return intent
        if len(stripped) <= _LONGEST_MATCH:
            for pattern, intent in self._patterns:
                if pattern.fullmatch(stripped):
                    return intent
        return UNKNOWN_COMMAND if _COMMAND_LIKE.match(stripped) else CHAT

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets the intent, and disarms text that Rasa would take for an intent of its own."""
        for message in messages:
            text = message.get(TEXT) or ""
            intent = {INTENT_NAME_KEY: self.intent_of(text), PREDICTED_CONFIDENCE_KEY: 1.0}
            message.set(INTENT, intent, add_to_output=True)
            message.set(ENTITIES, [], add_to_output=True)
            message.set(TEXT, _without_slash(text))
        return messages


def _without_slash(text: str) -> str:
    """`text` so that Rasa's RegexMessageHandler, which runs next, lets it pass.

    The handler would turn "/intent{"entity": ...}" from any client into that intent with those
    entities. The tracker keeps the message as it was written; only the parse data differ.
    """
    return re.sub(r"^[\s/]+", "", text) if text.lstrip().startswith("/") else text
