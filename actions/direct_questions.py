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
"""Characters. In a longer message the question is not what it is about."""


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
_NOT_ME = (
    r"(?:an? |the |some )?(?:(?:real|actual|live|human|licensed|trained|professional|qualified"
    r"|proper|"
    r"just|mental|health|ai|chat|computer|automated|online|certified) ){0,4}"
    r"(?:humans?|persons?|people|man|woman|bot|chatbot|chat ?gpt|robot|machine|computer|program|ai"
    r"|a\.i\.?|therapist|counsel+or|doctor|psychologist|psychiatrist|nurse|social worker|real)"
)
_DRUG = (
    r"(?:medication|medications|medicines?|meds?|pills?|tablets?|drugs?|antidepressants?|ssris?|"
    r"sleeping pills|painkillers?|benzos?|zoloft|sertraline|prozac|fluoxetine|lexapro|escitalopram|"
    r"celexa|citalopram|xanax|alprazolam|ativan|lorazepam|valium|diazepam|klonopin|clonazepam|"
    r"lithium|seroquel|quetiapine|abilify|wellbutrin|bupropion|effexor|venlafaxine|cymbalta|"
    r"duloxetine|paxil|paroxetine|adderall|ritalin|lamictal|lamotrigine|trazodone|mirtazapine|"
    r"ambien|zolpidem|melatonin|tylenol|paracetamol|acetaminophen|ibuprofen|advil|aspirin|benadryl|"
    r"methadone|oxycodone|tramadol|codeine|ketamine|st\.? john'?s wort|supplements?|dosage|dose)"
)
_ILLNESS = (
    r"(?:(?:clinical(?:ly)? |major |severe |postpartum |social |panic |an? |some (?:kind|sort) of "
    r")*"
    r"(?:depression|depressed|bipolar|anxiety(?: disorder)?|ptsd|adhd|add|ocd|bpd|borderline|autism"
    r"|autistic|schizophreni[ac]|psychosis|psychotic|an? eating disorder|anorexi[ac]|bulimi[ac]|"
    r"narcissist(?:ic)?|mental(?:ly)? ill(?:ness)?|mental disorder|personality disorder|dementia|"
    r"diabetes|cancer|disorder))"
)
_ANY = r"(?:[\w'’-]+ ){0,4}?"
_ADVERB = r"(?:(?:really|just|even|actually|also|please|maybe|still|safely) )?"

_PATTERNS: dict[DirectQuestion, tuple[str, ...]] = {
    DirectQuestion.MEDICATION: (
        rf"\bhow (?:much|many|often)\b[^.?!]{{0,40}}\b{_DRUG}\b[^.?!]{{0,60}}"
        rf"\b(?:take|can i|should i|safe|need|have|a day)\b",
        rf"\bhow (?:much|many|often)\b[^.?!]{{0,20}}\b(?:can|should|do|may|could) i\b"
        rf"[^.?!]{{0,20}}\btake\b[^.?!]{{0,40}}\b{_DRUG}\b",
        r"\bhow many (?:mg|milligrams?|mils?|ml)\b",
        rf"\b(?:should|can|may|could|shall|do|would|must) i {_ADVERB}(?:have to |need to )?"
        rf"(?:be )?(?:take|taking|try|use|stop(?: taking| using)?|quit|start(?: taking)?|increase|"
        rf"double|lower|skip|mix|combine|change|go (?:on|off)|come off|get (?:on|off)) {_ANY}"
        rf"{_DRUG}\b",
        rf"\b(?:what|which) {_DRUG} (?:should|can|do|would|could|is|are|will|might)\b",
        rf"\b(?:what|which)(?:'s| is| are)? (?:the |a )?{_ANY}(?:best|right|safe|normal|good"
        rf"|strongest"
        rf"|maximum|max) {_ANY}{_DRUG}\b",
        rf"\b(?:is|are) (?:it|they|{_ANY}{_DRUG}) (?:safe|ok|okay|dangerous|bad|fine|alright)"
        rf"\b[^.?!]{{0,40}}\b(?:take|mix|stop|drink|drinking|alcohol|together)\b",
        rf"\b(?:is|would|will) it (?:be )?(?:safe|ok|okay|dangerous|bad|fine|alright|a problem) "
        rf"(?:for me )?(?:to|if i) {_ADVERB}(?:take|skip|stop|mix|combine|double|drink) "
        rf"{_ANY}{_DRUG}\b",
        rf"\bdo (?:you|u) think i {_ADVERB}(?:need|should (?:take|be on|try|stop|go on)) "
        rf"{_ANY}{_DRUG}\b",
        rf"\b(?:can|could|will|would) (?:you|u) {_ADVERB}(?:prescribe|recommend|suggest|give|"
        rf"tell me about|get) {_ANY}{_DRUG}\b",
        rf"\b(?:recommend|suggest|prescribe)(?: me| us)? {_ANY}{_DRUG}\b[^.!]{{0,30}}\?",
        rf"\b(?:what|any) {_DRUG} (?:do|would|can) you (?:recommend|suggest|advise)\b",
    ),
    DirectQuestion.DIAGNOSIS: (
        rf"\b(?:do|could|can|might|would) (?:you|u) (?:think|say|guess|believe) (?:that |maybe )?"
        rf"(?:i|she|he|they|my \w+)(?:'m|'s| am| is| are| have| has| might have| could have"
        rf"| may have| might be| could be)? {_ANY}{_ILLNESS}\b",
        rf"\b(?:do|could|might|can) i {_ADVERB}(?:have|be) (?:\w+ )?{_ILLNESS}\b[^.!]{{0,60}}\?",
        rf"\bam i {_ADVERB}{_ILLNESS}\s*\?",
        rf"\b(?:can|could|will|would) (?:you|u) {_ADVERB}(?:diagnose|tell me (?:if|whether) "
        rf"i(?:'m| am|"
        rf" have) {_ANY}{_ILLNESS})",
        r"\bwhat(?:'s| is) my diagnosis\b|\bwhat (?:illness|disorder|mental illness|condition) "
        r"(?:do i have|have i got)\b|\bdiagnose me\b",
        rf"\b(?:is|might|could|can) (?:this|it|that) (?:be )?{_ADVERB}{_ILLNESS}\s*\?",
        rf"\bis it possible (?:that )?i (?:have|am) {_ANY}{_ILLNESS}\b",
    ),
    DirectQuestion.IDENTITY: (
        rf"\b(?:are|r) (?:you|u) {_ADVERB}{_NOT_ME}\s*(?:\?|$|or\b|too\b|here\b|and not\b)",
        rf"\b(?:is|am) {_YOU} {_ADVERB}{_NOT_ME}\s*(?:\?|$|or\b)",
        rf"\b(?:am i|is it|is this) {_ADVERB}(?:talking|speaking|chatting|texting|writing) (?:to"
        rf"|with)"
        rf" {_NOT_ME}\b",
        r"\b(?:are|r) (?:you|u) (?:even |really |actually )?(?:real|human)\b\s*(?:\?|$|or\b)",
        r"\bwhat are you\s*\?|\bwho am i (?:talking|speaking|writing|chatting) (?:to|with)\b"
        r"|\b(?:are|r) (?:you|u) (?:a )?(?:real )?(?:person|human) or\b",
        r"^who are you\W*$",
        rf"\b(?:you're|you are|ur|this is) {_NOT_ME},? (?:right|aren't you|isn't it|are you "
        rf"not)\s*\?",
        r"\bis (?:any(?:one|body)|some(?:one|body)) (?:real |human |actually )*(?:there|here"
        r"|reading)\b",
    ),
}
_COMPILED = {
    kind: tuple(re.compile(source) for source in sources) for kind, sources in _PATTERNS.items()
}

_LEAVES = (
    r"(?:good ?bye|bye(?: bye)?|by+e+|farewell|good ?night|night night|see (?:you|ya|u)(?: "
    r"(?:later|"
    r"soon|tomorrow|around))?|cya|ttyl|talk (?:to you )?(?:later|soon|tomorrow)|take care|have a "
    r"(?:good|nice|great|lovely|wonderful) (?:day|night|evening|one|week|weekend|rest of your \w+)|"
    r"(?:i )?(?:have to|got to|gotta|need to|must|should|ll|will|better|am going to|m going to"
    r"|gonna) "
    r"(?:go|run|leave|head out|sleep|get going|sign off|log off)(?: now| soon| to (?:bed|sleep"
    r"|work))?)"
)
_POLITE = (
    r"(?:ok(?:ay)?|well|all ?right|thanks?|thank you|thank u|thx|so much|very much|again|a lot"
    r"|for (?:"
    r"the|your|all|listening|talking|everything|being here|chatting)(?: \w+){0,2}|i|im|i m|now|and|"
    r"then|you too|to you|that helped|it was|nice|good|talking|with you|anyway|for now|my friend"
    r"|all)"
)
_GOODBYE = re.compile(rf"(?:{_POLITE} )*{_LEAVES}(?: (?:{_LEAVES}|{_POLITE}))*")


def direct_question(text: str) -> DirectQuestion | None:
    """Return what `text` asks for that has a fixed answer, or None."""
    if len(text) > _LONGEST:
        return None
    plain = " ".join(text.replace("’", "'").lower().split())
    for kind, patterns in _COMPILED.items():
        if any(pattern.search(plain) for pattern in patterns):
            return kind
    words = " ".join(re.sub(r"[^a-z]+", " ", plain.replace("'", "")).split())
    return DirectQuestion.GOODBYE if _GOODBYE.fullmatch(words) else None


def direct_answer(question: DirectQuestion, locale: str | None) -> str:
    """Return the fixed answer; `locale` names the emergency number."""
    return _ANSWERS[question].format(emergency=emergency_number(locale))
