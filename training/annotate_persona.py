"""Make PESConv: `python -m training.annotate_persona --output PESConv.json`.

Runs a persona extractor over ESConv and writes, beside each utterance of a supporter, what was
known about the seeker by then: nothing before the third utterance, then more and more (PAL,
section 3.2 and Table 1). What is done is kept at once; a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from pal_model import PalError
from pal_model.persona_extractor import (
    EMBEDDED_EXTRACTOR,
    find_extractor,
    load_persona_extractor,
)
from training.annotation import keep_annotation
from training.predictions import drop_cut_line
from training.provenance import file_hash, folder_hashes, git_revision
from training.readers.esconv import PERSONA_KEY, SPLIT_FILE, find_esconv, read_esconv
from training.readers.records import CorpusError, read_json
from training.turn_personas import inferred_personas


def build_parser() -> argparse.ArgumentParser:
    """Return the options."""
    parser = argparse.ArgumentParser(
        prog="python -m training.annotate_persona",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--esconv", type=Path, help="ESConv.json; default: where it is found")
    parser.add_argument(
        "--extractor",
        default=EMBEDDED_EXTRACTOR,
        help="'embedded', 'rules', a folder or a hub name",
    )
    parser.add_argument("--device", help="of a model, such as cuda:0; default: the CPU")
    parser.add_argument("--output", type=Path, required=True)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Annotate; return the exit status."""
    options = build_parser().parse_args(arguments)
    try:
        annotate(options.esconv or find_esconv(), options.output, options.extractor, options.device)
    except (PalError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def annotate(esconv: Path, output: Path, extractor_name: str, device: str | None = None) -> None:
    """Write `output`, in ESConv's layout, with a manifest and the corpus's splits beside it.

    Raises:
        CorpusError: an unfinished run with other data or another extractor lies there, or the
            splits of another corpus.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    _keep_splits(esconv, output)
    manifest: dict[str, Any] = {
        "data": file_hash(esconv),
        "extractor": extractor_name,
        "extractor_files": folder_hashes(find_extractor(extractor_name)),
        "git_revision": git_revision(),
        "seed": None,  # nothing is drawn: rules and beams are deterministic
    }
    partial = output.with_name(output.name + ".partial")
    done = _resume(partial, manifest)
    conversations = list(read_esconv(esconv))
    extractor = load_persona_extractor(extractor_name, device=device)
    with partial.open("a", encoding="utf-8") as sink:
        for conversation in tqdm(conversations[len(done) :], unit=" conversations"):
            personas = inferred_personas(conversation, extractor)
            done.append({str(index): list(persona) for index, persona in personas.items()})
            sink.write(json.dumps(done[-1], ensure_ascii=False) + "\n")
            sink.flush()
    records = read_json(esconv)
    for record, personas_of_record in zip(records, done, strict=True):
        for index, persona in personas_of_record.items():
            record["dialog"][int(index)][PERSONA_KEY] = persona
    output.write_text(json.dumps(records, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    keep_annotation(output, manifest | {"conversations": len(records)})
    partial.unlink()


def _keep_splits(esconv: Path, output: Path) -> None:
    """Copy the splits, if there are any: they name the conversations of `output`, too."""
    splits, beside = esconv.with_name(SPLIT_FILE), output.with_name(SPLIT_FILE)
    if not splits.exists():
        return
    if not beside.exists():
        shutil.copyfile(splits, beside)
    elif beside.read_bytes() != splits.read_bytes():
        raise CorpusError(
            f"{beside} is not {splits}, which belongs to {esconv.name}. Delete it, or name another "
            "folder by --output."
        )


def _resume(partial: Path, manifest: dict[str, Any]) -> list[dict[str, list[str]]]:
    """Return what an earlier run with the same manifest has done; begin one where there is none."""
    drop_cut_line(partial)
    if not partial.exists() or not partial.stat().st_size:
        partial.write_text(json.dumps(manifest) + "\n", encoding="utf-8")
        return []
    first, *lines = partial.read_text(encoding="utf-8").splitlines()
    for name, value in json.loads(first).items():
        if name != "git_revision" and value != manifest[name]:
            raise CorpusError(
                f"{partial} was begun with {name} {value!r}, and this run has {manifest[name]!r}. "
                "Delete it to begin anew, or go on with what it was begun with."
            )
    return [json.loads(line) for line in lines]


if __name__ == "__main__":
    sys.exit(main())
