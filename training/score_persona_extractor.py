"""What a persona extractor is worth: `python -m training.score_persona_extractor rules FOLDER ...`.

Each speaker's utterances are read one at a time, as when served, and what is written is compared
with what Dialogue NLI says that they support. Two ways of comparing, for each has its weakness:

- by meaning: a sentence that was written is right where its embedding is near that of a sentence
  that some utterance of the speaker supports; recall is the share of these that were met;
- by alignment: a sentence counts as that sentence of the speaker's whole persona which it is
  nearest to, and is right where Dialogue NLI's triples tie that one to the very utterance that it
  was written from. Nobody annotated what the persona leaves out, so this precision is a lower
  bound.

And the share of sentences that none of the speaker's utterances supports, by embeddings; beside it
the same of pairs that are known to be supported, and of pairs that are known not to be; and of the
utterances that support nothing the share to which something was written (`needless`).

With `--annotated PART`, utterances of ESConv are read (see `training.annotated_personas`), whose
sentences leave nothing out; they are compared by meaning.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tqdm import tqdm

from pal_model import PalError, PersonaExtractor
from pal_model.persona_extractor import extract_each, load_persona_extractor
from training.annotated_personas import read_annotated
from training.arguments import positive
from training.persona_examples import SpeakerTurns, find_persona_chat, read_speakers
from training.readers.esconv import find_esconv
from training.sentence_encoder import PACKAGED, SentenceEncoder

SAME = 0.6
"""Cosine from which on two sentences count as the same."""

SUPPORT = 0.4
"""Cosine from which on an utterance counts as support for a sentence."""

Written = Sequence[Sequence[str]]
"""The sentences that were written to each utterance of a speaker."""


@dataclass(slots=True)
class Share:
    """How many of how many."""

    hits: int = 0
    count: int = 0

    def add(self, outcomes: Iterable[bool]) -> None:
        """Count `outcomes`."""
        for outcome in outcomes:
            self.hits += outcome
            self.count += 1

    @property
    def value(self) -> float | None:
        """The share; None of nothing."""
        return self.hits / self.count if self.count else None


@dataclass(slots=True)
class ExtractorScore:
    """Sums over speakers."""

    precision_by_meaning: Share = field(default_factory=Share)
    recall_by_meaning: Share = field(default_factory=Share)
    precision_by_alignment: Share = field(default_factory=Share)
    recall_by_alignment: Share = field(default_factory=Share)
    unsupported: Share = field(default_factory=Share)
    unsupported_of_aligned: Share = field(default_factory=Share)
    unsupported_of_strangers: Share = field(default_factory=Share)
    needless: Share = field(default_factory=Share)

    def add(
        self,
        encoder: SentenceEncoder,
        speaker: SpeakerTurns,
        written: Written,
        stranger: SpeakerTurns,
        *,
        by_alignment: bool = True,
    ) -> None:
        """Add a speaker.

        Args:
            encoder: measures what is near.
            speaker: what they said and what that supports.
            written: what the extractor wrote to each utterance.
            stranger: another speaker, whose persona the utterances do not support.
            by_alignment: whether there are sentences in the persona that an utterance could be
                tied to wrongly.
        """
        said = speaker.utterances
        references = sorted({s for of_one in speaker.supported for s in of_one})
        sentences = sorted({s for of_one in written for s in of_one})
        persona = _whole_persona(speaker)
        encoder.embed([*said, *sentences, *persona, *stranger.persona])  # all in one batch
        self.precision_by_meaning.add(_are_near(encoder, sentences, references, SAME))
        self.recall_by_meaning.add(_are_near(encoder, references, sentences, SAME))
        for share, claims in (
            (self.unsupported, sentences),
            (self.unsupported_of_aligned, references),
            (self.unsupported_of_strangers, stranger.persona),
        ):
            share.add(not near for near in _are_near(encoder, claims, said, SUPPORT))
        self.needless.add(
            bool(of_one)
            for of_one, expected in zip(written, speaker.supported, strict=True)
            if not expected
        )
        if by_alignment:
            self._add_alignment(encoder, speaker, written, persona)

    def _add_alignment(
        self,
        encoder: SentenceEncoder,
        speaker: SpeakerTurns,
        written: Written,
        persona: Sequence[str],
    ) -> None:
        for sentences, supported in zip(written, speaker.supported, strict=True):
            nearest: list[str] = []
            if sentences and persona:
                cosines = encoder.similarities(list(sentences), persona)
                nearest = [persona[index] for index in cosines.argmax(dim=1).tolist()]
            self.precision_by_alignment.add(sentence in supported for sentence in nearest)
            self.recall_by_alignment.add(sentence in nearest for sentence in supported)

    def report(self) -> dict[str, float | int | None]:
        """Return the shares, and of how many they are."""
        result: dict[str, float | int | None] = {}
        for name, share in asdict(self).items():
            result[name] = share["hits"] / share["count"] if share["count"] else None
            result[f"{name}_n"] = share["count"]
        return result


def _whole_persona(speaker: SpeakerTurns) -> list[str]:
    """Return all sentences; those that the alignment has too, in its words: it writes contractions
    out.
    """
    supported = {s for of_one in speaker.supported for s in of_one}
    return sorted(supported.union(speaker.persona))


def _are_near(
    encoder: SentenceEncoder, sentences: Sequence[str], others: Sequence[str], cosine: float
) -> list[bool]:
    """Return of each of `sentences` whether it is as near as `cosine` to any of `others`."""
    if not sentences or not others:
        return [False] * len(sentences)
    best = encoder.similarities(sentences, others).max(dim=1).values
    return [value >= cosine for value in best.tolist()]


def write_all(extractor: PersonaExtractor, speaker: SpeakerTurns) -> list[list[str]]:
    """Return what `extractor` writes to each utterance of `speaker`, read by itself."""
    return [list(p) for p in extract_each(extractor, [[u] for u in speaker.utterances])]


def build_parser() -> argparse.ArgumentParser:
    """Return the options."""
    parser = argparse.ArgumentParser(
        prog="python -m training.score_persona_extractor",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("extractors", nargs="+", help="'embedded', 'rules', folders, hub names")
    parser.add_argument(
        "--file",
        type=Path,
        default=Path("test_both_original_no_cands.txt"),
        help="of PERSONA-CHAT, with its alignment beside it",
    )
    parser.add_argument("--dialogues", type=positive, help="so many, drawn at random; default: all")
    parser.add_argument(
        "--annotated", choices=("valid", "test"), help="a part of ESConv, instead of PERSONA-CHAT"
    )
    parser.add_argument("--seed", type=int, default=13, help="of what is drawn")
    parser.add_argument("--encoder", default=PACKAGED, help="of sentences; a folder or hub name")
    parser.add_argument("--device", help="of the extractor, such as cuda:0")
    return parser


def _speakers(options: argparse.Namespace) -> list[SpeakerTurns]:
    if options.annotated is not None:
        return read_annotated(find_esconv(), "pal", options.annotated)
    speakers = read_speakers(find_persona_chat(options.file), "supported")
    dialogues = list(zip(speakers[::2], speakers[1::2], strict=True))
    random.Random(options.seed).shuffle(dialogues)  # noqa: S311  (repeatable, no secret)
    return [speaker for both in dialogues[: options.dialogues] for speaker in both]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each extractor; print a JSON line for each."""
    options = build_parser().parse_args(arguments)
    try:
        chosen = _speakers(options)
        encoder = SentenceEncoder(options.encoder)
        for name in options.extractors:
            extractor = load_persona_extractor(name, device=options.device)
            score = ExtractorScore()
            for index, speaker in enumerate(tqdm(chosen, desc=name, file=sys.stderr)):
                stranger = chosen[(index + 2) % len(chosen)]
                written = write_all(extractor, speaker)
                by_alignment = options.annotated is None
                score.add(encoder, speaker, written, stranger, by_alignment=by_alignment)
            facts = {"extractor": name, "speakers": len(chosen), "encoder": encoder.name}
            print(json.dumps(facts | score.report()), flush=True)
    except (PalError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
