"""The report of two evaluations of a tiny model."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import sync_playwright

from pal_model import Strategy
from training import report
from training.evaluate import main as evaluate
from training.predictions import read_predictions
from training.published import PUBLISHED, PUBLISHED_COLUMNS
from training.readers.records import CorpusError
from training.relate_ratings import main as relate_ratings
from training.report import main
from training.report_tables import COLUMNS, FURTHER_COLUMNS
from training.search_alphas import main as search_alphas

pytestmark = pytest.mark.integration

WITHOUT = ("--persona", "none", "--no-encoder", "--no-perplexity")


@pytest.fixture(scope="module")
def folders(esconv: Path, base: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("evaluations")
    common = ("--esconv", str(esconv), "--extractor", "rules", "--seeds", "1", "2")
    runs = {"with <persona>": (), "without": WITHOUT}
    for name, options in runs.items():
        assert evaluate([str(base), "--output", str(folder / name), *common, *options]) == 0
    return [folder / name for name in runs]


class Cells(HTMLParser):
    """The rows of a page's tables, by the tables' ids, and the addresses that it would load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tables: dict[str, dict[str, dict[str, str]]] = {}
        self.rows: list[list[str]] = []
        self.loads: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attrs if name == "src"]
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        elif tag == "table":
            self.rows, self.table = [], str(dict(attrs)["id"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            header, *rows = self.rows
            self.tables[self.table] = {
                row[0]: dict(zip(header[1:], row[1:], strict=True)) for row in rows
            }

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip()


def test_the_page_has_the_figures_and_needs_nothing_else(
    folders: list[Path], tmp_path: Path
) -> None:
    output = tmp_path / "made" / "report.html"
    assert main([*map(str, folders), "--output", str(output)]) == 0
    assert [file.name for file in output.parent.iterdir()] == ["report.html"]
    page = output.read_text()
    cells = Cells(page)
    assert cells.loads == []
    assert not re.search(r"<link|@import|url\((?!#)", page)
    figures = cells.tables["figures"]
    cosine = "Cos-Sim (all-MiniLM-L6-v2)"
    for folder in folders:
        result = json.loads((folder / "evaluation.json").read_text())
        accuracy = result["metrics"]["ACC"]
        assert figures[folder.name]["n"] == str(result["n"])
        assert figures[folder.name]["ACC"] == f"{accuracy['mean']:.2f} ± {accuracy['std']:.2f}"
    for name in (cosine, "PPL a token", "PPL a word"):
        assert figures["with <persona>"][name]
        assert figures["without"][name] == ""
    assert page.index("other protocols") < page.index("MultiESC")
    assert "<svg" in page


def test_further_figures_stand_beside_with_intervals(folders: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "report.html"
    assert main([*map(str, folders), "--output", str(output)]) == 0
    tables = Cells(output.read_text()).tables
    result = json.loads((folders[0] / "evaluation.json").read_text())
    further, metrics = tables["further"][folders[0].name], result["metrics"]
    assert all(further.values())
    low, high = metrics["ACC"]["interval"]
    assert further["ACC, 95 %"] == f"[{low:.2f}, {high:.2f}]"
    perplexity = result["perplexity"]["token_perplexity_with_strategy"]
    assert further["PPL with strategy"] == f"{perplexity:.2f}"
    low, high = result["perplexity_interval"]
    assert further["PPL a token, 95 %"] == f"[{low:.2f}, {high:.2f}]"
    counted = ("macro-F1", "weighted F1", "preference bias", "D-3", "D-1 all", "D-2 all")
    counted += ("B-2 unsmoothed", "B-4 unsmoothed", "empty", "duplicate", "fixed", "with persona")
    for name in counted:
        assert further[name].startswith(f"{metrics[name]['mean']:.2f} ± ")
    for name in ("B-3", "length"):
        low, high = metrics[name]["interval"]
        assert further[name].endswith(f" [{low:.2f}, {high:.2f}]")
    ranks = tables["ranks"][folders[0].name]
    assert list(ranks) == ["turns", *(f"n = {rank}" for rank in range(1, 8))]
    for rank in range(2, 8):
        assert ranks[f"n = {rank}"].startswith(f"{metrics[f'ACC top {rank}']['mean']:.2f}")


def test_published_figures_are_under_what_they_count(folders: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "report.html"
    assert main([str(folders[0]), "--output", str(output)]) == 0
    published = Cells(output.read_text()).tables["published"]
    assert published["MultiESC (Cheng et al. 2022)"]["B-2"] == "9.18"
    assert published["SAGE (2026)"]["D-2"] == "39.9"
    assert published["PAL (Cheng et al. 2023, Table 3)"]["Cos-Sim (SimCSE)"] == "0.244"
    for system, perplexity in (
        ("PAL (Cheng et al. 2023, Table 3)", "15.92"),
        ("PAL's code, run again by others", "14.6-15.6"),
    ):
        assert published[system]["PPL with strategy"] == perplexity
        assert published[system]["PPL a token"] == ""


@pytest.fixture
def recorded(folders: list[Path], tmp_path: Path) -> Any:
    """Make a copy of an evaluation, by a model that is gone, with other facts in its result."""

    def copy(name: str, **facts: Any) -> Path:
        folder = tmp_path / name
        shutil.copytree(folders[1], folder)
        for file in ("evaluation_run.json", "evaluation.json"):
            written = json.loads((folder / file).read_text())
            written["evaluation"]["model"] = str(tmp_path / "moved away")
            (folder / file).write_text(json.dumps({**written, **facts}))
        return folder

    return copy


@pytest.mark.parametrize("page", ["report.html", "report.md"])
def test_costs_are_those_that_the_evaluation_recorded(
    recorded: Any, tmp_path: Path, page: str
) -> None:
    first = {"corpus": "daily_dialog", "tokens_an_epoch": 50, "steps": 10, "seconds": 60}
    last = {"corpus": "esconv", "tokens_an_epoch": 70, "steps": 20, "seconds": 90}
    stages = [first | {"validation_loss": 2.91162}, last | {"validation_loss": 2.5}]
    folders = [
        recorded("two stages", training=stages),
        recorded("partly", training=[stages[0], {"corpus": "esconv", "steps": 20}]),
        recorded("base", training=[]),
        recorded("older"),
    ]
    older = json.loads((folders[-1] / "evaluation.json").read_text())
    del older["training"]
    (folders[-1] / "evaluation.json").write_text(json.dumps(older))
    output = tmp_path / page
    assert main([*map(str, folders), "--output", str(output)]) == 0
    text = re.sub(r"</t[hd]>|<t[hd][^>]*>|</?tr>", "|", output.read_text().replace("\\", ""))
    rows = [[cell.strip() for cell in re.split(r"[|]+", line)] for line in text.splitlines()]
    for row in (
        ["two stages", "1 of 2: daily_dialog", "50", "10", "60", "2.912"],
        ["two stages", "2 of 2: esconv", "70", "20", "90", "2.500"],
        ["two stages", "all", "30", "150"],
        ["partly", "2 of 2: esconv", "unknown", "20", "unknown", "unknown"],
        ["partly", "all", "30", "unknown"],
        ["base", "not trained"],
        ["older", "unknown"],
    ):
        assert row in [[cell for cell in cells if cell] for cells in rows]


@pytest.mark.parametrize("page", ["report.html", "report.md"])
def test_each_place_where_a_run_went_on_is_shown(recorded: Any, tmp_path: Path, page: str) -> None:
    folder = recorded("run", environment={"cpu": "abacus"}, resumed=[{"cpu": "slide rule"}])
    output = tmp_path / page
    assert main([str(folder), "--output", str(output)]) == 0
    text = output.read_text()
    assert 0 < text.index("cpu: abacus") < text.index("resumed") < text.index("cpu: slide rule")


def test_samples_are_what_was_said_in_the_same_places(folders: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "report.html"
    assert main([*map(str, folders), "--output", str(output), "--samples", "3"]) == 0
    page = html.unescape(output.read_text())
    turns = re.findall(r"Conversation (\d+), utterance (\d+)", page)
    assert len(turns) == 3
    for folder in folders:
        said = {p.turn: p.response for p in read_predictions(folder / "predictions.1.jsonl")}
        for conversation, utterance in turns:
            assert said[int(conversation), int(utterance)].strip()  # else it is in any page
            assert said[int(conversation), int(utterance)] in page


@pytest.mark.parametrize("page", ["report.html", "report.md"])
def test_samples_stand_behind_what_was_said_last_before(
    folders: list[Path], esconv: Path, tmp_path: Path, page: str
) -> None:
    output = tmp_path / page
    assert main([*map(str, folders), "--output", str(output), "--esconv", str(esconv)]) == 0
    dialogues = json.loads(esconv.read_text())
    text = html.unescape(output.read_text())
    turns = list(re.finditer(r"Conversation (\d+), utterance (\d+)", text))
    assert turns
    for turn in turns:
        conversation, place = map(int, turn.groups())
        end = text.index("the human supporter", turn.end())
        before = dialogues[conversation]["dialog"][max(0, place - 4) : place]
        said = [f"{said['speaker']}: {said['content']}" for said in before]
        places = [text.index(words, turn.end(), end) for words in said]
        assert places == sorted(places)


def test_samples_go_without_where_the_corpus_is_not_here(
    folders: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def find_esconv() -> Path:
        raise CorpusError("There is no ESConv here.")

    monkeypatch.setattr(report, "find_esconv", find_esconv)
    output = tmp_path / "report.html"
    assert main([*map(str, folders), "--output", str(output)]) == 0
    printed = capsys.readouterr().err
    assert "Samples are without what was said before them. There is no ESConv here." in printed
    assert "<blockquote>" not in output.read_text()


def test_samples_go_without_where_another_corpus_is_found(
    folders: list[Path],
    rated_esconv: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(report, "find_esconv", lambda: rated_esconv)
    output = tmp_path / "report.html"
    assert main([*map(str, folders), "--output", str(output)]) == 0
    assert "Name that file with --esconv." in capsys.readouterr().err
    assert "<blockquote>" not in output.read_text()


def test_another_corpus_than_the_models_saw_is_refused(
    folders: list[Path],
    rated_esconv: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = tmp_path / "report.html"
    options = ["--output", str(output), "--esconv", str(rated_esconv)]
    assert main([*map(str, folders), *options]) == 2
    assert "was evaluated on" in capsys.readouterr().err
    assert not output.exists()


def test_markdown_has_the_same_table_and_its_picture_beside_it(
    folders: list[Path], tmp_path: Path
) -> None:
    output = tmp_path / "report.md"
    assert main([*map(str, folders), "--output", str(output)]) == 0
    assert (tmp_path / "report-accuracy.svg").read_text().startswith("<svg")
    page = output.read_text()
    assert "(<report-accuracy.svg>)" in page
    table = [line for line in page.splitlines() if line.startswith("|")]
    widths = [len(COLUMNS) + 1] * (2 + len(folders))  # one encoder
    widths += [len(FURTHER_COLUMNS)] * (2 + len(folders))
    widths += [len(PUBLISHED_COLUMNS)] * (2 + len(PUBLISHED))
    widths += [8] * (2 + len(folders))  # accuracy at each rank
    bars = re.compile(r"(?<!\\)\|")
    assert [len(bars.findall(line)) - 2 for line in table[: len(widths)]] == widths
    assert table[2].startswith(r"| with \<persona\> |")
    assert len([line for line in table if line.split("|")[1].strip() in PUBLISHED]) == len(
        PUBLISHED
    )
    assert "![Line chart of how often" in page


def test_what_is_no_finished_evaluation_is_named(
    folders: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = str(tmp_path / "report.html")
    assert main([str(tmp_path), "--output", output]) == 2
    assert "Name a folder that training.evaluate wrote" in capsys.readouterr().err
    for text in ("{}", "[]", "{", json.dumps({"evaluation": {"seeds": []}})):
        (tmp_path / "evaluation.json").write_text(text)
        assert main([str(tmp_path), "--output", output]) == 2
        assert "evaluation.json: " in capsys.readouterr().err
    (tmp_path / "evaluation.json").unlink()
    (tmp_path / "evaluation_run.json").write_text((folders[0] / "evaluation_run.json").read_text())
    assert main([str(tmp_path), "--output", output]) == 2
    assert "Run training.evaluate again; it goes on where it was" in capsys.readouterr().err


def test_folders_of_one_name_are_told_apart(folders: list[Path], tmp_path: Path) -> None:
    for place, folder in zip(("ours", "theirs"), folders, strict=True):
        shutil.copytree(folder, tmp_path / place / "pal")
    output = tmp_path / "report.html"
    named = [str(tmp_path / place / "pal") for place in ("ours", "theirs")]
    assert main([*named, "--output", str(output)]) == 0
    assert list(Cells(output.read_text()).tables["figures"]) == ["ours/pal", "theirs/pal"]


def test_a_folder_that_is_named_twice_is_refused(
    folders: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twice = [str(folders[0]), f"{folders[0]}/."]
    assert main([*twice, "--output", str(tmp_path / "report.html")]) == 2
    assert "is named twice" in capsys.readouterr().err


def test_other_texts_in_the_same_places_are_refused(
    recorded: Any, folders: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = recorded("other")
    file = other / "predictions.1.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[0]["reference"] = "Something else."
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    output = ["--output", str(tmp_path / "report.html")]
    assert main([str(folders[0]), str(other), *output]) == 2
    assert "of the human supporter in 1 turns" in capsys.readouterr().err
    file.write_text(json.dumps(lines[0] | {"conversation": 99}) + "\n")
    assert main([str(folders[0]), str(other), *output]) == 2
    assert "have no turn in common" in capsys.readouterr().err


@pytest.mark.parametrize("page", ["report.html", "report.md"])
def test_evaluations_of_other_turns_are_said_to_be(
    recorded: Any, folders: list[Path], tmp_path: Path, page: str
) -> None:
    fewer, output = recorded("fewer"), tmp_path / page
    file = fewer / "predictions.1.jsonl"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[1:]))
    assert main([*map(str, folders), "--output", str(output)]) == 0
    assert "evaluated on the same turns" not in output.read_text()
    assert main([str(folders[0]), str(fewer), "--output", str(output)]) == 0
    assert "Not all of these were evaluated on the same turns" in output.read_text()


@pytest.mark.parametrize("page", ["report.html", "report.md"])
@pytest.mark.parametrize("order", [1, -1], ids=["with first", "without first"])
def test_each_sample_says_who_the_seeker_is_and_what_a_model_saw(
    folders: list[Path], tmp_path: Path, page: str, order: int
) -> None:
    output = tmp_path / page
    named = [str(folder) for folder in folders[::order]]
    assert main([*named, "--output", str(output), "--samples", "1000"]) == 0
    text = output.read_text()
    known = [p for p in read_predictions(folders[0] / "predictions.1.jsonl") if p.seeker_persona]
    assert known
    said = r"utterance \d+; the seeker: |^The seeker: "
    assert len(re.findall(said, text, re.MULTILINE)) == len(known)
    assert text.count("saw of the seeker: nothing") == len(known)


def test_what_was_evaluated_is_said_in_full(
    recorded: Any, tmp_path: Path, folders: list[Path]
) -> None:
    evaluation = json.loads((folders[1] / "evaluation.json").read_text())["evaluation"]
    names = [strategy.value for strategy in Strategy]
    rising = {name: place for place, name in enumerate(names)}
    alphas = {"zero": dict.fromkeys(names, 0), "own": None, "rising": rising}
    made = [
        recorded(name, evaluation=evaluation | {"alphas": of, "consecutive": name == "own"})
        for name, of in alphas.items()
    ]
    output = tmp_path / "report.html"
    assert main([*map(str, made), "--output", str(output)]) == 0
    page = html.unescape(output.read_text())
    lines = {name: re.search(rf"<br>{name}: (.*)", page) for name in alphas}
    said = {name: line.group(1) if line else "" for name, line in lines.items()}
    assert "; alpha 0; drawn as in the paper." in said["zero"]
    assert "; those right after a supporter's too; " in said["own"]
    assert "the checkpoint's alphas" in said["own"]
    assert f"alphas {names[0]} 0, {names[1]} 1" in said["rising"]
    for line in said.values():
        assert "all conversations of pal/test" in line
        assert "the extractor rules" in line


def test_what_an_evaluation_cost_is_shown(folders: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "report.html"
    assert main([*map(str, folders), "--output", str(output)]) == 0
    times = Cells(output.read_text()).tables["times"]
    result = json.loads((folders[0] / "evaluation.json").read_text())
    assert times[folders[0].name]["responses"] == str(2 * result["n"])
    assert float(times[folders[0].name]["responses a second"]) > 0
    assert times["without"]["seconds of perplexity"] == "unknown"


@pytest.mark.parametrize("name", ["report.txt", "report"])
def test_a_page_of_another_kind_is_named(
    folders: list[Path], name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folders[0]), "--output", str(tmp_path / name)]) == 2
    assert "it must end in .html or .md" in capsys.readouterr().err


@pytest.fixture
def findings(esconv: Path, rated_esconv: Path, base: Path, tmp_path: Path) -> list[str]:
    """The options of a report on ratings and on a search for alphas."""
    ratings, alphas = tmp_path / "ratings", tmp_path / "alphas"
    of_ratings = ("--esconv", str(rated_esconv), "--extractor", "rules")
    assert relate_ratings(["--output", str(ratings), *of_ratings]) == 0
    search = ("--output", str(alphas), "--trials", "1", "--conversations", "1")
    common = ("--esconv", str(esconv), "--extractor", "rules")
    assert search_alphas([str(base), *common, *search]) == 0
    return ["--ratings", str(ratings), "--alphas", str(alphas)]


@pytest.fixture
def browser() -> Iterator[Any]:
    """A real one: Debian's or Google's where it is installed, else Playwright's own."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        try:
            # Root, as in containers, may not use the sandbox; the page is our own.
            launched = playwright.chromium.launch(executable_path=found, chromium_sandbox=False)
        except BrowserError as error:
            pytest.skip(f"no browser ('playwright install chromium' gets one): {error}")
        yield launched
        launched.close()


@pytest.mark.parametrize("width", [1280, 390], ids=["desk", "phone"])
def test_a_browser_shows_all_of_it_without_asking_for_more(
    folders: list[Path], findings: list[str], browser: Any, tmp_path: Path, width: int
) -> None:
    output = tmp_path / "report.html"
    assert main([*map(str, folders), "--output", str(output), *findings]) == 0
    page = browser.new_page(viewport={"width": width, "height": 800})
    problems: list[Any] = []
    requests: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(error))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(output.as_uri())
    assert problems == []
    assert requests == [output.as_uri()]
    models = page.locator("#figures").get_by_role("rowheader")
    assert models.all_inner_texts() == [f.name for f in folders]
    # Who cannot see it is told what each picture and each table is, and what a cell is of.
    tables = page.locator("table")
    assert tables.count() == 11
    for table in tables.all():
        assert table.locator("caption").inner_text().strip()
        assert table.locator("th:not([scope])").count() == 0
    named = re.compile("chart|plot", re.IGNORECASE)
    assert page.get_by_role("img", name=named).count() == page.locator("figure svg").count()
    # Each picture has a size, and nothing but tables and pictures scrolls sideways.
    pictures = page.locator("figure svg")
    assert pictures.count() == 4
    for picture in pictures.all():
        box = picture.bounding_box()
        assert box["width"] > 300
        assert box["height"] > 150
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    headings = page.locator("h2").all_inner_texts()
    assert "Search for alphas" in headings
    assert sum("all-MiniLM-L6-v2" in heading for heading in headings) == 2
    samples = page.locator("article")
    assert samples.count() > 0
    assert all(sample.is_visible() for sample in samples.all())


def test_findings_are_beside_a_report_in_markdown(
    folders: list[Path], findings: list[str], tmp_path: Path
) -> None:
    output = tmp_path / "made" / "report.md"
    assert main([*map(str, folders), "--output", str(output), *findings]) == 0
    page = output.read_text()
    pictures = re.findall(r"\]\(<(.*?\.svg)>\)", page)
    assert len(pictures) == 4
    assert all((output.parent / name).read_text().startswith("<svg") for name in pictures)
    assert "| empathy | +" in page
    assert re.search(r"\d+ trials on \d+ turns of \d+ conversations", page)


def test_findings_that_are_not_there_are_named(
    folders: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = [str(folders[0]), "--output", str(tmp_path / "report.html")]
    assert main([*page, "--ratings", str(tmp_path)]) == 2
    assert "ratings.json" in capsys.readouterr().err
    (tmp_path / "front.json").write_text('{"trials": 3}')
    assert main([*page, "--alphas", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "KeyError: 'table 2'" in error
    assert "Name a folder that training.search_alphas wrote to the end" in error
