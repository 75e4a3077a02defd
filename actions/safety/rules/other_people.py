"""Danger to other people, and other people in danger of themselves."""

from __future__ import annotations

from functools import partial

from actions.safety.risk import RiskKind
from actions.safety.rules.rule import CONCERN, HIGH, Rule, make_rule
from actions.safety.rules.words import (
    ACCIDENT,
    FUN,
    NOT_PLACE,
    PERSON,
    PERSON_NOUN,
)

_suicide = partial(make_rule, RiskKind.SUICIDE)
_self_harm = partial(make_rule, RiskKind.SELF_HARM)
_harm = partial(make_rule, RiskKind.HARM_TO_OTHERS)

_I_MEAN_TO = (
    r"(?:im|i am|i was|i|ill|i will|ive|id|i would|am)(?: (?:have|been|so|angry|mad|think|swear"
    r"|might|may|that|really|feel|like|i|im|ill|and|now|one|day|sometimes|honestly|also|keep"
    r"|very|will|having|know|about|this|close|to)){0,6}"
)
_INTENT = (
    r"(?:going to|about to|plan(?:ning)? (?:to|on)|ready to|ill|i will|will|decided to|have to"
    r"|need to|intend to|thinking (?:of|about)|thoughts (?:of|about)|urge to|urges to"
    r"|fantasi\w+ about)"
)
_TARGET = (
    r"(?:him|her|them|someone|somebody|people|everyone|everybody|a person|that (?:bastard|bitch"
    r"|asshole|man"
    rf"|guy|woman|girl|boy)|these people|those people|my (?:\w+ )?{PERSON_NOUN}|the (?:baby"
    rf"|kids?|child"
    r"|children)|this (?:guy|man|woman|bastard|bitch)|his (?:\w+ )?(?:wife|girlfriend|mistress)"
    r"|all of them|her (?:\w+ )?(?:husband|boyfriend))"
)
_DEADLY = (
    r"(?:kill(?:ing)?|murder(?:ing)?|stab(?:bing)?|shoot(?:ing)?|strangl(?:e|ing)"
    r"|poison(?:ing)?|chok(?:e|ing)|suffocat(?:e|ing)|drown(?:ing)?)"
)
_WOUND = (
    r"(?:hurt(?:ing)?|harm(?:ing)?|attack(?:ing)?|beat(?:ing)?|smash(?:ing)?|punch(?:ing)?"
    r"|hit(?:ting)?)"
)
_NO_HARM = (
    r"(?:feelings?|with kindness|in (?:the|a|this|our) (?:game|match|race|election|competition"
    r"|argument|debate|next round)|at (?:chess|tennis|golf|cards|poker|pool|monopoly"
    r"|his own game|her own game|their own game|the|it)|character|business|chances|emotionally"
    r"|by (?:leaving|telling|saying|breaking)|if i (?:leave|break|tell|say|end)|to (?:it|the)"
    r"|up|an email|a (?:text|message)|more|when i (?:leave|tell)|with (?:the|this) (?:news"
    r"|truth)|tomorrow for|deeply|back at)"
)
_THEIR_SELF = r"(?:himself|herself|them ?sel(?:f|ves)|him self|her self)"
_OTHER_NOW = (
    r"(?:want(?:s|ed|ing)?(?: to)?|going to|threat\w*(?: to)?|trying to|tries to|try to"
    r"|tried to|plan\w*(?: to| on)?|might|may|will|could|wil|would|think(?:s|ing)? (?:about|of)"
    r"|thoughts? (?:of|about)|talk\w* (?:about|of)|is|are|about to|keeps?|been|started|ready to"
    r"|hed|shed|theyd|hell|shell|theyll|(?:he|she|they) (?:will|is|are))"
)

HARM_RULES: tuple[Rule, ...] = (
    _harm(
        HIGH,
        r"(?:pictur(?:e|ing)|imagin(?:e|ing)|(?:images|visions|pictures|thoughts) (?:of|about)"
        rf"|see(?:ing)? myself) (?:me )?{_DEADLY}"
        rf" (?:{_TARGET}|my (?:newborn|infant|toddler|twins))",
        not_before=rf"(?:all )?{_NO_HARM}",
    ),
    _harm(
        HIGH,
        rf"(?:{_I_MEAN_TO} |\A){_INTENT}(?: (?:to|go|just|and)){{0,6}} {_DEADLY} {_TARGET}",
        act=True,
        not_before=_NO_HARM,
    ),
    _harm(
        HIGH,
        rf"(?:{_I_MEAN_TO} |\A){_INTENT}(?: (?:to|go|just|and|physically"
        rf"|seriously)){{0,6}} {_WOUND} {_TARGET}",
        act=True,
        not_before=_NO_HARM,
        not_after=(
            r"(?:afraid|scared|worried|terrified|fear|anxious|guilty|feel like|know"
            r"|think)(?: that)?"
        ),
    ),
    _harm(
        CONCERN,
        r"(?:afraid|scared|worried|terrified|fear)(?: that)? (?:i will|ill|im going to|i might"
        r"|i may|i could|id)"
        rf" (?:\w+ )?(?:hurt|harm|kill) {_TARGET}",
        not_before=_NO_HARM,
    ),
    _harm(
        CONCERN,
        rf"(?:{_I_MEAN_TO} |\A)(?:want(?:ed)? to|wish i could|like to|love to|feel like|dream of"
        rf"|think about|think of|dream about|fantasi\w+ about"
        rf"|would like to|tempted to|could(?! kil))(?: (?:just|go|and)){{0,6}} (?:{_DEADLY}"
        rf"|hurt(?:ing)?|harm(?:ing)?|attack(?:ing)?) {_TARGET}",
        act=True,
        not_before=(rf"{_NO_HARM}|for"),
    ),
    _harm(
        CONCERN,
        rf"(?:i|part of me|that) (?:(?!dont|never|didnt|wouldnt|not)\w+ )?(?:want|wants|wish"
        rf"|hope) (?:{_TARGET}|he|she|they|\w+ and \w+) (?:to die|to be dead|dead|"
        r"(?:was|were|would) (?:dead|die)|dies)",
        not_after=r"(?:dont|not|never)",
        not_before=r"(?:peacefully|laughing|of laughter|with dignity|for)",
    ),
    _harm(
        HIGH,
        r"(?:(?:going to|want to|ill|will|plan\w* to|thinking (?:of|about)|should"
        r"|could) )(?:shoot(?:ing)? up|bomb(?:ing)?|blow(?:ing)? up|burn(?:ing)? down"
        r"|shoot(?:ing)? everyone at) (?:my|the|this|that|his|her|a) (?:\w+ )?(?:school|work"
        r"|workplace|office|church|mosque|synagogue|house|building|place|hospital)",
        act=True,
    ),
    _harm(
        HIGH,
        r"how (?:do|can|could|to|would|should|best to)(?: (?:i|you|one|someone)){0,6} (?:best "
        r"|quietly |secretly )?"
        rf"(?:kill|murder|poison|stab|strangle|hurt) {_TARGET}",
        not_before=_NO_HARM,
    ),
    _harm(
        HIGH,
        rf"i (?:\w+ )?(?:killed|murdered|stabbed|shot|strangled) {_TARGET}",
        not_before=_NO_HARM,
        not_after=r"(?:almost|wish|nearly|could have)",
    ),
    _harm(
        CONCERN,
        r"(?:want|like|love|going|need|ill|will)(?: to)? beat(?:ing)? (?:the (?:living )?"
        r"(?:crap|daylights|hell|life|shit) out of|up) (?:\w+ )?(?:him|her|them|my \w+|face"
        r"|someone|someones)?",
    ),
    _harm(
        CONCERN,
        r"i (?:\w+ )?(?:hit|hurt|shook|slapped|smacked|punched|choked) my (?:\w+ )?(?:baby"
        r"|child|kid|kids|children|son|daughter|toddler|wife|girlfriend|husband|partner|boyfriend)",
        not_before=_NO_HARM,
        not_after=r"(?:never|dont want to|if|didnt)",
    ),
    _harm(
        HIGH,
        r"(?:homicidal (?:thoughts|urges)|i (?:am|feel) homicidal|voices (?:\w+ ){0,4}(?:tell"
        r"|telling|told|say|want) (?:me |to me )?(?:to )?(?:kill|hurt|harm) (?:\w+)?)",
    ),
    _suicide(
        CONCERN,
        rf"{_OTHER_NOW} (?:to )?(?:kill(?:ing)?|hang(?:ing)?|shoot(?:ing)?|drown(?:ing)?"
        rf"|end(?:ing)?|off(?:ing)?|poison(?:ing)?) {_THEIR_SELF}",
        not_after=r"(?:who|people who|why (?:do|would) people)",
    ),
    _self_harm(
        CONCERN,
        rf"(?:{_OTHER_NOW} )?(?:to )?(?:hurts|cuts|hurting|cutting|harming|harms|burns|burning"
        rf"|hurt|cut|harm) {_THEIR_SELF}",
        not_before=ACCIDENT,
        not_after=r"(?:who|fell and|nearly|accidentally)",
    ),
    _suicide(
        CONCERN,
        r"(?:he|she|they|(?!i\b)\w+(?= (?:wants|wishes|threatens))|who) (?:said (?:he|she"
        r"|they) )?(?:\w+ly )?(?:wants?|wanted|wishes|wished|is ready|is going|threatens"
        r"|threatened|hes going) (?:to )?(?:die|be dead|end (?:it all|his life|her life"
        r"|their (?:life|lives))|(?:he|she|they) (?:was|were) dead|take (?:his|her"
        r"|their) own (?:life|lives))",
        not_after=r"(?:i|no|one|nobody)(?: \w+)?",
        not_before=(
            rf"{FUN}"
            r"|him|her|for|down|on me"
        ),
    ),
    _suicide(
        CONCERN,
        r"(?:doesnt|does not|no longer wants|dont) want to (?:live any ?more|be alive"
        r"|be here any ?more|live)",
        negatable=False,
        not_before=(
            rf"{NOT_PLACE}"
            r"|a|the|my|his|her|their"
        ),
        not_after=r"(?:i|im|why i|people who)",
    ),
    _suicide(
        CONCERN,
        r"(?:wants?|threat\w*|going|tried|trying|tries|plan\w*|talk\w*|thinking|might|will"
        r"|about)(?: (?:to|of|about|on)){0,6} (?:end(?:ing)?|tak(?:e|ing)) (?:his|her"
        r"|their) (?:own )?(?:life|lives)",
    ),
    _suicide(
        CONCERN,
        rf"(?:{PERSON}|friends? of mine|(?!i\b)\w+(?= (?:is|seems|feels|might)))(?: (?:is|are"
        rf"|feels|feel|has been|have been|being|might be|may be|seems|became|gets|been|s|says|said"
        r"|told me|he|she|they|hes|shes|that|also|very|so|now|feeling|thinks)){1,6} suicidal",
    ),
    _self_harm(
        CONCERN,
        rf"(?:{PERSON}|friends? of mine)(?: (?:is|are|has been|keeps|started|also"
        rf"|been)){{0,6}} self ?(?:harms|harming)",
    ),
    _suicide(
        CONCERN,
        r"(?:told|tell|tells|telling|said|saying|says|say|texted|messaged|wrote|comment\w*"
        r"|yell\w*|shout\w*)(?: \w+){0,4} (?:kill|hang) (?:yourself|your self|urself)",
    ),
    _suicide(
        CONCERN,
        rf"{PERSON} (?:attempt|attempts|is attempting|keeps attempting) suicide",
    ),
)
