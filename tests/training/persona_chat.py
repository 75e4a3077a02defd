"""A made-up corpus in PERSONA-CHAT's layout, with its alignment."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

FACTS = {
    "i am a nurse .": "i work as a nurse at night .",
    "i have a cat .": "my cat is asleep , i 've had it for long .".replace(" 've", "'ve"),
    "i live by the sea .": "from my window i see the sea .",
    "i bake bread .": "today i baked three loaves of bread .",
}
SMALL_TALK = ("hello there , how are you ?", "that sounds nice .", "what about you ?")


def write_corpus(folder: Path, split: str, dialogues: int) -> Path:
    """Write a corpus and its alignment; the latter in the opposite order."""
    draw = random.Random(split)
    lines, records = [], []
    for index in range(dialogues):
        personas = [draw.sample(list(FACTS), 2) for _ in ("own", "partner")]
        number = 0
        for side, persona in zip(("your persona", "partner's persona"), personas, strict=True):
            for sentence in persona:
                number += 1
                lines.append(f"{number} {side}: {sentence}")
        # The partner speaks first.
        said = [(1, draw.choice(SMALL_TALK)), (0, draw.choice(SMALL_TALK))]
        said += [
            (who, FACTS[fact])
            for pair in zip(*personas[::-1], strict=True)
            for who, fact in zip((1, 0), pair, strict=True)
        ]
        for (_, first), (_, second) in zip(said[::2], said[1::2], strict=True):
            number += 1
            lines.append(f"{number} {first}\t{second}")
        for turn, (who, text) in enumerate(said):
            rests_on = [s for s in personas[who] if FACTS[s] == text]
            records.append(
                {
                    "split": split,
                    "conversation": dialogues - 1 - index,
                    "turn": turn,
                    "utterance": text.replace("'ve", " have"),
                    "persona": [
                        {"side": ("your", "partner")[who], "sentence": s} for s in rests_on
                    ],
                }
            )
    path = folder / f"{split}_both_original_no_cands.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    alignment = folder / "utterance_persona_alignment.jsonl.gz"
    with gzip.open(alignment, "at", encoding="utf-8") as sink:
        sink.writelines(json.dumps(record) + "\n" for record in records)
    return path
