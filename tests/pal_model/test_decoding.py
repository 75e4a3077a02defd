from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from transformers import NoRepeatNGramLogitsProcessor, TopPLogitsWarper

from pal_model import GenerationOptions, GenerationTimeoutError
from pal_model.decoding import DecodedRow, GuidedRows, decode, join_branches
from pal_model.decoding import _choose as choose
from pal_model.decoding import _constrained as constrained
from pal_model.errors import GenerationError
from pal_model.row_states import RowStates
from pal_model.torch_backbone import TorchBackbone
from tests.pal_model.reference import guided_greedy

GREEDY = GenerationOptions(do_sample=False, max_new_tokens=24, max_sentences=0)
ALPHAS = [0.75, 0.0, 0.375, 0.75, 0.0]


def random_rows(vocabulary: int, lengths: Sequence[int], seed: int) -> list[list[int]]:
    source = random.Random(seed)
    return [[source.randrange(3, vocabulary) for _ in range(length)] for length in lengths]


@pytest.fixture(scope="module")
def prompts(model: Any) -> list[tuple[list[int], list[int]]]:
    """Five (with persona, history only) prompts of different lengths."""
    histories = random_rows(model.config.vocab_size, [9, 3, 17, 6, 12], seed=1)
    personas = random_rows(model.config.vocab_size, [4, 8, 2, 11, 5], seed=2)
    return [(p + h, h) for p, h in zip(personas, histories, strict=True)]


def guided_rows(
    model: Any,
    prompts: Sequence[tuple[list[int], list[int]]],
    alphas: Sequence[float],
    after: RowStates | None = None,
) -> GuidedRows:
    guided = [history for (_, history), alpha in zip(prompts, alphas, strict=True) if alpha]
    return join_branches(
        RowStates.read(TorchBackbone(model), [persona for persona, _ in prompts], after),
        RowStates.read(TorchBackbone(model), guided, after) if guided else None,
        alphas,
    )


def written(
    model: Any,
    prompts: Sequence[tuple[list[int], list[int]]],
    alphas: Sequence[float],
    options: GenerationOptions = GREEDY,
    seeds: Sequence[int] | None = None,
    after: RowStates | None = None,
) -> list[tuple[int, ...]]:
    rows = guided_rows(model, prompts, alphas, after)
    decoded = decode(rows, options, end_ids=[2], seeds=seeds or range(len(prompts)))
    return [row.ids for row in decoded]


@pytest.mark.parametrize(
    "rules",
    [
        {},
        {"repetition_penalty": 1.3, "no_repeat_ngram_size": 0},
        {"repetition_penalty": 1.0, "no_repeat_ngram_size": 3, "min_new_tokens": 0},
        {"min_new_tokens": 24},
    ],
)
def test_guided_decoding_equals_a_slow_cache_free_unbatched_reference(
    model: Any, prompts: list[tuple[list[int], list[int]]], rules: dict[str, Any]
) -> None:
    options = GenerationOptions(
        **{"do_sample": False, "max_new_tokens": 24, "max_sentences": 0, **rules}
    )
    expected = [
        guided_greedy(
            model,
            *prompt,
            alpha,
            end_ids=[2],
            min_new_tokens=options.min_new_tokens,
            max_new_tokens=options.max_new_tokens,
            repetition_penalty=options.repetition_penalty,
            no_repeat_ngram_size=options.no_repeat_ngram_size,
        )
        for prompt, alpha in zip(prompts, ALPHAS, strict=True)
    ]
    assert [list(ids) for ids in written(model, prompts, ALPHAS, options)] == expected
    assert len({tuple(ids) for ids in expected}) == len(expected), "the cases are all different"


def test_a_shared_fixed_part_changes_nothing(
    model: Any, prompts: list[tuple[list[int], list[int]]]
) -> None:
    fixed = random_rows(model.config.vocab_size, [13], seed=3)[0]
    spelled_out = [(fixed + persona, fixed + history) for persona, history in prompts]
    shared = RowStates.read(TorchBackbone(model), [fixed])
    assert written(model, prompts, ALPHAS, after=shared) == written(model, spelled_out, ALPHAS)


def test_alpha_0_equals_unguided_generate_of_transformers(
    model: Any, prompts: list[tuple[list[int], list[int]]]
) -> None:
    options = GenerationOptions(
        do_sample=False,
        min_new_tokens=0,
        max_new_tokens=20,
        repetition_penalty=1,
        no_repeat_ngram_size=0,
        max_sentences=0,
    )
    for prompt, ours in zip(
        prompts, written(model, prompts, [0.0] * len(prompts), options), strict=True
    ):
        ids = torch.tensor([prompt[0]])
        theirs = model.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=20, do_sample=False
        )[0, ids.shape[1] :].tolist()
        assert list(ours) == theirs[: theirs.index(2)] if 2 in theirs else theirs


def test_guidance_changes_what_is_written(
    model: Any, prompts: list[tuple[list[int], list[int]]]
) -> None:
    assert written(model, prompts, [0.75] * 5) != written(model, prompts, [0.0] * 5)


@pytest.mark.parametrize("options", [GREEDY, GenerationOptions(max_sentences=0)])
def test_other_rows_and_their_order_never_change_a_rows_tokens(
    model: Any, prompts: list[tuple[list[int], list[int]]], options: GenerationOptions
) -> None:
    seeds = [11, 12, 13, 14, 15]
    together = written(model, prompts, ALPHAS, options, seeds)
    for i, prompt in enumerate(prompts):
        assert written(model, [prompt], [ALPHAS[i]], options, [seeds[i]]) == [together[i]]
    backwards = written(model, prompts[::-1], ALPHAS[::-1], options, seeds[::-1])
    assert backwards == together[::-1]


def test_sampling_repeats_with_a_seed_and_varies_without(
    model: Any, prompts: list[tuple[list[int], list[int]]]
) -> None:
    options = GenerationOptions(temperature=2.0, max_sentences=0)
    first = written(model, prompts[:1], [0.75], options, [1])
    assert first == written(model, prompts[:1], [0.75], options, [1])
    assert len({written(model, prompts[:1], [0.75], options, [s])[0] for s in range(6)}) > 1


def test_sampling_draws_only_from_the_top_k(
    model: Any, prompts: list[tuple[list[int], list[int]]]
) -> None:
    options = GenerationOptions(top_k=1, temperature=5.0, max_sentences=0, max_new_tokens=24)
    assert written(model, prompts, ALPHAS, options) == written(model, prompts, ALPHAS)


def test_length_bounds_hold(model: Any, prompts: list[tuple[list[int], list[int]]]) -> None:
    options = GenerationOptions(min_new_tokens=7, max_new_tokens=9, temperature=3.0)
    for seed in range(5):
        for ids in written(model, prompts, ALPHAS, options, [seed] * 5):
            assert 7 <= len(ids) <= 9


def test_a_row_stops_where_it_is_complete_and_not_before_its_minimum(
    model: Any, prompts: list[tuple[list[int], list[int]]]
) -> None:
    rows = guided_rows(model, prompts, ALPHAS)
    decoded = decode(
        rows,
        GenerationOptions(do_sample=False, min_new_tokens=4),
        end_ids=[2],
        seeds=range(5),
        is_complete=[lambda ids: len(ids) >= 2] * 5,
    )
    assert {len(row.ids) for row in decoded} == {4}


def test_what_is_written_is_left_out_of_the_batch_and_changes_no_other_row(
    model: Any, prompts: list[tuple[list[int], list[int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of five responses, of which three are guided, one is long."""
    lengths = [3, 5, 14, 3, 4]

    def completes(length: int) -> Callable[[Sequence[int]], bool]:
        return lambda ids: len(ids) >= length

    def decoded(rows: Sequence[int]) -> list[DecodedRow]:
        return decode(
            guided_rows(model, [prompts[row] for row in rows], [ALPHAS[row] for row in rows]),
            GenerationOptions(min_new_tokens=1, max_new_tokens=24, temperature=2.0),
            end_ids=[2],
            seeds=[31 + row for row in rows],
            is_complete=[completes(lengths[row]) for row in rows],
        )

    alone = [decoded([row])[0] for row in range(5)]
    sizes = []
    append = RowStates.append

    def counted(states: RowStates, tokens: torch.Tensor) -> RowStates:
        sizes.append(len(tokens))
        return append(states, tokens)

    monkeypatch.setattr(RowStates, "append", counted)
    assert [row.ids for row in decoded(range(5))] == [row.ids for row in alone]
    assert [len(row.ids) for row in alone] == lengths
    # Five responses and the other branches of three; two, of which one is guided; the longest.
    assert sizes == [8] * 3 + [3] + [2] * 9


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("length", [0, 1, 3, 4, 30])
def test_repeats_are_those_of_transformers(size: int, length: int) -> None:
    draw = torch.Generator().manual_seed(size * 100 + length)
    tokens = torch.randint(5, (7, length), generator=draw)
    scores = torch.randn(7, 6, generator=draw)
    expected = NoRepeatNGramLogitsProcessor(size)(tokens, scores)
    options = GenerationOptions(
        repetition_penalty=1, no_repeat_ngram_size=size, min_new_tokens=0, max_new_tokens=40
    )
    found = constrained(scores, tokens, torch.tensor([5]), options)
    assert torch.equal(found, expected)
    assert found.isinf().any() or length < 30


@pytest.mark.parametrize("top_p", [1.0, 0.7])
def test_tokens_are_drawn_as_by_multinomial(top_p: float) -> None:
    """On a CPU: what was published with a seed can be made again."""
    scores = torch.randn(64, 50, generator=torch.Generator().manual_seed(1))
    options = GenerationOptions(top_k=10, top_p=top_p, temperature=1.0)
    found = choose(scores, options, [torch.Generator().manual_seed(s) for s in range(64)])
    best, ids = scores.topk(10)
    kept = TopPLogitsWarper(top_p)(ids, best)
    assert bool(kept.isinf().any()) is (top_p < 1)
    for row, probabilities in enumerate(kept.softmax(-1)):
        draw = torch.Generator().manual_seed(row)
        assert found[row] == ids[row, torch.multinomial(probabilities, 1, generator=draw)]
    assert (found != scores.argmax(-1)).any()


def test_logits_that_are_no_numbers_are_told_as_such() -> None:
    """As where weights overflow their format: no token would mean anything."""
    scores = torch.zeros(2, 50)
    scores[1] = torch.nan
    with pytest.raises(GenerationError, match="no numbers"):
        choose(scores, GenerationOptions(), [torch.Generator() for _ in range(2)])


def test_a_passed_deadline_stops_the_work(
    model: Any, prompts: list[tuple[list[int], list[int]]]
) -> None:
    with pytest.raises(GenerationTimeoutError, match="deadline"):
        decode(
            guided_rows(model, prompts, ALPHAS),
            GREEDY,
            end_ids=[2],
            seeds=range(5),
            deadline=time.monotonic() - 1,
        )


def test_states_that_do_not_fit_the_alphas_are_refused(model: Any) -> None:
    states = RowStates.read(TorchBackbone(model), [[5, 6], [7, 8]])
    with pytest.raises(ValueError, match="2 rows of states for 2 responses of which 1"):
        join_branches(states, None, [0.75, 0.0])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"top_k": 0}, "top_k is 0"),
        ({"top_p": 1.5}, "top_p is 1.5"),
        ({"temperature": 0}, "do_sample=False"),
        ({"min_new_tokens": 60}, "min_new_tokens is 60"),
        ({"candidates": 0}, "candidates is 0"),
    ],
)
def test_options_out_of_range_are_refused_by_name(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GenerationOptions(**values)
