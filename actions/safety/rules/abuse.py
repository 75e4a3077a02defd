"""Violence and abuse against the seeker."""

from __future__ import annotations

from functools import partial

from actions.safety.risk import RiskKind
from actions.safety.rules.rule import CONCERN, HIGH, Rule, make_rule
from actions.safety.rules.words import (
    PERSON,
)

_suicide = partial(make_rule, RiskKind.SUICIDE)
_abuse = partial(make_rule, RiskKind.ABUSE)

_ADVERB = (
    r"(?:beats|hits|kicks|\w+ly|often|sometimes|also|then|has|have|had|is|are|was|were|been"
    r"|been known to|keeps?|kept|started|starts|and|once|will|would|who|never stops|got mad and"
    r"|got angry and|gets (?:mad|angry|drunk) and|when drunk|kind of|sort of|almost|nearly"
    r"|again|that|used to|always|(?:pushed|threw|grabbed|dragged|held|slapped|pushes|throws"
    r"|grabs|kicked) me(?: \w+)? and|yells at me and|shouts at me and|starts to|started to"
    r"|constantly)"
)
_NOT_HIT = (
    r"(?:up|on|with (?:a|the|an|his|her|this|that|some) (?:\w+ )?(?:question|news|truth|bill"
    r"|idea|offer|bombshell|ball|snowball|pillow)|back|to (?:it|the|work)|at|in (?:chess"
    r"|the (?:game|race|exam|test)|a (?:game|race)|cards|scrabble|monopoly|fifa)|that|hard that"
    r"|like|again that|off|out|by (?:\d|one|two)|every time in)"
)
_VIOLENCE_NOW = (
    r"(?:hits|beats|punches|slaps|kicks|chokes|strangles|smacks|burns|whips|rapes|molests"
    r"|abuses|attacks|assaults|gropes|shoves|drags|batters|hitting|beating|punching|slapping"
    r"|kicking|choking|strangling|raping|molesting|abusing|attacking|assaulting|groping"
    r"|throws things at|physically hurts|physically hurting|spits on|ties up|locks up|tortures"
    r"|torturing)"
)
_VIOLENCE_PAST = (
    r"(?:hit|beat|punched|slapped|kicked|choked|strangled|smacked|raped|molested|abused"
    r"|assaulted|attacked|groped|beaten|shoved|stabbed|shot at|tried to (?:kill|rape|strangle"
    r"|choke|drown)|forced himself on|pulled a (?:gun|knife) on|sexually (?:abused|assaulted"
    r"|harassed))"
)

ABUSE_RULES: tuple[Rule, ...] = (
    _abuse(
        HIGH,
        rf"{PERSON}(?: {_ADVERB}){{0,6}}(?: (?:sexually|physically|beats"
        rf"|yells at me)(?: and)?){{0,6}} {_VIOLENCE_NOW}"
        r"(?: and (?:\w+ )?(?:\w+ing|\w+s))?(?: my \w+ and)? me",
        not_before=_NOT_HIT,
    ),
    _abuse(
        HIGH,
        r"(?:they|my (?:\w+ )?(?:parents|brothers|friends|kids))(?: (?:often|always|sometimes"
        r"|still|\w+ly)){0,6} (?:hit|beat|kick|slap|punch) me(?: (?:when|every|if|a lot|all|and"
        r"|with|until))",
        not_before=_NOT_HIT,
    ),
    _abuse(
        HIGH,
        rf"{PERSON}(?: {_ADVERB}){{0,6}} (?:beats|beating|kicks|smacks) me up",
        not_before=r"(?:about|over|for not)",
    ),
    _abuse(
        CONCERN,
        rf"{PERSON}(?: {_ADVERB}){{0,6}} beat(?:en)? me up",
        act=True,
        not_before=r"(?:about|over|for not)",
    ),
    _abuse(
        CONCERN,
        rf"{PERSON}(?: {_ADVERB}){{0,6}} {_VIOLENCE_PAST}(?: and (?:\w+ )?\w+ed)? me",
        not_before=(
            rf"{_NOT_HIT}"
            "|emotionally|verbally|mentally|financially"
        ),
        act=True,
    ),
    _abuse(
        HIGH,
        r"(?:(?:i am|im|am|i keep|still|is|we are|i am being|and) (?:\w+ )?(?:being|getting|get"
        r"|be)|i get|i keep getting) (?:\w+ly )?(?:raped|molested|abused|beaten(?: up)?"
        r"|assaulted|trafficked|held (?:hostage|captive|prisoner)|hit|beat(?: up)?)",
        not_before=r"(?:by (?:the|my) (?:workload|market)|at)",
    ),
    _abuse(
        CONCERN,
        r"(?:i was|i got|i have been|ive been|i had been|was i|they|me being|i am"
        r"|i) (?:\w+ly )?(?:just )?(?:been )?(?:raped|molested|(?:sexually "
        r"|physically )(?:abused|assaulted)|abused|assaulted|trafficked|beaten up)",
        not_after=r"(?:they|my family)",
        act=True,
    ),
    _abuse(
        HIGH,
        r"(?:threat\w*|says?|said|swore|swears|promised|vowed|told me)(?: (?:that|to|me|if|i"
        r"|leave|go|tell|anyone|ever|him|her)){0,6} (?:hell|shell|theyll|he will|she will"
        r"|they will|hes going to|shes going to|he would|hed|she would|to) (?:\w+ )?kill me",
    ),
    _abuse(
        HIGH,
        r"(?:afraid|scared|terrified|frightened|worried)(?: that| of)? (?:hell|shell|theyll"
        r"|he will|she will|they will|hes going to|shes going to|he might|she might|they might"
        r"|he is going to|she is going to|he may|he would|hed|my (?:\w+ )?(?:husband|wife|dad"
        r"|father|mom|mum|mother|boyfriend|girlfriend|partner|ex|stepdad|brother|son) (?:will"
        r"|might|is going to|would)) (?:\w+ )?(?:kill|hurt|hit|beat|rape|murder|attack) me",
        not_before=(
            r"(?:again emotionally|if (?:i|he|she) (?:lose|fail|forget)|feelings|emotionally)"
        ),
    ),
    _abuse(
        HIGH,
        r"(?:he|she|my (?:\w+ )?(?:husband|wife|dad|father|boyfriend|girlfriend|partner|ex"
        r"|stepdad)|hell|hes|shell|shes|they|theyll)(?: (?:is|will|would|going to|might"
        r"|s)){0,6} kill me if i (?:\w+ )?(?:leave|tell anyone|tell|go to the police"
        r"|call the police|report)(?: (?:him|her|anyone|someone|the police)|\Z)",
    ),
    _abuse(
        CONCERN,
        rf"(?:{PERSON}|relationship)(?: (?:is|are|gets|has been|being|still|become|becoming"
        rf"|became|turned)){{1,6}}"
        r"(?: (?:\w+ ){1,3}(?:and )?| )(?:abusive|violent)(?: (?:to|toward|towards|with) me)?",
        not_after=r"(?:was)",
        not_before=r"(?:to|toward|towards|with) (?:his|her|their|everyone|others|other|animals)",
    ),
    _abuse(
        CONCERN,
        r"(?:have|with|live with|living with|in|married to|leave|my|is) (?:a|an"
        r"|my) (?:\w+ )?(?:and )?(?:physically |sexually )?(?:abusive|violent) (?:husband|wife"
        r"|partner|boyfriend|girlfriend|father|dad|mother|mom|mum|marriage|home|parents?)",
        not_after=r"(?:left|escaped|was|left a)",
    ),
    _abuse(
        CONCERN,
        rf"{PERSON}(?: {_ADVERB}){{0,6}} {_VIOLENCE_NOW} (?:my|our) (?:\w+ )?(?:mum|mom|mother|dad"
        r"|sister|brother|kids?|children|son|daughter|baby|siblings?|wife|grandmother)",
        not_before=_NOT_HIT,
    ),
    _abuse(
        CONCERN,
        rf"{PERSON}(?: {_ADVERB}){{0,2}} (?:hurts|hurting) me(?: again| a lot| every \w+"
        rf"| at night)?\Z",
    ),
    _abuse(
        HIGH,
        r"(?:kill|hurt) me (?:\w+ ){0,3}(?:he|she|they)(?: has| have|s got) (?:a|my|the|his|her) "
        r"(?:gun|knife|weapon|bat)",
    ),
    _abuse(
        CONCERN,
        r"(?:scared|afraid|terrified|frightened) of my (?:\w+ )?(?:husband|wife|partner|boyfriend"
        r"|girlfriend|dad|father|stepdad|stepfather|mom|mum|mother|ex|uncle|brother)\Z",
    ),
    _abuse(
        CONCERN,
        r"(?:victim of|suffering|experiencing|experience|facing) (?:\w+ )?(?:and )?(?:domestic"
        r"|sexual|physical) (?:and \w+ )?(?:abuse|violence)",
    ),
    _abuse(
        HIGH,
        r"(?:my (?:\w+ )?(?:uncle|stepdad|stepfather|dad|father|brother|stepbrother|cousin"
        r"|teacher|coach|boss|grandpa|grandfather|priest|pastor|mother|mum|mom|babysitter"
        r"|neighbou?r)|he|she|they)(?: (?:always|sometimes|often|keeps|has|been|is|was|kept"
        r"|started|\w+ly)){0,6} touch(?:es|ed|ing)? me (?:down there|there|where|inap\w+"
        r"|sexually|at night|in my (?:sleep|bed|private|privates|underwear)|under|without"
        r"|between|when (?:im|i am) (?:asleep|sleeping|alone))",
    ),
    _abuse(
        HIGH,
        rf"{PERSON}(?: {_ADVERB}){{0,6}} forc(?:e|es|ed|ing) me (?:to|into) (?:have "
        rf"|having )?(?:sex|sleep with|do sexual|touch|perform)",
    ),
    _abuse(
        HIGH,
        r"my (?:uncle|stepdad|stepfather|dad|father|stepbrother|teacher|coach|grandpa"
        r"|grandfather|brother) touches me",
    ),
    _abuse(
        HIGH,
        rf"(?:{PERSON}) (?:wont|will not|doesnt|does not) let me (?:leave"
        rf"|out of) (?:the (?:house|room|home)|home"
        r"|my room|the apartment|the flat)|(?:locks|locked|locking|keeps) me (?:locked )?(?:in"
        r"|inside|up|out of) (?:the |my |a |our )?(?:house|room|basement|bathroom|closet|home"
        r"|cupboard|cellar|bedroom)",
        not_before=(
            r"(?:because of (?:covid|corona\w*|the virus|lockdown)|for (?:covid|quarantine))"
        ),
    ),
    _abuse(
        HIGH,
        r"(?:i am|im|we are|my life is) (?:\w+ )?in (?:immediate |real |serious |physical )?danger",
        not_before=r"of|from (?:my|the)? ?(?:credit|bank)",
    ),
    _abuse(
        CONCERN,
        r"(?:not|dont feel|never feel|do not feel|isnt|feel un) ?(?:\w+ )?(?:safe"
        r"|safe) (?:at home|in my (?:own )?(?:home|house|marriage|relationship|room)"
        r"|with (?:him|her|my (?:\w+ )?(?:husband|wife|dad|father|mother|boyfriend|partner"
        r"|parents))|around (?:him|her|my \w+))",
        negatable=False,
    ),
    _suicide(
        HIGH,
        r"(?:i am|im|i do|i|am) (?:not|dont|do not|never|no longer)(?: (?:think|feel|feeling"
        r"|that|im|i am|i|really)){0,6} safe (?:with myself|from myself|alone|by myself"
        r"|right now|tonight|being alone|on my own)|not safe\Z",
        negatable=False,
        not_after=(
            r"(?:is|its|neighborhood|neighbourhood|it|area|that|place|was|there|outside|are"
            r"|they|he|she)(?: \w+)?"
        ),
        not_before=r"(?:from covid|in (?:my|this) (?:job|city))",
    ),
)
