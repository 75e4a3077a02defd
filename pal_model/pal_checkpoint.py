"""Loading PAL's models: a trained one, or a backbone to start from."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from transformers import AutoConfig

from pal_model.errors import ModelLoadError


class PalCheckpointMixin:
    """Tells PAL's checkpoints from those of its backbone; comes before the model's own class."""

    backbone_type: ClassVar[str]
    """Type of the models that PAL can be started from, as their configuration names it."""

    @classmethod
    def from_pretrained(cls, name_or_path: Any, *args: Any, **kwargs: Any) -> Any:
        """Load a checkpoint of PAL, as transformers loads any.

        Raises:
            ModelLoadError: it is a checkpoint without PAL's weights.
        """
        wants_info = kwargs.pop("output_loading_info", False)
        parent: Any = super()
        model, info = parent.from_pretrained(
            name_or_path, *args, output_loading_info=True, **kwargs
        )
        missing = [key for key in info["missing_keys"] if "fusion." in key]
        if missing:
            raise ModelLoadError(
                f"{str(name_or_path)!r} holds no weights of PAL: {', '.join(sorted(missing))} are "
                "missing. Name a checkpoint of PAL, or start one with "
                f"{cls.__name__}.from_backbone."
            )
        return (model, info) if wants_info else model

    @classmethod
    def from_backbone(cls, name_or_path: Any, **kwargs: Any) -> Self:
        """Start training: load the weights of a backbone and add what PAL needs, untrained.

        Raises:
            ModelLoadError: the model is of another type.
        """
        found = AutoConfig.from_pretrained(name_or_path).model_type
        if found != cls.backbone_type:
            raise ModelLoadError(
                f"{str(name_or_path)!r} is a model of type {found!r}; this PAL starts from one of "
                f"type {cls.backbone_type!r}. Name such a model."
            )
        model_class: Any = cls
        config = model_class.config_class.from_pretrained(name_or_path)
        parent: Any = super()
        model: Self = parent.from_pretrained(name_or_path, config=config, **kwargs)
        return model
