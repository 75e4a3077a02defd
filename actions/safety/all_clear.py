"""How long danger stays raised, and what ends it: words that leave no doubt.

Who is taken for safe by mistake is left with a generator; who is not believed is asked once more.
So nothing is looked for in a message here: a whole clause must say that its writer is safe, or that
they never were in danger, in one of few ways, and nothing beside it may take it back. "She thinks I
am safe", "I'm safe as long as he is away" and "no, not yet" end nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from actions.safety.answers import asks_about_danger, asks_if_everyone_is_safe, asks_if_safe
from actions.safety.risk import RiskAssessment, RiskLevel

_LEAD = (
    r"(?:(?:yes+|yea+h*|yep|yup|no+|nope|nah|ok(?:ay)?|oh|well|hey|honestly|really|actually|truly"
    r"|thanks|thank you|sorry|i promise|i swear|dont worry|its ok(?:ay)?|its fine|for real) )*"
)
_END = (
    r"(?: (?:now|right now|at the moment|at this moment|at home|here|again|really|honestly|truly"
    r"|i promise|i swear|promise|thanks|thank you|thanks for asking|bye|good ?night|for real|too"
    r"|in bed"
    r"|(?:and )?(?:sound|well|ok|okay|fine|not alone)|at all|any ?more|in (?:the|a) hospital"
    r"|with (?:my|a) (?:mum|mom|mother|dad|father|parents|sister|brother|friends?|aunt|grandma"
    r"|grandmother|neighbou?r|nurse|doctor|daughter|son|family)"
    r"|at my (?:mums|moms|mothers|dads|parents|sisters|brothers|friends|aunts|grandmas)"
    r"(?: house| place)?))*"
)
_HOW = (
    r"(?: (?:now|quite|very|really|truly|totally|completely|perfectly|absolutely|definitely|all"
    r"|both|here|at home|currently))*"
)
_AM = r"(?:i(?:m| am)|i feel|im feeling|i am feeling|we(?:re| are)|feeling)"
_SAFE = re.compile(rf"{_LEAD}{_AM}{_HOW} safe{_END}")
_EVERYONE_SAFE = re.compile(
    rf"{_LEAD}(?:(?:(?:everyone|everybody)(?:s| is)|we(?:re| are)(?: all| both)"
    rf"|(?:all|both) of us are){_HOW} safe"
    rf"|(?:nobody|no one)(?:s| is) (?:in danger|hurt|going to get hurt)){_END}"
)
_MYSELF = r"(?:hurt|harm|kill|cut)(?:ing)? my ?self"
_NO_DANGER = re.compile(
    rf"{_LEAD}i(?:"
    r"(?: am|m)(?: really)? (?:not|no longer)(?: really)?(?: suicidal| in (?:any )?danger)"
    r"|(?: am|m) (?:not|no longer) (?:going to|gonna|planning to|thinking (?:of|about)|about to)"
    rf"(?: ever)? (?:{_MYSELF}|do(?:ing)? anything(?: to my ?self)?|end(?:ing)? my life"
    r"|suicide|(?:hurt|harm|kill)(?:ing)? (?:anyone|anybody|someone|somebody|him|her|them))"
    r"|(?: wont| will not| would never| will never| promise i wont| promise not to)(?: ever)?"
    rf" (?:{_MYSELF}|do anything(?: to my ?self)?|end my life"
    r"|(?:hurt|harm|kill) (?:anyone|anybody|someone|somebody|him|her|them))"
    rf"){_END}"
)
_NEVER_WAS = re.compile(
    rf"{_LEAD}(?:"
    r"(?:(?:it|that) (?:is|was)|its|thats) (?:just |only )?(?:an? )?"
    r"(?:figure of speech|expression|joke|saying|way of speaking|song|quote|lyric|metaphor)"
    r"|i (?:did not|didnt) mean (?:it|that)(?: like that| that way| literally| so)?"
    r"|(?:its not|thats not|(?:it|that) (?:is not|isnt|was not|wasnt)) what i meant"
    r"|you (?:misread|misunderstood)(?: me)?"
    r"|i(?:m| am| was) (?:just |only )?(?:kidding|joking)"
    r"|i (?:dont|do not) (?:want to die|have suicidal thoughts|have thoughts like that)"
    r"|(?:i(?:m| am)|im doing|i am doing) (?:really |quite |totally |perfectly |all |just )*"
    rf"(?:ok|okay|fine|alright|all right|good|well)){_END}"
)
_MEANT = re.compile(rf"{_LEAD}i (?:only |just )?(?:meant|mean) (?!it\b|that\b|what\b|every).+")
_NO = (
    r"(?:(?:oh|well|um+|god|hell|lol|haha|honestly|really) )*"
    r"(?:no+|nope|nah|never|not at all|of course not|definitely not|absolutely not|certainly not"
    r"|no way|nothing like that|not like that|im not|i am not|i dont|i do not|i havent|i have not"
    r"|i wasnt|i was not|i wouldnt|i would never)"
    r"(?: (?:no+|nope|never|not at all|of course not|nothing like that|im not|i am not|i dont"
    r"|i do not|i havent|i have not|i wasnt|i was not|i promise|thanks|thank you|sorry|at all"
    r"|i would never|i wouldnt|never have|god no))*"
)
_BARE_NO = re.compile(_NO)
_DENIAL = re.compile(rf"{_NO}(?: (?P<rest>(?:im|i|its|it|just|only|my|this|thats)\b.*))?")
_COURTESY = re.compile(
    r"(?:thanks?|thank you|thx|ok(?:ay)?|sorry|i promise|i swear|honestly|really|dont worry"
    r"|(?:and )?(?:thanks|thank you) (?:for asking|a lot|so much|anyway)|good ?night|bye|goodbye)"
)

# Beside the clause, any of these may take it back, say for whom it does not hold, or until when.
_DOUBT = re.compile(
    r"\b(?:but|though|although|however|except|until|till|unless|if|when|once|while|whether|because"
    r"|cause|cuz|as long as|yet|still|almost|nearly|maybe|perhaps|probably|kind of|sort of|not sure"
    r"|(?:dont|do not) know (?:if|whether|how long|for how|about)|idk|for now|for today"
    r"|for the moment|today|tonight|tomorrow|later"
    r"|soon|sometimes|often|at night|for that|to that|not that|enough|too (?:weak|scared|afraid"
    r"|tired|much|late|drunk|sleepy)|sleepy|drowsy|dizzy|numb|wish|hope"
    r"|(?:would|wouldnt|will|wont|doesnt|dont) (?:\w+ )?(?:care|notice|miss|matter)|nothing matters"
    r"|cant (?:take|do|go|see|bear|stand|cope|live)|talk about|tell you|answer|dont see"
    r"|pointless|no point|hopeless|give up|go on|anyway|no longer|hardly|barely|rarely|far from"
    r"|less|nowhere|unsafe|(?:isnt|arent|wasnt|not|never|dont feel|do not feel) (?:\w+ )?safe"
    r"|isnt|aint|nobody|noone|no one|want (?:it|everything|things|this|all|the|to (?:sleep|stop"
    r"|rest|disappear|vanish|go|end))|do it|did it|only (?:at|in|on|a bit|a little|thoughts?"
    r"|thinking)|pills?|tablets?|knife|gun|rope|blades?|ok with it|fine with it)\b"
)
_SOMEBODY = re.compile(r"\b(?:he|hes|him|his|she|shes|her|they|theyre|them|their)\b")
_IS_WITH_ME = re.compile(
    r"\b(?:he|she|they)(?:s|re| is| are)?(?: (?:here|with me|beside me|staying|looking after me"
    r"|on (?:her|his|their) way|coming over))+\b"
)

_YES = re.compile(
    r"(?:y+|ye+s+|yea+h*|yep|yup|i am|i do|i think so|of course|definitely|absolutely|safe|now"
    r"|right now| )+"
)
_WORDS_TO_ANSWER = 3


@dataclass(frozen=True, slots=True)
class _Clause:
    """A part of a message in plain lower-case words; `asked`: its sentence is a question."""

    words: str
    asked: bool


def carried_risk(
    previous_level: RiskLevel,
    assessment: RiskAssessment,
    text: str,
    *,
    question: str | None = None,
    worst_level: RiskLevel | None = None,
) -> RiskLevel:
    """Return the level that holds after this turn.

    Raised risk stays raised until the seeker says that they are safe; "thanks" or a new topic does
    not lower it. A turn with risk of its own never lowers it. After outright danger a bare "yes" to
    "are you safe?" leads to a concern, which is asked about once more, and so do any words where an
    act was at hand or begun. A mere concern, which may have been a misreading, is also lowered by
    "no" and by "I didn't mean it like that", in answer to a question about it.

    Args:
        previous_level: that held before.
        assessment: of the turn.
        text: what the seeker said in it.
        question: the supporter's last text, which it answers.
        worst_level: that held since danger was raised; default `previous_level`.
    """
    if assessment.level > RiskLevel.NONE or previous_level is RiskLevel.NONE:
        return max(previous_level, assessment.level)
    if not _ends_danger(text, question, max(previous_level, worst_level or RiskLevel.NONE)):
        return previous_level
    certain = previous_level is RiskLevel.CONCERN or (
        previous_level is RiskLevel.HIGH and says_safe(text, question)
    )
    return RiskLevel.NONE if certain else RiskLevel.CONCERN


def says_safe(text: str, question: str | None = None) -> bool:
    """Whether the seeker says in so many words that they are safe now, and nothing against it.

    Where `question` was whether everyone is safe, they must say so of everyone.
    """
    of_everyone = asks_if_everyone_is_safe(question or "")
    patterns = (_EVERYONE_SAFE,) if of_everyone else (_SAFE, _NO_DANGER, _EVERYONE_SAFE)
    return _says(text, *patterns)


def says_more(text: str) -> bool:
    """Whether somebody who says that they are safe says something else, too, to be answered."""
    known = (_SAFE, _EVERYONE_SAFE, _NO_DANGER, _NEVER_WAS, _BARE_NO, _COURTESY, _YES)
    rest = [c for c in _clauses(text) if not any(p.fullmatch(c.words) for p in known)]
    return sum(len(clause.words.split()) for clause in rest) >= _WORDS_TO_ANSWER


def _ends_danger(text: str, question: str | None, worst_level: RiskLevel) -> bool:
    if says_safe(text, question):
        return True
    asked_if_safe = question is not None and asks_if_safe(question)
    asked_about_danger = question is not None and asks_about_danger(question)
    if asked_if_safe and not asked_about_danger and _is_bare_yes(text):
        return True
    if worst_level > RiskLevel.CONCERN or not (asked_if_safe or asked_about_danger):
        return False
    if _says(text, _NEVER_WAS):
        return True
    return asked_about_danger and _denies(text)


def _says(text: str, *patterns: re.Pattern[str]) -> bool:
    """Whether a clause says one of these, not as a question, and nothing beside it is in doubt."""
    clauses = list(_clauses(text))
    said = [c for c in clauses if any(p.fullmatch(c.words) for p in patterns)]
    beside = [c for c in clauses if c not in said]
    return bool(said) and not any(c.asked for c in said) and not any(map(_is_in_doubt, beside))


def _denies(text: str) -> bool:
    """Whether a message begins with "no", or is "I meant ...", and nothing after it is in doubt."""
    clauses = _clauses(text)
    if not clauses:
        return False
    denial = _DENIAL.fullmatch(clauses[0].words)
    if denial is not None:
        clauses[0] = _Clause(denial["rest"] or "", clauses[0].asked)
    elif _MEANT.fullmatch(clauses[0].words) is None:
        return False
    return not any(map(_is_in_doubt, clauses))


def _is_in_doubt(clause: _Clause) -> bool:
    words = _IS_WITH_ME.sub("", clause.words)
    return _DOUBT.search(words) is not None or _SOMEBODY.search(words) is not None


def _is_bare_yes(text: str) -> bool:
    clauses = _clauses(text)
    return (
        bool(clauses)
        and all(
            not c.asked and (_YES.fullmatch(c.words) or _COURTESY.fullmatch(c.words))
            for c in clauses
        )
        and any(_YES.fullmatch(c.words) for c in clauses)
    )


def _clauses(text: str) -> list[_Clause]:
    """Return a message's clauses: what stands between its stops, commas and dashes."""
    return list(_split(re.sub(r"['\u2019]", "", text[:2000]).lower()))


def _split(plain: str) -> Iterator[_Clause]:
    for sentence, stop in re.findall(r"([^.!?;\n\u2026]+)([.!?;\n\u2026]*)", plain):
        for part in re.split(r"[,:()\u2013\u2014]| - |\band\b", sentence):
            words = " ".join(re.findall(r"\w+", part))
            if words:
                yield _Clause(words, "?" in stop)
