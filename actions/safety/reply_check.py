"""What a generated reply must not say, by explicit wordings.

Small and literal: it catches the plain cases before they are sent. It does not judge whether a
reply is kind, true or wise, and a reply without problems is no safe reply for that.
"""

from __future__ import annotations

import re
from enum import StrEnum


class ReplyProblem(StrEnum):
    """Why a generated reply must not be sent."""

    SELF_HARM = "self-harm"
    DIAGNOSIS = "diagnosis"
    MEDICATION = "medication"
    CLAIMS_HUMAN = "claims-human"
    CONFIDENTIALITY = "confidentiality"
    CONTACT_DETAILS = "contact-details"
    PROFANITY = "profanity"
    PROMPT_LEAK = "prompt-leak"


_CONDITION = (
    r"(?:(?:clinical |major |severe |manic |postpartum |post-natal |bipolar )?depress(?:ion"
    r"|ive disorder)"
    r"|bipolar(?: disorder)?|anxiety disorder|generali[sz]ed anxiety|ptsd|ocd|adhd|add|autism"
    r"|autistic"
    r"|schizophreni\w+|psychosis|psychotic|borderline(?: personality(?: disorder)?)?|bpd"
    r"|personality disorder|narcissis\w+|an eating disorder|anorexi\w+|bulimi\w+|panic disorder"
    r"|a mental (?:illness|disorder)|mentally ill|clinically depressed|dissociative \w+|a phobia"
    r"|social anxiety(?: disorder)?|post[- ]traumatic stress(?: disorder)?)"
)
_DRUG = (
    r"(?:ibuprofen|paracetamol|acetaminophen|tylenol|aspirin|advil|xanax|valium|prozac|zoloft"
    r"|lexapro"
    r"|sertraline|fluoxetine|citalopram|escitalopram|diazepam|alprazolam|lorazepam|ativan|klonopin"
    r"|clonazepam|lithium|seroquel|quetiapine|melatonin|benadryl|adderall|ritalin|ambien|zolpidem"
    r"|ssris?|antidepressants?|benzos?|benzodiazepines?|sleeping pills?|painkillers?|opioids?|cbd"
    r"|st\.? john'?s wort|wellbutrin|trazodone|gabapentin|beta[- ]blockers?)"
)
_MEDICINE = rf"(?:{_DRUG}|medications?|medicines?|meds|pills?|tablets?|doses?|dosage)"
_SELF = r"your ?sel(?:f|ves)"
_PROFESSION = (
    r"(?:(?:\w+ )?(?:therapist|psychologist|psychiatrist|counsell?or|doctor|nurse|clinician"
    r"|physician"
    r"|social worker|psychotherapist|medical professional|mental health professional"
    r"|human(?: being)?"
    r"|real person|person like you|live (?:agent|operator|person)))"
)

_PATTERNS: tuple[tuple[ReplyProblem, str], ...] = (
    # encouragement or instructions of self-harm
    (
        ReplyProblem.SELF_HARM,
        rf"\b(?:you (?:should|could|can|might|may|must|need to|ought to|deserve to|have to"
        rf"|might as well)"
        rf"|why (?:not|don'?t you)|(?:go|just|please|then) (?:ahead and )?|try(?:ing)? to"
        rf"|it'?s (?:ok|okay"
        rf"|fine|better) (?:for you )?to|go and|consider|i (?:want|would like) you to"
        rf"|you'?d be better off if "
        rf"you|let'?s)\W+(?:just |go |simply |also |always )*(?:kill(?:ing|ed)? {_SELF}"
        rf"|hurt(?:ing)? {_SELF}|harm(?:ing)? {_SELF}|cut(?:ting)? {_SELF}|die\b|be dead"
        rf"|end (?:it all"
        rf"|your (?:own )?life)|ending (?:it all|your (?:own )?life)|hang(?:ing)? {_SELF}"
        rf"|overdos(?:e|ing)"
        rf"|commit suicide|jump off|starv(?:e|ing) {_SELF}|take your own life|shoot {_SELF})",
    ),
    (
        ReplyProblem.SELF_HARM,
        rf"^\W*(?:(?:just|go|please|then|ok|okay|yes) )*(?:kill {_SELF}|kys\b|hang {_SELF}"
        rf"|end your life"
        rf"|cut {_SELF}|go die|drop dead|jump off)|\bkys\b|\bgo die\b|\bkill your ?self[.!]*$",
    ),
    (
        ReplyProblem.SELF_HARM,
        r"\b(?:you(?:'re| are| would be|'d be) better off dead|(?:world|everyone|family|they)"
        r" (?:\w+ )?(?:is|are|would be|will be|'d be) better (?:off )?without you|(?:no ?one"
        r"|nobody) (?:would|will) "
        r"miss you|suicide (?:is|can be|might be|would be|seems) (?:\w+ )?(?:the|a"
        r"|an) (?:\w+ )?(?:answer|option"
        r"|solution|way|choice|escape|good|valid)|(?:best|easiest|painless|quickest"
        r"|good) (?:way|method)s? "
        r"(?:to|of) (?:die|kill|suicid|end your life|hurt yourself|cutting)|lethal dose"
        r"|how to tie a noose"
        r"|cutting (?:can|will|may|might) help|no reason (?:for you )?to live"
        r"|life is not worth living)\b",
    ),
    # diagnosis
    (
        ReplyProblem.DIAGNOSIS,
        rf"\b(?:you (?:\w+ ){{0,2}}?(?:have|suffer from|are suffering from|are experiencing"
        rf"|show signs of"
        rf"|are showing signs of|meet the criteria for)|you'?(?:re"
        rf"| are)(?: \w+){{0,2}}? (?:suffering from|"
        rf"experiencing|showing signs of)|you'?ve (?:\w+ )?got|sounds like you have|signs? of"
        rf"|symptoms? of"
        rf"|diagnos\w+ (?:\w+ ){{0,3}}(?:is|with|you with|as)|this is|it'?s|you(?:'re"
        rf"| are)(?: \w+){{0,2}}?)"
        rf" (?:a |an |the |some |clear |definitely |probably |likely |clinical(?:ly)? "
        rf"|classic |called )*{_CONDITION}\b",
    ),
    (
        ReplyProblem.DIAGNOSIS,
        r"\bi (?:can |would |will |'d |hereby )?(?:also )?diagnose you\b|\bmy diagnosis\b"
        r"|\byou are (?:mentally ill|bipolar|schizophrenic|psychotic|clinically depressed"
        r"|autistic)\b",
    ),
    # medication and dosage
    (
        ReplyProblem.MEDICATION,
        rf"\b(?:(?:you (?:should|could|can|need to|must|might|may want to|might want to"
        rf"|ought to|have to)|try"
        rf"|trying|consider|i (?:suggest|recommend|advise)(?: that you| you)?|why not|just"
        rf"|please|maybe|"
        rf"also|and|or|then|^|[.!?,]) ?(?:to )?(?:try |start |stop |just |consider |also )*)"
        rf"(?:tak(?:e|ing)|stop(?:ping)?|increas(?:e|ing)|doubl(?:e|ing)|skip(?:ping)?"
        rf"|quit(?:ting)?|reduc(?:e|ing)"
        rf"|lower(?:ing)?|halv(?:e|ing)|chang(?:e|ing)|us(?:e|ing)|try(?:ing)?|start(?:ing)?"
        rf"|buy(?:ing)?|mix(?:ing)?"
        rf"|get(?:ting)?(?: on| off)?|com(?:e|ing) off|go(?:ing)? (?:on|off)) (?:your |some "
        rf"|a |an |the |more |less |taking |with "
        rf"|of |half |few |two |three |extra |any |on |off )*(?:\w+ )?{_MEDICINE}\b(?! (?:for"
        rf"|of) (?:honesty|fun))",
    ),
    (
        ReplyProblem.MEDICATION,
        r"\b\d+(?:\.\d+)? ?(?:mg|milligrams?|mcg|micrograms?|ml|tablets?|pills?|capsules?)\b",
    ),
    (
        ReplyProblem.MEDICATION,
        rf"\byou (?:don'?t|do not) need (?:your |any |to take )?(?:your )?(?:medication|meds"
        rf"|medicine"
        rf"|pills|{_DRUG})\b|\b{_DRUG} (?:is|are|will|would|can|might|may) (?:\w+ )?(?:help"
        rf"|good|work|best|safe)",
    ),
    # claims to be human or a clinician
    (
        ReplyProblem.CLAIMS_HUMAN,
        rf"\b(?:i'?m|i am|i was|i work as|i'?ve been|as|speaking as|because i'?m) (?:really "
        rf"|actually |also |just |only |both |"
        rf"still |indeed |in fact |currently |your |trained as |working as )*(?:a |an |your "
        rf"|the |fellow )?(?:fellow |"
        rf"licensed |trained |qualified |certified |professional |experienced |real |actual "
        rf"|clinical )*{_PROFESSION}\b"
        rf"(?<!not a human)",
    ),
    (
        ReplyProblem.CLAIMS_HUMAN,
        r"\b(?:i'?m|i am) (?:only |just |also |still )?human\b|\bi'?m not (?:a |an )?(?:bot"
        r"|chatbot|robot"
        r"|machine|computer|ai|program|artificial)|\bi am not (?:a |an )?(?:bot|chatbot|robot"
        r"|machine|computer|ai|program|artificial)"
        r"|\bmy (?:patients|clients|practice as a)\b|\b(?:as|in) my (?:clinical|medical"
        r"|professional) (?:opinion|experience|practice)\b",
    ),
    # promises of confidentiality
    (
        ReplyProblem.CONFIDENTIALITY,
        r"\b(?:(?:this|our|the|everything|what|all|anything|it)(?: \w+){0,6} (?:is|are|stays?"
        r"|remains?|will (?:be|stay|remain)"
        r"|will be kept|kept)(?: \w+){0,2} (?:confidential|private|secret|anonymous|between us"
        r"|between you and me)"
        r"|(?:i (?:will|won'?t|promise|would|can)|i'?ll|i will) (?:not |never |always "
        r"|to )*(?:tell (?:anyone|anybody|a soul"
        r"|no ?one)|share (?:this|it|anything|that|your)|keep (?:it|this|that|your|everything"
        r"|what)(?: \w+){0,4} (?:secret|"
        r"private|confidential|between us|safe with me))|your secret(?:'s| is)? safe"
        r"|(?:no ?one|nobody) (?:else )?(?:will|can) "
        r"(?:ever )?(?:know|see|find out|read))\b",
    ),
    # links, e-mail addresses, phone numbers
    (
        ReplyProblem.CONTACT_DETAILS,
        r"https?:|\bwww\.|\b[\w.+-]{1,64}@[\w-]{1,64}\.\w|\b[a-z0-9-]{2,60}\.(?:com|org|net"
        r"|edu|gov|io|co|info|uk|app|me)\b"
        r"|(?<!\w)\+?\d(?:[ ().-]{0,2}\d){6,14}(?!\w)|\b(?:call|text|dial|phone"
        r"|ring)(?: \w+){0,3} \d{3,}\b"
        r"|\b[\w.+-]{1,64} ?(?:\(at\)|\[at\]| at ) ?(?:gmail|yahoo|hotmail|outlook)\b"
        r"|(?<!\w)@[a-z]\w{2,}",
    ),
    # profanity and insults
    (
        ReplyProblem.PROFANITY,
        r"\b(?:fuck\w*|motherfuck\w*|f\*+k?\w*|f[*@#]ck\w*|shit(?:ty|s|head)?|bullshit"
        r"|bitch\w*|cunts?|assholes?|arseholes?|"
        r"bastards?|dick(?:head)?s?|wank\w*|twats?|pussy|whores?|sluts?|retard(?:s|ed)?"
        r"|fagg?ots?|nigg\w+|crap|damn(?: you| it)|"
        r"goddamn|moron(?:s|ic)?|imbecile)\b",
    ),
    (
        ReplyProblem.PROFANITY,
        r"\b(?:you(?:'re| are| really are|'re such| sound)(?: \w+){0,3}?|such|what) (?:a "
        r"|an )?(?:(?:\w+ )?(?:idiot|loser|freak|fool|coward"
        r"|failure as|stupid|pathetic|worthless|disgusting|dumb|useless|ugly|crazy person"
        r"|psycho|weakling|waste of))\b"
        r"|\bshut up\b|\bi hate you\b|\byour own fault\b|\b(?:stop|quit) (?:whining"
        r"|complaining|being (?:so )?(?:dramatic|weak))\b",
    ),
    # the prompt shows through
    (
        ReplyProblem.PROMPT_LEAK,
        r"<\|\w*|\|>|<\/?s>|\[/?inst\]|<<sys|\bim_(?:start|end)\b|^\W*(?:system|assistant|user"
        r"|seeker|supporter|persona|strategy"
        r"|situation|response|human|ai|bot) ?:|\n\W*(?:system|assistant|user|seeker|supporter"
        r"|persona|strategy|situation|response) ?:"
        r"|\bstrategy:|\bpersona:|\bas an? (?:ai|artificial intelligence)\b"
        r"|\bas a (?:large )?language model\b|\bai language model\b"
        r"|\bmy (?:system )?(?:prompt|training data|instructions)\b|\[(?:question"
        r"|restatement or paraphrasing|reflection of feelings"
        r"|self-disclosure|affirmation and reassurance|providing suggestions|information"
        r"|others)\]|\bendoftext\b|\ufffd",
    ),
)
_COMPILED = tuple((problem, re.compile(source, re.IGNORECASE)) for problem, source in _PATTERNS)
_NOT_HARM = re.compile(
    r"\b(?:not|never|don'?t|without|stop|avoid|instead of|rather than|thoughts? of|no need to"
    r"|isn'?t|won'?t|shouldn'?t|"
    r"before you|if you|that you|urge to)\W*(?:\w+\W+){0,3}\Z",
    re.IGNORECASE,
)
_UNASSERTED = re.compile(
    r"\b(?:not|n'?t|never|no|if|whether|doctor|ask|about|with|without|talk|someone|wish|unless"
    r"|when|than|isn'?t|like|nor"
    r"|cannot|hope|think)(?:\W+\w+){0,4}\W*\Z",
    re.IGNORECASE,
)


def check_reply(text: str) -> list[ReplyProblem]:
    """Return every problem found in a generated supporter reply, in the order of the enum."""
    plain = text.replace("’", "'").replace("‘", "'")
    found = {problem for problem, pattern in _COMPILED if _asserts(problem, pattern, plain)}
    return [problem for problem in ReplyProblem if problem in found]


def _asserts(problem: ReplyProblem, pattern: re.Pattern[str], text: str) -> bool:
    """Whether a match is meant as it stands; "never hurt yourself" is no encouragement."""
    for match in pattern.finditer(text):
        before = text[max(0, match.start() - 60) : match.start()]
        sentence = re.split(r"[.!?\n]", before)[-1]
        if problem is ReplyProblem.SELF_HARM:
            if not _NOT_HARM.search(sentence):
                return True
        elif problem not in _NEGATABLE or not _UNASSERTED.search(sentence):
            return True
    return False


_NEGATABLE = frozenset(
    {ReplyProblem.DIAGNOSIS, ReplyProblem.MEDICATION, ReplyProblem.CONFIDENTIALITY}
)
