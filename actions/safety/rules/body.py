"""Eating disorders and medical emergencies."""

from __future__ import annotations

from functools import partial

from actions.safety.risk import RiskKind
from actions.safety.rules.rule import CONCERN, IMMINENT, Rule, make_rule
from actions.safety.rules.words import (
    PERSON,
    SELF,
)

_eating = partial(make_rule, RiskKind.EATING_DISORDER)
_medical = partial(make_rule, RiskKind.MEDICAL_EMERGENCY)

_CANT_BREATHE = (
    r"(?:cant|can not|could not|couldnt|can barely|can hardly|cant even|struggling to|hard to"
    r"|trouble|barely) (?:\w+ )?breath(?:e|ing)?"
)
_CHEST = (
    r"(?:chest (?:pains?|hurts?|is (?:hurting|tight|so tight|killing me|crushing)|tightness"
    r"|ache|feels (?:tight|like))|(?:pain|pains|pressure|tightness) (?:in|on) my chest)"
)

BODY_RULES: tuple[Rule, ...] = (
    _eating(
        CONCERN,
        rf"(?:mak(?:e|es|ing)|made|forc(?:e|es|ed|ing)) {SELF} (?:\w+ )?(?:to )?(?:throw"
        rf"(?:ing)? up|vomit(?:ing)?|"
        r"sick|puk(?:e|ing)|be sick|purg(?:e|ing))",
        not_before=r"(?:with|worry\w*|over|thinking|about|from|by|of|stressing)",
    ),
    _eating(
        CONCERN,
        r"(?:throw(?:ing)?|threw) up (?:\w+ )?(?:after|every time i|whenever i) (?:i |every "
        r"|each |all ){0,6}(?:eat|ate|meals?|eating|lunch|dinner)"
        r"|vomit(?:ing)? after (?:every )?(?:meals?|eating|i eat)",
    ),
    _eating(
        CONCERN,
        r"(?:i|im|been|started|keep|binge and|bingeing and|binging and|and|ive"
        r"|to) (?:\w+ )?purg(?:e|ing|ed)(?: again| after| food| every| my| and| since| for|\Z)",
        not_before=r"(?:my )?(?:closet|house|wardrobe|stuff|data|the|files)",
    ),
    _eating(
        CONCERN,
        rf"starv(?:e|ed|ing) {SELF}",
        not_after=r"(?:would have to)",
    ),
    _eating(
        CONCERN,
        rf"{PERSON} (?:\w+ ){{0,5}}starv(?:es|ing|ed) (?:himself|herself|them ?sel(?:f|ves))",
    ),
    _eating(
        CONCERN,
        r"(?:doctors?|nurses?|school|therapist|psychologist|clinic|they|he|she|mum|mom)"
        r" (?:says?|said|thinks?|tells? me|told me|calls? it)(?: \w+){0,4} (?:anorexia|anorexic"
        r"|bulimia|bulimic)",
    ),
    _eating(
        CONCERN,
        r"(?:havent|have not|not|hadnt|havnt|barely|refuse to|hardly|stopped) (?:\w+ )?(?:eaten"
        r"|ate|eat|eating)(?: \w+){0,3} (?:in|for|since) (?:\d+|two|three|four|five|six|seven"
        r"|several|many|a few|over a|a) (?:days|week|weeks)",
        negatable=False,
        owned=True,
    ),
    _eating(
        CONCERN,
        r"(?:i have|i am|im|ive got|my|i still have|i think i have|got|suffer from"
        r"|struggl\w+ with|relapsed (?:into|with|on)?|recovering from"
        r"|diagnosed with) (?:\w+ )?(?:anorexia|anorexic|bulimia|bulimic|eating disorder"
        r"|an? eating disorder)",
        owned=True,
    ),
    _eating(
        CONCERN,
        r"(?:tak(?:e|ing)|took|abus(?:e|ing)|using) (?:\w+ ){0,2}(?:laxatives) (?:to (?:lose"
        r"|get|be|stay|drop)|so i|after (?:eating|meals|i eat|every))",
    ),
    _medical(
        IMMINENT,
        rf"{_CANT_BREATHE}(?: \w+){{0,8}} {_CHEST}|{_CHEST}(?: \w+){{0,8}} {_CANT_BREATHE}",
    ),
    _medical(
        CONCERN,
        r"i (?:\w+ )?(?:cant|can not|can barely|can hardly|am struggling to|cant even) breathe",
        not_after=r"(?:like|that|where|when|until|as if|so (?:\w+ ){1,4}|if|sometimes|feel|get)",
        not_before=(
            r"(?:when|in (?:this|that|my) (?:house|job|relationship|marriage|mask|town)"
            r"|with (?:a|the|this) mask|sometimes|without|because of (?:him|her|work"
            r"|school)|at night|through|easy|a sigh)"
        ),
    ),
    _medical(
        CONCERN,
        _CHEST,
        owned=True,
        not_before=(
            r"(?:when(?:ever)? i|from (?:anxiety|working out|the gym)|sometimes|every time|like a)"
        ),
    ),
    _medical(
        IMMINENT,
        r"(?:having|have|had) (?:a|an) (?:heart attack|stroke|seizure"
        r"|cardiac arrest)(?: right now| now)?",
        not_after=(
            r"(?:like (?:im|i am|i was|i)|almost|nearly|practically|about|going to|could"
            r"|would|might|will|he|she|they|it|mom|mum|dad|father|mother|husband|wife"
            r"|grandpa|grandma|uncle|brother|sister|i|who|from|just|and|never|been|of"
            r"|afraid of|as if (?:im|i was)|was|be|after|i was|his|before|gave me|boss"
            r"|will be|ever|friend|since)(?: \w+)?"
        ),
    ),
    _medical(
        IMMINENT,
        r"(?:think|sure|believe|guess|pretty sure) (?:that )?(?:im|i am|he is|hes|she is|shes"
        r"|my (?:\w+ )?\w+ is) having a (?:heart attack|stroke|seizure|cardiac arrest)"
        r"|\A(?:help )?(?:im|i am|my (?:\w+ )?\w+ is|hes|shes|he is"
        r"|she is) having a (?:heart attack|stroke|seizure)",
    ),
    _medical(
        IMMINENT,
        rf"(?:{PERSON}|baby|hes|shes)(?: is| are)? (?:not|isnt|stopped|has stopped"
        rf"|no longer) breathing",
        negatable=False,
        not_before=r"(?:wel|well|properly last|and (?:died|passed))",
    ),
    _medical(
        IMMINENT,
        r"(?:bleeding (?:a lot|heavily|badly|out|so much|everywhere|and (?:it )?(?:wont|cant))"
        r"|(?:cant|wont|doesnt|not|cannot) stop (?:the )?bleeding|losing (?:a lot of|so much"
        r"|too much) blood|so much blood everywhere|cut too deep|blood everywhere)",
        negatable=False,
        not_after=r"(?:he was|she was|heart is|budget)",
    ),
    _medical(
        IMMINENT,
        rf"{PERSON} (?:is|has gone|went|passed out and is|are) (?:\w+ )?(?:unconscious"
        rf"|unresponsive)|{PERSON} "
        r"(?:wont|will not|isnt|is not) wak(?:e|ing) up\Z",
        negatable=False,
        not_before=r"(?:early|on time|for)",
    ),
    _medical(
        IMMINENT,
        rf"(?:{PERSON}|he|she) (?:has |have )?collapsed(?: \w+){{0,6}} (?:wont|isnt|is not|will not"
        r"|doesnt|not|no) (?:\w+ )?(?:respon\w+|answer\w*|wak\w+|mov\w+|breath\w+|pulse)"
        rf"|(?:{PERSON}|he|she|hes|shes|lips) (?:is |are |has )?(?:turning|turned|going|gone) blue",
        negatable=False,
        not_before=r"(?:team|with|and white|in the)",
    ),
    _medical(
        IMMINENT,
        r"(?:cant feel|can not feel|numb(?:ness)? (?:in|on|down)) (?:one|half|a"
        r"|(?:the|my|his|her) (?:left|right)) (?:side )?(?:of )?(?:\w+ )?(?:face|body|side)"
        r"|(?:one side|half|side) of (?:my|his|her) (?:face|body) (?:is|has|went|just|suddenly)"
        r"(?: gone| just| suddenly)? (?:numb|droop\w*|dropp?ed|drop+ing|dead|paraly[sz]ed)",
        negatable=False,
        not_after=r"(?:dentist|after the (?:dentist|filling))",
        not_before=r"(?:after the (?:dentist|filling|injection)|from the (?:dentist|injection))",
    ),
    _medical(
        IMMINENT,
        r"(?:took|taken|swallowed|had|have) too (?:much|many) (?:of )?(?:my |the |his |her )?"
        r"(?:\w+ )?(?:pills?|tablets?|meds|medication|medicine|painkillers?|insulin|paracetamol"
        r"|tylenol|ibuprofen|sleeping tablets)"
        r"|i (?:\w+ ){0,2}(?:took|have taken|swallowed) too (?:much|many)\Z"
        r"|(?:took|taken|swallowed|ate) everything in the (?:\w+ )?(?:cabinet|cupboard)",
        not_after=r"(?:never|last (?:year|month)|he|she|they)",
    ),
    _medical(
        IMMINENT,
        rf"{PERSON} (?:is overdosing|has overdosed|just overdosed|overdosed (?:right now"
        rf"|tonight|just now|and (?:is|wont|"
        r"isnt)))|\A(?:\w+ )?overdosing\Z",
    ),
)
