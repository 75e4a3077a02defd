"""The wordings that a generated reply must not hold, by problem, and what makes them harmless."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class ReplyProblem(StrEnum):
    """Why a generated reply must not be sent."""

    SELF_HARM = "self-harm"
    VIOLENCE = "violence"
    DIAGNOSIS = "diagnosis"
    MEDICATION = "medication"
    CLAIMS_HUMAN = "claims-human"
    PERSONAL_HISTORY = "personal-history"
    PERSONAL_DATA = "personal-data"
    CONFIDENTIALITY = "confidentiality"
    CONTACT_DETAILS = "contact-details"
    PROFANITY = "profanity"
    CONTEMPT = "contempt"
    PROMPT_LEAK = "prompt-leak"


_YOURSELF = r"your ?sel(?:f|ves)"
_YOUR_LIFE = r"(?:it all|your (?:own )?life)"
_HARM_YOURSELF = (
    rf"(?:(?:kill|hurt|harm|hang|shoot|starve?|cutt?)(?:ing)? {_YOURSELF}|end(?:ing)? {_YOUR_LIFE}"
    r"|die\b|dying|be dead|overdos(?:e|ing)|(?:commit )?suicide|jump(?:ing)? off"
    r"|tak(?:e|ing) your own life|burn(?:ing)? your (?:skin|arms?|legs?)|burn(?:ing)? yourself"
    r"|self[- ]?harm|cut(?:ting)?"
    rf"(?= ?(?:{_YOURSELF}|your (?:skin|arms?|wrists?|legs?)|if|when|a (?:bit|little)|deeper"
    rf"|[.!?,]|$))"
    r"|(?:leav(?:e|ing)|say(?:ing)? goodbye to|let(?:ting)? go of|giv(?:e|ing) up on)"
    r" (?:(?:this|the) (?:world|life|earth)|life)|(?:never|not) wak(?:e|ing) up|stop(?:ping)? "
    r"living"
    r"|join(?:ing)? (?:him|her|them) in (?:heaven|death)|starving yourself"
    r"|(?:make|making) yourself (?:throw up|vomit|sick)|throw(?:ing)? up (?:after|your)"
    r"|(?:stop(?:ping)? eating|not eat(?:ing)?|don'?t eat(?: anything)?|fast(?:ing)?)"
    r" ?(?:for (?:a|some|days|weeks|\w+ (?:days|weeks))\b|until|altogether|completely|today"
    r"|[.!?,]|$)"
    r"|skip(?:ping)? (?:(?:your|some|a few) )?(?:meals|breakfast|lunch|dinner)"
    r"(?: (?:to|every|for)\b|[.!?,]|$))"
)
_YOU_SHOULD = (
    r"(?:you (?:should|could|can|might|may|must|need to|ought to|deserve to|have to)"
    r"|why (?:not|don'?t you)|just|try(?:ing)?(?: to)?|let'?s|i (?:want|would like) you to|go "
    r"ahead and"
    r"|you deserve to|maybe|perhaps|have you tried|(?:how|what) about|time (?:for you )?to|if "
    r"it helps, you can"
    r"|(?:it(?:'s| is| would be)|perhaps|maybe) (?:\w+ )?(?:ok|okay|fine|all right|alright"
    r"|better|bad|time)"
    r" (?:for you )?(?:to|if you|that you)"
    r"|(?:nothing wrong|no harm|no shame) (?:with|in))"
)
_CONDITION = (
    r"(?:(?:clinical |major |severe |manic |postpartum |bipolar )?depress(?:ion|ive disorder)"
    r"|bipolar(?: disorder)?|(?:an )?anxiety disorder|generali[sz]ed anxiety|ptsd|ocd|adhd|autism"
    r"|autistic|schizophreni\w+|psychosis|psychotic|borderline|bpd|mentally ill"
    r"|(?:borderline |narcissistic )?personality disorder|an eating disorder|anorexi\w+|bulimi\w+"
    r"|panic disorder|a mental (?:illness|disorder)|clinically depressed|social anxiety disorder"
    r"|post[- ]traumatic stress(?: disorder)?)"
)
_DEGREE = r"(?:a |an |the |some |clear |definitely |probably |likely |classic |called ){0,4}"
_HEDGE = (
    r"(?:probably|likely|clearly|obviously|definitely|certainly|surely|might|may|must|could"
    r"|(?:might|may|could|must) (?:well|really))"
)
_SURELY = (
    r"(?:i(?:'d)? (?:think|believe|suspect|guess|bet|say|fear|am sure|would say)(?: that)?|maybe"
    r"|perhaps"
    r"|(?:sounds|seems|looks|appears)(?: to me)? (?:like|as if|that))"
)
_OR_ANXIETY = (
    rf"(?:{_CONDITION}\b|anxiety\b(?! (?:about|over|when|because|around|at|regarding|from|with)\b))"
)
_DRUG = (
    r"(?:ibuprofen|paracetamol|acetaminophen|tylenol|aspirin|advil|xanax|valium|prozac|zoloft"
    r"|lexapro|sertraline|fluoxetine|citalopram|escitalopram|diazepam|alprazolam|lorazepam|ativan"
    r"|klonopin|clonazepam|lithium|seroquel|quetiapine|melatonin|benadryl|adderall|ritalin|ambien"
    r"|ssris?|antidepressants?|benzo(?:s|diazepines?)?|sleeping pills?|painkillers?|opioids?"
    r"|wellbutrin|trazodone|gabapentin|beta[- ]blockers?|cbd(?: oil)?|cannabis|marijuana|st\.? "
    r"john'?s wort|valerian|nyquil"
    r"|oxycodone|percocet|vicodin|codeine|morphine|cymbalta|celexa|paxil|effexor|lamictal|abilify"
    r"|buspar|propranolol|mirtazapine|venlafaxine|bupropion|duloxetine|hydroxyzine|naproxen)"
)
_MEDICINE = rf"(?:{_DRUG}|medications?|medicines?|meds|pills?|tablets?|doses?|dosage)"
_USE = (
    r"(?:tak(?:e|ing)|stop(?:ping)?|increas(?:e|ing)|doubl(?:e|ing)|skip(?:ping)?|quit(?:ting)?"
    r"|reduc(?:e|ing)|lower(?:ing)?|chang(?:e|ing)|us(?:e|ing)|try(?:ing)?|start(?:ing)?"
    r"|get(?:ting)?|com(?:e|ing) off|go(?:ing)? (?:on|off)|hav(?:e|ing)|double up on"
    r"|ask(?:ing)? for)"
)
_OF_IT = (
    r"(?:your |some |a |an |the |more |less |taking |of |half |extra |any |on |off |few |couple "
    r"|another "
    r"|additional |higher |lower |these |those |one |two |three |my ){0,5}"
)
_PROFESSION = (
    r"(?:therapist|psychologist|psychiatrist|counsell?or|doctor|nurse|clinician|physician"
    r"|social worker|psychotherapist|(?:medical|mental health) professional|human(?: being)?"
    r"|real person|live (?:agent|operator))"
)
_I_AM = (
    r"(?:i'?m|i am|i was|i work as|i'?ve been(?= an? )|(?<!such )as(?= (?:an?|your) )|because i'?m)"
)
_MACHINE = r"(?:bot|chatbot|robot|machine|computer|ai|program|artificial)"
_RELATIVE = (
    r"(?:mother|mom|mum|father|dad|parent|grandmother|grandfather|husband|wife|boyfriend|girlfriend"
    r"|brother|sister|son|daughter|widow(?:er)?)"
)
_KIND_OF_PERSON = rf"(?:{_RELATIVE}|woman|man|student|teacher|veteran|survivor|teen\w*)"
_FULL_NAME = (
    r"(?-i:(?!Human |National |Crisis |Employee |Social |Alcoholics |Mental |Google )"
    r"[A-Z][a-z]+ [A-Z][a-z]+(?!\w)(?! (?:Line|Hotline|Lifeline|Anonymous|Center)))"
)
_KEPT = r"(?:confidential|private|secret|anonymous|between us|between you and me)"
_SPEAKER = r"(?:system|assistant|user|seeker|supporter|persona|strategy|situation|response)"

_SOURCES: Mapping[ReplyProblem, tuple[str, ...]] = {
    ReplyProblem.SELF_HARM: (
        rf"\b{_YOU_SHOULD}\W+(?:(?:just|go|simply|also|as well|try|consider|always"
        rf"|go to sleep and|maybe) ){{0,3}}"
        rf"{_HARM_YOURSELF}",
        rf"(?:^|[.!?] )\W{{0,3}}(?:(?:just|go|please|then|ok|okay|yes),? ){{0,3}}"
        rf"(?:kill {_YOURSELF}|hang {_YOURSELF}|cut {_YOURSELF}|end your life|drop dead)",
        r"\bkys\b|\bgo (?:and )?die\b|\byou(?:'re|'d be| are| would be) better off dead\b",
        r"\b(?:world|everyone|family|they) (?:\w+ ){0,2}better (?:off )?without you\b",
        r"\b(?:no ?one|nobody) (?:would|will) miss you\b|\bno reason (?:for you )?to live\b",
        r"\bsuicide (?:is|can be|might be|would be|seems) (?:\w+ )?(?:the|an?) (?:\w+ )?"
        r"(?:answer|option|solution|way|choice|escape)\b",
        r"\b(?:best|easiest|painless|quickest|good) (?:way|method)s? (?:to|of) "
        r"(?:die|dying|kill|suicide|end your life|hurt yourself|cut)",
        r"\blethal dose\b|\bto tie a noose\b",
        rf"\b(?:self[- ]?harm(?:ing)?|(?:hurting|harming|burning|starving) (?:{_YOURSELF}|your "
        rf"skin)"
        rf"|cutting(?: {_YOURSELF})?|overdosing)"
        r" (?:(?:can|will|may|might|could|would|is|really|does|sometimes|just|often) ){0,3}"
        r"(?:help|eas|reliev|take away|calm|sooth|numb|feel|make you feel better|work|give you "
        r"(?:some )?relief"
        r"|distract|okay|ok\b|fine|good|a (?:good|valid|fine))",
        r"\b(?:better|easier|happier|happy|best|nicer|relieved|glad|good)(?: off)?(?: for \w+)? "
        r"(?:if|that|when)"
        r" you (?:(?:were|was|are|had|have|just|simply|all) ){0,3}(?:weren'?t (?:here|around"
        r"|alive|born)"
        r"|didn'?t exist|dead|died|die|gone|disappear(?:ed)?|(?:not|no longer) (?:here|around"
        r"|alive)"
        r"|never (?:been )?(?:born|existed|lived))",
        r"\bbetter off without you\b|\bworld (?:doesn'?t|does not) need you\b",
        r"\b(?:life|living) (?:is not|isn'?t) worth (?:living|it)\b"
        r"|\byou (?:don'?t|do not) deserve to (?:live|be alive|exist)\b"
        r"|\bi(?:'d| would) (?:just |probably )?(?:kill myself|end (?:it all|my life))\b",
    ),
    ReplyProblem.VIOLENCE: (
        rf"\b(?:{_YOU_SHOULD}|i(?:'d| would)|go(?: and)?) (?:(?:just|go|and|simply|also) ){{0,3}}"
        r"(?:(?:slap|punch|hit|kick|hurt|kill|stab|shoot|poison|choke|strangle|attack|beat|smash)"
        r"(?: up)? (?:him|her|them|(?:his|their|that|your) (?!own\b|goals?\b|record\b|head\b"
        r"|feelings?\b)\w+)"
        r"(?! (?:out|up|off|to|with|where|if you tell|by (?:leaving|saying)|at (?:their|his"
        r"|her) own))"
        r"|make (?:him|her|them) (?:pay|suffer|bleed)\b|(?:get|take) revenge)",
        r"(?:^|[.!?] )make (?:him|her|them) (?:pay|suffer|bleed)\b",
        r"\b(?:he|she|they) deserves? (?:to (?:be (?:beaten|hit|hurt|killed|punched)|die|suffer)"
        r"|a (?:beating|slap|punch))\b",
    ),
    ReplyProblem.DIAGNOSIS: (
        rf"\b(?:you (?:\w+ ){{0,2}}(?:have|suffer from|(?:be|are) suffering from|show signs of)"
        rf"|you'?(?:re| are)(?: \w+){{0,2}} (?:suffering from|showing signs of|in)"
        rf"|sounds like you have|(?:signs?|symptoms?) of|this is|you'?ve (?:\w+ )?got"
        rf"|you(?:'re| are)) {_DEGREE}{_CONDITION}\b",
        r"\bdiagnose you\b|\bmy diagnosis\b",
        rf"\b{_SURELY} you (?:(?:\w+ly|might|may|must|could|seem to) "
        rf"){{0,2}}have {_DEGREE}{_OR_ANXIETY}"
        rf"|\byou (?:{_HEDGE} |seem to ){{1,2}}have {_DEGREE}{_OR_ANXIETY}",
        rf"\b{_SURELY} you(?:'?re| are| {_HEDGE} be)(?: \w+ly)? depressed\b"
        rf"|\byou(?:'?re| are) {_HEDGE} depressed\b|\byou {_HEDGE} be depressed\b"
        r"|(?:^|[.!?] )you(?:'?re| are) (?:\w+ly )?depressed(?:[.!,]|$)",
        rf"\b(?:your \w+|he|she|they)(?:'s|'re| is| are| has| have| sounds?| seems?| (?:{_HEDGE})"
        r"(?: be| have| has| is)?)(?: (?:like|to be|to have|to me"
        rf"|{_HEDGE})){{0,2}} {_DEGREE}(?:{_CONDITION}"
        r"|(?:narcissist|sociopath|psychopath)(?:ic|s)?)\b",
        rf"\b(?:it|what you have) (?:{_HEDGE} be|is|sounds like|looks like) {_DEGREE}{_CONDITION}\b"
        rf"|\bwhat you have is {_DEGREE}{_OR_ANXIETY}|\b(?:sounds|looks) "
        rf"like {_DEGREE}{_CONDITION}\b",
    ),
    ReplyProblem.MEDICATION: (
        rf"(?:\b(?:you (?:should|could|can|need to|must|might|may want to|ought to|have to)|try"
        rf"|consider|why not|just|please|maybe|also|and|or|then|(?:suggest|recommend|advise))"
        rf"|^|[.!?,]) ?(?:(?:you|to|try|start|stop|just|consider|also) ){{0,3}}"
        rf"{_USE} {_OF_IT}(?:\w+ )?{_MEDICINE}\b",
        rf"\bi (?:suggest|recommend|advise|prescribe) {_OF_IT}(?:\w+ )?{_MEDICINE}\b",
        r"\b(?:\d+(?:\.\d+)?|one|two|three|four|half an?) ?"
        r"(?:mg|milligrams?|mcg|micrograms?|ml|tablets?|pills?|capsules?)\b",
        rf"\byou (?:don'?t|do not) need {_OF_IT}(?:to take )?{_OF_IT}{_MEDICINE}\b",
        rf"\b{_DRUG} (?:(?:is|are|will|would|can|might|may|really|always|often) ){{0,2}}"
        r"(?:\w+ )?(?:help|good|work|best|safe|did (?:wonders|miracles)|does (?:wonders|miracles))",
        rf"\b(?:have you (?:ever )?(?:tried|considered|thought (?:of|about))|(?:what|how) about)"
        rf" (?:(?:taking|trying|using|going on|getting on) )?{_OF_IT}{_MEDICINE}\b",
        rf"\b(?:taking|take) (?:one|two|some|a few) more (?:of )?(?:your )?{_MEDICINE}\b"
        rf"|\b(?:more|extra|additional) {_MEDICINE} (?:should|will|would|might|may|can|could"
        rf"|won'?t)\b"
        rf"|\b(?:fine|okay|ok|safe|all right) to take (?:\w+ ){{0,2}}(?:of )?(?:your "
        rf")?{_MEDICINE}\b"
        rf"|\b(?:one|two|three) instead of (?:one|two) {_MEDICINE}\b",
    ),
    ReplyProblem.CLAIMS_HUMAN: (
        rf"\b{_I_AM} (?:(?:really|actually|also|just|only|both|still|trained as) ){{0,2}}"
        rf"(?:a |an |your |the )?(?:(?!not\b|no\b|my\b)[\w-]+ ){{0,2}}{_PROFESSION}\b",
        rf"\b(?:i'?m|i am) (?:only |just |also |still )?human\b"
        rf"|\b(?:i'?m|i am) not (?:an? )?(?:\w+ )?{_MACHINE}\b",
        rf"\b(?:i'?m|i am)\b[^.!?]{{0,40}}, not (?:an? |some )?(?:\w+ )?{_MACHINE}\b"
        rf"|\b(?:i'?m|i am) (?:no|not some) {_MACHINE}\b|\bthis (?:is not|isn'?t) an? (?:\w+ "
        rf")?{_MACHINE}\b",
        r"\b(?:i'?m|i am) (?:very |totally |quite )?real\b(?! (?:sorry|happy|glad|proud|sad))"
        r"|\b(?:talking|speaking|chatting) (?:to|with) a (?:real|live|actual) (?:person|human)\b"
        r"|\b(?:real|actual|live) (?:person|human)(?: being)? (?:here|typing|behind)\b"
        r"|\bi(?:'m| am) (?:also |just )?(?:a person|flesh and blood)\b",
        r"\bmy (?:patients|clients)\b"
        r"|\b(?:as|in) my (?:clinical|medical|professional) (?:opinion|experience|practice)\b",
    ),
    ReplyProblem.PERSONAL_HISTORY: (
        rf"\b(?:as|being) an? (?:[\w-]+ ){{0,2}}{_KIND_OF_PERSON}\b[^.!?]{{0,50}}?,? "
        rf"\bi(?:'\w+)?\b",
        rf"\b(?:i'?m|i am) (?:also |just |only )?an? (?:[\w-]+ ){{0,2}}{_RELATIVE}\b",
        r"\bas (?:someone|somebody|a person) (?:who|with)\b[^.!?]{0,50}, i\b",
        rf"\bmy (?:own |late |ex[- ]?|older |younger ){{0,2}}(?:{_RELATIVE}|kids?|children|divorce"
        r"|marriage|childhood)\b",
        r"\bi(?:'ve| have) (?:also )?been (?:there|(?:through|in) (?:an? )?(?:\w+ )?(?:same"
        r"|similar|divorce|"
        r"breakup|that|this|it))\b|\bi (?:also )?(?:went|lived) through\b|\bi (?:also )?lost my\b",
        r"\bwhen i was (?:your age|a (?:kid|child|teen\w*|student)|in (?:school|college|high "
        r"school)"
        r"|young\w*|\d+|depressed)\b|\bi grew up\b",
        r"\bi have (?:\w+ )?(?:kids|children|sons|daughters|a (?:son|daughter|dog|cat|husband"
        r"|wife))\b",
    ),
    ReplyProblem.PERSONAL_DATA: (
        r"\b(?:another|other|previous|one of (?:my|our|the)) (?:users?|seekers?)\b"
        r"|\bin (?:another|a different|a previous) (?:conversation|chat),"
        r"|\b(?:people|person|someone) (?:else )?i (?:talk|chat|speak|talked|chatted"
        r"|spoke)(?:ed)? (?:to|with)\b",
        r"\bi(?:'ve| have)? (?:just |recently )?(?:talked|spoke|spoken|chatted) (?:to|with) (?:an? "
        r"(?:\w+ )?(?:girl|boy|man|woman|guy|person|user|lady|teen\w*)|(?:someone|somebody) "
        r"(?:else|who|with)|others)\b",
        r"\b(?:someone|somebody)(?: else)?(?: here)? (?:told me (?:the same|about|(?:that "
        r")?(?:he|she|they|her|his))|said that (?:he|she|they|her|his))\b"
        r"|\bi (?:also )?(?:know|knew) (?:someone|somebody|a (?:guy|girl|man|woman|person"
        r"|lady)) (?:who|that)\b",
        r"(?-i:\b\d{1,5}[A-Z]? (?:[A-Z]\w+ ){1,3}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Drive|Court"
        r"|Boulevard|Terrace|Square|Crescent)\b)",
        r"\b(?:his|her|their) (?:home )?(?:address|(?:phone |full )?name|phone number|email) is\b",
        rf"\b(?:ask|contact|find|meet|visit|see|talk to|speak (?:to|with)) {_FULL_NAME}",
    ),
    ReplyProblem.CONFIDENTIALITY: (
        rf"\b(?:this|our|everything|what|all|anything|it)(?: \w+){{0,6}} (?:is|are|stays?|remains?"
        rf"|be|stay|remain|kept)(?: \w+){{0,2}} {_KEPT}\b",
        r"\b(?:i (?:will|won'?t|promise|would)|i'?ll) (?:(?:not|never|always|to) ){0,2}"
        r"(?:tell (?:anyone|anybody|a soul|no ?one)|share (?:this|it|anything|that|your))\b",
        rf"\bkeep (?:it|this|that|your|everything|what)(?: \w+){{0,4}} {_KEPT}\b",
        r"\byour secret(?:'s| is)? safe\b",
        r"\b(?:no ?one|nobody) (?:else )?(?:will|can) (?:ever )?(?:know|see|find out|read)\b",
    ),
    ReplyProblem.CONTACT_DETAILS: (
        r"https?:|\bwww\.|\b[\w.+-]{1,64}@[\w-]{1,64}\.\w",
        r"\b[a-z0-9-]{2,60}\.(?:com|org|net|edu|gov|io|co|info|uk|app|me|ly|tv|eu"
        r"|gl|xyz|online|site|dev|health)\b|\b\w+ dot (?:com|org|net)\b|(?<!\w)/?r/[a-z]\w+",
        r"\b[\w.+-]{1,64} ?(?:\(at\)|\[at\]| at ) ?(?:gmail|yahoo|hotmail|outlook)\b",
        r"(?<!\w)\+?\d(?:[ ().-]{0,2}\d){6,14}(?!\w)",
        r"\b(?:call|text|dial|phone|ring)(?: \w+){0,3} \d{3,}\b|(?<!\w)@[a-z]\w{2,}",
    ),
    ReplyProblem.PROFANITY: (
        r"\b(?:(?:jack|dumb)ass(?:es)?|stfu|wtf|prick|douche(?:bag)?|scumbag|sh[*!1]+t\w*"
        r"|b[*!1]+tch\w*"
        r"|screw (?:you|him|her|them)|(?:his|her|their) ass|(?:mother)?fuck\w*|f\*+k?\w*"
        r"|f[@#]ck\w*|shit(?:ty|s|head)?|bullshit|bitch\w*|cunts?"
        r"|assholes?|arseholes?|bastards?|dick(?:head)?s?|wank\w*|twats?|pussy|whores?|sluts?"
        r"|retard(?:s|ed)?|fagg?ots?|nigg\w+|crap|goddamn|morons?|imbecile)\b",
    ),
    ReplyProblem.CONTEMPT: (
        r"\b(?:you(?:'re| are| sound)(?: (?!not\b|never\b)\w+){0,3}|such|what) (?:an? )?"
        r"(?:idiot|loser|freak|fool|coward|stupid|pathetic|worthless|disgusting|dumb|useless|psycho"
        r"|weakling|waste of)\b",
        r"\bshut up\b|\bi hate you\b|\byour own fault\b"
        r"|\b(?:stop|quit) (?:whining|complaining|being (?:so )?(?:dramatic|weak))\b",
        r"\b(?:what(?:'s| is)(?: the)?|what on earth is|(?:is|are) there (?:something|anything))"
        r" (?:really |so )?(?:wrong|matter) with you\b"
        r"|\bthere(?:'s| is| must be) (?:something|a lot) (?:\w+ )?wrong with you\b"
        r"|\bwhy (?:are you|can'?t you just) (?:like this|so (?:weak|lazy|needy|sensitive|negative)"
        r"|be normal)\b",
        r"(?:(?:^|[.!?] )\W*|\b(?:you (?:should|need to|must|have to|ought to)|maybe|perhaps) )"
        r"(?:(?:just|please|then|now|really) ){0,2}"
        r"(?:get over (?:it|him|her|them|yourself)|man up|grow up|snap out of (?:it|this)"
        r"|toughen up|suck it up|cheer up already|pull yourself together|be ashamed)\b",
        r"\b(?:it(?:'s| is)|this is) (?:(?:all|just|only) ){1,2}in your (?:head|mind|imagination)\b"
        r"|\byou(?:'re| are) (?:(?:just|only|being|simply|clearly|too|a bit) ){0,3}"
        r"(?:overreacting|dramatic|(?:over|too )sensitive|self[- ]?pitying|selfish|lazy|crazy"
        r"|insane|a burden|attention[- ]seeking|making (?:it|this) up)\b"
        r"|\b(?:other people|others|many people|some people) (?:have|had) it (?:\w+ )?worse\b"
        r"|\bi (?:really )?(?:don'?t|do not|couldn'?t) (?:really )?care\b|\bnot my problem\b"
        r"|\b(?:nobody|no ?one) cares (?:about you|what you)\b|\bthat(?:'s| is) your problem\b"
        r"|\bserves you right\b|\byou had it coming\b",
    ),
    ReplyProblem.PROMPT_LEAK: (
        r"<\|\w*|\|>|</?s>|\[/?inst\]|<<sys|\bim_(?:start|end)\b|\bendoftext\b|\ufffd",
        rf"(?:^|\n|[.!?] )\W{{0,8}}{_SPEAKER} ?:|\b(?:strategy|persona):",
        r"\bas an? (?:ai|artificial intelligence|(?:\w+ )?language model)\b|\bai language model\b",
        r"\bmy (?:system )?(?:prompt|training data|instructions)\b",
        r"\[(?:question|restatement or paraphrasing|reflection of feelings|self-disclosure"
        r"|affirmation and reassurance|providing suggestions|information|others)\]",
    ),
}
PATTERNS: Mapping[ReplyProblem, tuple[re.Pattern[str], ...]] = MappingProxyType(
    {
        problem: tuple(re.compile(source, re.IGNORECASE) for source in sources)
        for problem, sources in _SOURCES.items()
    }
)

# "Never hurt yourself" encourages nothing, and "ask a doctor whether you have ..." diagnoses
# nobody: the words before a match, in its sentence, after which it does not count.
_UNASSERTED = re.compile(
    r"\b(?:not|never|no|if|whether|doctor|ask|about|with|without|talk|someone|wish|unless|when|than"
    r"|said|tell|told|mention(?:ed)?|sorry|understand"
    r"|nor|cannot|did|was|were)\b(?:\W+\w+){0,4}\W*\Z|n't(?:\W+\w+){0,4}\W*\Z",
    re.IGNORECASE,
)
_NO_HARM_MEANT = re.compile(
    r"(?:\b(?:not|never|nobody|no ?one|without|avoid|instead of|rather than|thoughts? of|no need to"
    r"|before you|if you|urge to)|n't)\W*(?:\w+\W+){0,3}\Z",
    re.IGNORECASE,
)
# "You feel that you are a burden" is heard, and nobody's opinion.
_AS_FELT = re.compile(
    rf"{_UNASSERTED.pattern}"
    r"|\byou(?:'re| are|'ve| have)? (?:\w+ ){0,2}"
    r"(?:feel(?:ing)?|felt|think(?:ing)?|thought|believed?|fear|worr(?:y|ied)|afraid)\b(?:\W+\w+){0,4}\W*\Z",
    re.IGNORECASE,
)
UNLESS_AFTER: Mapping[ReplyProblem, re.Pattern[str]] = MappingProxyType(
    {
        ReplyProblem.SELF_HARM: _NO_HARM_MEANT,
        ReplyProblem.VIOLENCE: _NO_HARM_MEANT,
        ReplyProblem.DIAGNOSIS: _UNASSERTED,
        ReplyProblem.MEDICATION: _UNASSERTED,
        ReplyProblem.CONFIDENTIALITY: _UNASSERTED,
        ReplyProblem.CONTEMPT: _AS_FELT,
    }
)
