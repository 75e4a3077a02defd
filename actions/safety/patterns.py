"""A first screen for danger: explicit wordings, found by patterns in normalised text.

What it is for: no generated text answers somebody who says outright that they want to die. What it
is not: it does not understand language. It misses most indirect, figurative or novel ways of saying
the same, languages other than English, and danger that shows only over many turns. A turn that is
not flagged is no evidence that the person is safe. This is no medical device and replaces nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from actions.safety.answers import assess_answer
from actions.safety.normal_form import NormalText, normal_sentences
from actions.safety.risk import DETECTOR_FAILED, NO_RISK, RiskAssessment, RiskKind, RiskLevel
from actions.safety.rules import RULES, Rule, squeezed_pattern
from pal_model.conversation import Conversation, Speaker

_BEFORE, _AFTER = 120, 60
"""How many characters around a match its context is read from: bounds the time of a search."""

_CONFIDENCE: Mapping[RiskLevel, float] = MappingProxyType(
    {
        RiskLevel.NONE: 0.0,
        RiskLevel.CONCERN: 0.6,
        RiskLevel.HIGH: 0.9,
        RiskLevel.IMMINENT: 0.95,
    }
)
_LOWERED_CONFIDENCE = 0.5


def assess_risk(conversation: Conversation) -> RiskAssessment:
    """Assess the latest seeker utterance: a screen of explicit wordings, see the module.

    A short answer is read together with what the supporter asked: "yes" to a question about suicide
    is a disclosure. `evidence` is a span in the latest seeker utterance. Never raises: where the
    screen itself breaks, the turn counts as a concern and gets fixed words.
    """
    try:
        return _assess_conversation(conversation)
    except Exception:  # A defect here must not let a generated reply out; nothing is logged.
        return DETECTOR_FAILED


def _assess_conversation(conversation: Conversation) -> RiskAssessment:
    turns = conversation.utterances
    last = _last_index(conversation, Speaker.SEEKER, len(turns))
    if last is None:
        return NO_RISK
    found = assess_text(turns[last].text)
    if last == 0 or turns[last - 1].speaker is not Speaker.SUPPORTER:
        return found
    earlier = _last_index(conversation, Speaker.SEEKER, last)
    before = assess_text(turns[earlier].text) if earlier is not None else NO_RISK
    answer = assess_answer(turns[last].text, turns[last - 1].text, before)
    return _worse(found, answer)


def _last_index(conversation: Conversation, speaker: Speaker, end: int) -> int | None:
    for index in range(end - 1, -1, -1):
        if conversation.utterances[index].speaker is speaker:
            return index
    return None


def _worse(first: RiskAssessment, second: RiskAssessment) -> RiskAssessment:
    worse = second if second.level > first.level else first
    return replace(worse, kinds=first.kinds | second.kinds)


def assess_text(text: str) -> RiskAssessment:
    """Assess one utterance by its words alone."""
    sentences = normal_sentences(text)
    at_hand = any(_MEANS_AT_HAND.search(sentence.text) for sentence in sentences)
    worst, kinds = NO_RISK, set[RiskKind]()
    for finding in _findings(sentences, at_hand):
        kinds.add(finding.kind)
        if finding.level > worst.level:
            worst = finding.as_assessment()
    return replace(worst, kinds=frozenset(kinds))


@dataclass(frozen=True, slots=True)
class _Finding:
    kind: RiskKind
    level: RiskLevel
    span: tuple[int, int]
    lowered: bool

    def as_assessment(self) -> RiskAssessment:
        confidence = _LOWERED_CONFIDENCE if self.lowered else _CONFIDENCE[self.level]
        return RiskAssessment(self.level, frozenset({self.kind}), self.span, confidence)


def _findings(sentences: list[NormalText], at_hand: bool) -> Iterator[_Finding]:
    judged: dict[tuple[int, str, str, str], RiskLevel] = {}
    for sentence in sentences:
        frame = _Frame.of(sentence.text)
        for number, rule in enumerate(RULES):
            if not any(anchor in sentence.text for anchor in rule.anchors):
                continue
            for match in rule.pattern.finditer(sentence.text):
                start = max(sentence.clause_start(match.start()), match.start() - _BEFORE)
                before = sentence.text[start : match.start()].rstrip()
                after = sentence.text[match.end() : match.end() + _AFTER]
                key = (number, before, match.group(), after)
                if key not in judged:
                    judged[key] = _level(rule, before, match.group(), after, frame, at_hand)
                level = judged[key]
                if level > RiskLevel.NONE:
                    span = sentence.original_span(*match.span())
                    yield _Finding(rule.kind, level, span, level < rule.level)
                if level >= rule.level:
                    break  # This rule has nothing more to say about this sentence.


# --- what the words around a match do to it -------------------------------------------------

# "not", then at most a few words that carry it on, then the match. Any other word in between
# breaks it, so that a doubtful sentence stays flagged.
_CARRY = (
    r"(?: (?:want|wants|wanted|wish|need|going|planning|plan|intend|intending|trying|try|think"
    r"|thinking|thought|thoughts|feel|feeling|felt|been|be|being|have|having|had|say|saying|said"
    r"|mean|meaning|to|of|about|on|a|an|any|am|do|is|considering|consider|contemplating"
    r"|contemplate|suggesting|talking|currently|necessarily|remotely|active|actively|would|will"
    r"|attempt|attempted|dream|engage|in|or|tempted|were|depressed|plans|intention|urges?|the|hurt"
    r"|myself|harm|kill|die|suicidal|at|all|serious|seriously|experiencing|getting|become))"
)
_NO = (
    r"(?:not|never|dont|doesnt|didnt|wont|wouldnt|havent|hasnt|hadnt|isnt|arent|aint|wasnt"
    r"|no longer|stopped|deny|denied|neither|nor|against"
    r"|no (?:plans?|intentions?|desires?|wish|thoughts?|urges?|need|interest))"
)
_NEGATED = squeezed_pattern(
    rf"(?<!why )(?<!reason ){_NO}(?! i$)(?! (?:only|just|i)\b){_CARRY}{{0,5}}"
    rf"(?: that)?(?: (?:i|ill|id|im|ive|you|he|she|they|should|to))?{_CARRY}{{0,4}}\Z"
)
_COULD_NOT = squeezed_pattern(
    rf"(?:cant|couldnt|could not|shouldnt|too (?:\w+ )?(?:scared|afraid|much of a coward) to|not allowed to"
    rf"|if i (?:was|were|am|had been)|if)(?! i\b(?! ?(?:was|were|am))){_CARRY}{{0,3}}\Z"
)
_NOT_FULLY_DENIED = re.compile(r"\A ?(?:yet|today|tonight|until|unles|before|but|right now)\b")
_MORE_THAN_EVER = re.compile(r"\A ?(?:more|so much|as much|this (?:much|bad|badly)|so bad)\b")
_DENIED_AFTER = re.compile(
    r"\A ?(?:is|was|isnt|wasnt|would|wouldnt)(?: (?:not|never|be|no longer|an))* "
    r"(?:option|the answer|an answer|a solution|something (?:i|id|ive)|on my mind|my intention"
    r"|what i want|my plan)\b"
)

_OTHER_SUBJECT = squeezed_pattern(
    r"(?:he|she|they|hes|shes|theyre|theyd|hed|shed|theyve|you|youre|youve|people|someone|somebody"
    r"|everyone|everybody|anyone|others|kids|teens|women|men|patients|clients|characters?"
    r"|who|(?:my|his|her|their|the|a|an|some|many|most|these|those|other|your|our)"
    r"(?: (?!(?:i|im|ive|id|il|me|my|myself|and|but|so|because|makes?|made|when|since|if|that"
    r"|feel|want)\b)\w+){1,3})"
    r"(?: (?:is|are|was|were|be|been|being|has|have|had|having|feels?|feeling|felt|gets?|got|might"
    r"|may|would|will|also|that|keeps?|very|so|started|says?|said|dont|might|could|do|did|both|all"
    r"|to|who|of|really|almost|nearly|then|tried|wants?|wanted|about|with|from|who|went))*\Z"
)
_REPORTED = squeezed_pattern(
    r"(?:says?|said|saying|tells|told|texted|messaged|wrote|telling|yelled|screamed|claims?|claimed"
    r"|thinks?|thought|asked|asks|assumed|believes?)(?: (?:me|us|him|her|them|everyone|that|to|if|just"
    r"|if|whether|go|was|were|like))*(?: i)?\Z"
)
_REPORTER = re.compile(
    r"(?<![^ ])(?:he|she|they|you|people|someone|everyone|my \w+|his \w+|her \w+|the \w+|therapist"
    r"|doctor)(?: \w+){0,4}\Z"
)
_TITLE = squeezed_pattern(
    r"(?:song|movie|film|book|novel|show|series|episode|album|game|band|poem|track|playlist|article"
    r"|headline|documentary|podcast|play|story|quote|meme|lyrics?|chapter|tv show|level|essay|paper"
    r"|musical|single|video)"
    r"(?: (?:is|was|it|which|that))*(?: (?:called|named|titled|entitled|about))"
    r"(?: (?:a|an|the|someone|people|teen|teens|being|man|girl|boy|guy|woman|who|is|with|having|i|my|to))*\Z"
)
_AUTHOR = re.compile(r"(?<![^ ])(?:wrote|writ(?:e|ing|en)|my (?:song|poem|story|essay))(?![^ ])")
_FICTION = squeezed_pattern(
    r"(?:my (?:\w+ )?(?:character|protagonist|oc)|the (?:main |lead )?(?:character|hero|protagonist|villain"
    r"|narrator)|in (?:the|my|this|that) (?:movie|film|book|novel|show|series|story|play|episode))"
)
_GAME = squeezed_pattern(
    r"(?:in|on|playing|play|plays|played|of) (?:the |this |a |an |my |our |that )?(?:online )?(?:\w+ )?"
    r"(?:video ?games?|games?|minecraft|fortnite|roblox|gta|cod|call of duty|valorant|league"
    r"(?: of legends)?|dark souls|elden ring|skyrim|zelda|sims|dnd|dungeons|apex|overwatch|pubg"
    r"|warzone|among us|counter strike|csgo|mario|chess|lobby|server|multiplayer|pvp)"
    r"|level \d+|boss (?:fight|battle)|respawn\w*|checkpoint|last round|final round"
)
_JOKE = squeezed_pattern(r"(?:lol|lmao|lmfao|rofl|haha\w*|jk|kidding|joking|hehe\w*|xd)")
_NO_JOKE = squeezed_pattern(r"(?:not|no|isnt|aint|wasnt|never) (?:\w+ )?(?:kidding|joking|joke)")

_PAST_BEFORE = squeezed_pattern(
    r"(?:used to|was|were|had|did|almost|nearly|went through|made me|would have|could have"
    r"|struggled with|dealt with|overcame|survived|suffered from|felt|wanted|tried|thought"
    r"|attempted|considered)(?: (?:really|often|also|to|like|of|about|so|at one point|once|always"
    r"|a|having|feeling|feel|thinking|be|been|thoughts|very|being|have|want|extremely|pretty|quite"
    r"|going|planning|almost))*\Z"
)
_HYPOTHETICAL = squeezed_pattern(r"(?:if|wish|wished|whether|hope|as if)(?: \w+){0,2}\Z")
_PAST_MATCH = squeezed_pattern(
    r"(?:i |ive |i have |i was |was )?(?:wanted|wished|tried|thought|attempted|considered|felt|was"
    r"|were|had|contemplated|planned|committed|survived|prayed|hoped|decided|needed|hated|became|made"
    r"|fantasized|killed|hanged|overdosed|harmed|threw)(?: .{0,80})?"
)
_PAST_WORD = squeezed_pattern(
    r"(?:raped|molested|abused|beat|hit|punched|slapped|kicked|choked|strangled|smacked|assaulted"
    r"|attacked|groped|shoved|overdosed|tried|wanted|committed|stabbed|attempted|died)"
)
_ONGOING = re.compile(r"(?<![^ ])(?:being|geting|gets|keeps|is|are|am)(?![^ ])")
_LONG_AGO = squeezed_pattern(
    r"(?:years?|yrs|months?|decades?) (?:ago|back|earlier|before)"
    r"|last (?:year|month|summer|winter|spring|fall|autumn|christmas)"
    r"|in (?:19|20)\d\d|when i was (?:\w+ ){0,3}(?:young\w*|little|kid|child|teen\w*|small|\d+"
    r"|school|college|university|highschool|pregnant|girl|boy|married|student|twelve|thirteen"
    r"|fourteen|fifteen|sixteen|seventeen|eighteen)|when i was in|as a (?:\w+ )?(?:kid|child|teen\w*)"
    r"|back (?:then|in)|used to|in the past|a long time ago|long ago|at one point|once upon|growing up"
    r"|in my (?:teens|twenties|youth|childhood|past)|at (?:the )?age|previously|before i met|i was \d+"
    r"|during (?:college|high school|my divorce|school|lockdown)|in (?:high school|college|school)"
    r"|in childhood|my childhood|old self|former"
)
_RESOLVED = squeezed_pattern(
    r"(?:not|dont|do not|doesnt|no|am not|im not|never|wouldnt|dont feel that way|dont think that way"
    r"|isnt like that)(?: (?:feel|think|want|have|like|that|way|do|it|to|those|thoughts|feelings|"
    r"suicidal|so))* (?:any ?more|any longer|now|these days|today)|no longer|(?:much )?better now"
    r"|(?:im|i am|ive|i have|i) (?:\w+ )?(?:recovered|past (?:that|it)|over (?:that|it)|glad|happy|"
    r"grateful|moved on|healed|doing (?:well|good|better|great|fine)|ok now|okay now|fine now)"
    r"|in recovery|thankfully|not (?:any ?more|now)|got (?:through it|help|better)|but now i (?:am|love"
    r"|feel|want to live|enjoy)|but (?:im|i am) (?:ok|okay|fine|good|better)"
)
_ATTEMPT = re.compile(r"(?<![^ ])(?:tried|atempt\w*|overdosed|atempted|survived)(?![^ ])")
_THOUGHT_OF = re.compile(r"(?<![^ ])(?:thought\w*|think\w*|dream\w*|ways?|considered|imagin\w*)(?![^ ])")
_RECENTLY = squeezed_pattern(
    r"(?:tonight|today|right now|just now|now|this (?:morning|evening|afternoon|minute)|last night"
    r"|yesterday|an hour ago|(?:\w+ )?(?:minutes?|hours?|mins|hrs) ago|this week|earlier"
    r"|last week|a few days ago|(?:every|all) (?:day|the time|night)|recently|lately|already|again)"
)

_NOW = squeezed_pattern(
    r"(?:tonight|right now|right this|just now|this (?:evening|minute|afternoon|second|moment)|about to"
    r"|in (?:a|an|the next|like|\w+) (?:few )?(?:minutes?|mins|hours?|moments?|seconds)|as we speak"
    r"|before (?:morning|midnight|sunrise)|(?:minutes?|hours?|mins) ago|this is goodbye|goodbye"
    r"|after (?:this|i send this|this message)|when (?:everyone|they|he|she|my \w+) (?:is|are|falls?|"
    r"go|goes|leaves?)(?: \w+)? (?:asleep|sleep|bed|out|work))"
)
_NOW_AFTER = re.compile(r"\A ?(?:\w+ )?(?:today|now|tomorow)(?! (?:but|and then)\b)(?![^ ])")
_SET_ON = squeezed_pattern(
    r"(?:going to|im gonna|will|ill|decided|about to|ready|plan\w*|today is the day|made up my mind"
    r"|time to|have to|need to)"
)
_MEANS_AT_HAND = squeezed_pattern(
    r"(?:i|ive|i have|with|and|im|am|got)(?: (?:have|got|holding|bought|loaded|found|hold|took|grabbed|also"
    r"|am|already|keep|the|a|an|my|of|some|enough|in|put|counted|saved up|next to|beside|sitting with))+ "
    r"(?:\w+ )?(?:gun|pistol|rifle|shotgun|rope|noose|knife|blades?|razors?|pills|tablets|bleach|poison|"
    r"insulin|bullets)(?! (?:prescription|that i take|for (?:my|sleep|anxiety)))"
    r"|(?:gun|pistol|rifle|rope|noose|knife|blade|razor|pills|tablets) (?:is |are )?(?:\w+ )?(?:in my (?:hands?"
    r"|lap|pocket|bag|drawer)|in front of me|next to me|beside me|ready|on the table|with me|right here)"
    r"|(?:standing|sitting|stood|sat|im|am|up) (?:\w+ )?(?:on|at|by|over) (?:the |a |this )?(?:\w+ )?(?:bridge"
    r"|ledge|roof|rooftop|edge|train tracks|tracks|railing|cliff|balcony)|at the (?:bridge|tracks|station)"
)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What a whole sentence says about everything in it."""

    game: bool
    joke: bool
    fiction: bool
    long_ago: bool
    resolved: bool
    recent: bool
    now: bool

    @classmethod
    def of(cls, text: str) -> _Frame:
        """Read the frame from a sentence in normal form."""
        return cls(
            game=_GAME.search(text) is not None,
            joke=_JOKE.search(text) is not None and _NO_JOKE.search(text) is None,
            fiction=_FICTION.search(text) is not None,
            long_ago=_LONG_AGO.search(text) is not None,
            resolved=_RESOLVED.search(text) is not None,
            recent=_RECENTLY.search(text) is not None,
            now=_NOW.search(text) is not None,
        )


def _level(
    rule: Rule, before: str, match: str, after: str, frame: _Frame, at_hand: bool
) -> RiskLevel:
    """Return what a rule's match means in its context; doubt keeps it flagged."""
    if rule.not_after and rule.not_after.search(before):
        return RiskLevel.NONE
    if rule.not_before and rule.not_before.search(after):
        return RiskLevel.NONE
    ceiling = min(
        _ceiling_by_negation(rule, before, after),
        _ceiling_by_speaker(rule, before, match, frame),
        _ceiling_by_time(rule, before, match, frame),
        _ceiling_by_play(rule, match, frame),
    )
    return min(_raised(rule, before, match, after, frame, at_hand), ceiling)


def _ceiling_by_negation(rule: Rule, before: str, after: str) -> RiskLevel:
    if not rule.negatable:
        return RiskLevel.IMMINENT
    if _DENIED_AFTER.search(after):
        return RiskLevel.NONE
    if _NEGATED.search(before) and not _MORE_THAN_EVER.search(after):
        return RiskLevel.CONCERN if _NOT_FULLY_DENIED.search(after) else RiskLevel.NONE
    if _COULD_NOT.search(before):
        return RiskLevel.CONCERN
    return RiskLevel.IMMINENT


def _ceiling_by_speaker(rule: Rule, before: str, match: str, frame: _Frame) -> RiskLevel:
    if _TITLE.search(before):
        return RiskLevel.CONCERN if _AUTHOR.search(before) else RiskLevel.NONE
    if _REPORTED.search(before) and _REPORTER.search(before):
        return RiskLevel.CONCERN
    if rule.owned and not match.startswith(("i ", "im ")) and _OTHER_SUBJECT.search(before):
        if frame.fiction or rule.level is RiskLevel.CONCERN or (_PAST_WORD.search(match) and not frame.recent):
            return RiskLevel.NONE
        return RiskLevel.CONCERN
    if frame.fiction and _FICTION.search(before):
        return RiskLevel.NONE
    return RiskLevel.IMMINENT


def _ceiling_by_time(rule: Rule, before: str, match: str, frame: _Frame) -> RiskLevel:
    if rule.level is RiskLevel.IMMINENT:  # "I took them all" is past, and an emergency.
        return RiskLevel.CONCERN if frame.long_ago and not frame.recent else RiskLevel.IMMINENT
    if not _is_past(rule, before, match, frame):
        return RiskLevel.IMMINENT
    attempt = _ATTEMPT.search(match) or _ATTEMPT.search(before)
    if rule.kind is RiskKind.ABUSE:
        return RiskLevel.NONE if frame.long_ago else RiskLevel.CONCERN
    if attempt:
        return RiskLevel.CONCERN if frame.long_ago or frame.resolved else RiskLevel.HIGH
    return RiskLevel.NONE if frame.resolved else RiskLevel.CONCERN


def _is_past(rule: Rule, before: str, match: str, frame: _Frame) -> bool:
    if (frame.recent and not frame.long_ago) or _HYPOTHETICAL.search(before):
        return False
    if rule.kind is RiskKind.ABUSE:
        return _PAST_WORD.search(match) is not None and not _ONGOING.search(match)
    if not (_PAST_MATCH.match(match) or _PAST_BEFORE.search(before)):
        return frame.long_ago and rule.kind is RiskKind.SELF_HARM and not _ONGOING.search(match)
    perfect = before.endswith(("have", "ive", "have been")) or match.startswith(("ive ", "i have "))
    return frame.long_ago or frame.resolved or not perfect


def _ceiling_by_play(rule: Rule, match: str, frame: _Frame) -> RiskLevel:
    if frame.game:
        past_or_others = rule.kind is RiskKind.HARM_TO_OTHERS or _PAST_MATCH.search(match)
        return RiskLevel.NONE if past_or_others else RiskLevel.CONCERN
    if frame.joke and rule.level < RiskLevel.IMMINENT:
        return RiskLevel.CONCERN
    return RiskLevel.IMMINENT


def _raised(
    rule: Rule, before: str, match: str, after: str, frame: _Frame, at_hand: bool
) -> RiskLevel:
    """Raise an act or intent to imminent where a time or a means is at hand."""
    if rule.level < RiskLevel.HIGH:
        return rule.level
    if rule.kind is RiskKind.SELF_HARM:
        return rule.level
    if rule.kind is RiskKind.SUICIDE and at_hand:
        return RiskLevel.IMMINENT
    if not rule.act or _THOUGHT_OF.search(before[-40:]):
        return rule.level
    soon = frame.now or (
        _NOW_AFTER.search(after) and _SET_ON.search(f"{before[-40:]} {match}") is not None
    )
    return RiskLevel.IMMINENT if soon or at_hand else rule.level
