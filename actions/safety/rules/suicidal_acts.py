"""Suicide as an act: intent, methods, means, and attempts begun."""

from __future__ import annotations

from functools import partial

from actions.safety.risk import RiskKind
from actions.safety.rules.rule import CONCERN, HIGH, IMMINENT, Rule, make_rule
from actions.safety.rules.words import (
    PERSON_NOUN,
    SELF,
)

_suicide = partial(make_rule, RiskKind.SUICIDE)

_END_LIFE = (
    r"(?:end(?:ing|ed)?|take|taking|took|finish(?:ing)?) (?:my (?:own )?(?:life|lives|existence"
    r"|suffering forever)|it all|this life)"
)
_KILL_SELF = (
    r"(?:(?:kill(?:ing|ed)?|hang(?:ing|ed)?|hung|shoot(?:ing)?|shot|drown(?:ing|ed)?"
    r"|poison(?:ing|ed)?|stab(?:bing|ed)?|suffocat(?:e|ing|ed)|gas(?:sing)?|electrocut(?:e|ing"
    r"|ed)|strangl(?:e|ing|ed)|off(?:ing|ed)|neck(?:ing)?|rop(?:e|ing)|delet(?:e|ing)|end(?:ing"
    r"|ed)?|unaliv(?:e|ing)|murder(?:ing)?|immolat(?:e|ing)"
    rf"|do(?:ing)? away with|top(?:ping)?|(?<= to )off|(?<= should )off) {SELF})"
)
_HEIGHT = (
    r"(?:bridge|building|roof|rooftop|balcony|cliff|window|overpass|ledge|tower|viaduct"
    r"|car ?park|platform|pier)"
)
_VEHICLE = r"(?:train|bus|car|truck|lorry|tube|subway|traffic|tram|metro)"
_METHOD = (
    r"(?:(?:slit|slash|slic(?:e|ing)|open(?:ing)?|cut)(?:ting|ing)? my (?:own )?(?:wrists?"
    r"|throat|veins?|arteries|artery)|(?:blow(?:ing)?|shoot(?:ing)?) my (?:\w+ )?(?:brains?"
    r"|head)(?: out| off)?|(?:put(?:ting)?) a (?:bullet|gun) (?:in|through|to"
    r"|into) my (?:own )?(?:head|brain|skull|mouth)"
    rf"|(?:jump(?:ing|ed)?|(?:throw(?:ing)?|threw) {SELF}|leap(?:ing)?|walk(?:ing)?|step(?:ping)?"
    rf"|fling {SELF}) (?:off of|off|from|out of|out|over) (?:a|an|the|my|this"
    rf"|that) (?:\w+ )?{_HEIGHT}|(?:jump(?:ing|ed)?|(?:throw(?:ing)?|threw) {SELF}|walk(?:ing)?"
    rf"|step(?:ping)?|run(?:ning)?|lie|lying) (?:in front of|under|into) (?:a |an |the "
    rf"|an oncoming |oncoming )?(?:\w+ )?{_VEHICLE}|(?:crash|driv(?:e|ing)"
    rf"|crashing) (?:my (?:car|truck) |{SELF} )?(?:off|into) (?:a|the) "
    r"(?:tree|wall|bridge|cliff|river|lake|pole)|drink(?:ing)? (?:some |the "
    r"|a bottle of )?(?:bleach|antifreeze|poison|drain cleaner)|(?:take|taking|swallow(?:ing)?"
    r"|down(?:ing)?) (?:all (?:of )?)(?:my|the|these|those|his|her) (?:\w+ )?(?:pills|meds"
    r"|tablets|medication|medicine|painkillers|antidepressants|insulin)|(?:take|taking"
    r"|swallow(?:ing)?) (?:a|the) (?:whole |entire |full )?(?:bottle|handful"
    r"|bunch) of (?:\w+ )?(?:pills|meds|tablets|painkillers|paracetamol|tylenol)"
    r"|catch the bus(?: for good)|ctb)"
)
_TAKEN = r"(?:took|taken|swallowed|downed|popped|eaten|drank|drunk|had)"
_DRUGS = (
    r"(?:pills?|tablets?|meds|medication|medicine|painkillers?|paracetamols?|tylenol|ibuprofen"
    r"|aspirin|advil|xanax|antidepressants?|sleeping (?:pills|tablets)|insulin|benadryl"
    r"|opioids?|oxy|fentanyl|prozac|zoloft|valium|codeine)"
)
_MANY = (
    r"(?:all (?:of )?|the whole |a whole |whole |an entire |the entire |entire |a full "
    r"|too many |too much |so many |a bottle of |bottle of |a bunch of |a load of |loads of "
    r"|lots of |a lot of |tons of |every |a handful of |handfuls of |a box of |a packet of "
    r"|a pack of |a fistful of |(?:about |like |over |around |at least "
    r"|nearly )?(?:[1-9]\d{1,2} |twenty |thirty |forty |fifty |sixty |a hundred )|dozens of )"
)
_TOPIC = (
    r"(?:squad|bomb\w*|prevention|hotline|helpline|rates?|mission|awareness|statistics|stats"
    r"|door|doors|wings?|bombers?|survivors?|research|in (?:the|a|that|this) (?:film|movie|book"
    r"|song|news|novel|play|show|series|game)|silence|kings?|boys?|month|policy|laws?"
    r"|pact (?:film|movie|book))"
)

ACT_RULES: tuple[Rule, ...] = (
    _suicide(
        HIGH,
        _KILL_SELF,
        act=True,
        not_before=(
            r"in the foot|laughing|by accident|accidentally|at (?:the )?(?:work|gym|office)"
            r"|trying to|over|working|with work|studying|to (?:finish|get|make|please|be)"
            r"|out to dry|in (?:work|sorrows?|ice cream|debt|booze|alcohol|drink\w*|wine|beer"
            r"|vodka)|up on|a (?:drink|coffee)"
            r"|with (?:overtime|exercise|overwork)|from (?:the|this) (?:group|app|site|chat"
            r"|game)|off from"
        ),
    ),
    _suicide(
        IMMINENT,
        r"(?:in|inside) (?:my|the) (?:car|van|truck) in (?:my|the|a) (?:\w+ )?garage(?: \w+){0,3}"
        r" (?:engine|motor) (?:is )?(?:on|running)"
        r"|(?:garage door|garage) (?:\w+ )?(?:shut|closed)(?: \w+){0,3} (?:engine|motor) (?:is )?"
        r"(?:on|running)",
        not_after=r"(?:he|she|they)",
    ),
    _suicide(
        HIGH,
        _END_LIFE,
        act=True,
        not_before=(
            r"(?:back|into|savings?|story|stories|in my own hands|seriously"
            r"|for granted|so|too|with me|better|in hand|in a|to the next|off)"
        ),
    ),
    _suicide(
        HIGH,
        r"(?:want|wana|going|wil|ill|id|like|ready|about|plan|plan\w*|thinking|thought|thoughts"
        r"|imagin\w*|picture|picturing|urges?|need|wish|should|could|might|may|feel|tempted"
        r"|decided|try|tried|trying|would|to|of|about|consider\w+|and|then|just|maybe|better"
        r"|rather|i|im|nearly|almost)"
        rf"(?: (?:to|of|about|like|i|could|go|and|just|going|can|myself)){{0,6}} {_METHOD}",
        act=True,
        not_before=(
            r"(?:with (?:a|my) (?:bungee|parachute|harness|rope)|bungee"
            r"|into the (?:pool|water|lake)|for (?:fun|charity))"
        ),
        not_after=(
            r"(?:(?:if|when) (?:\w+ ){1,4}(?:told|tells|asked|asks|said"
            r"|says)(?: me)?(?: to)?|he|she|they|you|bungee)"
        ),
    ),
    _suicide(
        HIGH,
        r"(?:(?:think\w*|thought|thoughts|contemplat\w+|consider\w*|plan\w*|research\w*"
        r"|googl\w*|dream\w*|fantasi\w+|obses\w+|want\w*|going|ready|tempted|tried|try|trying"
        r"|attempt\w*|decided|choose|close|urge|ideas?|options?|considered|ways?"
        r"|methods?)(?: (?:about|of|on|to|my|over|with|for|is|a|now|lot|more|so|much|every day"
        r"|again)){0,6} )(?:(?:commit\w*|do|doing|attempt\w*|complet\w+|comit\w*|die by"
        r"|dying by) )?suicide",
        owned=True,
        act=True,
        not_before=_TOPIC,
    ),
    _suicide(
        HIGH,
        r"(?:com+it+(?:ing|ed)?|die by|dying by) suicide",
        owned=True,
        act=True,
    ),
    _suicide(
        HIGH,
        r"suicide (?:is|seems|feels|looks like|sounds|would be) (?:(?!not|never"
        r"|no)\w+ ){0,3}(?:the |an? |my |like ){0,6}(?:only|answer|option|way|solution|best"
        r"|easiest|escape|choice|better|good|peaceful|right|easy|appealing)",
    ),
    _suicide(
        HIGH,
        r"(?:(?:my|wrote|written|writing|write|a|left) (?:a |my |the |own )?suicide (?:notes?"
        r"|letters?|plan|date)|suicide (?:methods?|ideas|options|forums?))",
        owned=True,
        act=True,
    ),
    _suicide(
        HIGH,
        r"(?:my|a|failed|had a|survived a|second|another) suicide attempts?"
        r"|(?:one|two|three|four|five|several) attempts (?:\w+ ){0,3}(?:coma|icu|intensive care)",
        owned=True,
    ),
    _suicide(
        HIGH,
        r"(?:this is (?:my )?(?:goodbye(?! to (?:my|the|our|his|her|a))|final goodbye"
        r"|last goodbye|the end for me|my last (?:message(?! (?:for|of|here))|night"
        r"|day on earth|day alive))"
        r"|goodbye (?:forever|cruel world|world|everyone forever)|my (?:last|final) (?:night"
        r"|day) (?:alive|on (?:this )?earth)|by the time you (?:read|see) this"
        r"|said my (?:final |last )?goodbyes|saying my (?:final |last )?goodbyes"
        r"|wrote (?:my )?goodbye (?:notes?|letters?)|writing (?:my )?goodbye (?:notes?"
        r"|letters?)|written (?:my )?goodbye (?:notes?|letters?))",
        act=True,
        not_after=r"(?:we|they|he|she)(?: all)?",
        not_before=(
            r"(?:to (?:him|her|my (?:\w+ )?(?:dog|cat|students?|colleagues?|coworkers?|dad"
            r"|mum|mom))|at (?:the|her|his))"
        ),
    ),
    _suicide(
        HIGH,
        r"(?:painles\w*|quick\w*|easy|easiest|best|fastest|peaceful|least painful|good"
        r"|most painless|simple\w*|sure|guaranteed|what) (?:and \w+ )?(?:ways?|methods?"
        r"|deaths?) (?:for me )?(?:to |of |for |i can )(?:die|kill (?:myself|yourself|oneself)"
        r"|dying|commit suicide|suicide|be dead|end (?:it|it all|my life)|killing myself|go out)",
        act=True,
    ),
    _suicide(
        HIGH,
        r"(?:how (?:do|can|could|should|to)|want to know how|ways?|method)(?: (?:i|one|you"
        r"|for me)){0,6} (?:to )?die (?:painlessly|peacefully|quickly|without pain"
        r"|without (?:any )?suffering|fast)",
        act=True,
    ),
    _suicide(
        HIGH,
        r"(?:lethal dose|fatal dose|how (?:many|much) (?:\w+ ){1,5}(?:to (?:die|overdose|kill"
        r"|be lethal|end)|(?:is|are|would be) (?:lethal|fatal|deadly)|would (?:kill"
        r"|it take to (?:die|kill)))|how to (?:tie|make) a noose|are overdoses? painful|(?:does"
        r"|is) (?:an |a )?overdos(?:e|ing) (?:hurt|painful)|what (?:pills?|tablets?|drugs?"
        r"|meds)(?: (?:can|could|should|do|to|will|would|i|take)){0,6} (?:die|kill me|overdose"
        r"|end my life)|how to (?:kill|hang|drown|shoot) (?:yourself|oneself|your self))",
    ),
    _suicide(
        CONCERN,
        r"(?:\A|so |and |god |lord |someone |somebody |anyone |wish (?:\w+ ){1,4}(?:would"
        r"|could) |want (?:him |her |them |you |someone |somebody |god )to |(?:can|will|would) you "
        r"|let (?:it|him|them|her) )(?:come )?(?:and )?(?:kill|shoot|end"
        r"|murder) me(?: now| already| right now| quickly)?(?! (?:an?|the|your|over|back|some))",
        not_after=r"(?:trying to|tried to|will|mum|mom|dad|boss|going to)",
        not_before=r"(?:if|when|for|with|an? email|a message)",
    ),
    _suicide(
        CONCERN,
        r"(?:thought|think|thinking) (?:about|of) (?:driving|swerving"
        r"|crashing) (?:my car )?(?:off|into)",
    ),
    _suicide(
        HIGH,
        r"(?:on|under|put on) suicide watch",
        owned=True,
    ),
    _suicide(
        HIGH,
        r"(?:wish|hope|pray|if only)(?: \w+){1,4} (?:would|had|could|will)(?: \w+)? kill(?:ed)? me",
        not_after=r"(?:mum|mom|dad|boss)",
    ),
    # Whatever else is said about suicide by nobody else: one question is due.
    _suicide(
        CONCERN,
        r"suicid(?:e|al)",
        owned=True,
        not_before=(
            rf"{_TOPIC}|people|teens?|teenagers?|patients?|clients?|students?|of|callers?"
            r"|note|hot ?line|line|counsel\w*|driv\w+"
        ),
        not_after=(
            rf"(?:.{{0,60}} )?(?:{PERSON_NOUN}s|his|her|their|career|political|social"
            rf"|commercial|virgin"
            r"|com+it\w*|attempt\w*|by|lost to|films? about|books? about|paper on|paper about"
            r"|essay (?:on|about)|talks? (?:on|about)|an?|assisted|of|after|since)"
        ),
    ),
    _suicide(
        HIGH,
        r"(?:bought|got|tied|have|made|loaded|holding|have got|ive got|picked up|hid|saved up"
        r"|saving up|stockpil\w*|collect\w*) (?:a |the |my |some |enough |up ){0,6}(?:rope"
        r"|noose|gun|pills|tablets|blade|razor)(?: \w+){0,4} (?:to (?:die|do it|end it"
        r"|kill myself|hang myself|end my life|overdose)|ready to go|around my neck)",
        act=True,
    ),
    _suicide(
        IMMINENT,
        rf"{_TAKEN} (?:\w+ )?{_MANY}(?:{_MANY})?(?:of )?(?:my |the |these |those |them |his "
        rf"|her |mums |moms )?(?:\w+ )?(?:\w+ )?{_DRUGS}",
        owned=True,
        not_before=(
            r"(?:years?|for (?:my|a) (?:headache|cold)|that (?:didnt|dont)|a day|per day"
            r"|as prescribed|over the (?:years|months)|like (?:im|i am) supposed|prescribed"
            r"|this (?:week|month)|from me|away|i (?:was|am|have been) prescribed"
            r"|and (?:none|nothing)|but (?:none|nothing|they))"
        ),
        not_after=r"(?:never|had to have)",
    ),
    _suicide(
        IMMINENT,
        r"overdosed",
        owned=True,
        not_before=(
            r"on (?:chocolate|sugar|caffeine|coffee|netflix|tv|cake|food|candy|sweets|news"
            r"|information|cuteness)"
        ),
    ),
    _suicide(
        IMMINENT,
        r"(?:im|i am|ive been|currently|am|think im|think i am) (?:\w+ )?overdosing(?: right "
        r"now| now)?",
        not_before=(
            r"on (?:chocolate|sugar|caffeine|coffee|netflix|tv|cake|food|candy|sweets|news)"
        ),
    ),
    _suicide(
        HIGH,
        r"(?:want|wana|going|plan\w*|think\w*|thought|thoughts|consider\w*|tempted|ready|about"
        r"|try|tried|trying|urge|might|could|wil|ill|should|way|like|intentional|deliberate"
        r"|attempt\w*|can|so|just)(?: (?:to|of|about|on|an|a|i|is|can|take"
        r"|taking)){0,6} (?:overdose|overdosing|overdoses|an overdose)",
        owned=True,
        act=True,
        not_before=(
            r"on (?:chocolate|sugar|caffeine|coffee|netflix|tv|cake|food|candy|sweets|news)"
        ),
    ),
    _suicide(
        IMMINENT,
        r"(?:took|taken|taking) (?:an |a )?(?:deliberate |intentional )?overdose",
        owned=True,
    ),
    _suicide(
        IMMINENT,
        r"(?:i|ive|have|just|i have) (?:\w+ly )?(?:slit|slashed|sliced|cut"
        r"|opened) (?:open )?(?:both )?my (?:own )?(?:wrists?|throat|veins?)",
        not_before=r"(?:shaving|by accident|accidentally|on (?:a|the))",
        not_after=r"(?:want to|going to|to|could|would|should|accidentally|might|can)",
    ),
    _suicide(
        IMMINENT,
        r"(?:i|ive|just|and|have) (?:\w+ )?(?:drank|drunk|swallowed"
        r"|took) (?:\w+ ){0,3}(?:bleach|antifreeze|poison|drain cleaner|rat poison)",
        not_after=r"(?:accidentally)",
    ),
    _suicide(
        IMMINENT,
        r"(?:(?:gun|pistol|rifle|barrel|knife|blade|razor) (?:is |are )?(?:in|to|at|against|on"
        r"|pointed at) my (?:\w+ )?(?:head|mouth|temple|throat|neck|wrists?|chest"
        r"|hand right now)|(?:noose|rope|belt|cord) (?:is )?(?:\w+ )?(?:around|round"
        r"|on) my neck|(?:noose|rope) is (?:ready|tied|up|hanging))",
        not_after=r"(?:he|she|they|held|put|puts|holds|pointed|holding|had)(?: a| the)?",
    ),
    _suicide(
        IMMINENT,
        r"(?:im|i am|here|currently|now|am) (?:\w+ )?(?:standing|sitting|stood|sat|at|on"
        r"|up) (?:\w+ )?(?:on|at|over|near|by)? ?(?:the |a |this )?(?:\w+ )?(?:edge|ledge"
        r"|bridge|roof|rooftop|train tracks|railway tracks|tracks|railing"
        r"|cliff)(?: \w+){0,6} (?:jump|end it|kill myself|die|do it|let go|over)",
        not_before=r"(?:in|with)",
    ),
    _suicide(
        HIGH,
        r"(?:i am|im|going to|about to|want to|ill|i will|ready to|i) jump(?:ing)?(?: off| over"
        r"| from)? (?:a |the |this |my )?(?:\w+ )?(?:bridge|building|roof|balcony|cliff"
        r"|overpass|window|ledge)",
        act=True,
        not_after=r"(?:told me to|if)",
        not_before=r"(?:with a bungee|into the (?:pool|water|sea))",
    ),
    _suicide(
        IMMINENT,
        r"(?:im|i am|am) (?:about|going) to jump\Z",
    ),
)
