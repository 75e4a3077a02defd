"""Word lists of the rule-based persona extractor, all in lower case."""

from __future__ import annotations

from collections.abc import Iterator


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _phrases(lines: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(phrase.split()) for phrase in lines.split("|"))


CONTRACTIONS = {
    "im": "I am", "i'm": "I am", "iam": "I am", "ive": "I have", "i've": "I have",
    "i'll": "I will", "we're": "we are", "we've": "we have", "we'll": "we will",
    "dont": "don't", "doesnt": "doesn't", "didnt": "didn't", "cant": "can't", "wont": "won't",
    "isnt": "isn't", "arent": "aren't", "wasnt": "wasn't", "werent": "weren't",
    "havent": "haven't", "hasnt": "hasn't", "hadnt": "hadn't", "couldnt": "couldn't",
    "wouldnt": "wouldn't", "shouldnt": "shouldn't", "hes": "he's", "shes": "she's",
    "theyre": "they're", "youre": "you're", "thats": "that's", "theres": "there's",
    "gonna": "going to", "wanna": "want to", "gotta": "got to", "kinda": "kind of",
    "cuz": "because", "cause": "because", "coz": "because", "bc": "because", "b/c": "because",
    "becuase": "because", "becasue": "because",
}  # fmt: skip
"""How chat spells the words the rules look for. "id", "ill", "well", "were" are words too."""

# --- Who a clause is about -------------------------------------------------------------------

SEEKER = _set("i we")
POSSESSIVE = _set("my our")
OTHERS = _set(
    "he she they it you u he's she's they're it's that's there's you're there this everyone"
    " everybody nobody people someone somebody"
)
ADDRESSED = _set(
    "you u ur your youre you're yours yourself you'll you've you'd ya yall y'all thanks thank thx"
)
"""Words said to the supporter: such a clause is about the chat, or about people in general."""
UNRESOLVED = _set("it this that them these those it's its itself that's")
"""Words that mean nothing without the line before them."""

# --- Verbs -----------------------------------------------------------------------------------

BE = _set("am is are was were been being")
NEGATED_AUXILIARY = _set(
    "don't didn't doesn't can't cannot couldn't won't wouldn't shouldn't isn't aren't wasn't"
    " weren't haven't hasn't hadn't ain't"
)
AUXILIARY = (
    BE | NEGATED_AUXILIARY | _set("have has had do does did can could will would should might may must")
)
SHARED_SUBJECT_VERB = _set(
    "am was have had don't didn't can't cannot couldn't haven't hadn't wasn't feel felt lost"
)
"""Finite forms after which "I <did one thing> and <verb> ..." still speaks of "I"."""
DROPPED_SUBJECT_VERB = _set("am lost can't cannot haven't hadn't didn't couldn't")
"""First words of a sentence whose "I" was left out and that are no command ("Don't worry")."""

_REGULAR = """
    abuse accept accomplish ache act add admit adopt adore afford age apply argue arrive attempt
    attend avoid babysit battle beg believe belong blame block bother breathe bully bury call care
    carry cause change cheat clean close complain confess confide confront consider contact control
    cook cope cover crave cry dance date deal decide deny depend deserve destroy develop die
    disagree disappear disappoint dislike divorce doubt dread dream drift drop dump earn email
    embarrass end enjoy enroll envy exercise exist expect experience explain face fail fear
    feel figure file finish fire focus follow force fulfill function gain gamble garden graduate
    guard handle happen harass harm hate help hesitate hide hire homeschool hope hug hurt ignore
    inherit insult invite isolate join juggle kick kill kiss knit lack laugh learn lie like limit
    listen live lock long look love loathe manage marry mess misplace miss moan mourn move murder
    neglect notice obsess offer open order overdose overeat overreact overthink overwork own pack
    paint panic parent pass pity plan play postpone practice pray prefer prepare procrastinate
    promise propose protect provide punish push qualify raise reach realize realise receive
    recover refuse regret reject relapse relate relax rely remain remember rent repeat resent
    resign rest retire return ruin rush save scare scream seem self-harm separate serve share
    shop shout skip sleep smoke sort sound spell spiral split stare start starve stay steal
    stop stress struggle study stutter succeed suffer support suppress surprise survive suspect
    switch tend test text thrive train transfer travel treat trust try turn type use value visit
    volunteer vomit wait walk want waste watch weigh wish work worry yell
"""
_IRREGULAR = """
    become became|begin began begun|break broke broken|bring brought|build built|buy bought|catch
    caught|choose chose chosen|come came|cut|do did done|draw drew drawn|drink drank drunk|drive
    drove driven|eat ate eaten|fall fell fallen|feel felt|fight fought|find found|forget forgot
    forgotten|forgive forgave forgiven|get got gotten|give gave given|go went gone|grow grew grown|
    hang hung|have has had|hear heard|hide hid hidden|hit|hold held|hurt|keep kept|know knew known|
    lay laid|lead led|leave left|lend lent|let|lie lay lain|lose lost|make made|mean meant|meet
    met|need needed|owe owed|pay paid|put|quit|read|ride rode|run ran|say said|see saw seen|seek
    sought|sell sold|send sent|set|shut|sing sang|sit sat|sleep slept|speak spoke spoken|spend
    spent|split|stand stood|steal stole stolen|stick stuck|take took taken|teach taught|tell told|
    think thought|understand understood|wake woke woken|wear wore worn|win won|write wrote written
"""


def _inflections(verb: str) -> Iterator[str]:
    """Yield the forms of a verb that adds -s, -ed and -ing; doubled consonants cover "stopped"."""
    stem = verb.removesuffix("e")
    yield verb
    yield from (verb + "s", verb + "es", stem + "ed", stem + "ing", verb + verb[-1] + "ed")
    yield verb + verb[-1] + "ing"
    if verb.endswith("y"):
        yield from (verb[:-1] + "ies", verb[:-1] + "ied")


IRREGULAR = frozenset(_IRREGULAR.replace("|", " ").split())
VERBS = (
    AUXILIARY
    | IRREGULAR
    | frozenset(f for v in _REGULAR.split() for f in _inflections(v))
    | frozenset(f for v in IRREGULAR for f in (v + "s", v.removesuffix("e") + "ing"))
)
"""Words that a clause of a chat may be built on; others ending in -ed count as well."""

# --- Clauses that hold another clause --------------------------------------------------------

HYPOTHETICAL = _set("if unless whether wish wished imagine pretend suppose supposing hope hopefully maybe perhaps would 'd")
"""What follows one of these in a sentence is not told as a fact."""
SPEECH = _set(
    "say says said saying tell tells told telling claim claims claimed call calls called calling"
    " yell yells yelled scream screams screamed accuse accuses accused insist insists insisted"
    " complain complains complained remind reminds reminded texted wrote think thinks thought"
    " believe believes believed assume assumes assumed joke jokes joked shout shouts shouted"
)
MENTAL = SPEECH | _set(
    "feel feels felt feeling know knows knew guess wish wished hope realize realized realise"
    " realised fear afraid worried scared worry dream dreamed dreamt imagine pretend decided"
    " believe convinced sure doubt suspect mean thinking saying worrying hoping act acts acted"
)
"""Verbs and adjectives whose object may be a clause: "I feel I am ..."."""
EMBEDDER = _set(
    "that like how why what where who when whenever while until till before than as once though"
    " everything anything nothing everyone anyone all person thing time way reason only if unless"
    " whether"
)
SUBORDINATOR = _set(
    "when whenever because since as after before while although though until once ever even"
)
"""First words of a clause that leans on the next one: "When I am alone, I cry."."""
RUN_ON_END = _set(
    "me him her us now today anymore lately yesterday tonight again alone too week weeks month"
    " months year years ago myself recently job school covid work together home"
)
"""Last words of a clause to which the next is joined without a comma: "... left me i can't ..."."""
NEEDS_MORE = _set(
    "a an the my our his her their to of with for and or but because by from at in into about so"
    " glad happy sad sorry proud ashamed embarrassed angry mad upset lucky grateful thankful found"
    " out heard see saw learned discovered noticed person man woman one day moment even if which"
    " every each between just told time times something someone anyone somebody things stuff people"
    " places"
)
"""Last words after which a subject belongs to the same clause: "I am so sad I lost her"."""
QUESTION_WORD = _set("what how why where when who which")

# --- Words that are taken out ----------------------------------------------------------------

OPENERS = _phrases(
    "yes|yeah|yea|yep|yup|yess|ya|no|nope|nah|well|ok|okay|k|oh|ah|aw|hmm|hm|um|umm|uh|uhh|er|so|and|but"
    "|because|also|anyway|anyways|actually|honestly|basically|plus|then|like|lol|haha|hahaha|hi"
    "|hello|hey|hiya|sorry|unfortunately|obviously|sadly|luckily|thankfully|literally|seriously"
    "|truthfully|frankly|to be honest|tbh|i mean|you know|ya know|yah know|the thing is"
    "|the thing is that|the problem is|the problem is that|my problem is that|my problem is i"
    "|the truth is|the truth is that|the fact is|in fact|first of all|first|firstly|second"
    "|secondly|for example|for instance|as i said|like i said|by the way|btw|it's just that"
    "|it's just|it's because|it's that|of course|sure|right|true|exactly|correct|absolutely"
    "|definitely|not really|not yet|not at all|mostly|mainly|well yes"
    "|on top of that|besides|besides that|in addition|however|though|although|still|especially"
    "|to make matters worse|worse|guess|other than that|for the most part"
    "|as a matter of fact|in reality|at least|to be fair|good morning|good evening|good afternoon"
    "|more like|kind of|sort of|long story short|and yes|wow|ugh|omg|oh my god|man|dude|and then"
    "|at the moment|at this point|right now|as of now|now|please|thing is|just that|you see|see|look"
)
"""Said before a statement and adding nothing to it."""
QUANTIFIERS = _phrases("all|all of|both|both of|even")
"""Openers only before "my": "All my friends left", but "All I have ..." is another thing."""
HEDGES = _phrases("i think|i think that|i guess|i guess that|i suppose|i would say|i'd say|maybe")
"""Stripped only before what a seeker knows at first hand: "I think I have cancer" is no finding."""
FIRST_HAND = _set("feel felt feeling want need miss love hate")
TAGS = _phrases(
    "you know|ya know|yah know|lol|lmao|haha|hahaha|tbh|idk|i guess|i think|i suppose|to be honest"
    "|though|tho|too|also|as well|either|sadly|unfortunately|anyway|anyways|and|but|because|or|so"
    "|for sure|i must say|i believe|of course|for example|and so on|and stuff|and such|etc|smh|plus"
    "|if that makes sense|is all|i'd say|by the way|btw|since|however|i mean|yes"
)
COMMA_TAGS = _phrases(
    "now|right|ok|okay|well|really|then|no|yes|yeah|like|sorry|i feel|i know|hmm|man|honestly|thanks|all"
)
"""Tags after a comma only: "I am not okay" and "every now and then" end on them too."""
INNER_FILLERS = _set(
    "honestly actually basically literally also seriously truthfully obviously lol tbh um uh"
)

# --- Words in front of the subject -----------------------------------------------------------

MIDDLE_ADVERBS = _set(
    "sometimes usually often recently currently normally generally occasionally constantly"
    " frequently always"
)
END_ADVERBS = _set("today yesterday lately nowadays tomorrow tonight")
TIME_WORDS = _set(
    "day days night nights week weeks weekend month months year years morning evening times"
    " summer winter spring fall ago january february march april may june july august september"
    " october november december christmas hour hours monday tuesday wednesday thursday friday"
    " saturday sunday pandemic covid lockdown"
)
PREPOSITION_START = _set("for over during since at in on because due with after before by")
ADVERBIAL_START = PREPOSITION_START | _set(
    "last this every each one some most these the about two three a"
)

# --- Statements that are not worth knowing, or not safe --------------------------------------

NEGATED_MODALS = _set("can't cannot couldn't won't wouldn't shouldn't")
MODALS = _set("will would can could should might may must shall ought") | NEGATED_MODALS
CHAT_VERBS = _set(
    "see understand agree disagree guess hope suppose mean appreciate thank wonder wondered ask say"
    " said saying suggest recommend bet apologize hear heard imagine doubt assume promise notice"
    " noticed look know knew figure figured reckon remember forgot forget dunno believe asking"
    " wondering guessing hoping hearing seeing looking kidding joking typing chatting talking"
    " considering assuming meant mentioned mention stated admit recall typed chat relate thought asked"
    " question supposed consider understood thinking trust"
)
"""Heads of chat management and of opinions; a few are let through by `HEARSAY_OK`."""
CHAT_STATES = _set(
    "fine good ok okay well alright great here back sorry sure glad ready done right correct better"
    " wrong open willing curious grateful thankful unsure interested there able aware positive new"
    " supposed welcome excited appreciative happy online dong doing with like"
)
"""What "I am ..." says of the chat or the moment; a negation makes some of them worth knowing."""
CHAT_STATES_EVEN_NEGATED = _set(
    "sure here back there saying asking ready done right wrong correct supposed aware certain like"
    " talking trying kidding joking positive"
)
CHAT_WORDS = _set(
    "advice suggestion suggestions idea ideas tip tips chat chatting chats message messages"
    " conversation conversations input recommendation recommendations perspective point"
    " bye goodbye hello hi please website link survey mturk hit reply replies typo question"
    " questions pleasure apologies goodness gosh"
)
CHAT_INFINITIVES = _set(
    "go try do talk chat say ask know hear see thank share vent think look check log sign hop be"
    " discuss read take give keep"
)
VAGUE = _set(
    "something anything things stuff one ones thing more so do did am was have too same lot much some"
    " many few both all none any lots several others other everything nothing"
    " here"
)
"""A sentence must not end on one of these alone: it would lean on the line before."""
DANGLING = _set(
    "a an the my our his their to of with for and or but because from by than as if is are were"
    " i'm i we he she they very just at into about when while that which who am was be do did does"
    " can't don't couldn't didn't haven't cannot won't wasn't isn't aren't doesn't not even being"
    " been how what where in at between until after before don no its"
)
FUNCTION_WORDS = TIME_WORDS | AUXILIARY | OTHERS | UNRESOLVED | DANGLING | VAGUE | _set(
    "me us him her i in on out up down off so not no never ever really very much just still get got"
    " getting going try trying tried want wanted feel feeling think like all also there here now"
    " then again always too be make makes made go come take keep doing know know tell told give"
    " say said need lot bit little kind sort well only found find last past next few started start"
    " able put use used wish over around away through without back under between during"
)
"""Words that carry no news about the seeker."""
FEELINGS_FOR_PEOPLE = _set("love miss hate trust fear forgive")
ADVERBS = _set(
    "just never always still also even often so very now sometimes ever almost too pretty quite"
    " already kind of sort a bit little much then rather somewhat"
) - _set("a of much little bit")
HELPERS = _set("do did don't didn't have haven't had hadn't has")
NOUNS_TOO = _set("work worries fear support help trust sleep need plans date fights struggles")
"""After "have" these are what one has, not what one has done."""
SEMI_AUXILIARY = _set("not even seem to be able help longer barely hardly never ever get")
DENIABLE = _set("can could will can't cannot couldn't won't")
"""What the seeker cannot, could not or will not do is a fact; "I wouldn't" hangs on an "if"."""
FATE = _set("be become have lose fail die miss")
"""After "I am going to": what befalls the seeker; other verbs are plans made in the chat."""
NOT_AFTER_I = _set("is are has does doesn't isn't hasn't aren't")
"""Verbs of another person: the "I" in front of one is a slip for "it"."""
CHAT_FEELINGS = _set("better calmer relieved lighter brighter heard good fine ok okay great")
NOT_BEFORE_BUT = _set("nothing anything anyone everything everyone all help")
REASON = _set("because since which")
FREQUENCY_START = _set("some most every each at")
"""First words of "some days": without it the statement would claim more than was said."""
