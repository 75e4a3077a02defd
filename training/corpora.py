"""The public corpora: where each file is published, and how it is told from any other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

_ESCONV = "https://raw.githubusercontent.com/thu-coai/Emotional-Support-Conversation/main"
_ESCONV_HUB = "https://huggingface.co/datasets/thu-coai/esconv/resolve/main"
_SYNTHETIC = "https://huggingface.co/datasets/google/Synthetic-Persona-Chat/resolve/main/data"
_PARLAI = "http://parl.ai/downloads"

CC_BY_NC = "CC BY-NC 4.0"
CC_BY = "CC BY 4.0"


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """A file of a corpus.

    Attributes:
        path: in the folder of corpora.
        url: where it, or the archive that holds it, is published.
        licence: that its publishers state.
        sha256: of what is downloaded; None where nobody has stated it yet.
        member: name of the file in the archive; None where it is published as it is.
        members: of an archive that is converted: the files of each part.
    """

    path: PurePosixPath
    url: str
    licence: str
    sha256: str | None = None
    member: str | None = None
    members: tuple[tuple[str, str], ...] = ()


def _file(path: str, url: str, licence: str, sha256: str | None = None) -> CorpusFile:
    return CorpusFile(PurePosixPath(path), url, licence, sha256)


def _persona_chat(archive: str, sha256: str | None, name: str) -> CorpusFile:
    folder = archive.partition("/")[0]
    return CorpusFile(
        PurePosixPath("personachat", name),
        f"{_PARLAI}/{archive}",
        CC_BY,
        sha256,
        member=name if folder == "convai2" else f"{folder}/{name}",
    )


_CONVAI2 = (
    "convai2/convai2_fix_723.tgz",
    "d0ae89defe2fd0b0a4221eaa642a457d7d40cef475f54798119c7f3b8dd9361d",
)

CORPORA: dict[str, tuple[CorpusFile, ...]] = {
    "esconv": (
        _file(
            "esconv/ESConv.json",
            f"{_ESCONV}/ESConv.json",
            CC_BY_NC,
            "2e20cc06ae80e28fd9f8e5eb6c1e294d2b51bb1432c160af4b22e4ad557378af",
        ),
        _file(
            "esconv/FailedESConv.json",
            f"{_ESCONV}/FailedESConv.json",
            CC_BY_NC,
            "e6a4b9bb4d2f1061b688a021904038cff2c9fb40c6c1a5db3bf648a565eeb999",
        ),
    ),
    "esconv_hub": tuple(
        _file(f"esconv_hub/{part}.txt", f"{_ESCONV_HUB}/{part}.txt", CC_BY_NC)
        for part in ("train", "valid", "test")
    ),
    "personachat": (
        _persona_chat(*_CONVAI2, "train_both_original_no_cands.txt"),
        _persona_chat(*_CONVAI2, "valid_both_original_no_cands.txt"),
        _persona_chat("personachat/personachat.tgz", None, "test_both_original.txt"),
    ),
    "synthetic_persona_chat": (
        _file(
            "synthetic_persona_chat/Synthetic-Persona-Chat_train.csv",
            f"{_SYNTHETIC}/Synthetic-Persona-Chat_train.csv",
            CC_BY,
        ),
        _file(
            "synthetic_persona_chat/Synthetic-Persona-Chat_valid.csv",
            f"{_SYNTHETIC}/Synthetic-Persona-Chat_valid.csv",
            CC_BY,
            "e8128d2b7b0eed8064715cb1d71cdd241a3fa28ddf6fb80ece5c8156c1fd819d",
        ),
        _file(
            "synthetic_persona_chat/Synthetic-Persona-Chat_test.csv",
            f"{_SYNTHETIC}/Synthetic-Persona-Chat_test.csv",
            CC_BY,
            "92826f61ea0b90c80bdb45d9c3ecd9f92800ca73fc351ad1d0160a9fabc1676d",
        ),
    ),
    "empathetic_dialogues": (
        CorpusFile(
            PurePosixPath("empathetic_dialogues/empathetic_dialogues.jsonl.gz"),
            f"{_PARLAI}/empatheticdialogues/empatheticdialogues.tar.gz",
            CC_BY_NC,
            "240c492cb6199a315722f716bfcc14f13ea6605f1cec67349153b606be92f6f2",
            members=tuple(
                (part, f"empatheticdialogues/{part}.csv") for part in ("train", "valid", "test")
            ),
        ),
    ),
}
"""By the names under which they are asked for."""

NOT_FETCHED = {
    "PESConv": "it is made: python -m training.annotate_persona --output PESConv.json",
    "the alignment of PERSONA-CHAT's utterances and personas": (
        "nobody publishes it in one file; recipes with data.targets=all need none. It is derived "
        "from Dialogue NLI, https://wellecks.com/dialogue_nli"
    ),
    "DailyDialog": (
        "its own site gives the text without speakers, and copies differ; no recipe needs it. See "
        "http://yanran.li/dailydialog and training/readers/daily_dialog.py for the layout"
    ),
}
"""What `training.fetch_data` cannot get, and what to do instead."""
