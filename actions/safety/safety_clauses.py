"""What the clauses of a message say about whether its writer is in danger: a small grammar.

Each clause is matched whole, as it stands or without words that change nothing ("lol", "honestly").
What the grammar does not know is `Says.OTHER`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from actions.safety.answers import straight


class Says(Enum):
    """What one clause says."""

    SAFE = auto()
    SAFE_WITH_SOMEBODY = auto()
    EVERYONE_SAFE = auto()
    NOBODY_HURT = auto()
    NO_HARM_TO_MYSELF = auto()
    NO_ACT = auto()
    NO_HARM_TO_OTHERS = auto()
    HELP_IS_HERE = auto()
    CHANGED = auto()
    NEVER_WAS = auto()
    FINE = auto()
    NO = auto()
    YES = auto()
    COURTESY = auto()
    LEAVE = auto()
    FEELING = auto()
    COMPANY = auto()
    OTHER = auto()


# Words that change nothing; a clause is read with and without them.
_ASIDES = (
    r"i promise(?: you)?|i swear(?: to you)?|trust me|believe me|dont worry|no worries|dw|lol+"
    r"|lmao|ha(?:ha)+h?|hehe|omg|hey|hi|hello|mate|bro|dude|xx?|xo|ty|thx|tysm|tbh|honestly|sorry"
    r"|oh|\Awell|um+|er+m*|uh+|huh|ah|eh|rn|tho|though|hun|man|dear|please"
    r"|i told (?:you|u)(?: already)?|i already (?:said|told you)|like i said|as i said|i said"
)
_DEGREES = (
    r"really|actually|seriously|100|literally|completely|totally|perfectly|absolutely|definitely"
    r"|quite|very|truly"
)
_FILLERS = re.compile(rf"\b(?:{_ASIDES}|{_DEGREES})\b")
_FILLERS_OF_A_DENIAL = re.compile(rf"\b(?:{_ASIDES})\b")
_DENIES = re.compile(r"\b(?:not|no|never|dont|doesnt|isnt|arent|wont|wouldnt)\b")
"""\"Not completely suicidal\" is not \"not suicidal\"."""

_LEAD = r"(?:(?:y+e+s*|yea+h*|yeh|yh|yup|yep|ok(?:ay)?|no+|na+h*|nope|thanks|thank you) )*"
_NOW = (
    r"(?:now|right now|at the moment|at this moment|at home|again|too|in bed|in my (?:bed|room"
    r"|house"
    r"|flat|apartment)|at work|in hospital|(?:in|at) (?:the|a) (?:hospital|shelter|clinic)"
    r"|thanks|thank you|(?:thanks|thank you) for asking|and sound|sound|already|finally)"
)
_AM = r"(?:i(?:m| am)|i do feel|i feel|im feeling|i am feeling|we(?:re| are)|feeling)"
_HOW = r"(?:now|all|both|here|at home|home|currently|still)"
_SAD = (
    r"(?:tired|exhausted|sad|down|stressed|anxious|nervous|worried|lonely|upset|angry|frustrated"
    r"|overwhelmed|bored|annoyed|heartbroken|disappointed|worn out|burnt out|burned out"
    r"|emotional|moody|venting|ranting|rambling|blowing off steam|letting off steam"
    r"|mad"
    r"|(?:a |having a |had a )?(?:bad|rough|hard|tough|long) (?:day|time|week|night|month))"
)
_FROM_WHAT = (
    r"(?: (?:about|from|because of|over|with|at|after|by) (?:my |the |this |all the |all this )?"
    r"(?:work|job|school|college|uni|university|exams?|homework|boss|money|rent|bills|divorce"
    r"|break ?up|ex|kids|marriage|girlfriend|boyfriend|friends?|colleagues?|interview|argument"
    r"|news|move|him|her|it|that|today|tomorrow|everything|studying|working|shift))?"
)
_A_BIT = (
    r"(?:(?:but|and|just|only|still|its|it|is|was|thats|im|i|am|feel|felt|feeling|ive|have|been|had"
    r"|a|bit|little|so|today|really) )*"
)
_MYSELF = r"(?:hurt|harm|kill|cut)(?:ing)? my ?self"
_ANYBODY = (
    r"(?:hurt|harm|kill|touch)(?:ing)? (?:anyone|anybody|someone|somebody|him|her|them|others)"
)
_HARM = rf"(?:{_MYSELF}|suicide|end(?:ing)? my life)"
_ANYTHING = r"(?:anything|something)(?: to my ?self| stupid| rash| silly| dumb| like that)?"
_KIN = (
    r"(?:mum|mom|mother|dad|father|parents|sister|brother|(?:best )?friends?|aunt|gran|grandma"
    r"|neighbou?r|son|daughter|family|roommate|flatmate|therapist|kids|children|husband|wife"
    r"|boyfriend|girlfriend|partner)"
)
_NOT_GOING_TO = (
    r"(?:(?:i(?:m| am) )?not (?:going to|gonna|planning to|planning on|about to)"
    r"|i(?:m| am) not (?:thinking|having (?:any )?thoughts) (?:of|about)"
    r"|i(?: wont| will not| would never| will never|d never|m never going to)(?: ever)?)"
)
_WHAT_I_MEANT = (
    r"(?:job|work|boss|holiday|vacation|exam|school|course|class|project|game|movie|film|book|song"
    r"|flat|apartment|house|car|phone|trip|team|shift|weekend|degree|thesis"
    r"|town|city|gym|diet|hair|hobby|club|band|internship"
    r"|interview|contract|meeting|laptop|computer|subscription|account)"
)
_LEADS_AND_BODY: dict[Says, str] = {
    Says.EVERYONE_SAFE: (
        rf"{_LEAD}(?:(?:everyone|everybody)(?:s| is)|we(?:re| are) (?:all|both)|all of us are"
        r"|both of us are|(?:me|i) and (?:the|my) (?:kids|children|son|daughter|baby|mum|mom) are"
        rf"|(?:the|my) (?:kids|children) and i are)(?: {_HOW})* safe(?: {_NOW})*|{_LEAD}all safe"
    ),
    Says.SAFE: (
        rf"{_LEAD}{_AM}(?: {_HOW})* (?:safer?|in a safe place|somewhere safe|home safe)"
        rf"(?: {_NOW})*(?: ok(?:ay)?)?"
    ),
    Says.SAFE_WITH_SOMEBODY: (
        rf"{_LEAD}{_AM}(?: {_HOW})* safe (?:here )?(?:with|at) my {_KIN}s?(?: house| place| now)*"
    ),
    Says.NOBODY_HURT: (
        rf"{_LEAD}(?:nobody|no one)(?:s| is| got| will get)(?: going to get)? (?:hurt|in danger)"
    ),
    Says.NO_HARM_TO_MYSELF: (
        rf"{_LEAD}(?:i(?:m| am) (?:not|no longer) (?:feeling )?(?:suicidal|in (?:any )?danger)"
        r"(?: any ?more| at all)?|i (?:dont|do not) feel suicidal(?: any ?more| at all)?"
        rf"|{_NOT_GOING_TO} {_HARM}(?: or {_HARM})?)"
    ),
    Says.NO_ACT: rf"{_LEAD}{_NOT_GOING_TO} do(?:ing)? {_ANYTHING}",
    Says.NO_HARM_TO_OTHERS: (
        rf"{_LEAD}(?:{_NOT_GOING_TO} {_ANYBODY}|i(?:ve| have) (?:calmed down|walked away))"
    ),
    Says.HELP_IS_HERE: (
        r"(?:the |an )?(?:ambulance|paramedics|doctors?|nurses?|police|help)(?:s| is| are| has"
        r"| have)?"
        r"(?: just)? (?:here|arrived|come|coming|on (?:its|their|the) way)(?: with me| now)?"
        rf"|{_LEAD}i(?:m| am) (?:at|in) (?:the |a )?(?:hospital|er|emergency room)(?: now)?"
        r"|i(?:ve| have)? called (?:911|999|112|000|an ambulance|the ambulance|emergency services)"
        r"|i(?:ve| have)? (?:just )?(?:called|rang|texted|phoned|talked to|spoke to|spoken to"
        r"|talked with|spoke with) (?:988|samaritans|the samaritans|lifeline|(?:the|a|my) (?:crisis"
        rf" |suicide )?(?:line|hotline|helpline|doctor|therapist|counsell?or|{_KIN}))"
        r"|(?:they|she|he)(?: (?:really|have|has))? (?:helped(?: me)?|calmed me down)"
    ),
    Says.NEVER_WAS: (
        rf"{_LEAD}(?:(?:(?:it|that) (?:is|was)|its|thats|just|only) )*(?:an? )?(?:figure of speech"
        r"|expression|joke|saying|way of speaking|song|song lyric|lyric|quote|metaphor"
        r"|(?:bad|poor) choice of words)"
        rf"|{_LEAD}(?:i (?:did not|didnt) mean (?:it|that)(?: like that| that way| literally| so)?"
        r"|(?:its not|thats not|(?:it|that) (?:is not|isnt|was not|wasnt)) what i meant"
        r"|that came out wrong|not literally|(?:i think )?you(?:ve| have)? (?:misread|misunderstood"
        r"|got) ?(?:me|it|me wrong|it wrong)?|misunderstanding|jk"
        r"|(?:i(?:m| am| was) )?(?:just |only )?(?:kidding|joking|exaggerating|being dramatic"
        rf"|being sarcastic)|i (?:dont|do not) want to (?:die|{_HARM})"
        r"|i love (?:my )?life"
        r"|i (?:dont|do not) have (?:suicidal thoughts|(?:any )?(?:thoughts like that"
        r"|such thoughts)"
        r"|those thoughts)|i(?:m| am) not (?:having|thinking) (?:those thoughts|about that|of that)"
        r"|(?:i have )?no (?:such )?(?:thoughts?|plans?|intentions?)"
        rf"(?: like that| (?:of|to) (?:that|{_HARM}))?"
        r"|i(?:d| would) never do (?:that|such a thing|something like that|anything like that)"
        rf"|i (?:was not|wasnt|am not|m not)? ?talking about (?:that|suicide|dying|death|{_HARM})"
        r"|i was (?:only |just )?quoting(?: (?:a|the|my favou?rite) (?:song|film|movie|book|show)"
        r"| (?:a |the |song )?lyrics?)?"
        rf"|i love my (?:{_KIN}|life|cat|dog)s?(?: too much| so much)?"
        r"|i (?:only |just )?(?:meant|mean) my (?:phone|laptop|computer|car|battery|plants?)"
        r" (?:is|was|died|is dead|is dying|broke)"
        rf"|i (?:only |just )?(?:meant|mean|was talking about|am talking about) (?:quitting "
        rf"|leaving "
        rf"|changing )?(?:my|the|a|this|that)(?: (?:old|new|current|stupid|damn))? {_WHAT_I_MEANT}"
        r"(?: from work)?)"
    ),
    Says.COURTESY: (
        r"(?:thanks?|thank you|ok(?:ay)?|what|wait|why|promise|(?:thanks|thank you) (?:for asking"
        r"|a lot|for (?:caring|listening|being here|your (?:concern|help|support))"
        r"|for checking(?: on me)?|so much|anyway)|but (?:thanks|thank you)(?: for asking)?"
        r"|(?:please )?(?:dont worry|no need to worry|you dont (?:have|need) to worry)"
        r"(?: about me)?"
        r"|(?:can|could) (?:we|i) (?:please )?(?:just )?(?:talk about|go back to|get back to)"
        rf" (?:my |the )?(?:{_WHAT_I_MEANT}|{_KIN}|ex|landlord|something else|other things|that)"
        r"(?: now| instead| please)*"
        r"|thats (?:it|all)"
        r"|why (?:do|are|would) you (?:keep |even )?ask(?:ing)?(?: me)?(?: that)?)"
    ),
    Says.CHANGED: (
        rf"{_LEAD}(?:i (?:dont|do not|no longer) (?:feel|think) (?:that way|like that|this way)"
        r"(?: any ?more| now)*|i(?:ve| have)? changed my mind|i want to live|the feeling has passed"
        r"|it (?:has )?passed)"
    ),
    Says.FINE: (
        rf"{_LEAD}(?:(?:i(?:m| am)|i feel|doing|feeling|its|all"
        rf"|just|much) )*"
        r"(?:ok(?:ay)?|fine|alright|all right|good|well|better)(?: (?:now|thanks|thank you))*"
    ),
    Says.NO: (
        r"(?:wait |what |omg |god )*(?:no+|na+h*|naw|nope+|never|neither|not at all|of course not"
        r"|definitely not|absolutely not|certainly not|no way|nothing like that|not like that"
        r"|i promise i(?:m| am) not|i(?:m| am) not|of course i(?:m| am) not|i dont|i do not"
        r"|i havent"
        r"|i have not|i wasnt|i was not|i wouldnt|i(?:d| would) never|i never have|none|nop"
        r"|no to both)(?: (?:no+|nope|never|not at all|of course not|nothing like that|i(?:m"
        r"| am) not"
        r"|i dont|i do not|i havent|i have not|i wasnt|at all|i(?:d| would) never|i never have"
        r"|its nothing like that|god no|(?:but )?(?:thanks|thank you)(?: for (?:asking"
        r"|checking))?))*"
    ),
    Says.LEAVE: r"(?:good ?night|bye+|see you(?: later)?|talk later)",
    Says.FEELING: (
        rf"{_LEAD}{_A_BIT}{_SAD}{_FROM_WHAT}"
        rf"|{_LEAD}(?:its|it is|thats) (?:only |just |all )*(?:about|because of) (?:my|the|a)"
        rf" {_WHAT_I_MEANT}"
        rf"|{_LEAD}i (?:just |really )*miss (?:my (?:ex|dog|cat|{_KIN})|him|her|them|home)"
    ),
    Says.COMPANY: (
        rf"{_LEAD}(?:my|our) {_KIN}(?:s| is| are| has| have)? (?:here|with me|here with me"
        rf"|come over"
        r"|coming over|staying(?: with me| over)?)"
        rf"|{_LEAD}i(?:m| am)(?: at home| home| here)? (?:with|at) my {_KIN}s?(?: place| house)?"
        r"|i(?:m| am) not alone"
    ),
}
_PATTERNS = {said: re.compile(pattern) for said, pattern in _LEADS_AND_BODY.items()}
_EVERYONE_YES = (
    r"(?:y+|ye+s+|yea+h*|yeh|yh|ye|ya|yah|yup|yep|sure|of course|definitely|absolutely|totally"
    r"|correct|everyone(?: is)?)"
)
_WITH_YES = r"(?:now|right now|thanks|thank you|(?:thanks|thank you) for (?:asking|checking))"
NO_FIRST = re.compile(r"(?:no+|na+h*|nope)\b(?! worries)")
LAUGHS = re.compile(r"\b(?:lol+|lmao|ha(?:ha)+h?|hehe)\b")
_SAD_FACE_OR_WINK = re.compile(r"[:;=]['\u2019]?-?[(/\\|]|;-?\)|\)-?['\u2019]?[:;]")
_YES = rf"(?:{_EVERYONE_YES}|i am|i do|we are|safe)"


def _made_of(yes: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{_WITH_YES} )*{yes}(?: (?:{yes}|{_WITH_YES}))*")


YES_OF_MYSELF = _made_of(_YES)
YES_OF_EVERYONE = _made_of(_EVERYONE_YES)

# What may take words back, say for whom they do not hold, or until when.
_DOUBT = re.compile(
    r"\b(?:but|although|however|except|until|till|unless|if|when|once|while|whether|because"
    r"|cause|cuz|as long as|yet|still|almost|nearly|maybe|perhaps|probably|kind of|kinda|sort of"
    r"|not|no|nope|never|isnt|aint|wont|cant|couldnt|dont|doesnt|didnt|hasnt|havent|lie|lied|lying"
    r"|jk|guess|think|suppose|mostly|physically|in a way|sadly|promises?|voices?|thoughts?|urges?"
    r"|done|ready|set up|prepared|written|decided|plan|plans|secret|tell|delete|alone|locked|hiding"
    r"|idk|for now|for today|for the moment|today|tonight|tomorrow|later|soon|sometimes|often"
    r"|at night|enough|too|sleepy|sleep|drowsy|dizzy|numb|blurry|faint\w*|bleed\w*|blood|cut|cuts"
    r"|wish|hope|hopeless|pointless|matters?|anyway|hardly|barely|rarely|far|less|nowhere|unsafe"
    r"|nobody|noone|pills?|tablets?|took|taken|drank|drunk|swallowed|paracetamol|knife|gun|rope"
    r"|belt|blades?|bridge|roof|tracks?|trains?|garage|goodbye|bye|farewell|everything|god|heaven"
    r"|happy now|yeah right|pain|hurts?|broken|husband|wife|boyfriend|girlfriend|partner|ex|uncle"
    r"|he|hes|him|his|she|shes|her|they|theyre|them|their)\b"
)
# What else somebody tells who was asked about suicide without need, and no word of danger in it.
_EVERYDAY = re.compile(
    rf"\b(?:{_SAD}|{_WHAT_I_MEANT}|colleagues?|coworkers?|customers?|manager|landlord|rent|bills|money"
    r"|roommates?|flatmates?|friends?|exams?|grades?|homework|teachers?|classmates?|deadlines?"
    r"|broke up|break ?up|divorced?|dating|dumped|cheated|argument|argued|traffic|venting)\b"
)
_HINT = re.compile(
    r"\b(?:stop\w*|end|ends|ended|ending|over|gone|going|leave|leaving|left|escape|disappear\w*|vanish"
    r"|burden|forever|peace\w*|quiet|nothing|worth\w*|exist\w*|live|living|life|death|dead|die|died"
    r"|dying|kill\w*|suicid\w*|harm\w*|pray\w*|given|gave|give|giving|sold|last|final\w*|bought"
    r"|wrote|writing|letters?|notes?|watch\w*|burn\w*|wait\w*|way|point|strength|anything|something"
    r"|it|need\w*|help\w*|want\w*|myself|mind|better|burial|funeral|with a|of living)\b"
)
_TELLS = re.compile(r"(?:(?:just|only|well) )*(?:im|i|ive|id|we|weve|its|that|thats|this|my \w+)\b")
_FRIENDLY = frozenset("🙂😊😀😁😄😅😂🤣😌🤗👍🙏🥰💕💛💙💚♥❤☺")


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a message.

    Attributes:
        words: in plain lower case, without fillers.
        says: what it says.
        asked: it is a question.
    """

    words: str
    says: Says
    asked: bool

    @property
    def is_in_doubt(self) -> bool:
        """Whether it may take back what stands beside it."""
        return self.says is Says.OTHER and (self.asked or _DOUBT.search(self.words) is not None)

    @property
    def tells(self) -> bool:
        """Whether it is a sentence on everyday troubles, without a word that may hint at danger."""
        is_sentence = _TELLS.match(self.words) is not None and _EVERYDAY.search(self.words)
        return (
            self.says is Says.OTHER
            and bool(is_sentence)
            and not self.is_in_doubt
            and _HINT.search(self.words) is None
        )


def is_plain(text: str) -> bool:
    """Whether a message has neither quotation marks, nor symbols that say something else."""
    has_other_sense = re.search(r"[\"\u201c\u201d\u00ab\u00bb]", text) or _SAD_FACE_OR_WINK.search(
        text
    )
    return not has_other_sense and not any(
        unicodedata.category(c) == "So" and c not in _FRIENDLY for c in text
    )


def clauses_of(text: str) -> list[Clause]:
    """Return a message's clauses: what stands between its stops, commas, dashes and "and"s."""
    plain = straight(text[:_READ]).lower().replace("'", "")
    clauses = list(_split(re.sub(r"\bi(?:am| m)\b", "im", plain)))
    if text[_READ:].strip():
        clauses.append(Clause("", Says.OTHER, asked=True))  # nobody knows what the rest says
    return clauses


def _split(plain: str) -> Iterator[Clause]:
    for sentence, stop in re.findall(r"([^.!?;\n\u2026]+)([.!?;\n\u2026]*)", plain):
        parts = [" ".join(re.findall(r"\w+", p)) for p in re.split(_COMMA, sentence)]
        parts = [piece for part in parts if part for piece in _pieces(part)]
        for number, words in enumerate(parts, start=1):
            asked = "?" in stop and number == len(parts) and not words.endswith(" ok")
            yield Clause(_bare(words) or words, _meaning(words), asked)


_MOST_WORDS = 20
"""Of a clause that the grammar knows; it bounds the time of a search, too."""

_READ = 2_000
"""Characters of a message."""

_AFTER_NO = r"(?:(?<=^no)|(?<=^nope)|(?<=^nah))\s(?=(?:i|im|ive|its|my|we)\b)"
_BEFORE_JUST = r"(?<!\bi)(?<!\bim)(?<!\bam)(?<!\bwas)\s(?=just\b)"
_COMMA = r"[,:()/\u2013\u2014]| - "


def _pieces(part: str) -> list[str]:
    """Return the parts that "and", "but" or "just" joins; one, where they are read as one."""
    if _meaning(part) is not Says.OTHER:
        return [part]
    pieces = re.split(rf"\b(?:and|but)\b|{_AFTER_NO}|{_BEFORE_JUST}", part)
    if not pieces[-1].strip():  # "..., but": the rest was not said
        pieces[-1] = part.split()[-1]
    return [piece for piece in map(str.strip, pieces) if piece]


def _bare(words: str) -> str:
    """Return a clause without fillers."""
    fillers = _FILLERS_OF_A_DENIAL if _DENIES.search(words) else _FILLERS
    return " ".join(fillers.sub(" ", words).split())


def _meaning(words: str) -> Says:
    """Return what a clause says, as it stands or without fillers."""
    bare = _bare(words)
    if not bare:
        return Says.COURTESY
    if len(words.split()) > _MOST_WORDS:
        return Says.OTHER
    for said, pattern in _PATTERNS.items():
        if pattern.fullmatch(words) or pattern.fullmatch(bare):
            return said
    return Says.YES if YES_OF_MYSELF.fullmatch(bare) else Says.OTHER
