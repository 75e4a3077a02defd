"""Ratings of made-up conversations, whose answer is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pal_model import Conversation, Persona, Speaker, Utterance
from tests.training.conftest import CLOSE, FAR, NEUTRAL, rated_dialogue
from training.readers.ratings import SeekerRating, read_ratings
from training.readers.records import CorpusError
from training.relate_ratings import Pair, draw, main, pairs_of, tables
from training.sentence_encoder import PACKAGED, PACKAGED_WORDS, SentenceEncoder
from training.trends import TooFewRatingsError, trend


def write(folder: Path, *records: dict[str, Any]) -> Path:
    (folder / "ESConv.json").write_text(json.dumps(records))
    return folder / "ESConv.json"


def test_closer_responses_with_higher_ratings_are_a_rising_line(
    rated_esconv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "ratings"
    options = ["--esconv", str(rated_esconv), "--output", str(output), "--extractor", "rules"]
    assert main(options) == 0
    result = json.loads((output / "ratings.json").read_text())
    assert (result["conversations"], result["responses"]) == (15, 15)
    assert set(result["encoders"]) == {PACKAGED, PACKAGED_WORDS}
    cosines = (
        SentenceEncoder().similarities([FAR, NEUTRAL, CLOSE], ["I am a nurse."])[:, 0].tolist()
    )
    for aspect, ratings in (("empathy", [1, 3, 5]), ("decrease", [0, 2, 4])):
        found = result["encoders"][PACKAGED][aspect]
        assert [level["rating"] for level in found["levels"]] == ratings
        assert [level["count"] for level in found["levels"]] == [5, 5, 5]
        assert [level["similarity"] for level in found["levels"]] == pytest.approx(
            cosines, abs=1e-5
        )
        assert found["slope"] > 0
        assert found["spearman"] == pytest.approx(1)
    pictures = sorted(output.glob("*.svg"))
    assert [p.name for p in pictures] == [
        "ratings-all-MiniLM-L6-v2-words.svg",
        "ratings-all-MiniLM-L6-v2.svg",
    ]
    assert "| empathy | 5 | 5 | " in capsys.readouterr().out


def test_only_responses_after_something_is_known_are_compared() -> None:
    seeker, supporter = Speaker.SEEKER, Speaker.SUPPORTER
    said = (seeker, "Hello"), (supporter, "Hi"), (seeker, "I am a nurse."), (supporter, "I see.")
    conversation = Conversation(tuple(Utterance(*one) for one in said))
    personas = {1: Persona(), 3: Persona(("I am a nurse.", "I live alone."))}
    assert pairs_of(conversation, personas) == [Pair("I see.", "I am a nurse. I live alone.")]


def test_a_trend_is_that_of_the_formulas() -> None:
    ratings = [1] * 5 + [2] * 6 + [4] * 5 + [5]
    draws = np.random.default_rng(3)
    similarity = [0.1 * rating + float(draws.normal(0, 0.05)) for rating in ratings[:-1]] + [-1.0]
    found = trend(ratings, similarity)
    x = np.array([1, 2, 4])
    y = np.array([np.mean(similarity[:5]), np.mean(similarity[5:11]), np.mean(similarity[11:16])])
    slope = np.sum((x - x.mean()) * (y - y.mean())) / np.sum((x - x.mean()) ** 2)
    assert found.slope == pytest.approx(slope)
    residual = np.sum((y - y.mean() - slope * (x - x.mean())) ** 2)
    assert found.r_squared == pytest.approx(1 - residual / np.sum((y - y.mean()) ** 2))
    assert found.conversations_r_squared == pytest.approx(
        np.corrcoef(ratings, similarity)[0, 1] ** 2
    )
    # One conversation with a rating says nothing of the line, but is shown.
    assert [level.count for level in found.levels] == [5, 6, 5, 1]
    low, high = found.levels[0].interval or (0, 0)
    assert low < found.levels[0].similarity < high
    assert found.levels[3].interval is None
    trends, means = tables({"empathy": found}, "encoder")
    assert trends.rows[0][:3] == ("empathy", f"{slope:+.4f}", f"{found.r_squared:.2f}")
    assert means.rows[3] == ("empathy", "5", "1", "-1.000", "")
    picture = draw({"empathy": found, "relevance": found}, "encoder")
    assert "<svg" in picture
    assert picture == draw({"empathy": found, "relevance": found}, "encoder")
    assert picture.count("<!-- not in the line -->") == 2


def test_too_few_conversations_are_refused() -> None:
    with pytest.raises(TooFewRatingsError, match="Of 6 conversations, 1 ratings have 5 or more"):
        trend([1, 1, 1, 1, 1, 2], [0.0] * 6)


def test_a_line_through_two_means_is_no_trend() -> None:
    """It goes through both, whatever they are."""
    with pytest.raises(TooFewRatingsError, match="2 ratings have 5 or more; a trend needs 3"):
        trend([1] * 5 + [2] * 5, [0.1 * place for place in range(10)])


def test_what_is_the_same_in_all_has_no_trend() -> None:
    with pytest.raises(TooFewRatingsError, match=r"All 15 conversations have the similarity 0\.5"):
        trend([1, 2, 3] * 5, [0.5] * 15)


def test_what_is_no_rating_is_named_with_its_place(tmp_path: Path) -> None:
    bad = rated_dialogue(2, FAR)
    bad["survey_score"]["seeker"]["relevance"] = "often"
    with pytest.raises(CorpusError, match=r"record 1: survey_score.seeker.relevance is 'often'"):
        read_ratings(write(tmp_path, rated_dialogue(2, FAR), bad))
    assert read_ratings(write(tmp_path, rated_dialogue(2, FAR))) == {0: SeekerRating(2, 2, 1)}


def test_averaged_words_know_no_order() -> None:
    words = SentenceEncoder(PACKAGED_WORDS)
    vectors = words.embed(["the cat ate the dog", "the dog ate the cat", "cat"])
    assert float(vectors[0] @ vectors[1]) == pytest.approx(1)
    assert float(vectors[0] @ vectors[2]) < 0.95


def test_all_words_of_a_long_text_are_averaged() -> None:
    """The packaged model reads 128 word pieces; its words have no such bound."""
    words = SentenceEncoder(PACKAGED_WORDS)
    long, turned = words.embed(["cat " * 200 + "dog " * 200, "dog " * 200 + "cat " * 200])
    assert float(long @ turned) == pytest.approx(1)


def test_a_count_that_makes_no_sense_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Guards against -1, which would leave the last conversation out."""
    with pytest.raises(SystemExit, match="2"):
        main(["--output", str(tmp_path), "--esconv", "/no/such", "--conversations", "-1"])
    assert "--conversations: '-1' is given; it must be a whole" in capsys.readouterr().err


def test_a_missing_corpus_or_encoder_is_a_clear_error(
    rated_esconv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = ["--output", str(tmp_path / "o"), "--extractor", "rules"]
    assert main(["--esconv", str(tmp_path / "no.json"), *output]) == 2
    assert "Cannot read" in capsys.readouterr().err
    assert main(["--esconv", str(rated_esconv), *output, "--encoders", "/no/such"]) == 2
    assert "Cannot load the sentence encoder '/no/such'" in capsys.readouterr().err
