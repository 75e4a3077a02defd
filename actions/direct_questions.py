"""Questions that only a fixed answer can be trusted with, and goodbyes.

A small model says that it is a doctor, names an illness or a dose, and keeps who leaves. What asks
for that is told by wordings written by hand; whatever they miss goes to the model, whose reply is
checked for the same (`actions.safety.reply_check`).
"""

from __future__ import annotations

import re
from enum import StrEnum

from actions.safety.resources import emergency_number

_LONGEST = 400
"""Characters that are read, from the end."""


class DirectQuestion(StrEnum):
    """What is asked for."""

    IDENTITY = "identity"
    """Whether this is a person, or somebody of a profession."""
    MEDICATION = "medication"
    """What to take, how much of it, or whether to stop."""
    DIAGNOSIS = "diagnosis"
    """Whether somebody has an illness, or which."""
    GOODBYE = "goodbye"


_ANSWERS = {
    DirectQuestion.IDENTITY: (
        "You are writing with a computer program. I'm not a person, not a therapist and not a "
        "doctor, and I don't want you to think that I am. I can listen and do my best to be of "
        "some "
        "support. If you would rather talk to a person, that is a good wish, and /help shows whom "
        "you can call. What is on your mind?"
    ),
    DirectQuestion.MEDICATION: (
        "I'm a computer program and must not advise on medicines or doses: I could get it wrong, "
        "and that could harm you. A pharmacist or a doctor can tell you, and a pharmacist often "
        "right away. Please don't start, stop or change anything without them. If you may have "
        "taken too much of something, or feel ill after it, please call {emergency} now. If you "
        "like, tell me what made you ask."
    ),
    DirectQuestion.DIAGNOSIS: (
        "I can't tell you whether it is an illness, or which: I'm a computer program, and that "
        "takes "
        "somebody trained, who can ask and see more than I can. A doctor is a good person to begin "
        "with. How it feels to you counts whatever its name is. Would you like to tell me more "
        "about it?"
    ),
    DirectQuestion.GOODBYE: (
        "Goodbye for now, and take good care of yourself. I'm here whenever you want to write "
        "again."
    ),
}

_YOU = r"(?:you|u|this|i (?:\w+ )?(?:talking|speaking|chatting|texting|writing) (?:to|with))"
_SORT = (
    r"(?:(?:real|actual|live|human|licensed|trained|professional|qualified|proper|just|mental|health"
    r"|ai|chat|computer|automated|online|certified) ){0,4}"
)
_NOT_ME = (
    rf"(?:an? |the |some )?{_SORT}(?:humans?|persons?|people|man|woman|bot|chatbot|chat ?gpt|robot"
    r"|machine|computer|program|ai|a\.i\.?|therapist|counsel+or|doctor|psychologist|psychiatrist"
    r"|nurse|social worker)"
)
_DRUG = (
    r"(?:medications?|medicines?|meds?|pills?|tablets?|antidepressants?|ssris?|sleeping pills"
    r"|painkillers?|benzos?|zoloft|sertraline|prozac|fluoxetine|lexapro|escitalopram|celexa"
    r"|citalopram|xanax|alprazolam|ativan|lorazepam|valium|diazepam|klonopin|clonazepam|lithium"
    r"|seroquel|quetiapine|abilify|wellbutrin|bupropion|effexor|venlafaxine|cymbalta|duloxetine"
    r"|paxil|paroxetine|adderall|ritalin|lamictal|lamotrigine|trazodone|mirtazapine|ambien|zolpidem"
    r"|melatonin|tylenol|paracetamols?|acetaminophen|ibuprofens?|advil|aspirins?|benadryl|methadone"
    r"|oxycodone|tramadol|codeine|ketamine|st\.? john'?s wort|supplements?|dosage|dose)"
)
_SOME = (
    r"(?:(?:my|the|some|any|an?|more|less|his|her|of|these|those|both|all|extra|another|higher|lower"
    r"|mg|ml|few|couple|prescription|sleeping|one|two|three|four|five|six|eight|ten|\d+(?: ?mg)?) "
    r"){0,4}"
)
_ILLNESS = (
    r"(?:(?:clinical(?:ly)? |major |severe |postpartum |social |panic |an? |some (?:kind|sort) of "
    r"){0,3}(?:depression|depressed|bipolar|anxiety(?: disorder)?|ptsd|adhd|ocd|bpd|borderline"
    r"|autism|autistic|schizophreni[ac]|psychosis|psychotic|eating disorder|anorexi[ac]|bulimi[ac]"
    r"|narcissist(?:ic)?|mental(?:ly)? ill(?:ness)?|mental disorder|personality disorder|dementia"
    r"|diabetes|cancer|disorder)\b)"
)
_ADVERB = r"(?:(?:really|just|even|actually|also|please|maybe|still|safely|possibly) )?"
_DANGEROUS = r"(?:too much|too many|dangerous|safe|enough|ok|okay|normal|a lot|bad|harmful|lethal)"

_PATTERNS: dict[DirectQuestion, tuple[str, ...]] = {
    DirectQuestion.MEDICATION: (
        rf"\bhow (?:much|many|often)\b[^.?!]{{0,40}}\b{_DRUG}\b[^.?!]{{0,60}}"
        r"\b(?:take|can i|should i|safe|need|a day|too much|too many|dangerous)\b",
        r"\bhow (?:much|many|often)\b[^.?!]{0,20}\b(?:can|should|do|may|could) i\b"
        rf"[^.?!]{{0,20}}\btake\b[^.?!]{{0,40}}\b{_DRUG}\b",
        r"\bhow many (?:mg|milligrams?|mils?|ml)\b",
        rf"\b(?:should|can|may|could|shall|do|would|must) i {_ADVERB}(?:have to |need to )?"
        r"(?:be )?(?:take|taking|try|use|stop(?: taking| using)?|quit|start(?: taking)?|increase"
        r"|double|lower|skip|mix|combine|change|go (?:on|off)|come off|get (?:on|off)) "
        rf"{_SOME}{_DRUG}\b",
        rf"\b(?:what|which) {_DRUG} (?:should|can|do|would|could|is|are|will|might)\b",
        r"\b(?:what|which)(?:'s| is| are)? (?:the |a )?(?:\w+ ){0,2}?(?:best|right|safe|normal|good"
        rf"|strongest|maximum|max) {_SOME}{_DRUG}\b",
        rf"\b(?:is|are) {_SOME}{_DRUG} {_ADVERB}{_DANGEROUS}\b",
        r"\b(?:is|would|will) it (?:be )?(?:safe|ok|okay|dangerous|bad|fine|alright|a problem) "
        rf"(?:for me )?(?:to|if i) {_ADVERB}(?:take|skip|stop|mix|combine|double"
        rf"|drink(?: alcohol)?(?: (?:on|with|while on|while taking))?) {_SOME}{_DRUG}\b",
        rf"\bdo (?:you|u) think i {_ADVERB}(?:need|should (?:take|be on|try|stop|go on)) "
        rf"{_SOME}{_DRUG}\b",
        rf"\bdo (?:you|u) think i should try out {_SOME}{_DRUG}\b",
        rf"\b(?:can|could|will|would) (?:you|u) {_ADVERB}(?:prescribe|recommend|suggest|give"
        rf"|tell me about|get)(?: me| us)? (?:something like )?{_SOME}{_DRUG}\b",
        rf"\b(?:recommend|suggest|prescribe)(?: me| us)? {_SOME}{_DRUG}\b[^.!]{{0,30}}\?",
        rf"\b(?:what|any) {_DRUG} (?:do|would|can) you (?:recommend|suggest|advise)\b",
    ),
    DirectQuestion.DIAGNOSIS: (
        r"\b(?:do|could|can|might|would) (?:you|u) (?:think|say|guess|believe) (?:that |maybe )?"
        r"(?:i|we|she|he|they|my \w+)(?:'m|'s|'ve| am| is| are| have| has| had| got| could be"
        rf"| might be| may be| could have| might have| may have) {_ADVERB}{_ILLNESS}",
        rf"\b(?:do|could|might|can) i {_ADVERB}(?:have|be) {_ADVERB}{_ILLNESS}[^.!]{{0,60}}\?",
        rf"\bam i {_ADVERB}{_ILLNESS}\s*\?",
        rf"\b(?:can|could|will|would) (?:you|u) {_ADVERB}(?:diagnose"
        rf"|tell me (?:if|whether) i(?:'m| am| have) {_ADVERB}{_ILLNESS})",
        r"\bwhat(?:'s| is) my diagnosis\b|\bwhat (?:illness|disorder|mental illness|condition) "
        r"(?:do i have|have i got)\b|\bdiagnose me\b",
        r"\b(?:is|might|could|can) (?:this|it|that|he|she|my \w+) (?:be |have )?"
        rf"{_ADVERB}{_ILLNESS}"
        r"(?:\s*\?| or\b)",
        rf"\bis it possible (?:that )?i (?:have|am) {_ADVERB}{_ILLNESS}",
    ),
    DirectQuestion.IDENTITY: (
        rf"\b(?:are|r) (?:you|u) {_ADVERB}{_NOT_ME}\s*(?:\?|$|or\b|too\b|here\b|and not\b)",
        rf"\b(?:is|am) {_YOU} {_ADVERB}{_NOT_ME}\s*(?:\?|$|or\b)",
        rf"\b(?:am i|is it|is this) {_ADVERB}(?:talking|speaking|chatting|texting|writing) "
        rf"(?:to|with) (?:{_NOT_ME}|(?:some|any)(?:one|body) real)\b",
        r"\b(?:are|r) (?:you|u) (?:even |really |actually )?(?:real|human)\s*(?:\?|$|or\b)",
        r"\bwhat are you\s*\?|\bwho am i (?:talking|speaking|writing|chatting) (?:to|with)\b"
        r"|\b(?:are|r) (?:you|u) (?:a )?(?:real )?(?:person|human) or\b",
        r"^(?:and )?who are you\W*$",
        rf"\b(?:you're|you are|ur|this is) {_NOT_ME},? (?:right|aren't you|isn't it|are you not)"
        rf"\s*\?|\byou(?:'re| are) {_NOT_ME}\s*\?",
        r"^(?:(?:hello|hi|hey)\W+)?is (?:any|some)(?:one|body) (?:real |human |actually )*"
        r"(?:there|here|reading)(?: this)?\W*$",
    ),
}
_COMPILED = {
    kind: tuple(re.compile(source) for source in sources) for kind, sources in _PATTERNS.items()
}

_FAREWELLS = frozenset(
    phrase
    for line in (
        "bye/goodbye/good bye/bye bye/farewell/goodnight/good night/night night/cya/ttyl",
        "see you/see ya/see u/see you later/see ya later/see u later/see you soon/see you tomorrow",
        "see you around/talk later/talk soon/talk to you later/talk to you soon",
        "talk to you tomorrow/take care/have to go/got to go/gotta go/need to go/must go",
        "have to get going/will go now/ill go now/going to bed/off to bed/im off/sign off/log off",
    )
    for phrase in line.split("/")
)
_WISHES = frozenset(("good", "nice", "great", "lovely", "wonderful"))
_TIMES = frozenset(("day", "night", "evening", "one", "week", "weekend", "afternoon"))
_PLEASANTRIES = frozenset(
    word
    for line in (
        "ok okay well alright all right thanks thank you u thx so much very again a lot for the",
        "your listening talking everything help time chat being here chatting i im ive now and",
        "then thats too to that helped it was nice good great with anyway friend my soon today am",
        "no nope yes yeah fine safe",
    )
    for word in line.split()
)
_MOST_WORDS = 14


def direct_question(text: str) -> DirectQuestion | None:
    """Return what `text` asks for that has a fixed answer, or None. Of a long message its end is
    read.
    """
    plain = " ".join(text[-_LONGEST:].replace("’", "'").lower().split())
    for kind, patterns in _COMPILED.items():
        if any(pattern.search(plain) for pattern in patterns):
            return kind
    return DirectQuestion.GOODBYE if len(text) <= _LONGEST and _is_goodbye(plain) else None


def _is_goodbye(plain: str) -> bool:
    """Whether a message takes leave and does nothing else."""
    words = re.sub(r"[^a-z]+", " ", plain.replace("'", "")).split()
    words = ["bye" if re.fullmatch(r"by+e+", word) else word for word in words]
    if len(words) > _MOST_WORDS:
        return False
    place, takes_leave = 0, False
    while place < len(words):
        length = _farewell_length(words, place)
        takes_leave = takes_leave or length > 0
        if not length and words[place] not in _PLEASANTRIES:
            return False
        place += length or 1
    return takes_leave


def _farewell_length(words: list[str], place: int) -> int:
    """Return how many words from `place` on take leave: the most that do."""
    for length in (4, 3, 2, 1):
        phrase = words[place : place + length]
        if " ".join(phrase) in _FAREWELLS:
            return length
        if length == 4 and phrase[:2] == ["have", "a"] and phrase[2:3] and phrase[2] in _WISHES:
            return 4 if phrase[3:] and phrase[3] in _TIMES else 0
    return 0


_INSISTS = re.compile(
    r"\b(?:please|pls|yes or no|just (?:tell|say|answer|guess)|come on|but i|why not|be honest"
    r"|i need to know|what do you think|in your opinion|roughly|tell me)\b"
)
_ABOUT_HEALTH = (DirectQuestion.MEDICATION, DirectQuestion.DIAGNOSIS)


def asked_again(text: str, answered: str, locale: str | None) -> DirectQuestion | None:
    """Return what a short message insists on, where the supporter has just refused it.

    Args:
        text: of the seeker.
        answered: what the supporter said before it.
        locale: that the answer was given for.
    """
    if len(text) > _SHORT or not _INSISTS.search(text.lower()):
        return None
    refused = (q for q in _ABOUT_HEALTH if direct_answer(q, locale) == answered)
    return next(refused, None)


_SHORT = 80


def direct_answer(question: DirectQuestion, locale: str | None) -> str:
    """Return the fixed answer; `locale` names the emergency number."""
    return _ANSWERS[question].format(emergency=emergency_number(locale))
