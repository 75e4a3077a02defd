"""The tables of the screen: explicit wordings of danger, each with its kind and level.

Patterns are written in plain English without apostrophes and are squeezed like the text (see
`normal_form`): "kill" here meets "kill", "killl" and "k1ll". Every repetition in them is bounded,
so that a search takes time linear in the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from actions.safety.normal_form import squeeze
from actions.safety.risk import RiskKind, RiskLevel


_SEAM = re.compile(r"(?<!\\)([a-z])\(\?:\1")


def squeezed_source(source: str) -> str:
    """Squeeze a pattern, also where a group repeats the letter before it: "cut(?:ting)?"."""
    return _SEAM.sub(r"\1(?:", squeeze(source))


def squeezed_pattern(source: str) -> re.Pattern[str]:
    """Compile a pattern for text in normal form; it starts and ends at a word's edge."""
    return re.compile(rf"(?<![^ ])(?:{squeezed_source(source)})(?![^ ])")


@dataclass(frozen=True, slots=True)
class Rule:
    """One wording of danger, and which contexts change what it means.

    `anchors` are strings one of which every match holds: a cheap test before the pattern.
    `negatable`: "I don't ..." before it takes it away; off where the wording negates already.
    `owned`: it names no person, so that whoever stands before it is its subject.
    `act`: it names an act or an intent, which a time or a means at hand makes imminent.
    """

    kind: RiskKind
    level: RiskLevel
    pattern: re.Pattern[str]
    anchors: tuple[str, ...]
    negatable: bool = True
    owned: bool = False
    act: bool = False
    not_before: re.Pattern[str] | None = None
    not_after: re.Pattern[str] | None = None


def _rule(
    kind: RiskKind,
    level: RiskLevel,
    anchors: str,
    pattern: str,
    *,
    negatable: bool = True,
    owned: bool = False,
    act: bool = False,
    not_before: str | None = None,
    not_after: str | None = None,
) -> Rule:
    """`not_after` ends just before the match and `not_before` starts just behind it."""
    return Rule(
        kind,
        level,
        squeezed_pattern(pattern),
        tuple(squeeze(anchors).split()),
        negatable,
        owned,
        act,
        re.compile(rf"\A ?(?:{squeezed_source(not_before)})(?![^ ])") if not_before else None,
        re.compile(rf"(?<![^ ])(?:{squeezed_source(not_after)}) ?\Z") if not_after else None,
    )


_NONE, _CONCERN, _HIGH, _IMMINENT = RiskLevel
_SUICIDE, _SELF_HARM = RiskKind.SUICIDE, RiskKind.SELF_HARM
_HARM, _ABUSE = RiskKind.HARM_TO_OTHERS, RiskKind.ABUSE
_EATING, _MEDICAL = RiskKind.EATING_DISORDER, RiskKind.MEDICAL_EMERGENCY

# --- words that several rules share ---------------------------------------------------------

_SELF = r"(?:myself|my ?self|me self|my own self)"
_DONT = (
    r"(?:(?:do not|dont|didnt|did not|dnt|doesnt|no longer|never|not|cant|stopped)"
    r"(?: (?:want|wana|wish|wanted|wanting|need|care|like|feel like|to))*)"
)
_WANT_TO = (
    r"(?:want(?:ed)?|wish(?:ed|ing)?|need(?:ed)?|hop(?:e|ed|ing)|like|love|ready|pray(?:ing|ed)?"
    r"|beg(?:ging|ed)?|deserve[ds]?|longing|long|prefer|desire|willing|prepared|trying|tried"
    r"|planning|intend(?:ing)?|decided|choose|urges?|tempted|able|allowed|dying) (?:for me )?to"
)
_FALL = r"(?:go(?: to sleep)? and|fall asleep and|lie down and|curl up and|lay down and|go)"
_DEAD = r"(?:dead|gone forever|six feet under|no longer alive|not alive)"
_END_LIFE = (
    r"(?:end(?:ing|ed)?|take|taking|took|finish(?:ing)?)"
    r" (?:my (?:own )?(?:life|lives|existence|suffering forever)|it all|this life)"
)
_KILL_SELF = (
    r"(?:(?:kill(?:ing|ed)?|hang(?:ing|ed)?|hung|shoot(?:ing)?|shot|drown(?:ing|ed)?"
    r"|poison(?:ing|ed)?|stab(?:bing|ed)?|suffocat(?:e|ing|ed)|gas(?:sing)?"
    r"|electrocut(?:e|ing|ed)|strangl(?:e|ing|ed)|off(?:ing|ed)|neck(?:ing)?|rop(?:e|ing)"
    r"|delet(?:e|ing)|end(?:ing|ed)?|unaliv(?:e|ing)|murder(?:ing)?|immolat(?:e|ing)"
    rf"|do(?:ing)? away with|top(?:ping)?|(?<= to )off|(?<= should )off) {_SELF})"
)
_HEIGHT = (
    r"(?:bridge|building|roof|rooftop|balcony|cliff|window|overpass|ledge|tower|viaduct"
    r"|car ?park|platform|pier)"
)
_VEHICLE = r"(?:train|bus|car|truck|lorry|tube|subway|traffic|tram|metro)"
_METHOD = (
    r"(?:(?:slit|slash|slic(?:e|ing)|open(?:ing)?|cut(?:ting)?)(?:ting)? my (?:own )?"
    r"(?:wrists?|throat|veins?|arteries|artery)"
    r"|(?:blow(?:ing)?|shoot(?:ing)?) my (?:\w+ )?(?:brains?|head)(?: out| off)?"
    r"|(?:put(?:ting)?) a (?:bullet|gun) (?:in|through|to|into) my (?:own )?(?:head|brain|skull|mouth)"
    rf"|(?:jump(?:ing)?|throw(?:ing)? {_SELF}|leap(?:ing)?|walk(?:ing)?|step(?:ping)?|fling {_SELF})"
    rf" (?:off of|off|from|out of|out|over) (?:a|an|the|my|this|that) (?:\w+ )?{_HEIGHT}"
    rf"|(?:jump(?:ing)?|throw(?:ing)? {_SELF}|walk(?:ing)?|step(?:ping)?|run(?:ning)?|lie|lying)"
    rf" (?:in front of|under|into) (?:a |an |the |an oncoming |oncoming )?(?:\w+ )?{_VEHICLE}"
    rf"|(?:crash|driv(?:e|ing)|crashing) (?:my (?:car|truck) |{_SELF} )?(?:off|into) (?:a|the) "
    r"(?:tree|wall|bridge|cliff|river|lake|pole)"
    r"|drink(?:ing)? (?:some |the |a bottle of )?(?:bleach|antifreeze|poison|drain cleaner)"
    r"|(?:take|taking|swallow(?:ing)?|down(?:ing)?) (?:all (?:of )?)(?:my|the|these|those|his|her) "
    r"(?:\w+ )?(?:pills|meds|tablets|medication|medicine|painkillers|antidepressants|insulin)"
    r"|(?:take|taking|swallow(?:ing)?) (?:a|the) (?:whole |entire |full )?(?:bottle|handful|bunch) of"
    r" (?:\w+ )?(?:pills|meds|tablets|painkillers|paracetamol|tylenol)"
    r"|catch the bus(?: for good)|ctb)"
)
_TAKEN = r"(?:took|taken|swallowed|downed|popped|eaten|drank|drunk|had)"
_DRUGS = (
    r"(?:pills?|tablets?|meds|medication|medicine|painkillers?|paracetamols?|tylenol|ibuprofen"
    r"|aspirin|advil|xanax|antidepressants?|sleeping (?:pills|tablets)|insulin|benadryl|opioids?"
    r"|oxy|fentanyl|prozac|zoloft|valium|codeine)"
)
_MANY = (
    r"(?:all (?:of )?|the whole |a whole |whole |an entire |the entire |entire |a full |too many "
    r"|too much |so many |a bottle of |bottle of |a bunch of |a load of |loads of |lots of |a lot of "
    r"|tons of |every |a handful of |handfuls of |a box of |a packet of |a pack of |a fistful of "
    r"|(?:about |like |over |around |at least |nearly )?(?:[1-9]\d{1,2} |twenty |thirty |forty |fifty |sixty |a hundred )"
    r"|dozens of )"
)
_THIRD = r"(?:he|she|they|hes|shes|theyre|hed|shed|theyd|hell|shell|theyll|theyve)"
_PERSON_NOUN = (
    r"(?:husband|wife|partner|boyfriend|girlfriend|bf|gf|ex|fianc\w{1,2}|spouse|mum|mom|mother|mam"
    r"|mommy|mummy|dad|father|daddy|stepdad|stepfather|stepmom|stepmum|stepmother|parents?|brother"
    r"|sister|stepbrother|stepsister|siblings?|son|daughter|sons|daughters|brothers|sisters|kids?"
    r"|child|children|baby|uncle|aunt|auntie|cousin|grand(?:father|mother|pa|ma|dad)|nan|boss"
    r"|manager|coworker|colleague|roommate|flatmate|housemate|room mate|teacher|coach|neighbou?rs?"
    r"|friends?|bestie|mate|family|in laws?|mother in law|father in law|landlord|nephew|niece|twin"
    r"|student|patient|client|bully|bullies|babysitter|carer|pastor|priest|classmates?)"
)
_POSSESSIVE = r"(?:my|his|her|their|our|the|a|an|this|that|one of my|some|your)"
_PERSON = (
    rf"(?:{_THIRD}|(?:{_POSSESSIVE} )(?:\w+ )?(?:\w+ )?{_PERSON_NOUN}|someone|somebody|people"
    r"|everyone|this (?:guy|man|boy|woman|girl)|a (?:guy|man|boy|woman|girl)|men|mum|mom|dad)"
)
_ADVERB = (
    r"(?:\w+ly|often|sometimes|also|then|has|have|had|is|are|was|were|been|been known to|keeps?|kept"
    r"|started|starts|and|once|will|would|who|never stops|got mad and|got angry and"
    r"|gets (?:mad|angry|drunk) and|when drunk|kind of|sort of|almost|nearly|again|that|used to|always|threw me and"
    r"|yells at me and|shouts at me and|starts to|started to|constantly)"
)
_LIVING = (
    r"(?:liv(?:e|ing)|life|be(?:ing)? alive|exist(?:ing|ence)?|stay(?:ing)? alive"
    r"|keep(?:ing)? (?:on )?(?:living|going)|go(?:ing)? on(?: living)?|carry(?:ing)? on(?: living)?"
    r"|wak(?:e|ing) up(?: again)?)"
)
# "tired of living" is one thing and "tired of living with my parents" another.
_PLACE = (
    r"in|with|at|here|there|near|alone|by|on|under|off|together|next|like|paycheck|pay|for|abroad"
    r"|without|up to|around|away|somewhere|outside|where|as a"
)
_WORLD_PLACE = r"in this world|in this hell|on this (?:earth|planet)|with (?:this|the) pain|like this"
_NOT_PLACE = rf"(?!{_WORLD_PLACE})(?:{_PLACE})"

_FUN = (
    r"(?:(?:of|from) (?:\w+ )?(?:embar\w+|laugh\w+|shame|boredom|cringe\w*|cuteness|old age|natural"
    r"|hap\w+|hunger|thirst|heat|cold|awkward\w*)|laughing|happy|old|on that hill|for (?:a|an|that"
    r"|some|those|these) (?:\w+ )?(?:coffee|drink|pizza|burger|cigarette|beer|snack|taco))"
)
_TOPIC = (
    r"(?:squad|bomb\w*|prevention|hotline|helpline|rates?|mission|awareness|statistics|stats|door|doors"
    r"|wings?|bombers?|survivors?|research|in (?:the|a|that|this) (?:film|movie|book|song|news|novel"
    r"|play|show|series|game)|silence|kings?|boys?|month|policy|laws?|pact (?:film|movie|book))"
)

# --- suicide --------------------------------------------------------------------------------

_SUICIDE_RULES = (
    _rule(
        _SUICIDE,
        _HIGH,
        "kill hang hung shoot shot drown poison stab suffocat gas electrocut strangl off neck rop "
        "delet end unaliv murder immolat away top",
        _KILL_SELF,
        act=True,
        not_before=(
            r"in the foot|laughing|at (?:the )?(?:work|gym|office)|trying to|over|working|with work"
            r"|studying|to (?:finish|get|make|please|be)|out to dry|in (?:work|sorrows?|ice cream|debt)"
            r"|up on|a (?:drink|coffee)|with (?:overtime|exercise|overwork)|from (?:the|this) "
            r"(?:group|app|site|chat|game)|off from"
        ),
    ),
    _rule(
        _SUICIDE,
        _HIGH,
        "life lives existence all",
        _END_LIFE,
        act=True,
        not_before=r"(?:back|into|in my own hands|story|seriously|for granted|so|too|with me|better"
        r"|in hand|in a|to the next|off)",
    ),
    _rule(
        _SUICIDE,
        _HIGH,
        "wrist throat vein arter brain head bullet gun bridge building roof balcony clif window "
        "overpas ledge tower viaduct park platform pier train bus car truck lory tube subway trafic "
        "tram metro bleach antifreze poison cleaner pils meds tablets medic pain antidepresants "
        "insulin paracetamol tylenol ctb tre wal river lake pole",
        rf"(?:want|wana|going|wil|ill|id|like|ready|about|plan|plan\w*|thinking|thought|thoughts"
        rf"|urges?|need|wish|should|could|might|may|feel|tempted|decided|try|tried|trying|would|to|of"
        rf"|about|consider\w+|and|then|just|maybe|better|rather|i|im)"
        rf"(?: (?:to|of|about|like|i|could|go|and|just|going|can))* {_METHOD}",
        act=True,
        not_before=r"(?:with a bungee|bungee|into the (?:pool|water|lake)|for (?:charity|fun))",
        not_after=r"(?:(?:if|when) (?:\w+ ){1,4}(?:told|tells|asked|asks|said|says)(?: me)?(?: to)?|he"
        r"|she|they|you|bungee)",
    ),
    _rule(
        _SUICIDE,
        _HIGH,
        "die dying dead gone alive under kil",
        rf"{_WANT_TO} (?:\w+ly )?(?:{_FALL} )?(?:die|be (?:already )?{_DEAD}|kill|stay dead"
        r"|be killed|be put down|be put out of my misery)",
        owned=True,
        not_before=rf"{_FUN}|him|her|them|for (?:coffee|you|him|her|them|my)|time|two|the|it|some|a|an"
        r"|my|off|you|someone|somebody|people|everyone|this|that|every",
    ),
    _rule(
        _SUICIDE,
        _HIGH,
        "die",
        r"(?:i|ill|im) (?:\w+ ){0,2}(?:will|going to|might|may|need to|have to|must|should|deserve to"
        r"|ought to|am going to|ill)? ?die (?:tonight|today|tomorrow|soon by my own hand"
        r"|by my own hand)",
        act=True,
    ),
    _rule(_SUICIDE, _HIGH, "should deserv", r"i (?:should|ought to|deserve to) (?:be dead|die)",
          not_before=_FUN),
    _rule(
        _SUICIDE,
        _HIGH,
        "dead died die born exist alive wak dis",
        r"(?:wish|wished|wishing|hope|hoping|if only|pray|praying|prayed) (?:that )?(?:to god )?(?:i|id|me)"
        r" (?:\w+ly )?(?:was|were|am|had|could|would|d|can|never|didnt|did not|wasnt|werent|wouldnt|"
        r"could not|been|have|be|not|dont|do not|cant|was not|get|got|to|wont|will|hadnt|id|also"
        r"|all|go to sleep and|fall asleep and| ){1,5} ?"
        r"(?:dead|died|die|born|exist|existed|existing|alive|wake up|woke up|woken up|waking up|here "
        r"any more|killed|hit by a (?:car|bus|train|truck))",
        negatable=False,
        not_before=r"(?:earlier|early|with|so early|at|in (?:the|a) (?:era|time|rich|city|country)|rich"
        r"|into|to (?:see|know)|for (?:work|school|class)|on time|next to|beside|late|of)",
    ),
    _rule(_SUICIDE, _HIGH, "dead", r"(?:better|happier|easier|best) (?:off )?(?:if (?:i|im) (?:was|were|"
          r"am )?|(?:to )?be(?:ing)? |when im )?dead"),
    _rule(_SUICIDE, _HIGH, "dead", r"(?:id |i would |i )?(?:rather|prefer to|sooner) be dead"),
    _rule(_SUICIDE, _HIGH, "die dead",
          r"rather (?:be dead|die) than (?:live|keep|go on|be alive|face|carry on|continue|wake)"),
    _rule(_SUICIDE, _CONCERN, "die", r"rather die", not_before=r"than|from|on that"),
    _rule(
        _SUICIDE,
        _HIGH,
        "liv exist alive wake here earth going world around tomorow day morning night",
        r"(?:do not|dont|didnt|did not|no longer|never|not) (?:\w+ly )?"
        r"(?:want(?:ed|ing)?|wish|care|need|feel like|like|see how i can|think i want|think i can) "
        r"(?:to )?"
        r"(?:(?:be|stay|remain|keep being) (?:alive|living|in this world|on this (?:earth|planet)|in this "
        r"life|around any ?more|here any ?more|here (?:on earth|in this world)|part of this world)"
        r"|(?:live|exist|keep living|go on living|continue living|continue to live)"
        r"|keep (?:on )?existing|wake (?:back )?up (?:tomorrow|any ?more|again|in the morning|ever)"
        r"|see (?:tomorrow|another day|the morning)|live (?:this life|any ?more|this way)"
        r"|make it (?:to|through) (?:tomorrow|the night|tonight))",
        negatable=False,
        owned=True,
        not_before=rf"{_NOT_PLACE}|my|his|her|their|life|a|an|the|that|this (?:close|far)|any ?where",
        not_after=r"(?:why|if|until|because|wont|people|things?|that|which|who|he|she|it|they|probably)",
    ),
    _rule(_SUICIDE, _HIGH, "wake", r"(?:dont|do not|didnt|did not|not|never) want(?:ed|ing)? to wake up\Z",
          negatable=False, owned=True),
    _rule(
        _SUICIDE,
        _HIGH,
        "wak woke",
        r"(?:go to (?:sleep|bed)|fall asleep|sleep|close my eyes) (?:forever )?(?:and|to) (?:just )?"
        r"(?:never|not|dont) (?:to )?(?:wake|waking|open)",
        negatable=False,
    ),
    _rule(_SUICIDE, _HIGH, "sleep",
          r"(?:want to|id like to|wish i could|going to) (?:go to )?sleep forever"),
    _rule(
        _SUICIDE,
        _HIGH,
        "liv alive exist going go cary wak",
        r"(?:(?:no|any|zero|without|without (?:a|any)|not (?:a|one|any|much)|give me (?:a|one)"
        r"|lost (?:the|my|all))(?: (?:real|good|single|more|other|actual))? (?:reasons?|point|purpose|will"
        rf"|desire|wish|need|use)) (?:left )?(?:for me )?(?:to|in|for|of) (?:be )?{_LIVING}",
        negatable=False,
        not_before=rf"{_NOT_PLACE}|from|insurance|story",
    ),
    _rule(_SUICIDE, _HIGH, "live", r"(?:nothing|no one|nobody|not much|little)(?: left)? to live for",
          negatable=False),
    _rule(
        _SUICIDE,
        _HIGH,
        "liv",
        r"(?:life|it|living|this)?(?: is| its| really)?"
        r"(?: ?(?:isnt|not|aint|never|hardly|no longer|dont feel|doesnt feel|doesnt seem|dont think))"
        r"(?: (?:life|it|its|is|my life))* worth (?:living|liv(?:e|ing) (?:for|any ?more)|being alive)",
        negatable=False,
        not_before=r"(?:in|at|with)",
    ),
    _rule(
        _SUICIDE,
        _HIGH,
        "living alive life exist",
        r"(?:tired|sick|done|fed up|exhausted|finished|had enough|over)(?: (?:of|with|and tired of))+ "
        r"(?:living|being alive|existing|existence|life itself|breathing|my existence|being here on earth)",
        not_before=rf"{_NOT_PLACE}|in (?:fear|limbo)|life|my|a|an|pay|check|the",
        owned=True,
    ),
    _rule(_SUICIDE, _CONCERN, "life living alive",
          r"(?:(?:tired|sick|done|fed up|finished|had enough) (?:of|with)|gave up on|giv(?:e|ing|en) up on"
          r"|hat(?:e|ed|ing)) (?:life|being alive|living)",
          owned=True,
          not_before=r"(?:in|with|at|here|there|near|alone|by|on|together|like|as|under|in fear|paycheck)"),
    _rule(
        _SUICIDE,
        _HIGH,
        "suicid",
        r"(?:i am|im|i feel|i felt|i was|i have been|ive been|ive become|i became|i get|i got|ive felt"
        r"|am i|been feeling|feeling|been|become|becoming|being|getting|get|so|very|actively|passively"
        r"|extremely|chronically|severely|pretty|kind of|bit|little|too|also|depressed and|and|or|a|now"
        r"|feel|felt|more|almost|quite) suicidal",
        owned=True,
        not_before=r"(?:clients?|people|patients?|teens?|teenagers?|students?|friends?|callers?|person)",
    ),
    _rule(
        _SUICIDE,
        _HIGH,
        "suicid",
        r"suicidal (?:again|today|tonight|right now|now|thoughts?|ideations?|feelings?|thinking|urges?"
        r"|impulses?|tendencies|tendency|plans?|and)",
        owned=True,
    ),
    _rule(
        _SUICIDE,
        _HIGH,
        "suicide",
        r"(?:(?:think\w*|thought|thoughts|contemplat\w+|consider\w*|plan\w*|dream\w*|fantasi\w+|obses\w+"
        r"|want\w*|going|ready|tempted|tried|try|trying|attempt\w*|decided|choose|close|urge|ideas?"
        r"|options?|considered|ways?|methods?)(?: (?:about|of|on|to|my|over|with|for|is|a|now))* )"
        r"(?:(?:commit\w*|do|doing|attempt\w*|complet\w+|comit\w*|die by|dying by) )?suicide",
        owned=True,
        act=True,
        not_before=_TOPIC,
    ),
    _rule(_SUICIDE, _HIGH, "suicide", r"(?:com+it+(?:ing|ed)?|die by|dying by) suicide", owned=True, act=True),
    _rule(
        _SUICIDE,
        _HIGH,
        "suicide",
        r"suicide (?:is|seems|feels|looks like|sounds|would be) (?:(?!not|never|no)\w+ ){0,3}(?:the |an? |my |like )*(?:only|"
        r"answer|option|way|solution|best|easiest|escape|choice|better|good|peaceful|right|easy|appealing)",
    ),
    _rule(_SUICIDE, _HIGH, "suicide",
          r"(?:my|wrote|written|writing|write|a|left) (?:a |my |the |own )?suicide (?:notes?|letters?|plan"
          r"|date)", owned=True, act=True),
    _rule(_SUICIDE, _CONCERN, "suicid",
          r"\A(?:(?:i|feel|feeling|um|well|yes|my|maybe|probably|about|honestly) )*(?:suicide|suicidal)\Z"),
    _rule(_SUICIDE, _HIGH, "suicide",
          r"(?:my|a|failed|had a|survived a|second|another) suicide attempts?", owned=True),
    _rule(_SUICIDE, _CONCERN, "die death dead dying",
          r"\A(?:(?:i|just|to|maybe|my|only|want|own) )*(?:die|death|dead|dying)\Z",
          not_after=r"(?:not)"),
    _rule(
        _SUICIDE,
        _HIGH,
        "end",
        r"(?:want|wanted|going|ready|plan|planning|about|time|decided|need|thinking|thought|should|might"
        r"|tempted|wil|ill|hope|like|love|rather|just)(?: (?:to|of|about|i|go|i should|is|me))* end(?:ing)?"
        r" (?:it (?:all|for good|tonight|right now|once and for all|today)|everything|the pain forever"
        r"|my pain|my suffering|all (?:of )?this (?:pain|suffering)|this pain for good)",
        act=True,
        not_before=r"(?:with|between|on good)",
    ),
    # Alone, "end it" may be about a job or a relationship: one question is due.
    _rule(_SUICIDE, _CONCERN, "end",
          r"(?:want|wanted|going|ready|plan|planning|about|thinking|decided|thought|wana|tempted|like)"
          r"(?: (?:to|of|about|like|i should))* (?:end(?:ing)? it(?: now)?|not exist"
          r"|not be (?:here|alive)(?: any ?more)?)\Z",
          owned=True),
    _rule(_SUICIDE, _CONCERN, "end over",
          r"(?:want|wish|need|ready for|waiting for) (?:it |this |everything |my life |life )(?:all )?"
          r"(?:to )?(?:be over|end|stop forever)\Z"),
    _rule(_SUICIDE, _HIGH, "over end", r"(?:want|wish|ready for) (?:my |this )?life (?:to|was|would)"
          r"(?: (?:be|finaly|just))* (?:over|end|ended|end already)"),
    _rule(
        _SUICIDE,
        _HIGH,
        "die dead gone died kil",
        r"(?:dont|do not|wouldnt|wont|didnt|would not|not|doesnt|no one(?: would| will)?|nobody(?: would| "
        r"will)?)(?: \w+)? (?:care|mind|matter|notice|miss me|be sad|cry|object)(?: much| at all)?"
        r"(?: (?:if|when|whether|that))(?: or not)? (?:i|im|id) (?:\w+ )?"
        r"(?:die|died|dead|was dead|were dead|am dead|live or die|kill myself|killed myself|get killed"
        r"|was gone|were gone|got hit by|get hit by)",
        negatable=False,
    ),
    _rule(_SUICIDE, _HIGH, "die", r"(?:care|sure|know|matter)(?: if| whether)? i live or die",
          negatable=False),
    _rule(_SUICIDE, _HIGH, "died dead",
          r"(?:(?:better|happier|easier|easy|prefer|appreciate|glad|relieved|happy|best|rather|love it"
          r"|like it|good)(?: \w+){0,2}(?: (?:if|that|when|were))) (?:i|id|im) "
          r"(?:(?:was|were|had|would|have|just) )*(?:died|dead|die|killed myself|gone forever|never "
          r"(?:born|existed|been born))"),
    _rule(
        _SUICIDE,
        _CONCERN,
        "without gone here around exist disap",
        r"(?:better|happier|easier|fine|best)(?: off)? (?:without me|if (?:i|im|id) (?:\w+ )?(?:wasnt|"
        r"werent|was not|were not|was|were|am not|didnt|did not|am|disappeared|disapeared|left|vanished|"
        r"gone|never)(?: \w+)?(?: (?:here|around|alive|gone|exist|existed))?)",
        not_after=r"(?:he|she|him|him is|he is|hes|shes|they are|hed be|shed be|theyre)(?: now| much)?",
        negatable=False,
        not_before=r"(?:in|at|on|doing|to|there|work|working|tonight)",
    ),
    _rule(_SUICIDE, _CONCERN, "mis notice",
          r"(?:no one|nobody|nobodys|not a soul) (?:would|will|wil|is going to|would ever|going to|d)? ?"
          r"(?:miss me|notice (?:if )?(?:i am|im|i was|i|me)(?: was| were)?(?: gone| missing| not here"
          r"| disappeared))", negatable=False),
    _rule(_SUICIDE, _CONCERN, "burden",
          r"(?:i am|im|being|i was|i feel like|ive become|i have become|like) (?:nothing but |only |such |"
          r"just |nothing more than |too much of )?(?:a|an?) (?:\w+ )?burden (?:to|on|for) (?:everyone|"
          r"everybody|them|my family|people|the world|all|others|society|my parents|my kids|the people)",
          not_after=r"(?:dont want|not want|dont like|hate|worry|worried|avoid|fear|afraid)(?: \w+){0,6}"),
    _rule(
        _SUICIDE,
        _HIGH,
        "point",
        r"(?:what is|what|see|seeing|is there|there is|there|have|find|no|any|the|is|of) (?:the |no |any |a )?"
        r"point (?:of|in|to|for) (?:me )?(?:my )?(?:living|life|being alive|go(?:ing)? on|exist(?:ing|ence)?"
        r"|live|liv(?:e|ing) any ?more|staying alive|being here any ?more|waking up|keep(?:ing)? (?:on )?"
        r"(?:living|going)|carry(?:ing)? on)",
        negatable=False,
        not_before=rf"{_NOT_PLACE}|insurance|to (?:work|school|class|the)|out|back|where|when",
        not_after=r"(?:at|to|at the|to the|got to|reached|from)",
    ),
    _rule(
        _SUICIDE,
        _CONCERN,
        "point",
        r"(?:what is the point|no point|dont see (?:the|a|any) point|cant see (?:the|a|any) point"
        r"|do not see (?:the|a|any) point)(?: (?:of|in|to))? ?(?:(?:it all|anything|everything|any of (?:it"
        r"|this)|trying|this|going|doing anything)(?: any ?more)?|any ?more)\Z",
        negatable=False,
    ),
    _rule(_SUICIDE, _CONCERN, "point", r"\A(?:so |but |and |like )?(?:what is the point|there is no point)\Z",
          negatable=False),
    _rule(
        _SUICIDE,
        _CONCERN,
        "cant anot longer",
        r"(?:i )?(?:cant|can not|cannot|cant keep|no longer can|could not|can no longer)"
        r" (?:(?:do|take|handle|bear|cope with|keep doing|stand|go on with|keep living) (?:this|it|life|living"
        r"|things)|go on|carry on|keep going|live|cope)(?: (?:like this|this way|living))? ?"
        r"(?:any ?more|any longer|much longer)\Z",
        negatable=False,
        not_after=r"(?:he|she|they|we|you|who|said)(?: \w+)?",
    ),
    _rule(_SUICIDE, _CONCERN, "disapear vanish exist",
          r"(?:want|wana|wish i could|need|like|wanted|wish i|wish i would|wish to) (?:to )?"
          r"(?:disappear|vanish|cease to exist|stop existing|not exist|fade away)"
          r"(?: (?:forever|completely|from (?:this|the) (?:world|earth)|any ?more|for ?ever))?\Z",
          owned=True, negatable=False),
    _rule(_SUICIDE, _HIGH, "exist", r"(?:want|wish|wana)(?: to| i could)? (?:cease to exist|stop existing)",
          owned=True),
    _rule(
        _SUICIDE,
        _HIGH,
        "goodbye god last read tomorow",
        r"(?:this is (?:my )?(?:goodbye|final goodbye|last goodbye|the end for me|my last (?:message|night|day "
        r"on earth|day alive))|goodbye (?:forever|cruel world|world|everyone forever)|my (?:last|final) "
        r"(?:night|day) (?:alive|on (?:this )?earth)|by the time you (?:read|see) this|said my (?:final |last )?"
        r"goodbyes|saying my (?:final |last )?goodbyes|wrote (?:my )?goodbye (?:notes?|letters?)|writing "
        r"(?:my )?goodbye (?:notes?|letters?)|written (?:my )?goodbye (?:notes?|letters?))",
        act=True,
        not_after=r"(?:we|they|he|she)(?: all)?",
        not_before=r"(?:to (?:him|her|my (?:\w+ )?(?:dog|cat|students?|colleagues?|coworkers?|dad|mum|mom))"
        r"|at (?:the|her|his))",
    ),
    _rule(_SUICIDE, _CONCERN, "here",
          r"i (?:wont|will not|am not going to|might not) be (?:here|around) (?:tomorrow|much longer|any ?more"
          r"|for (?:much|long|you) ?(?:longer)?)\Z", negatable=False),
    _rule(_SUICIDE, _CONCERN, "here",
          rf"{_DONT} (?:want )?(?:to )?be here\Z", negatable=False, owned=True),
    _rule(
        _SUICIDE,
        _HIGH,
        "die kil suicide dead death",
        r"(?:painles\w*|quick\w*|easy|easiest|best|fastest|peaceful|least painful|good|most painless|simple\w*"
        r"|sure|guaranteed|what) (?:and \w+ )?(?:ways?|methods?|deaths?) (?:for me )?(?:to |of |for |i can )"
        r"(?:die|kill (?:myself|yourself|oneself)|dying|commit suicide|suicide|be dead|end (?:it|it all|my life)"
        r"|killing myself|go out)",
        act=True,
    ),
    _rule(_SUICIDE, _HIGH, "die dead dying",
          r"(?:how (?:do|can|could|should|to)|want to know how|ways?|method)(?: (?:i|one|you|for me))* "
          r"(?:to )?die (?:painlessly|peacefully|quickly|without pain|without (?:any )?suffering|fast)",
          act=True),
    _rule(
        _SUICIDE,
        _HIGH,
        "dose pils tablets nose sleping",
        r"(?:lethal dose|fatal dose|how (?:many|much) (?:\w+ ){1,5}(?:to (?:die|overdose|kill|be lethal|end)"
        r"|(?:is|are|would be) (?:lethal|fatal|deadly)|would (?:kill|it take to (?:die|kill)))"
        r"|how to (?:tie|make) a noose|are overdoses? painful|does (?:an )?overdos(?:e|ing) hurt)",
    ),
    _rule(_SUICIDE, _HIGH, "die dying dead",
          r"(?:(?:easier|better|best|nice|relief|peaceful|simpler|great) (?:to|for me to|if i could)"
          r" (?:just )?(?:die|be dead|not be alive|not exist)|(?:dying|death|being dead) (?:in my sleep |in "
          r"your sleep )?(?:would|wil|might|must|has to|sounds|seems|feels|looks|is) (?:be |like )?(?:\w+ )?"
          r"(?:best|better|easier|relief|nice|peaceful|good|great|only (?:way|answer|option)|appealing"
          r"|blessing|way out|answer))",
          not_after=r"(?:he|she|they|for him|for her|his|her|he would be)"),
    _rule(_SUICIDE, _CONCERN, "die death dying dead",
          r"(?:think\w*|thought|thoughts|dream\w*|fantasi\w+|obsess\w*|crav\w+|welcom\w+|longing|want|ready)"
          r"(?: (?:about|of|for|by|with|over))* (?:my own |my )?(?:death|dying|being dead|not being alive"
          r"|not existing)",
          not_before=r"(?:of|by|in (?:the|a)|certificate|penalty|rates?|metal|for (?:him|her)|alone|anxiety"
          r"|toll|note|star|wish (?:film|movie)|to|from"
          r"|and (?:taxes|the afterlife|what))"),
    _rule(_SUICIDE, _CONCERN, "dying die",
          r"(?:feel|felt|feels|feeling) (?:so \w+ )?(?:like|as if) (?:i (?:want|wanted) to )?(?:dying|"
          r"(?:i )?(?:should|need to|could|could just|have to|ought to) (?:die|be dead))",
          not_before=r"(?:of|from|on)"),
    _rule(_SUICIDE, _CONCERN, "die", r"(?:crawl|curl up|hide)(?: \w+){0,5} and die"),
    _rule(_SUICIDE, _HIGH, "afraid scared fear",
          r"(?:not|no longer|arent|aint|never) (?:\w+ )?(?:afraid|scared|fearful|frightened) (?:of |to )(?:die|"
          r"dying|death|be dead) any ?more", negatable=False),
    _rule(_SUICIDE, _CONCERN, "kil shot end put",
          r"(?:\A|so |and |god |lord |someone |somebody |anyone |wish (?:\w+ ){1,4}(?:would|could) |want (?:him |"
          r"her |them |you |someone |somebody |god )to |you |would |can you |let (?:it|him|them|her) )(?:come )?"
          r"(?:and )?(?:kill|shoot|end|murder) me(?: now| already| right now| quickly)?",
          not_after=r"(?:trying to|tried to|will|mum|mom|dad|boss|going to)",
          not_before=r"(?:if|when|for|with|an? email|a message)"),
    _rule(_SUICIDE, _CONCERN, "drive", r"(?:thought|think|thinking) (?:about|of) (?:driving|swerving|crashing) "
          r"(?:my car )?(?:off|into)"),
    _rule(_SUICIDE, _HIGH, "suicide", r"(?:on|under|put on) suicide watch", owned=True),
    _rule(_SUICIDE, _HIGH, "rope nose gun pils blade",
          r"(?:bought|got|tied|have|made|loaded|holding|have got|ive got|picked up|hid|saved up|saving up|stockpil"
          r"\w*|collect\w*) (?:a |the |my |some |enough |up )*(?:rope|noose|gun|pills|tablets|blade|razor)(?: \w+)"
          r"{0,4} (?:to (?:die|do it|end it|kill myself|hang myself|end my life|overdose)|ready to go|around my"
          r" neck)", act=True),
)

_ACT_RULES = (
    _rule(
        _SUICIDE,
        _IMMINENT,
        "pil tablet meds medic painkil paracetamol tylenol ibuprofen aspirin advil xanax antidep insulin "
        "benadryl opioid oxy fentanyl prozac zoloft valium codeine",
        rf"{_TAKEN} (?:\w+ )?{_MANY}(?:{_MANY})?(?:of )?(?:my |the |these |those |them |his |her |mums |moms )?"
        rf"(?:\w+ )?(?:\w+ )?{_DRUGS}",
        owned=True,
        not_before=r"(?:years?|for (?:my|a) (?:headache|cold)|that (?:didnt|dont)|a day|per day|as prescribed"
        r"|over the (?:years|months)|like (?:im|i am) supposed|prescribed|this (?:week|month)|from me|away"
        r"|i (?:was|am|have been) prescribed|and (?:none|nothing)|but (?:none|nothing|they))",
        not_after=r"(?:never|had to have)",
    ),
    _rule(_SUICIDE, _IMMINENT, "overdosed",
          r"overdosed", owned=True, not_before=r"on (?:chocolate|sugar|caffeine|coffee|netflix|tv|cake|food|"
          r"candy|sweets|news|information|cuteness)"),
    _rule(_SUICIDE, _IMMINENT, "overdos",
          r"(?:im|i am|ive been|currently|am|think im|think i am) (?:\w+ )?overdosing(?: right now| now)?",
          not_before=r"on (?:chocolate|sugar|caffeine|coffee|netflix|tv|cake|food|candy|sweets|news)"),
    _rule(_SUICIDE, _HIGH, "overdos",
          r"(?:want|wana|going|plan\w*|think\w*|thought|thoughts|consider\w*|tempted|ready|about|try|tried"
          r"|trying|urge|might|could|wil|ill|should|way|like|intentional|deliberate|attempt\w*)"
          r"(?: (?:to|of|about|on|an|a|i|take|taking))* (?:overdose|overdosing|overdoses|an overdose)",
          owned=True, act=True,
          not_before=r"on (?:chocolate|sugar|caffeine|coffee|netflix|tv|cake|food|candy|sweets|news)"),
    _rule(_SUICIDE, _IMMINENT, "overdose",
          r"(?:took|taken|taking) (?:an |a )?(?:deliberate |intentional )?overdose", owned=True),
    _rule(
        _SUICIDE,
        _IMMINENT,
        "wrist vein throat",
        r"(?:i|ive|have|just|i have) (?:\w+ly )?(?:slit|slashed|sliced|cut|opened) (?:open )?(?:both )?my (?:own )?"
        r"(?:wrists?|throat|veins?)",
        not_before=r"(?:shaving|by accident|accidentally|on (?:a|the))",
        not_after=r"(?:want to|going to|to|could|would|should|accidentally|might|can)",
    ),
    _rule(_SUICIDE, _IMMINENT, "bleach antifreze poison",
          r"(?:i|ive|just|and|have) (?:\w+ )?(?:drank|drunk|swallowed|took) (?:\w+ ){0,3}(?:bleach|antifreeze"
          r"|poison|drain cleaner|rat poison)", not_after=r"(?:accidentally)"),
    _rule(
        _SUICIDE,
        _IMMINENT,
        "gun pistol nose rope knife blade",
        r"(?:(?:gun|pistol|rifle|barrel|knife|blade|razor) (?:is |are )?(?:in|to|at|against|on|pointed at) my "
        r"(?:\w+ )?(?:head|mouth|temple|throat|neck|wrists?|chest|hand right now)"
        r"|(?:noose|rope|belt|cord) (?:is )?(?:\w+ )?(?:around|round|on) my neck"
        r"|(?:noose|rope) is (?:ready|tied|up|hanging))",
        not_after=r"(?:he|she|they|held|put|puts|holds|pointed|holding|had)(?: a| the)?",
    ),
    _rule(
        _SUICIDE,
        _IMMINENT,
        "stand siting edge ledge bridge roof track",
        r"(?:im|i am|here|currently|now|am) (?:\w+ )?(?:standing|sitting|stood|sat|at|on|up) (?:\w+ )?"
        r"(?:on|at|over|near|by)? ?(?:the |a |this )?(?:\w+ )?(?:edge|ledge|bridge|roof|rooftop|train tracks|"
        r"railway tracks|tracks|railing|cliff)(?: \w+){0,6} (?:jump|end it|kill myself|die|do it|let go|over)",
        not_before=r"(?:in|with)",
    ),
    _rule(_SUICIDE, _HIGH, "jump",
          r"(?:i am|im|going to|about to|want to|ill|i will|ready to|i) jump(?:ing)?(?: off| over| from)?"
          r" (?:a |the |this |my )?(?:\w+ )?(?:bridge|building|roof|balcony|cliff|overpass|window|ledge)",
          act=True, not_after=r"(?:told me to|if)", not_before=r"(?:with a bungee|into the (?:pool|water|sea))"),
    _rule(_SUICIDE, _IMMINENT, "jump", r"(?:im|i am|am) (?:about|going) to jump\Z"),
)

# --- self-harm ------------------------------------------------------------------------------

_ACCIDENT = (
    r"(?:shaving|cooking|while|chopping|slicing|making|on (?:a|an|the|my|some|broken)|at (?:the )?(?:gym|work"
    r"|football|training|practice)|playing|lifting|falling|by accident|accidentally|off|some slack|short"
    r"|in the process|financially|out|when i (?:fell|trip\w*)|running|working out|exercising|with (?:a|the) (?:kitchen"
    r"|paper)|a (?:slice|piece|check|bit)|at the|doing (?:sports?|yoga|exercise)|loose|free|out of"
    r"|the most|more than|by (?:doing|being|not|staying|trusting|loving|holding|keeping)|emotionally)"
)
_HURT = (
    r"(?:cut(?:ting)?|hurt(?:ing)?|burn(?:ing|ed|t)?|harm(?:ing|ed)?|slash(?:ing|ed)?|scratch(?:ing|ed)?"
    r"|punch(?:ing|ed)?|mutilat(?:e|ing|ed)|carv(?:e|ing|ed)|bruis(?:e|ing|ed)"
    r"|hit(?:ting)?|bit(?:e|ing))"
)
_SKIN = r"(?:arms?|wrists?|legs?|thighs?|skin|stomach|forearms?|body|hips|ankles?)"
_SELF_HARM_RULES = (
    _rule(_SELF_HARM, _HIGH, "myself self", rf"{_HURT} {_SELF}", act=True,
          not_before=_ACCIDENT, not_after=r"(?:accidentally|by accident|almost|nearly|fell and|tripped and"
          r"|accidently)"),
    _rule(_SELF_HARM, _HIGH, "cut slash carv burn scratch slic",
          rf"(?:cut(?:ting)?|slash(?:ing|ed)?|carv(?:e|ing|ed)|burn(?:ing|ed)?|slic(?:e|ing|ed)"
          rf"|scratch(?:ing|ed)?) (?:up |into |at |open )?my (?:own )?(?:\w+ )?{_SKIN}",
          act=True, not_before=_ACCIDENT + r"|in (?:the sun|half)|fat|hair",
          not_after=r"(?:accidentally|by accident|fell and|the|it|sun|stove|oven|cat|dog|he|she|they)(?: \w+)?"),
    _rule(_SELF_HARM, _HIGH, "cuting cut",
          r"(?:started|start|begun|been|back to|keep|relapsed (?:and|by|with|into)?|stop|go(?:ing)? back to"
          r"|urges? (?:to|for)|thinking (?:of|about)|want to (?:start|try)|cant stop|resort(?:ed|ing)? to|im"
          r"|turn(?:ed|ing)? to) ?cutting(?: (?:again|lately|tonight|today|more|a lot|because|since"
          r"|so much|deeper|every \w+)|\Z)", negatable=True),
    _rule(_SELF_HARM, _HIGH, "cut", r"(?:cutting|cut) again\Z|relapsed and cut\b.{0,20}"),
    _rule(_SELF_HARM, _HIGH, "cut",
          r"(?:i|im|i am) (?:\w+ )?(?:want to|need to|have to|going to|urge to) cut(?: so bad| again| deep"
          r"| really bad| tonight| right now)?\Z"),
    _rule(_SELF_HARM, _HIGH, "harm",
          r"(?:i|im|ive|to|been|started|start|stop|keep|urges? (?:to|for)?|back to|my|thoughts? of|thinking (?:of|"
          r"about)|relapsed (?:on|into|with)?|want to|going to|about|of|with|into|is|for|am)"
          r" ?self ?(?:harm|harming|harmed|injury|injuring|mutilation|mutilating|mutilate)",
          owned=True, not_before=r"(?:awareness|prevention|hotline|research|month)"),
    _rule(_SELF_HARM, _CONCERN, "harm",
          r"\A(?:\w+ ){0,2}self ?(?:harm|harming)\Z"),
    _rule(_SELF_HARM, _HIGH, "razor blade knife",
          r"(?:razor|blade|knife|lighter|scissors)(?: \w+){0,3} (?:my|own) (?:\w+ )?(?:arms?|wrists?|skin|thighs?|"
          r"legs?)",
          not_after=r"(?:he|she|they)(?: \w+){0,2}", not_before=r"(?:shaving)"),
    _rule(_SELF_HARM, _HIGH, "fel pain",
          r"(?:want|need|like|have) to (?:feel|cause) (?:\w+ )?(?:physical )?pain\b(?: (?:on|to) myself)?",
          not_before=r"(?:free|less|relief)", not_after=r"(?:dont|not|doctor|never)"),
)

# --- danger to other people -----------------------------------------------------------------

_I_MEAN_TO = (
    r"(?:im|i am|i was|i|ill|i will|ive|id|i would|am)"
    r"(?: (?:have|been|so|angry|mad|think|swear|might|may|that|really|feel|like|i|im|ill|and|now|one|day"
    r"|sometimes|honestly|also|keep|very|will|having|know|about|this|close|to))*"
)
_INTENT = (
    r"(?:going to|about to|plan(?:ning)? (?:to|on)|ready to|ill|i will|will|decided to|have to|need to"
    r"|intend to|thinking (?:of|about)|thoughts (?:of|about)|urge to|urges to|fantasi\w+ about)"
)
_TARGET = (
    rf"(?:him|her|them|someone|somebody|people|everyone|everybody|a person|that (?:bastard|bitch|asshole|man"
    rf"|guy|woman|girl|boy)|these people|those people|my (?:\w+ )?{_PERSON_NOUN}|the (?:baby|kids?|child"
    r"|children)|this (?:guy|man|woman|bastard|bitch)|his (?:\w+ )?(?:wife|girlfriend|mistress)|all of them"
    r"|her (?:\w+ )?(?:husband|boyfriend))"
)
_DEADLY = (
    r"(?:kill(?:ing)?|murder(?:ing)?|stab(?:bing)?|shoot(?:ing)?|strangl(?:e|ing)|poison(?:ing)?"
    r"|chok(?:e|ing)|suffocat(?:e|ing)|drown(?:ing)?)"
)
_WOUND = r"(?:hurt(?:ing)?|harm(?:ing)?|attack(?:ing)?|beat(?:ing)?|smash(?:ing)?|punch(?:ing)?|hit(?:ting)?)"
_NO_HARM = (
    r"(?:feelings?|with kindness|in (?:the|a|this|our) (?:game|match|race|election|competition|argument|debate"
    r"|next round)|at (?:chess|tennis|golf|cards|poker|pool|monopoly|his own game|her own game|their own game"
    r"|the|it)|character|business|chances|emotionally|by (?:leaving|telling|saying|breaking)|if i (?:leave|break"
    r"|tell|say|end)|to (?:it|the)|up|an email|a (?:text|message)|more|when i (?:leave|tell)|with (?:the|this)"
    r" (?:news|truth)|tomorrow for|deeply|back at)"
)
_HARM_RULES = (
    _rule(_HARM, _HIGH, "kil murder stab shot strangl poison chok sufocat drown",
          rf"(?:{_I_MEAN_TO} |\A){_INTENT}(?: (?:to|go|just|and))* {_DEADLY} {_TARGET}",
          act=True, not_before=_NO_HARM),
    _rule(_HARM, _HIGH, "hurt harm atack beat smash punch hit",
          rf"(?:{_I_MEAN_TO} |\A){_INTENT}(?: (?:to|go|just|and|physically|seriously))* {_WOUND} {_TARGET}",
          act=True, not_before=_NO_HARM,
          not_after=r"(?:afraid|scared|worried|terrified|fear|anxious|guilty|feel like|know|think)(?: that)?"),
    _rule(_HARM, _CONCERN, "hurt harm kil",
          rf"(?:afraid|scared|worried|terrified|fear)(?: that)? (?:i will|ill|im going to|i might|i may|i could|id)"
          rf" (?:\w+ )?(?:hurt|harm|kill) {_TARGET}", not_before=_NO_HARM),
    _rule(_HARM, _CONCERN, "kil murder stab shot strangl poison chok hurt harm sufocat atack",
          rf"(?:{_I_MEAN_TO} |\A)(?:want(?:ed)? to|wish i could|like to|love to|feel like|would like to|tempted to"
          rf"|could(?! kil))(?: (?:just|go|and))* (?:{_DEADLY}|hurt(?:ing)?|harm(?:ing)?|attack(?:ing)?) {_TARGET}",
          act=True, not_before=_NO_HARM + r"|for"),
    _rule(_HARM, _CONCERN, "die dead",
          r"(?:i|part of me|me|that) (?:(?!dont|never|didnt|wouldnt|not)\w+ )?(?:want|wants|wish|hope) (?:\w+ ){1,3}(?:to die|to be dead|"
          r"(?:was|were|would) (?:dead|die)|dies)",
          not_after=r"(?:dont|not|never)", not_before=r"(?:peacefully|laughing|of laughter|with dignity|for)",
          ),
    _rule(_HARM, _HIGH, "shot blow bomb burn",
          r"(?:(?:going to|want to|ill|will|plan\w* to|thinking (?:of|about)|should|could) )(?:shoot(?:ing)? up|"
          r"bomb(?:ing)?|blow(?:ing)? up|burn(?:ing)? down|shoot(?:ing)? everyone at) (?:my|the|this|that|his|her|a) "
          r"(?:\w+ )?(?:school|work|workplace|office|church|mosque|synagogue|house|building|place|hospital)",
          act=True),
    _rule(_HARM, _HIGH, "kil murder poison hurt stab",
          rf"how (?:do|can|could|to|would|should|best to)(?: (?:i|you|one|someone))* (?:best |quietly |secretly )?"
          rf"(?:kill|murder|poison|stab|strangle|hurt) {_TARGET}", not_before=_NO_HARM),
    _rule(_HARM, _HIGH, "kiled stabed shot", rf"i (?:\w+ )?(?:killed|murdered|stabbed|shot|strangled) {_TARGET}",
          not_before=_NO_HARM, not_after=r"(?:almost|wish|nearly|could have)"),
    _rule(_HARM, _CONCERN, "beat", r"(?:want|like|love|going|need|ill|will)(?: to)? beat(?:ing)? (?:the (?:living )?"
          r"(?:crap|daylights|hell|life|shit) out of|up) (?:\w+ )?(?:him|her|them|my \w+|face|someone|someones)?"),
    _rule(_HARM, _CONCERN, "hurt hit shok slap smack",
          r"i (?:\w+ )?(?:hit|hurt|shook|slapped|smacked|punched|choked) my (?:\w+ )?(?:baby|child|kid|kids|children"
          r"|son|daughter|toddler|wife|girlfriend|husband|partner|boyfriend)",
          not_before=_NO_HARM, not_after=r"(?:never|dont want to|if|didnt)"),
    _rule(_HARM, _HIGH, "kil hurt harm",
          r"(?:homicidal (?:thoughts|urges)|i (?:am|feel) homicidal|voices (?:\w+ ){0,4}(?:tell|telling|told|say|want)"
          r" (?:me |to me )?(?:to )?(?:kill|hurt|harm) (?:\w+)?)"),
)

# --- abuse of the seeker --------------------------------------------------------------------

_NOT_HIT = (
    r"(?:up|on|with (?:a|the|an|his|her|this|that|some) (?:\w+ )?(?:question|news|truth|bill|idea|offer|bombshell"
    r"|ball|snowball|pillow)|back|to (?:it|the|work)|at|in (?:chess|the (?:game|race|exam|test)|a (?:game|race)|"
    r"cards|scrabble|monopoly|fifa)|that|hard that|like|again that|off|by (?:\d|one|two)|every time in)"
)
_VIOLENCE_NOW = (
    r"(?:hits|beats|punches|slaps|kicks|chokes|strangles|smacks|burns|whips|rapes|molests|abuses|attacks|assaults|"
    r"gropes|shoves|drags|batters|hitting|beating|punching|slapping|kicking|choking|strangling|raping|molesting|"
    r"abusing|attacking|assaulting|groping|throws things at|physically hurts|physically hurting|spits on"
    r"|ties up|locks up|tortures|torturing)"
)
_VIOLENCE_PAST = (
    r"(?:hit|beat|punched|slapped|kicked|choked|strangled|smacked|raped|molested|abused|assaulted|attacked|groped|"
    r"beaten|shoved|stabbed|shot at|tried to (?:kill|rape|strangle|choke|drown)|forced himself on|pulled a (?:gun|knife)"
    r" on|sexually (?:abused|assaulted|harassed))"
)
_ABUSE_RULES = (
    _rule(_ABUSE, _HIGH,
          "hits beats punches slaps kicks chokes strangles smacks burns whips rapes molests abuses atacks asaults "
          "gropes shoves drags baters hiting beating punching slaping kicking choking strangling raping molesting "
          "abusing atacking asaulting groping throws hurts hurting spits ties locks tortures torturing",
          rf"{_PERSON}(?: {_ADVERB})*(?: (?:sexually|physically|beats|yells at me)(?: and)?)* {_VIOLENCE_NOW}"
          r"(?: and (?:\w+ )?(?:\w+ing|\w+s))? me",
          not_before=_NOT_HIT),
    _rule(_ABUSE, _HIGH, "hit beat", r"(?:they|my (?:\w+ )?(?:parents|brothers|friends|kids))(?: (?:often|always|"
          r"sometimes|still|\w+ly))* (?:hit|beat|kick|slap|punch) me(?: (?:when|every|if|a lot|all|and|with|until))",
          not_before=_NOT_HIT),
    _rule(_ABUSE, _CONCERN,
          "hit beat punch slap kick chok strangl smack rape molest abuse asault atack grope shove stabed shot kil "
          "drown forced puled haras",
          rf"{_PERSON}(?: {_ADVERB})* {_VIOLENCE_PAST}(?: and (?:\w+ )?\w+ed)? me",
          not_before=_NOT_HIT + "|emotionally|verbally|mentally|financially", act=True),
    _rule(_ABUSE, _HIGH, "abus raped beaten molest asault hostage captive traficked prisoner",
          r"(?:i am|im|am|i keep|still|is|i get|we are|i am being|and) (?:\w+ )?(?:being|getting|get|be) (?:\w+ly )?"
          r"(?:raped|molested|abused|beaten(?: up)?|assaulted|trafficked|held (?:hostage|captive|prisoner)|hit"
          r"|beat(?: up)?)", not_before=r"(?:by (?:the|my) (?:workload|market)|at)"),
    _rule(_ABUSE, _CONCERN, "raped molested abused asaulted beaten traficked",
          r"(?:i was|i got|i have been|ive been|i had been|was i|they|me being|i am|i) (?:\w+ly )?(?:just )?(?:been )?"
          r"(?:raped|molested|(?:sexually |physically )(?:abused|assaulted)|abused|assaulted|trafficked|beaten up)",
          not_after=r"(?:they|my family)", act=True),
    _rule(_ABUSE, _HIGH, "kil",
          r"(?:threat\w*|says?|said|swore|swears|promised|vowed|told me)(?: (?:that|to|me|if|i|leave|go|tell"
          r"|anyone|ever|him|her))* (?:hell|shell|theyll|he will|she will|they will|hes going to|shes going to|he would"
          r"|hed|she would|to) (?:\w+ )?kill me", negatable=True),
    _rule(_ABUSE, _HIGH, "kil hurt hit beat rape",
          r"(?:afraid|scared|terrified|frightened|worried)(?: that| of)? (?:hell|shell|theyll|he will|she will|they "
          r"will|hes going to|shes going to|he might|she might|they might|he is going to|she is going to|he may|he "
          r"would|hed|my (?:\w+ )?(?:husband|wife|dad|father|mom|mum|mother|boyfriend|girlfriend|partner|ex|stepdad"
          r"|brother|son) (?:will|might|is going to|would)) (?:\w+ )?(?:kill|hurt|hit|beat|rape|murder|attack) me",
          negatable=True, not_before=r"(?:again emotionally|if (?:i|he|she) (?:lose|fail|forget)|feelings|emotionally)"),
    _rule(_ABUSE, _HIGH, "kil", r"(?:he|she|my (?:\w+ )?(?:husband|wife|dad|father|boyfriend|girlfriend|partner|ex|"
          r"stepdad)|hell|hes|shell|shes|they|theyll)(?: (?:is|will|would|going to|might|s))* kill me if i (?:\w+ )?"
          r"(?:leave|tell anyone|tell|go to the police|call the police|report)(?: (?:him|her|anyone|someone|the police))?"
          r"\Z"),
    _rule(_ABUSE, _CONCERN, "abusive violent",
          rf"(?:{_PERSON}|relationship)(?: (?:is|are|gets|has been|being|still|become|becoming|became|turned))+"
          r"(?: (?:\w+ ){1,3}(?:and )?| )(?:abusive|violent)(?: (?:to|toward|towards|with) me)?",
          not_after=r"(?:was)"),
    _rule(_ABUSE, _CONCERN, "abusive violent",
          r"(?:have|with|live with|living with|in|married to|leave|my|is) (?:a|an|my) (?:\w+ )?(?:and )?"
          r"(?:physically |sexually )?(?:abusive|violent) (?:husband|wife|partner|boyfriend|girlfriend|father|dad"
          r"|mother|mom|mum|marriage|home|parents?)", not_after=r"(?:left|escaped|was|left a)"),
    _rule(_ABUSE, _CONCERN, "domestic sexual physical",
          r"(?:victim of|suffering|experiencing|experience|facing) (?:\w+ )?(?:and )?(?:domestic|sexual|physical)"
          r" (?:and \w+ )?(?:abuse|violence)"),
    _rule(_ABUSE, _HIGH, "touch",
          r"(?:my (?:\w+ )?(?:uncle|stepdad|stepfather|dad|father|brother|stepbrother|cousin|teacher|coach|boss|"
          r"grandpa|grandfather|priest|pastor|mother|mum|mom|babysitter|neighbou?r)|he|she|they)(?: (?:always|"
          r"sometimes|often|keeps|has|been|is|was|kept|started|\w+ly))* touch(?:es|ed|ing)? me (?:down there|there|where|"
          r"inap\w+|sexually|at night|in my (?:sleep|bed|private|privates|underwear)|under|without|between|when (?:im"
          r"|i am) (?:asleep|sleeping|alone))"),
    _rule(_ABUSE, _HIGH, "touches", r"my (?:uncle|stepdad|stepfather|dad|father|stepbrother|teacher|coach|grandpa|"
          r"grandfather|brother) touches me"),
    _rule(_ABUSE, _HIGH, "leave locks lock",
          rf"(?:{_PERSON}) (?:wont|will not|doesnt|does not) let me (?:leave|out of) (?:the (?:house|room|home)|home"
          r"|my room|the apartment|the flat)|(?:locks|locked|locking|keeps) me (?:locked )?(?:in|inside|up|out of) "
          r"(?:the |my |a |our )?(?:house|room|basement|bathroom|closet|home|cupboard|cellar|bedroom)",
          not_before=r"(?:because of (?:covid|corona\w*|the virus|lockdown)|for (?:covid|quarantine))"),
    _rule(_ABUSE, _HIGH, "danger", r"(?:i am|im|we are|my life is) (?:\w+ )?in (?:immediate |real |"
          r"serious |physical )?danger", not_before=r"of|from (?:my|the)? ?(?:credit|bank)"),
    _rule(_ABUSE, _CONCERN, "safe",
          r"(?:not|dont feel|never feel|do not feel|isnt|feel un) ?(?:\w+ )?(?:safe|safe) (?:at home|in my (?:own )?"
          r"(?:home|house|marriage|relationship|room)|with (?:him|her|my (?:\w+ )?(?:husband|wife|dad|father|mother|"
          r"boyfriend|partner|parents))|around (?:him|her|my \w+))", negatable=False),
    _rule(_SUICIDE, _HIGH, "safe",
          r"(?:i am|im|i do|i|am) (?:not|dont|do not|never|no longer)(?: (?:think|feel|feeling|that|im|i am|i|really))* "
          r"safe (?:with myself|from myself|alone|by myself|right now|tonight|being alone|on my own)|not safe\Z",
          negatable=False,
          not_after=r"(?:is|its|neighborhood|neighbourhood|it|area|that|place|was|there|outside|are|they|he|she)"
          r"(?: \w+)?", not_before=r"(?:from covid|in (?:my|this) (?:job|city))"),
)

# --- eating disorders -----------------------------------------------------------------------

_EATING_RULES = (
    _rule(_EATING, _CONCERN, "throw vomit sick puk purg",
          rf"(?:mak(?:e|es|ing)|made|forc(?:e|es|ed|ing)) {_SELF} (?:\w+ )?(?:to )?(?:throw(?:ing)? up|vomit(?:ing)?|"
          r"sick|puk(?:e|ing)|be sick|purg(?:e|ing))",
          not_before=r"(?:with|worry\w*|over|thinking|about|from|by|of|stressing)"),
    _rule(_EATING, _CONCERN, "throw vomit",
          r"(?:throw(?:ing)?|threw) up (?:\w+ )?(?:after|every time i|whenever i) (?:i |every |each |all )*(?:eat|ate"
          r"|meals?|eating|lunch|dinner)|vomit(?:ing)? after (?:every )?(?:meals?|eating|i eat)"),
    _rule(_EATING, _CONCERN, "purg",
          r"(?:i|im|been|started|keep|binge and|bingeing and|binging and|and|ive|to) (?:\w+ )?purg(?:e|ing|ed)(?: again"
          r"| after| food| every| my| and| since| for|\Z)", not_before=r"(?:my )?(?:closet|house|wardrobe|stuff|data|the|files)"),
    _rule(_EATING, _CONCERN, "starv",
          rf"starv(?:e|ed|ing) {_SELF}", not_after=r"(?:would have to)"),
    _rule(_EATING, _CONCERN, "eat",
          r"(?:havent|have not|not|hadnt|havnt|barely|refuse to|hardly|stopped) (?:\w+ )?(?:eaten|ate|eat|eating)(?: \w+)"
          r"{0,3} (?:in|for|since) (?:\d+|two|three|four|five|six|seven|several|many|a few|over a|a) (?:days|week|weeks)",
          negatable=False, owned=True),
    _rule(_EATING, _CONCERN, "anorexi bulimi eating",
          r"(?:i have|i am|im|ive got|my|i still have|i think i have|got|suffer from|struggl\w+ with|relapsed (?:into|with"
          r"|on)?|recovering from|diagnosed with) (?:\w+ )?(?:anorexia|anorexic|bulimia|bulimic|eating disorder|an? eating"
          r" disorder)", owned=True),
    _rule(_EATING, _CONCERN, "laxative diet", r"(?:tak(?:e|ing)|took|abus(?:e|ing)|using) (?:\w+ ){0,2}(?:laxatives) (?:to"
          r" (?:lose|get|be|stay|drop)|so i|after (?:eating|meals|i eat|every))"),
)

# --- medical emergencies --------------------------------------------------------------------

_CANT_BREATHE = r"(?:cant|can not|could not|couldnt|can barely|can hardly|cant even|struggling to|hard to|trouble|barely) (?:\w+ )?breath(?:e|ing)?"
_CHEST = r"(?:chest (?:pains?|hurts?|is (?:hurting|tight|so tight|killing me|crushing)|tightness|ache|feels (?:tight|like))|(?:pain|pains|pressure|tightness) (?:in|on) my chest)"
_MEDICAL_RULES = (
    _rule(_MEDICAL, _IMMINENT, "breath", rf"{_CANT_BREATHE}(?: \w+){{0,8}} {_CHEST}|{_CHEST}(?: \w+){{0,8}} {_CANT_BREATHE}"),
    _rule(_MEDICAL, _CONCERN, "breath", r"i (?:\w+ )?(?:cant|can not|can barely|can hardly|am struggling to|cant even) breathe",
          not_after=r"(?:like|that|where|when|until|as if|so (?:\w+ ){1,4}|if|sometimes|feel|get)",
          not_before=r"(?:when|in (?:this|that|my) (?:house|job|relationship|marriage|mask|town)|with (?:a|the|this) mask"
          r"|sometimes|without|because of (?:him|her|work|school)|at night|through|easy|a sigh)"),
    _rule(_MEDICAL, _CONCERN, "chest", _CHEST, owned=True,
          not_before=r"(?:when(?:ever)? i|from (?:anxiety|working out|the gym)|sometimes|every time|like a)"),
    _rule(_MEDICAL, _IMMINENT, "heart stroke seizure",
          r"(?:having|have|had) (?:a|an) (?:heart attack|stroke|seizure|cardiac arrest)(?: right now| now)?",
          not_after=r"(?:like (?:im|i am|i was|i)|almost|nearly|practically|about|going to|could|would|might|will|he|she|they"
          r"|it|mom|mum|dad|father|mother|husband|wife|grandpa|grandma|uncle|brother|sister|i|who|from|just|and|never|been|of"
          r"|afraid of|as if (?:im|i was)|was|be|after|i was|his|before|gave me|boss|will be|ever|friend|since)(?: \w+)?"),
    _rule(_MEDICAL, _IMMINENT, "heart stroke seizure",
          r"(?:think|sure|believe|guess|pretty sure) (?:that )?(?:im|i am|he is|hes|she is|shes|my (?:\w+ )?\w+ is) having a "
          r"(?:heart attack|stroke|seizure|cardiac arrest)|\A(?:help )?(?:im|i am|my (?:\w+ )?\w+ is|hes|shes|he is|she is)"
          r" having a (?:heart attack|stroke|seizure)"),
    _rule(_MEDICAL, _IMMINENT, "breathing",
          rf"(?:{_PERSON}|baby|hes|shes)(?: is| are)? (?:not|isnt|stopped|has stopped|no longer) breathing",
          negatable=False, not_before=r"(?:wel|well|properly last|and (?:died|passed))"),
    _rule(_MEDICAL, _IMMINENT, "bleding",
          r"(?:bleeding (?:a lot|heavily|badly|out|so much|everywhere|and (?:it )?(?:wont|cant))|(?:cant|wont|doesnt|not|"
          r"cannot) stop (?:the )?bleeding|losing (?:a lot of|so much|too much) blood|so much blood everywhere"
          r"|cut too deep|blood everywhere)", negatable=False, not_after=r"(?:he was|she was|heart is|budget)"),
    _rule(_MEDICAL, _IMMINENT, "unconscious wake",
          rf"{_PERSON} (?:is|has gone|went|passed out and is|are) (?:\w+ )?(?:unconscious|unresponsive)|{_PERSON} "
          r"(?:wont|will not|isnt|is not) wak(?:e|ing) up\Z",
          negatable=False, not_before=r"(?:early|on time|for)"),
    _rule(_MEDICAL, _IMMINENT, "overdos",
          rf"{_PERSON} (?:is overdosing|has overdosed|just overdosed|overdosed (?:right now|tonight|just now|and (?:is|wont|"
          r"isnt)))|\A(?:\w+ )?overdosing\Z"),
)

# --- other people in danger: the seeker needs to be heard, and to have the resources -------

_THEIR_SELF = r"(?:himself|herself|them ?sel(?:f|ves)|him self|her self)"
_OTHER_NOW = (
    r"(?:want(?:s|ed|ing)?(?: to)?|going to|threat\w*(?: to)?|trying to|tries to|try to|tried to|plan\w*(?: to| on)?|might"
    r"|may|will|could|wil|would|thinking (?:about|of)|thoughts? (?:of|about)|talk\w* (?:about|of)|is|are|about to|keeps?"
    r"|been|started|ready to|says? (?:he|she|they) (?:will|is|are))"
)
_OTHER_RULES = (
    _rule(_SUICIDE, _CONCERN, "self selves",
          rf"{_OTHER_NOW} (?:to )?(?:kill(?:ing)?|hang(?:ing)?|shoot(?:ing)?|drown(?:ing)?|end(?:ing)?|off(?:ing)?"
          rf"|poison(?:ing)?) {_THEIR_SELF}",
          not_after=r"(?:who|people who|why (?:do|would) people)"),
    _rule(_SELF_HARM, _CONCERN, "self selves",
          rf"(?:{_OTHER_NOW} )?(?:to )?(?:hurts|cuts|hurting|cutting|harming|harms|burns|burning|hurt|cut|harm) {_THEIR_SELF}",
          not_before=_ACCIDENT, not_after=r"(?:who|fell and|nearly|accidentally)"),
    _rule(_SUICIDE, _CONCERN, "die dead end live alive",
          r"(?:he|she|they|\w+|who) (?:said (?:he|she|they) )?(?:\w+ly )?(?:wants?|wanted|wishes|wished|is ready|is going|"
          r"threatens|threatened|hes going) (?:to )?(?:die|be dead|end (?:it all|his life|her life|their (?:life|lives))"
          r"|(?:he|she|they) (?:was|were) dead|take (?:his|her|their) own (?:life|lives))",
          not_after=r"(?:i|no|one|nobody)(?: \w+)?",
          not_before=_FUN + r"|him|her|for|down|on me"),
    _rule(_SUICIDE, _CONCERN, "liv alive here",
          r"(?:doesnt|does not|no longer wants|dont) want to (?:live any ?more|be alive|be here any ?more|live)",
          negatable=False, not_before=_NOT_PLACE + r"|a|the|my|his|her|their",
          not_after=r"(?:i|im|why i|people who)"),
    _rule(_SUICIDE, _CONCERN, "life lives",
          r"(?:wants?|threat\w*|going|tried|trying|tries|plan\w*|talk\w*|thinking|might|will|about)(?: (?:to|of|about|on))* "
          r"(?:end(?:ing)?|tak(?:e|ing)) (?:his|her|their) (?:own )?(?:life|lives)"),
    _rule(_SUICIDE, _CONCERN, "suicid",
          rf"{_PERSON}(?: (?:is|are|feels|feel|has been|have been|being|might be|may be|seems|became|gets|been|s|says|said"
          r"|told me|he|she|they|hes|shes|that|also|very|so|now|feeling|thinks))+ suicidal"),
    _rule(_SUICIDE, _CONCERN, "suicide", rf"{_PERSON} (?:attempt|attempts|is attempting|keeps attempting) suicide"),
)

RULES: tuple[Rule, ...] = (
    *_SUICIDE_RULES,
    *_ACT_RULES,
    *_SELF_HARM_RULES,
    *_HARM_RULES,
    *_ABUSE_RULES,
    *_EATING_RULES,
    *_MEDICAL_RULES,
    *_OTHER_RULES,
)
"""Every wording that the screen knows."""
