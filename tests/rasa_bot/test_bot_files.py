"""The YAML files: consistent, and saying what they must."""

from __future__ import annotations

import pytest
import yaml_files
from rasa.shared.importers.importer import TrainingDataImporter
from rasa.validator import Validator

from rasa_bot.components.channels import APOLOGY


def test_rasa_finds_no_fault_with_domain_and_data() -> None:
    """What `rasa data validate` checks, where pytest.ini makes every warning an error."""
    importer = TrainingDataImporter.load_from_config(
        str(yaml_files.BOT / "config.yml"),
        str(yaml_files.BOT / "domain"),
        [str(yaml_files.BOT / "data")],
    )
    validator = Validator.from_importer(importer)
    assert validator.verify_domain_validity()
    assert validator.verify_nlu(ignore_warnings=False)
    assert validator.verify_actions_in_stories_rules()
    assert validator.verify_slot_mappings()
    assert validator.verify_story_structure(ignore_warnings=False)


@pytest.mark.parametrize(
    "name",
    ["utter_greet", "utter_help", "utter_unavailable", "utter_not_forgotten",
     "utter_unknown_command"],
)  # fmt: skip
def test_whoever_is_in_danger_is_told_where_to_turn(name: str) -> None:
    text = " ".join(yaml_files.response(name))
    assert "988" in text
    assert "local emergency number" in text


@pytest.mark.parametrize("name", ["utter_greet", "utter_help"])
def test_the_bot_says_what_it_is_and_how_to_be_forgotten(name: str) -> None:
    text = " ".join(yaml_files.response(name))
    for words in ("not a person", "not a therapist", "/show_persona", "/forget_me", "/help"):
        assert words in text


def test_the_greeting_ends_with_an_invitation_to_talk() -> None:
    assert "how are you doing today?" in yaml_files.response("utter_greet")[-1]


def test_the_channels_last_apology_says_what_the_bots_does() -> None:
    """It is in the code because it must work when Rasa does not."""
    for words in ("I'm sorry", "computer program", "988", "local emergency number"):
        assert words in APOLOGY
        assert words in " ".join(yaml_files.response("utter_unavailable"))
