"""Wishes to die and hopelessness, from outright to hinted."""

from __future__ import annotations

from functools import partial

from actions.safety.risk import RiskKind
from actions.safety.rules.rule import CONCERN, HIGH, Rule, make_rule
from actions.safety.rules.words import (
    FUN,
    NOT_PLACE,
)

_suicide = partial(make_rule, RiskKind.SUICIDE)

_DONT = (
    r"(?:(?:do not|dont|didnt|did not|dnt|doesnt|no longer|never|not|cant|stopped)(?: (?:want"
    r"|wana|wish|wanted|wanting|need|care|like|feel like|to)){0,6})"
)
_WANT_TO = (
    r"(?:want(?:ed)?|wish(?:ed|ing)?|need(?:ed)?|hop(?:e|ed|ing)|like|love|ready|pray(?:ing"
    r"|ed)?|beg(?:ging|ed)?|deserve[ds]?|longing|long|prefer|desire|willing|prepared|trying"
    r"|tried|planning|intend(?:ing)?|decided|choose|urges?|tempted|able|allowed"
    r"|dying) (?:for me )?to"
)
_FALL = r"(?:go(?: to sleep)? and|fall asleep and|lie down and|curl up and|lay down and|go)"
_DEAD = r"(?:dead|gone forever|six feet under|no longer alive|not alive)"
_LIVING = (
    r"(?:liv(?:e|ing)|life|be(?:ing)? alive|exist(?:ing|ence)?|stay(?:ing)? alive"
    r"|keep(?:ing)? (?:on )?(?:living|going)|go(?:ing)? on(?: living)?"
    r"|carry(?:ing)? on(?: living)?|wak(?:e|ing) up(?: again)?)"
)

WISH_RULES: tuple[Rule, ...] = (
    _suicide(
        CONCERN,
        r"\A(?:\w+ ){0,4}(?:bye|goodbye|good bye|farewell) (?:forever|for ever|for good|everyone"
        r"|everybody|world|cruel world)\Z"
        r"|\A(?:so )?this is (?:my )?(?:(?:last|final) )?(?:goodbye|good bye|farewell)\Z",
        negatable=False,
    ),
    _suicide(
        HIGH,
        rf"(?:{_WANT_TO}|(?:part of me|everything in me|half of me)(?: just)? (?:wants|wishes"
        rf"|longs) to) (?:\w+ly )?(?:{_FALL} )?(?:die|be (?:already )?{_DEAD}|kill\Z|stay dead"
        r"|be killed|be put down|be put out of my misery|(?:\w+ ){1,4}and (?:just )?(?:die"
        r"|be dead))",
        owned=True,
        not_before=rf"{FUN}|for (?:you|him|her|them|my (?:kids|country|family))",
    ),
    _suicide(
        HIGH,
        r"(?:i|ill|im) (?:\w+ ){0,2}(?:will|going to|might|may|need to|have to|must|should"
        r"|deserve to|ought to|am going to|ill)? ?die (?:tonight|today|tomorrow"
        r"|soon by my own hand|by my own hand)",
        act=True,
    ),
    _suicide(
        HIGH,
        r"(?:i|maybe|probably|and) (?:should|ought to|deserve to|must|have to"
        r"|need to) (?:be dead|die)",
        not_before=FUN,
    ),
    _suicide(
        HIGH,
        r"(?:dont|do not|didnt|did not|never|not) deserve to (?:live|be alive|exist|keep living)",
        negatable=False,
        owned=True,
        not_before=rf"{NOT_PLACE}|a",
    ),
    _suicide(
        HIGH,
        r"(?:want(?: to)?|wish(?: i could| i would)?|pray(?: i| that i)?|hope(?: i| that i)?"
        r"|let me|i|god i|to) (?:just )?die(?:d)? in my sleep",
        owned=True,
    ),
    _suicide(
        HIGH,
        r"(?:wish|wished|wishing|hope|hoping|if only|pray|praying"
        r"|prayed) (?:that )?(?:to god )?(?:i|id|me) (?:\w+ly )?(?:was|were|am|had|could|would"
        r"|d|can|never|didnt|did not|wasnt|werent|wouldnt|could not|been|have|be|not|dont"
        r"|do not|cant|was not|get|got|to|wont|will|hadnt|id|also|all|go to sleep and"
        r"|fall asleep and| ){0,5} ?(?:dead|died|die|born|exist|existed|existing|alive"
        r"|six feet under|in my grave|wake up|woke up|woken up|waking up|here any more|killed"
        r"|hit by a (?:car|bus|train|truck))",
        negatable=False,
        not_before=(
            r"(?:earlier|early|with|so early|at|in (?:the|a) (?:era|time|rich|city|country)"
            r"|rich|into|to (?:see|know)|for (?:work|school|class)|on time|next to|beside|late|of)"
        ),
    ),
    _suicide(
        HIGH,
        r"(?:better|happier|easier|best) (?:off )?(?:if (?:i|im) (?:was|were|am )?"
        r"|(?:to )?be(?:ing)? |when im )?dead",
    ),
    _suicide(
        HIGH,
        r"(?:better|happier|easier|best) (?:off )?(?:not (?:being |be )?(?:alive|here|around)"
        r"|with me (?:dead|gone|out of the picture)|(?:once|when|after) (?:i am|im) (?:dead|gone))",
        negatable=False,
        not_before=r"(?:at|in|with)",
    ),
    _suicide(
        HIGH,
        r"(?:id |i would |i )?(?:rather|prefer to|sooner) be dead",
    ),
    _suicide(
        HIGH,
        r"rather (?:be dead|die) than (?:live|keep|go on|be alive|face|carry on|continue|wake)",
    ),
    _suicide(
        CONCERN,
        r"rather die",
        not_before=r"than|from|on that",
    ),
    _suicide(
        HIGH,
        r"(?:do not|dont|didnt|did not|no longer|never|not) (?:\w+ly )?(?:want(?:ed|ing)?|wish"
        r"|care|need|feel like|like|see how i can|think i want|think i can|sure i want"
        r"|sure if i want|know if i want) (?:to )?(?:(?:be"
        r"|stay|remain|keep being) (?:alive|living|in this world|on this (?:earth|planet)"
        r"|in this life|around any ?more|here any ?more|here (?:on earth|in this world)"
        r"|part of this world)|(?:live|exist|keep living|(?:go|carry) on living|continue living"
        r"|continue to live)|keep (?:on )?existing|wake (?:back )?up (?:tomorrow|any ?more"
        r"|again|in the morning|ever)|see (?:tomorrow|another day|the morning)"
        r"|live (?:this life|any ?more|this way)|make it (?:to|through) (?:tomorrow|the night"
        r"|tonight))",
        negatable=False,
        owned=True,
        not_before=(
            rf"{NOT_PLACE}|my|his|her|their|life|a|an|the|that|this (?:close|far)|any ?where"
        ),
        not_after=r"(?:wont|people|things?|who|it)",
    ),
    _suicide(
        HIGH,
        r"(?:dont|do not|didnt|did not|not|never) want(?:ed|ing)? to wake up\Z",
        negatable=False,
        owned=True,
    ),
    _suicide(
        CONCERN,
        r"(?:woke|wake|waking|woken) up(?: \w+){0,3} (?:wish(?:ing|ed)?|disappointed|sad|upset"
        r"|angry)(?: that)? i (?:hadnt|had not|didnt|did not|woke|was alive|am alive|wasnt|still)",
    ),
    _suicide(
        HIGH,
        r"(?:cant wait|can not wait|look(?:ing)? forward) (?:to|for) (?:die|dying|be dead"
        r"|death|my death)",
        not_before=FUN,
    ),
    _suicide(
        HIGH,
        r"what (?:reason|reasons|purpose) (?:do i have|is there|have i got)(?: left)? (?:to"
        r"|for) (?:live|living|be alive|go on|keep going)",
        not_before=NOT_PLACE,
    ),
    _suicide(
        CONCERN,
        r"let me (?:go and )?(?:die|be dead)",
    ),
    _suicide(
        HIGH,
        r"(?:go to (?:sleep|bed)|fall asleep|sleep|close my eyes) (?:forever )?(?:and"
        r"|to) (?:just )?(?:never|not|dont) (?:to )?(?:wake|waking|open)",
        negatable=False,
    ),
    _suicide(
        HIGH,
        r"(?:want to|id like to|wish i could|going to) (?:go to )?sleep forever",
    ),
    _suicide(
        HIGH,
        r"(?:(?:no|any|zero|without|without (?:a|any)|not (?:a|one|any|much)|give me (?:a|one)"
        r"|lost (?:the|my|all)|(?:dont|do not|cant|cannot) (?:have|see|find|feel) (?:the|a|any"
        r"|much))(?: (?:real|good|single|more|other|actual))? (?:reasons?|point|purpose|will"
        rf"|desire|wish|need|use)) (?:left )?(?:for me )?(?:to|in|for|of) (?:be )?{_LIVING}",
        negatable=False,
        not_before=rf"{NOT_PLACE}|from|insurance|story",
    ),
    _suicide(
        HIGH,
        r"(?:nothing|no one|nobody|not much|little)(?: left)?(?: for me)? to live for",
        negatable=False,
    ),
    _suicide(
        HIGH,
        r"(?:life|it|living|this)?(?: is| its| really)?(?: ?(?:isnt|not|aint|never|hardly"
        r"|no longer|dont feel|doesnt feel|doesnt seem|dont think))(?: (?:life|it|its|is"
        r"|my life)){0,6} worth (?:living|liv(?:e|ing) (?:for|any ?more)|being alive)",
        negatable=False,
        not_before=r"(?:in|at|with)",
    ),
    _suicide(
        HIGH,
        r"(?:tired|sick|done|fed up|exhausted|finished|had enough|over)(?: (?:of|with"
        r"|and tired of)){1,6} (?:living|being alive|existing|existence|life itself|breathing"
        r"|my existence|being here on earth)",
        not_before=rf"{NOT_PLACE}|in (?:fear|limbo)|life|my|a|an|pay|check|the",
        owned=True,
    ),
    _suicide(
        CONCERN,
        r"(?:(?:tired|sick|done|fed up|finished|had enough) (?:of|with)|gave up on|giv(?:e|ing"
        r"|en) up on|hat(?:e|ed|ing)) (?:life|being alive|living)",
        owned=True,
        not_before=(
            r"(?:in|with|at|here|there|near|alone|by|on|together|like|as|under|out of|paycheck)"
        ),
    ),
    _suicide(
        HIGH,
        r"(?:i am|im|i feel|i felt|i was|i have been|ive been|ive become|i became|i get|i got"
        r"|ive felt|am i|been feeling|feeling|been|become|becoming|being|getting|get|so|very"
        r"|actively|passively|extremely|chronically|severely|pretty|kind of|bit|little|too|also"
        r"|depressed and|and|or|a|now|feel|felt|more|almost|quite) suicidal",
        owned=True,
        not_before=(
            r"(?:clients?|people|patients?|teens?|teenagers?|students?|friends?|callers?|person)"
        ),
    ),
    _suicide(
        HIGH,
        r"suicidal (?:again|today|tonight|right now|now|thoughts?|ideations?|feelings?|thinking"
        r"|urges?|impulses?|tendencies|tendency|plans?|and)",
        owned=True,
    ),
    _suicide(
        CONCERN,
        r"\A(?:(?:i|feel|feeling|um|well|yes|my|maybe|probably|about|honestly) ){0,6}(?:suicide"
        r"|suicidal)\Z",
    ),
    _suicide(
        CONCERN,
        r"\A(?:(?:i|just|to|maybe|my|only|want|own) ){0,6}(?:die|death|dead|dying)\Z",
        not_after=r"(?:not)",
    ),
    _suicide(
        HIGH,
        r"(?:want|wanted|going|ready|plan|planning|about|time|decided|need|thinking|thought"
        r"|should|might|tempted|wil|ill|hope|like|love|rather|just)(?: (?:to|of|about|i|go"
        r"|i should|is|me)){0,6} end(?:ing)? (?:it (?:all|for good|tonight|right now"
        r"|once and for all|today)|everything|the pain forever|my pain|my suffering"
        r"|all (?:of )?this (?:pain|suffering)|this pain for good)",
        act=True,
        not_before=r"(?:with|between|on good)",
    ),
    _suicide(
        CONCERN,
        r"(?:want|wanted|going|ready|plan|planning|about|thinking|decided|thought|wana|tempted"
        r"|like)(?: (?:to|of|about|like|i should)){0,6} (?:end(?:ing)? it(?: now)?|not exist"
        r"|not be (?:here|alive)(?: any ?more)?)\Z",
        owned=True,
    ),
    _suicide(
        CONCERN,
        r"(?:want|wish|need|ready for|waiting for) (?:it |everything |my life "
        r"|life )(?:all )?(?:to )?(?:be over|end|stop forever)\Z",
    ),
    _suicide(
        HIGH,
        r"(?:want|wish|ready for) (?:my |this )?life (?:to|was|would)(?: (?:be|finaly"
        r"|just)){0,6} (?:over|end|ended|end already)",
    ),
    _suicide(
        HIGH,
        r"(?:dont|do not|wouldnt|wont|didnt|would not|not|doesnt|no one(?: would| will)?"
        r"|nobody(?: would| will)?)(?: \w+)? (?:care|mind|matter|notice|miss me|be sad|cry"
        r"|object)(?: much| at all)?(?: (?:if|when|whether|that))(?: or not)? (?:i|im"
        r"|id) (?:\w+ )?(?:die|died|dead|was dead|were dead|am dead|live or die|kill myself"
        r"|killed myself|get killed|was gone|were gone|got hit by|get hit by)",
        negatable=False,
    ),
    _suicide(
        HIGH,
        r"(?:who would|who will|would any(?:one|body)|will any(?:one|body)|does any(?:one|body)) "
        r"(?:care|notice|mind|miss me|be sad|cry)(?: if| when) (?:i|im|id) (?:\w+ )?(?:die"
        r"|died|dead|was dead|were dead|kill myself|killed myself|was gone)",
    ),
    _suicide(
        HIGH,
        r"(?:wish|hope|want|pray)(?: \w+){1,4} (?:hits?|runs? over|ran over|runs into"
        r"|crush(?:es|ed)?) me(?: and \w+)?",
        not_before=r"(?:up|with|back|on|again|like)",
        not_after=r"(?:dont|not|never)",
    ),
    _suicide(
        HIGH,
        r"(?:rather|prefer to|sooner) not (?:exist|be alive|live|wake up|be here any more)",
        negatable=False,
        not_before=NOT_PLACE,
    ),
    _suicide(
        CONCERN,
        r"(?:(?:dont|do not|cant) think i can|not sure i can|how much longer i can"
        r"|dont know if i can) "
        r"(?:go on|do this|keep going|take (?:this|it)|live like this|hold on|carry on|cope)"
        r"(?: like this)?(?: any ?more| much longer)?\Z",
        negatable=False,
    ),
    _suicide(
        HIGH,
        r"(?:care|sure|know|matter)(?: if| whether)? i live or die",
        negatable=False,
    ),
    _suicide(
        HIGH,
        r"(?:(?:better|happier|easier|easy|prefer|appreciate|glad|relieved|happy|best|rather"
        r"|love it|like it|good)(?: \w+){0,2}(?: (?:if|that|when|were))) (?:i|id|im) (?:(?:was"
        r"|were|had|would|have|just) ){0,6}(?:died|dead|die|killed myself|gone forever"
        r"|never (?:born|existed|been born))",
    ),
    _suicide(
        CONCERN,
        r"(?:better|happier|easier|fine|best)(?: off)? (?:without me|if (?:i|im"
        r"|id) (?:\w+ )?(?:wasnt|werent|was not|were not|was|were|am not|didnt|did not|am"
        r"|disappeared|disapeared|left|vanished|gone|never)(?: \w+)?(?: (?:here|around|alive"
        r"|gone|exist|existed))?)",
        not_after=(
            r"(?:he|she|him|him is|he is|hes|shes|they are|hed be|shed be|theyre)(?: now| much)?"
        ),
        negatable=False,
        not_before=r"(?:in|at|on|doing|to|there|work|working|tonight)",
    ),
    _suicide(
        CONCERN,
        r"(?:no one|nobody|nobodys|not a soul) (?:would|will|wil|is going to|would ever"
        r"|going to|d)? ?(?:miss me|(?:care|mind|be sad) if i (?:just )?(?:disappeared"
        r"|vanished|left|was gone|were gone)|notice (?:if )?(?:i am|im|i was|i|me)(?: was"
        r"| were)?(?: gone| missing| not here| disappeared))",
        negatable=False,
    ),
    _suicide(
        CONCERN,
        r"(?:i am|im|being|i was|i feel like|ive become|i have become|like) (?:nothing but "
        r"|only |such |just |nothing more than |too much of )?(?:a|an?) (?:\w+ )?burden (?:to"
        r"|on|for) (?:everyone|everybody|them|my family|people|the world|all|others|society"
        r"|my parents|my kids|the people)",
        not_after=(
            r"(?:dont want|not want|dont like|hate|worry|worried|avoid|fear|afraid)(?: \w+){0,6}"
        ),
    ),
    _suicide(
        HIGH,
        r"(?:what is|what|see|seeing|is there|there is|there|have|find|no|any|the|is"
        r"|of) (?:the |no |any |a )?point (?:(?:of|in|to|for) )?(?:me )?(?:my )?(?:living|life"
        r"|being alive|go(?:ing)? on|exist(?:ing|ence)?|live|liv(?:e|ing) any ?more"
        r"|staying alive|being here any ?more|waking up|keep(?:ing)? (?:on )?(?:living|going)"
        r"|carry(?:ing)? on)",
        negatable=False,
        not_before=rf"{NOT_PLACE}|insurance|to (?:work|school|class|the)",
        not_after=r"(?:at|to|at the|to the|got to|reached|from)",
    ),
    _suicide(
        CONCERN,
        r"(?:what is the point|no point|dont see (?:the|a|any) point|cant see (?:the|a"
        r"|any) point|do not see (?:the|a|any) point)(?: (?:of|in|to))? ?(?:(?:it all|anything"
        r"|everything|any of (?:it|this)|trying|this|going|doing anything)(?: any ?more)?"
        r"|any ?more)\Z",
        negatable=False,
    ),
    _suicide(
        CONCERN,
        r"\A(?:so |but |and |like )?(?:what is the point|there is no point)\Z",
        negatable=False,
    ),
    _suicide(
        CONCERN,
        r"(?:i )?(?:cant|can not|cannot|cant keep|no longer can|could not"
        r"|can no longer) (?:(?:do|take|handle|bear|cope with|keep doing|stand|go on with"
        r"|keep living) (?:this|it|life|living|things)|go on|carry on|keep going|live"
        r"|cope)(?: (?:like this|this way|living))? ?(?:any ?more|any longer|much longer)\Z"
        r"|cant (?:go on|carry on|keep going)\Z",
        negatable=False,
        not_after=r"(?:he|she|they|we|you|who|said)(?: \w+)?",
    ),
    _suicide(
        CONCERN,
        r"(?:want|wana|wish i could|need|like|wanted|wish i|wish i would"
        r"|wish to) (?:to )?(?:disappear|vanish|cease to exist|stop existing|not exist"
        r"|fade away)(?: (?:forever|completely|from (?:this|the) (?:world|earth)|any ?more"
        r"|for ?ever))?(?: and (?:never|not) (?:come|be) (?:back|found))?\Z",
        owned=True,
        negatable=False,
    ),
    _suicide(
        HIGH,
        r"(?:want|wish|wana)(?: to| i could)? (?:cease to exist|stop existing)",
        owned=True,
    ),
    _suicide(
        CONCERN,
        r"i (?:wont|will not|am not going to|might not) be (?:here|around) (?:tomorrow"
        r"|much longer|any ?more|for (?:much|long|you) ?(?:longer)?)\Z",
        negatable=False,
    ),
    _suicide(
        CONCERN,
        rf"{_DONT} (?:want )?(?:to )?be here\Z",
        negatable=False,
        owned=True,
    ),
    _suicide(
        HIGH,
        r"(?:(?:easier|better|best|nice|relief|peaceful|simpler|great) (?:to|for me to"
        r"|if i could) (?:just )?(?:die|be dead|not be alive|not exist)|(?:dying|death"
        r"|being dead) (?:in my sleep |in your sleep )?(?:would|wil|might|must|has to|sounds"
        r"|seems|feels|looks|is) (?:be |like )?(?:\w+ )?(?:best|better|easier|relief|nice"
        r"|peaceful|good|great|only (?:way|answer|option)|appealing|blessing|way out|answer))",
        not_after=r"(?:he|she|they|for him|for her|his|her|he would be)",
    ),
    _suicide(
        CONCERN,
        r"(?:think\w*|thought|thoughts|dream\w*|fantasi\w+|obsess\w*|crav\w+|welcom\w+|longing"
        r"|want|ready)(?: (?:about|of|for|by|with|over)){0,6} (?:my own |my )?(?:death|dying"
        r"|being dead|not being alive|not existing)",
        not_before=(
            r"(?:of|by|in (?:the|a)|certificate|penalty|rates?|metal|for (?:him|her)|alone"
            r"|anxiety|toll|note|star|wish (?:film|movie)|to|from|and (?:taxes|the afterlife|what))"
        ),
    ),
    _suicide(
        CONCERN,
        r"(?:feel|felt|feels|feeling) (?:so \w+ )?(?:like|as if) (?:i (?:want"
        r"|wanted) to )?(?:dying|(?:i )?(?:should|need to|could|could just|have to"
        r"|ought to) (?:die|be dead))",
        not_before=r"(?:of|from|on)",
    ),
    _suicide(
        CONCERN,
        r"(?:crawl|curl up|hide)(?: \w+){0,5} and die",
    ),
    _suicide(
        HIGH,
        r"(?:not|no longer|arent|aint|never) (?:\w+ )?(?:afraid|scared|fearful"
        r"|frightened) (?:of |to )(?:die|dying|death|be dead) any ?more",
        negatable=False,
    ),
)
