"""Self-harm."""

from __future__ import annotations

from functools import partial

from actions.safety.risk import RiskKind
from actions.safety.rules.rule import CONCERN, HIGH, Rule, make_rule
from actions.safety.rules.words import (
    ACCIDENT,
    SELF,
)

_self_harm = partial(make_rule, RiskKind.SELF_HARM)

_HURT = (
    r"(?:cut(?:ting)?|hurt(?:ing)?|burn(?:ing|ed|t)?|harm(?:ing|ed)?|slash(?:ing|ed)?"
    r"|scratch(?:ing|ed)?|punch(?:ing|ed)?|mutilat(?:e|ing|ed)|carv(?:e|ing|ed)|bruis(?:e|ing"
    r"|ed)|hit(?:ting)?|bit(?:e|ing))"
)
_SKIN = r"(?:arms?|wrists?|legs?|thighs?|skin|stomach|forearms?|body|hips|ankles?)"

SELF_HARM_RULES: tuple[Rule, ...] = (
    _self_harm(
        HIGH,
        rf"{_HURT} {SELF}",
        act=True,
        not_before=ACCIDENT,
        not_after=r"(?:accidentally|by accident|almost|nearly|fell and|tripped and|accidently)",
    ),
    _self_harm(
        HIGH,
        r"(?:cut(?:ting)?|slash(?:ing|ed)?|carv(?:e|ing|ed)|burn(?:ing|ed)?|slic(?:e|ing|ed)"
        rf"|scratch(?:ing|ed)?) (?:up |into |at |open )?my (?:own )?(?:\w+ )?{_SKIN}",
        act=True,
        not_before=(
            rf"{ACCIDENT}"
            r"|in (?:the sun|half)|fat|hair"
        ),
        not_after=(
            r"(?:accidentally|by accident|fell and|the|it|sun|stove|oven|cat|dog|he|she"
            r"|they)(?: \w+)?"
        ),
    ),
    _self_harm(
        HIGH,
        r"(?:started|start|begun|been|back to|keep|relapsed (?:and|by|with|into)?|stop"
        r"|go(?:ing)? back to|urges? (?:to|for)|thinking (?:of|about)|want to (?:start|try)"
        r"|cant stop|resort(?:ed|ing)? to|im|turn(?:ed|ing)? to) ?cutting(?: (?:again|lately"
        r"|tonight|today|more|a lot|because|since|so much|deeper|every \w+)|\Z)",
    ),
    _self_harm(
        HIGH,
        r"(?:cutting|cut) again\Z|relapsed and cut\b.{0,20}|relapsed (?:\w+ ){0,2}cuts"
        r"|used to cut (?:\w+ ){0,12}(?:urges?|cravings?) (?:\w+ ){0,2}(?:back|again|returned)",
    ),
    _self_harm(
        HIGH,
        r"(?:(?:urges?|want|need|have|going|used|like|started|itching) to|just) cut(?: so bad"
        r"| again| deep| really bad| tonight| right now)?\Z",
    ),
    _self_harm(
        HIGH,
        r"(?:i|im|ive|to|been|started|start|stop|keep|urges? (?:to|for)?|back to|my"
        r"|thoughts? of|thinking (?:of|about)|relapsed (?:on|into|with)?|want to|going to|about"
        r"|of|with|into|is|for|am) ?self ?(?:harm|harming|harmed|injury|injuring|mutilation"
        r"|mutilating|mutilate)",
        owned=True,
        not_before=r"(?:awareness|prevention|hotline|research|month)",
    ),
    _self_harm(
        CONCERN,
        r"\A(?:(?:its|just|yes|maybe|and|the|about|well) ){0,6}self ?(?:harm|harming)\Z",
    ),
    _self_harm(
        HIGH,
        r"self ?harm(?:ing|ed)? (?:again|lately|tonight|today|a lot|more|every \w+)",
        owned=True,
    ),
    _self_harm(
        HIGH,
        r"(?:i|ive|im) (?:\w+ly )?cut(?:ting)? (?:too deep|deeper|so deep)"
        r"|\A(?:and |so |well )?i cut (?:again|last night|tonight|today|yesterday)",
    ),
    _self_harm(
        HIGH,
        rf"carv(?:e|ed|ing) (?:\w+ ){{1,3}}(?:in|into|on) my (?:\w+ )?{_SKIN}",
    ),
    _self_harm(
        HIGH,
        r"(?:razor|blade|knife|lighter|scissors)(?: \w+){0,3} (?:my|own) (?:\w+ )?(?:arms?"
        r"|wrists?|skin|thighs?|legs?)",
        not_after=r"(?:he|she|they)(?: \w+){0,2}",
        not_before=r"(?:shaving)",
    ),
    _self_harm(
        HIGH,
        r"(?:want|need|like|have) to (?:feel|cause) (?:\w+ )?(?:physical )?pain\b(?: (?:on"
        r"|to) myself)?",
        not_before=r"(?:free|less|relief)",
        not_after=r"(?:dont|not|doctor|never)",
    ),
)
