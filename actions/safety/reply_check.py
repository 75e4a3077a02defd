"""What a generated reply must not say, by explicit wordings.

Small and literal: it catches the plain cases before they are sent. It does not judge whether a
reply is kind, true or wise, and a reply without problems is no safe reply for that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


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


def check_reply(text: str) -> list[ReplyProblem]:
    """Return every problem found in a generated supporter reply, in the order of the enum."""
    plain = text.replace("’", "'").replace("‘", "'")
    return [problem for problem in ReplyProblem if _has(problem, plain)]


def _has(problem: ReplyProblem, text: str) -> bool:
    unless = _UNLESS_AFTER.get(problem)
    return any(
        unless is None or not unless.search(_sentence_before(text, match.start()))
        for pattern in _PATTERNS[problem]
        for match in pattern.finditer(text)
    )


def _sentence_before(text: str, position: int) -> str:
    return re.split(r"[.!?\n]", text[max(0, position - 60) : position])[-1]


# --- the wordings ---------------------------------------------------------------------------

_YOURSELF = r"your ?sel(?:f|ves)"
_YOUR_LIFE = r"(?:it all|your (?:own )?life)"
_HARM_YOURSELF = (
    rf"(?:(?:kill|hurt|harm|hang|shoot|starve?|cutt?)(?:ing)? {_YOURSELF}|end(?:ing)? {_YOUR_LIFE}"
    r"|die\b|dying|be dead|overdos(?:e|ing)|(?:commit )?suicide|jump(?:ing)? off"
    r"|tak(?:e|ing) your own life)"
)
_YOU_SHOULD = (
    r"(?:you (?:should|could|can|might|may|must|need to|ought to|deserve to|have to)"
    r"|why (?:not|don'?t you)|just|try(?:ing)? to|let'?s|i (?:want|would like) you to"
    r"|it'?s (?:ok|okay|fine|better) (?:for you )?to)"
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
_DRUG = (
    r"(?:ibuprofen|paracetamol|acetaminophen|tylenol|aspirin|advil|xanax|valium|prozac|zoloft"
    r"|lexapro|sertraline|fluoxetine|citalopram|escitalopram|diazepam|alprazolam|lorazepam|ativan"
    r"|klonopin|clonazepam|lithium|seroquel|quetiapine|melatonin|benadryl|adderall|ritalin|ambien"
    r"|ssris?|antidepressants?|benzo(?:s|diazepines?)?|sleeping pills?|painkillers?|opioids?"
    r"|wellbutrin|trazodone|gabapentin|beta[- ]blockers?)"
)
_MEDICINE = rf"(?:{_DRUG}|medications?|medicines?|meds|pills?|tablets?|doses?|dosage)"
_USE = (
    r"(?:tak(?:e|ing)|stop(?:ping)?|increas(?:e|ing)|doubl(?:e|ing)|skip(?:ping)?|quit(?:ting)?"
    r"|reduc(?:e|ing)|lower(?:ing)?|chang(?:e|ing)|us(?:e|ing)|try(?:ing)?|start(?:ing)?"
    r"|get(?:ting)?|com(?:e|ing) off|go(?:ing)? (?:on|off))"
)
_OF_IT = r"(?:your |some |a |an |the |more |less |taking |of |half |extra |any |on |off ){0,4}"
_PROFESSION = (
    r"(?:therapist|psychologist|psychiatrist|counsell?or|doctor|nurse|clinician|physician"
    r"|social worker|psychotherapist|(?:medical|mental health) professional|human(?: being)?"
    r"|real person|live (?:agent|operator))"
)
_I_AM = (
    r"(?:i'?m|i am|i was|i work as|i'?ve been(?= an? )|(?<!such )as(?= (?:an?|your) )|because i'?m)"
)
_MACHINE = r"(?:bot|chatbot|robot|machine|computer|ai|program|artificial)"
_KEPT = r"(?:confidential|private|secret|anonymous|between us|between you and me)"
_SPEAKER = r"(?:system|assistant|user|seeker|supporter|persona|strategy|situation|response)"

_SOURCES: Mapping[ReplyProblem, tuple[str, ...]] = {
    ReplyProblem.SELF_HARM: (
        rf"\b{_YOU_SHOULD}\W+(?:(?:just|go|simply|also|as well|try|consider) ){{0,3}}"
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
        r"\blethal dose\b|\bto tie a noose\b|\bcutting (?:can|will|may|might) help\b",
    ),
    ReplyProblem.DIAGNOSIS: (
        rf"\b(?:you (?:\w+ ){{0,2}}(?:have|suffer from|(?:be|are) suffering from|show signs of)"
        rf"|you'?(?:re| are)(?: \w+){{0,2}} (?:suffering from|showing signs of|in)"
        rf"|sounds like you have|(?:signs?|symptoms?) of|this is|you'?ve (?:\w+ )?got"
        rf"|you(?:'re| are)) {_DEGREE}{_CONDITION}\b",
        r"\bdiagnose you\b|\bmy diagnosis\b",
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
        rf"\b{_DRUG} (?:is|are|will|would|can|might|may) (?:\w+ )?(?:help|good|work|best|safe)",
    ),
    ReplyProblem.CLAIMS_HUMAN: (
        rf"\b{_I_AM} (?:(?:really|actually|also|just|only|both|still|trained as) ){{0,2}}"
        rf"(?:a |an |your |the )?(?:(?!not\b|no\b|my\b)[\w-]+ ){{0,2}}{_PROFESSION}\b",
        rf"\b(?:i'?m|i am) (?:only |just |also |still )?human\b"
        rf"|\b(?:i'?m|i am) not (?:an? )?(?:\w+ )?{_MACHINE}\b",
        r"\bmy (?:patients|clients)\b"
        r"|\b(?:as|in) my (?:clinical|medical|professional) (?:opinion|experience|practice)\b",
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
        r"\b[a-z0-9-]{2,60}\.(?:com|org|net|edu|gov|io|co|info|uk|app|me)\b",
        r"\b[\w.+-]{1,64} ?(?:\(at\)|\[at\]| at ) ?(?:gmail|yahoo|hotmail|outlook)\b",
        r"(?<!\w)\+?\d(?:[ ().-]{0,2}\d){6,14}(?!\w)",
        r"\b(?:call|text|dial|phone|ring)(?: \w+){0,3} \d{3,}\b|(?<!\w)@[a-z]\w{2,}",
    ),
    ReplyProblem.PROFANITY: (
        r"\b(?:(?:mother)?fuck\w*|f\*+k?\w*|f[@#]ck\w*|shit(?:ty|s|head)?|bullshit|bitch\w*|cunts?"
        r"|assholes?|arseholes?|bastards?|dick(?:head)?s?|wank\w*|twats?|pussy|whores?|sluts?"
        r"|retard(?:s|ed)?|fagg?ots?|nigg\w+|crap|goddamn|morons?|imbecile)\b",
        r"\b(?:you(?:'re| are| sound)(?: (?!not\b|never\b)\w+){0,3}|such|what) (?:an? )?"
        r"(?:idiot|loser|freak|fool|coward|stupid|pathetic|worthless|disgusting|dumb|useless|psycho"
        r"|weakling|waste of)\b",
        r"\bshut up\b|\bi hate you\b|\byour own fault\b"
        r"|\b(?:stop|quit) (?:whining|complaining|being (?:so )?(?:dramatic|weak))\b",
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
_PATTERNS: Mapping[ReplyProblem, tuple[re.Pattern[str], ...]] = MappingProxyType(
    {
        problem: tuple(re.compile(source, re.IGNORECASE) for source in sources)
        for problem, sources in _SOURCES.items()
    }
)

# "Never hurt yourself" encourages nothing, and "ask a doctor whether you have ..." diagnoses
# nobody: the words before a match, in its sentence, after which it does not count.
_UNASSERTED = re.compile(
    r"\b(?:not|never|no|if|whether|doctor|ask|about|with|without|talk|someone|wish|unless|when|than"
    r"|nor|cannot|did|was|were)\b(?:\W+\w+){0,4}\W*\Z|n't(?:\W+\w+){0,4}\W*\Z",
    re.IGNORECASE,
)
_NO_HARM_MEANT = re.compile(
    r"(?:\b(?:not|never|without|stop|avoid|instead of|rather than|thoughts? of|no need to"
    r"|before you|if you|urge to)|n't)\W*(?:\w+\W+){0,3}\Z",
    re.IGNORECASE,
)
_UNLESS_AFTER: Mapping[ReplyProblem, re.Pattern[str]] = MappingProxyType(
    {
        ReplyProblem.SELF_HARM: _NO_HARM_MEANT,
        ReplyProblem.DIAGNOSIS: _UNASSERTED,
        ReplyProblem.MEDICATION: _UNASSERTED,
        ReplyProblem.CONFIDENTIALITY: _UNASSERTED,
    }
)
