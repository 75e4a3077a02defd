"""What the words around a match do to it: negation, other people, the past, play, and urgency.

Each question that a context answers has its own function and lowers the level at most to what the
answer allows. A context that is not recognised changes nothing, so that doubt keeps a turn flagged.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from actions.safety.risk import RiskKind, RiskLevel
from actions.safety.rules.rule import Rule, context_pattern
from actions.safety.rules.words import PERSON_NOUN, POSSESSIVE

# "not", then at most a few words that carry it on, then the match. Any other word in between
# breaks it, so that a doubtful sentence stays flagged.
_CARRY = (
    r"(?: (?:want|wants|wanted|wish|need|going|planning|plan|intend|intending|trying|try|think"
    r"|thinking|thought|thoughts|feel|feeling|felt|been|be|being|have|having|had|say|saying|said"
    r"|mean|meaning|to|of|about|on|a|an|any|am|do|is|considering|consider|contemplating"
    r"|contemplate|suggesting|talking|currently|necessarily|remotely|active|actively|would|will"
    r"|attempt|attempted|dream|engage|in|or|tempted|were|depressed|plans|intention|urges?|the|at"
    r"|all|serious|seriously|experiencing|getting|become|danger|(?:hurt|harm|kill|cut) myself or"
    r"|die or|suicidal or))"
)
_NO = (
    r"(?:not|never|dont|doesnt|didnt|wont|wouldnt|havent|hasnt|hadnt|isnt|arent|aint|wasnt"
    r"|no longer|(?<!never )(?<!not )(?<!havent )(?<!hasnt )(?<!nt )stopped|neither|nor"
    r"|(?:no|zero) (?:plans?|intentions?|desires?|wish|thoughts?|urges?|need|interest))"
)
_NEGATED = context_pattern(
    rf"(?<!why )(?<!reason ){_NO}(?! i$)(?! (?:only|just|i)\b){_CARRY}{{0,5}}"
    rf"(?: that)?(?: (?:i|ill|id|im|ive|you|he|she|they|should|to))?{_CARRY}{{0,4}}\Z"
)
_COULD_NOT = context_pattern(
    rf"(?:cant|couldnt|could not|shouldnt|too (?:\w+ )?(?:scared|afraid|much of a coward) to"
    rf"|not allowed to"
    rf"|if i (?:was|were|am|had been)|if)(?! i\b(?! ?(?:was|were|am))){_CARRY}{{0,3}}\Z"
)
# "Trying not to kill myself" denies nothing.
_NOT_TO = re.compile(r"(?<![^ ])not to\Z")
_STRUGGLE_NOT_TO = re.compile(
    r"(?<![^ ])(?:try\w*|hard|me|myself|reasons?|why|strug\w*|fight\w*|best|how) not to\Z"
)
_OTHERS_VIEW = re.compile(
    r"(?<![^ ])(?:he|she|they|you|people|nobody|one|everyone|family|friends?|mum|mom|dad|parents?"
    r"|wife|husband|partner|doctor|therapist)\Z"
)
_NO_SUCH = re.compile(r"(?<![^ ])(?:no|zero)\Z")
_NOUN = re.compile(r"suicidal|self ?harm|thoughts|urges")
_NOT_FULLY_DENIED = re.compile(r"\A ?(?:yet|today|tonight|until|unles|before|but|right now)\b")
_MORE_THAN_EVER = re.compile(r"\A ?(?:more|so much|as much|this (?:much|bad|badly)|so bad)\b")
_DENIED_AFTER = re.compile(
    r"\A ?(?:has |have |had )?(?:never|not) (?:cros+ed|entered) my mind\b|"
    r"\A ?(?:isnt|wasnt|wouldnt be|(?:is|was|would) (?:not|never|no longer)(?: be)?|is no) "
    r"(?:(?:an?|the) )?(?:real )?(?:option|answer|solution|way out|something (?:i|id|ive)"
    r"|on my mind|my intention|what i want|my plan)\b"
)

_OTHER_SUBJECT = context_pattern(
    r"(?:he|she|they|hes|shes|theyre|theyd|hed|shed|theyve|you|youre|youve|people|someone|somebody"
    r"|everyone|everybody|anyone|others|kids|teens|women|men|patients|clients|characters?"
    rf"|who|{POSSESSIVE} (?:(?!(?:i|im|ive|id|il|me|my)\b)\w+ ){{0,2}}{PERSON_NOUN}(?: of mine)?"
    r"|(?:the|a|this|that|another|some) (?:\w+ )?(?:guy|man|woman|boy|girl|kid|person|teen|lady)"
    r"|friends? of mine|(?:other|most|many|some|these|those) \w+)"
    r"(?: (?:is|are|was|were|be|been|being|has|have|had|having|feels?|feeling|felt|gets?|got|might"
    r"|may|would|will|also|that|keeps?|very|so|started|says?|said|dont|might|could|do|did|both|all"
    r"|to|who|of|really|almost|nearly|then|tried|wants?|wanted|about|with|from|who|went)){0,6}\Z"
)
_REPORTED = context_pattern(
    r"(?:says?|said|saying|tells|told|texted|messaged|wrote|telling|yelled|screamed|claims?|claimed"
    r"|thinks?|thought|asked|asks|assumed|believes?)(?: (?:me|us|him|her|them|everyone|that|to"
    r"|if|just|if|whether|go|was|were|like)){0,6}(?: i)?(?: (?:had|have|am|was|felt|feel))?\Z"
)
_REPORTER = re.compile(
    r"(?<![^ ])(?:he|she|they|you|people|someone|everyone|his \w+|her \w+|therapist"
    r"|(?:my|the) (?!head|mind|brain|thought|voice|heart|demon)\w+|doctor)(?: \w+){0,4}\Z"
)
_ASKED = context_pattern(r"ask(?:s|ed)?(?: \w+){0,2} (?:if|whether).*")
_DENIED = context_pattern(
    r"(?:said|told \w+|answered|replied) (?:no|nope|i wasnt|i was not|im not|i dont)"
    r"|i (?:dont|do not|didnt|wasnt|was not|am not)|im not"
)
_TITLE = context_pattern(
    r"(?:song|movie|film|book|novel|show|series|episode|album|game|band|poem|track|playlist|article"
    r"|headline|documentary|podcast|play|story|quote|meme|lyrics?|chapter|tv show|level|essay|paper"
    r"|musical|single|video)"
    r"(?: (?:is|was|it|which|that)){0,6} (?:called|named|titled|entitled|about)"
    r"(?: (?:a|an|the|someone|people|teen|teens|being|man|girl|boy|guy|woman|who|is|with"
    r"|having|i|my|to)){0,6}\Z"
    r"|(?:love|like|hear\w*|listen\w* to|watch\w*|saw|read|reading) (?:the|this|that) (?:song"
    r"|movie|film|book|novel|show|series|episode|album|band|track)\Z"
)
_AUTHOR = re.compile(r"(?<![^ ])(?:wrote|writ(?:e|ing|en)|my (?:song|poem|story|essay))(?![^ ])")
_FICTION = context_pattern(
    r"(?:my (?:\w+ )?(?:character|protagonist|oc)|the (?:main |lead )?(?:character|hero"
    r"|protagonist|villain"
    r"|narrator)|in (?:the|my|this|that) (?:movie|film|book|novel|show|series|story|play|episode))"
)
_GAME = context_pattern(
    r"(?:in|on|playing|play|plays|played|of) (?:the |this |a |an |my |our "
    r"|that )?(?:online )?(?:\w+ )?"
    r"(?:video ?games?|games?|minecraft|fortnite|roblox|gta|cod|call of duty|valorant|league"
    r"(?: of legends)?|dark souls|elden ring|skyrim|zelda|sims|dnd|dungeons|apex|overwatch|pubg"
    r"|warzone|among us|counter strike|csgo|mario|chess|lobby|server|multiplayer|pvp)"
    r"|level \d+|boss (?:fight|battle)|respawn\w*|checkpoint|last round|final round"
)
_JOKE = context_pattern(r"(?:lol|lmao|lmfao|rofl|haha\w*|jk|kidding|joking|hehe\w*|xd)")
_NO_JOKE = context_pattern(r"(?:not|no|isnt|aint|wasnt|never) (?:\w+ )?(?:kidding|joking|joke)")

_PAST_BEFORE = context_pattern(
    r"(?<!the )(?<!a )(?:used to|was|were|had|did|almost|nearly|went through|made me"
    r"|would have|could have"
    r"|struggled with|dealt with|overcame|survived|suffered from|felt|wanted|tried|thought"
    r"|attempted|considered)(?: (?:really|often|also|to|like|of|about|so|at one point|once|always"
    r"|a|having|feeling|feel|thinking|be|been|thoughts|very|being|have|want|extremely|pretty|quite"
    r"|going|planning|almost)){0,6}\Z"
)
_HYPOTHETICAL = context_pattern(r"(?:if|wish|wished|whether|hope|as if)(?: \w+){0,2}\Z")
_PAST_MATCH = context_pattern(
    r"(?:i |ive |i have |i was |was )?(?:wanted|wished|tried|thought|attempted|considered|felt|was"
    r"|were|had|contemplated|planned|committed|survived|prayed|hoped|decided|needed|hated"
    r"|became|made|fantasized|killed|hanged|overdosed|harmed|threw)(?: .{0,80})?"
)
_PERFECT = context_pattern(
    r"(?:ive|have)(?: been)?(?: (?:wanted|thought|considered|felt|tried|had|attempted|planned))?"
    r"(?: (?:to|of|about|like))?\Z"
)
_PAST_WORD = context_pattern(
    r"(?:raped|molested|abused|beat|hit|punched|slapped|kicked|choked|strangled|smacked|assaulted"
    r"|attacked|groped|shoved|overdosed|tried|wanted|committed|stabbed|attempted|died)"
)
_ONGOING = re.compile(r"(?<![^ ])(?:being|geting|gets|keeps|is|are|am)(?![^ ])")
_MONTHS_AGO_WORDS = (
    r"months? (?:ago|back|earlier|before)"
    r"|last (?:year|month|summer|winter|spring|fall|autumn|christmas)"
)
_YEARS_AGO_WORDS = (
    r"(?:years?|yrs|decades?) (?:ago|back|earlier|before)|in (?:19|20)\d\d"
    r"|when i was (?:\w+ ){0,3}(?:young\w*|little|kid|child|\w*teen\w*|small|\d+|school"
    r"|college|university|highschool|pregnant|girl|boy|married|student|ten|eleven|twelve|twenty)"
    r"|when i was in|as a (?:\w+ )?(?:kid|child|teen\w*)|back (?:then|in)|used to|in the past"
    r"|a long time ago|long ago|at one point|once upon|growing up|in my (?:teens|twenties"
    r"|youth|childhood|past)|at (?:the )?age|previously|before i met"
    r"|i was \d+"
    r"|during (?:college|high school|my divorce|school|lockdown)|in (?:high school|college|school)"
    r"|in childhood|my childhood|old self|former"
)
_MONTHS_AGO = context_pattern(_MONTHS_AGO_WORDS)
_YEARS_AGO = context_pattern(_YEARS_AGO_WORDS)
_STARTS_DATED = context_pattern(rf"(?:\w+ ){{0,4}}(?:{_YEARS_AGO_WORDS}|{_MONTHS_AGO_WORDS}) i")
_CLOSE_WORDS = 3

# "Since I was twelve" goes on.
_SINCE = context_pattern(r"since (?:i|my|the|he|she|they|age|19\d\d|20\d\d|then)")
_RESOLVED = context_pattern(
    r"(?:not|dont|do not|doesnt|no|am not|im not|never|wouldnt|dont feel that way"
    r"|dont think that way"
    r"|isnt like that)(?: (?:feel|think|want|have|like|that|way|do|it|to|those|thoughts|feelings|"
    r"suicidal|so)){0,6} (?:any ?more|any longer|now|these days|today)|no longer"
    r"|(?:much )?better now"
    r"|(?:im|i am|ive|i have|i) (?:\w+ )?(?:recovered|past (?:that|it)|over (?:that|it)"
    r"|(?:glad|happy|grateful|thankful) (?:to be |im |i am |i didnt |i did not |i was ){0,2}(?:here"
    r"|alive|now|still|kill|go through|do it|did not|didnt)|moved on|healed|doing (?:well|good"
    r"|better|great|fine)|ok now|okay now|fine now)"
    r"|in recovery|thankfully|not (?:any ?more|now)|got (?:through it|help|better)"
    r"|but now i (?:am|love|feel|want to live|enjoy)|but (?:im|i am) (?:ok|okay|fine|good|better)"
)
_ATTEMPT = re.compile(r"(?<![^ ])(?:tried|atempt\w*|overdosed|atempted|survived)(?![^ ])")
_THOUGHT_OF = re.compile(
    r"(?<![^ ])(?:thought\w*|think\w*|dream\w*|ways?|considered|imagin\w*)(?![^ ])"
)
_RECENTLY = context_pattern(
    r"(?:tonight|today|right now|just now|now|this (?:morning|evening|afternoon|minute)|last night"
    r"|yesterday|an hour ago|(?:\w+ )?(?:minutes?|hours?|mins|hrs) ago|this week|earlier"
    r"|last week|a few days ago|(?:every|all) (?:day|the time|night)|recently|lately|already|again)"
)

_NOW = context_pattern(
    r"(?:tonight|right now|right this|just now|this (?:evening|minute|afternoon|second|moment)"
    r"|about to"
    r"|in (?:a|an|the next|like|\w+) (?:few )?(?:minutes?|mins|hours?|moments?|seconds)|as we speak"
    r"|before (?:morning|midnight|sunrise)|(?:minutes?|hours?|mins) ago|this is goodbye|goodbye"
    r"|after (?:this|i send this|this message)|when (?:everyone|they|he|she|my \w+) (?:is|are"
    r"|falls?|go|goes|leaves?)(?: \w+)? (?:asleep|sleep|bed|out|work))"
)
_NOW_AFTER = re.compile(r"\A ?(?:\w+ )?(?:today|now|tomorow)(?! (?:but|and then)\b)(?![^ ])")
_SET_ON = context_pattern(
    r"(?:going to|im gonna|will|ill|decided|about to|ready|plan\w*|today is the day|made up my mind"
    r"|time to|have to|need to)"
)
_MEANS_AT_HAND = context_pattern(
    r"(?:i|ive|i have|with|and|im|am|got)(?: (?:have|got|holding|bought|loaded|found|hold|took"
    r"|grabbed|also"
    r"|am|already|keep|the|a|an|my|of|some|enough|in|put|counted|saved up|next to|beside"
    r"|sitting with))+ "
    r"(?:\w+ )?(?:gun|pistol|rifle|shotgun|rope|noose|knife|blades?|razors?|pills|tablets"
    r"|bleach|poison|insulin|bullets)(?! (?:prescription|that i take|for (?:my|sleep|anxiety)))"
    r"|(?:gun|pistol|rifle|rope|noose|knife|blade|razor|pills|tablets) (?:is "
    r"|are )?(?:\w+ )?(?:in my (?:hands?"
    r"|lap|pocket|bag|drawer)|in front of me|next to me|beside me|ready|on the table|with me"
    r"|right here)|(?:standing|sitting|stood|sat|im|am|up) (?:\w+ )?(?:on|at|by|over) (?:the |a "
    r"|this )?(?:\w+ )?(?:bridge"
    r"|ledge|roof|rooftop|edge|train tracks|tracks|railing|cliff|balcony)|at the (?:bridge"
    r"|tracks|station)"
)


@dataclass(frozen=True, slots=True)
class Frame:
    """What a whole sentence says about everything in it."""

    game: bool
    joke: bool
    fiction: bool
    dated: bool
    long_ago: bool
    years_ago: bool
    resolved: bool
    recent: bool
    now: bool
    at_hand: bool

    @classmethod
    def of(cls, text: str, at_hand: bool) -> Frame:
        """Read the frame from a sentence; `at_hand`: the message names a means at hand."""
        since = _SINCE.search(text) is not None
        years_ago = not since and _YEARS_AGO.search(text) is not None
        return cls(
            game=_GAME.search(text) is not None,
            joke=_JOKE.search(text) is not None and _NO_JOKE.search(text) is None,
            fiction=_FICTION.search(text) is not None,
            dated=_STARTS_DATED.match(text) is not None,
            long_ago=years_ago or (not since and _MONTHS_AGO.search(text) is not None),
            years_ago=years_ago,
            resolved=_RESOLVED.search(text) is not None,
            recent=_RECENTLY.search(text) is not None,
            now=_NOW.search(text) is not None,
            at_hand=at_hand,
        )


def names_means_at_hand(text: str) -> bool:
    """Whether a sentence in normal form says that a means of suicide is within reach."""
    return _MEANS_AT_HAND.search(text) is not None


def level_in_context(rule: Rule, before: str, match: str, after: str, frame: Frame) -> RiskLevel:
    """Return what a rule's match means in its context; doubt keeps it flagged."""
    if rule.not_after and rule.not_after.search(before):
        return RiskLevel.NONE
    if rule.not_before and rule.not_before.search(after):
        return RiskLevel.NONE
    ceiling = min(
        _ceiling_by_negation(rule, before, match, after),
        _ceiling_by_speaker(rule, before, match, after, frame),
        _ceiling_by_time(rule, before, match, after, frame),
        _ceiling_by_play(rule, before, match, after, frame),
    )
    return min(_raised(rule, before, match, after, frame), ceiling)


def _ceiling_by_negation(rule: Rule, before: str, match: str, after: str) -> RiskLevel:
    if not rule.negatable:
        return RiskLevel.IMMINENT
    if _DENIED_AFTER.search(after):
        return RiskLevel.NONE
    if _NOT_TO.search(before):
        return RiskLevel.IMMINENT if _STRUGGLE_NOT_TO.search(before) else RiskLevel.CONCERN
    denial = _NEGATED.search(before)
    if denial and not _MORE_THAN_EVER.search(after):
        halfway = _NOT_FULLY_DENIED.search(after)
        by_others = _OTHERS_VIEW.search(before[: denial.start()].rstrip())
        return RiskLevel.CONCERN if halfway or by_others else RiskLevel.NONE
    if _NO_SUCH.search(before) and _NOUN.match(match):
        return RiskLevel.NONE
    if _COULD_NOT.search(before):
        return RiskLevel.CONCERN
    return RiskLevel.IMMINENT


def _ceiling_by_speaker(rule: Rule, before: str, match: str, after: str, frame: Frame) -> RiskLevel:
    if _TITLE.search(before):
        return RiskLevel.CONCERN if _AUTHOR.search(before) else RiskLevel.NONE
    if _REPORTED.search(before) and _REPORTER.search(before):
        denied = _ASKED.search(before) and _DENIED.search(after)
        return RiskLevel.NONE if denied else RiskLevel.CONCERN
    if rule.owned and not match.startswith(("i ", "im ")) and _OTHER_SUBJECT.search(before):
        if (
            frame.fiction
            or rule.level is RiskLevel.CONCERN
            or (_PAST_WORD.search(match) and not frame.recent)
        ):
            return RiskLevel.NONE
        return RiskLevel.CONCERN
    if frame.fiction and _FICTION.search(before):
        return RiskLevel.CONCERN
    return RiskLevel.IMMINENT


def _ceiling_by_time(rule: Rule, before: str, match: str, after: str, frame: Frame) -> RiskLevel:
    if rule.level is RiskLevel.IMMINENT:  # "I took them all" is past, and an emergency.
        if not frame.long_ago or frame.recent:
            return RiskLevel.IMMINENT
        dated = frame.dated and len(before.split()) <= _CLOSE_WORDS
        return RiskLevel.CONCERN if dated or _dates_the_match(before, after) else RiskLevel.HIGH
    if not _is_past(rule, before, match, frame):
        return RiskLevel.IMMINENT
    attempt = _ATTEMPT.search(match) or _ATTEMPT.search(before)
    if rule.kind is RiskKind.ABUSE:
        return RiskLevel.NONE if frame.years_ago else RiskLevel.CONCERN
    if attempt:
        return RiskLevel.CONCERN if frame.long_ago or frame.resolved else RiskLevel.HIGH
    return RiskLevel.NONE if frame.resolved else RiskLevel.CONCERN


def _dates_the_match(before: str, after: str) -> bool:
    """Whether a date stands right beside a match; elsewhere it may date something else."""
    near = (before[-30:], after)
    return any(p.search(text) for p in (_YEARS_AGO, _MONTHS_AGO) for text in near)


def _is_past(rule: Rule, before: str, match: str, frame: Frame) -> bool:
    if (frame.recent and not frame.long_ago) or _HYPOTHETICAL.search(before):
        return False
    if rule.kind is RiskKind.ABUSE:
        return _PAST_WORD.search(match) is not None and not _ONGOING.search(match)
    if not (_PAST_MATCH.match(match) or _PAST_BEFORE.search(before)):
        return frame.long_ago and rule.kind is RiskKind.SELF_HARM and not _ONGOING.search(match)
    perfect = _PERFECT.search(before) or match.startswith(("ive ", "i have "))
    return frame.long_ago or frame.resolved or not perfect


def _ceiling_by_play(rule: Rule, before: str, match: str, after: str, frame: Frame) -> RiskLevel:
    if frame.game:
        beside = _GAME.search(after) or _GAME.match(before)
        past = _PAST_MATCH.search(match) and not _ATTEMPT.search(match)
        played = beside and (past or rule.kind is RiskKind.HARM_TO_OTHERS)
        return RiskLevel.NONE if played else RiskLevel.CONCERN
    if frame.joke and rule.level < RiskLevel.IMMINENT:
        return RiskLevel.CONCERN
    return RiskLevel.IMMINENT


def _raised(rule: Rule, before: str, match: str, after: str, frame: Frame) -> RiskLevel:
    """Raise an act or intent to imminent where a time or a means is at hand."""
    if rule.level < RiskLevel.HIGH:
        recent = frame.recent and not frame.long_ago
        worse = recent if rule.kind is RiskKind.ABUSE else frame.at_hand or frame.now
        return RiskLevel.HIGH if rule.act and worse else rule.level
    if rule.kind is RiskKind.SELF_HARM:
        return rule.level
    if rule.kind is RiskKind.SUICIDE and frame.at_hand:
        return RiskLevel.IMMINENT
    if not rule.act or _THOUGHT_OF.search(before[-40:]):
        return rule.level
    soon = frame.now or (
        _NOW_AFTER.search(after) and _SET_ON.search(f"{before[-40:]} {match}") is not None
    )
    return RiskLevel.IMMINENT if soon or frame.at_hand else rule.level
