"""The exceptions that `pal_model` raises on purpose.

PalError
├── InvalidConversationError   input that is not a conversation in the expected layout
├── UnknownStrategyError       a name that is none of the eight ESConv strategies
├── ModelLoadError             a checkpoint that is missing, damaged or of another kind
├── ModelInputError            tensors or settings that a model cannot work with
└── GenerationError
    └── GenerationTimeoutError a reply that was not finished by its deadline
"""


class PalError(Exception):
    """Base class: catch it to handle everything that this package raises on purpose."""


class InvalidConversationError(PalError, ValueError):
    """Input that is not a conversation in the expected layout."""


class UnknownStrategyError(PalError, ValueError):
    """A name that is none of the eight ESConv strategies."""


class ModelLoadError(PalError):
    """A checkpoint that is missing, damaged or of another kind."""


class ModelInputError(PalError, ValueError):
    """Tensors or settings that a model cannot work with."""


class GenerationError(PalError):
    """A reply could not be generated."""


class GenerationTimeoutError(GenerationError, TimeoutError):
    """A reply was not finished by its deadline."""
