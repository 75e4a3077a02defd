"""The tables of the screen: explicit wordings of danger, each with its kind and level.

Patterns are written in plain English without apostrophes and are squeezed like the text (see
`normal_form`): "kill" meets "killl" and "k1ll". Their repetitions are short, so that a search takes
time linear in the text.
"""

from __future__ import annotations

from actions.safety.rules.abuse import ABUSE_RULES
from actions.safety.rules.body import BODY_RULES
from actions.safety.rules.other_people import HARM_RULES
from actions.safety.rules.rule import Rule
from actions.safety.rules.self_harm import SELF_HARM_RULES
from actions.safety.rules.suicidal_acts import ACT_RULES
from actions.safety.rules.suicidal_wishes import WISH_RULES

RULES: tuple[Rule, ...] = (
    *WISH_RULES,
    *ACT_RULES,
    *SELF_HARM_RULES,
    *ABUSE_RULES,
    *HARM_RULES,
    *BODY_RULES,
)
"""Every wording that the screen knows."""
