"""Word lists of the rule-based persona extractor, in lower case."""

from __future__ import annotations

from collections.abc import Iterator


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _phrases(phrases: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(phrase.split()) for phrase in phrases.split("|"))


def _pairs(pairs: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in pairs.split("|"))


CONTRACTIONS = _pairs(
    "im=I am|i'm=I am|iam=I am|ive=I have|i've=I have|i'll=I will|i'd=I would|we're=we are"
    "|we've=we have|we'll=we will|dont=don't|doesnt=doesn't|didnt=didn't|cant=can't|wont=won't"
    "|isnt=isn't|arent=aren't|wasnt=wasn't|werent=weren't|havent=haven't|hasnt=hasn't"
    "|hadnt=hadn't|couldnt=couldn't|wouldnt=wouldn't|shouldnt=shouldn't|hes=he's|shes=she's"
    "|theyre=they're|youre=you're|thats=that's|theres=there's|gonna=going to|wanna=want to"
    "|gotta=got to|kinda=kind of|cuz=because|cause=because|coz=because|bc=because|b/c=because"
    "|becuase=because|becasue=because"
)
"""How chat spells the words the rules look for. "id", "ill" and "were" are words of their own."""

# --- Who is spoken of ------------------------------------------------------------------------

SEEKER = _set("i we")
POSSESSIVE = _set("my our")
OTHERS = _set(
    "he she they it you u he's she's they're it's that's there's you're there this everyone"
    " everybody nobody people someone somebody"
)
DETERMINERS = _set("the his her their a some your all most")
SUBJECTS = SEEKER | POSSESSIVE | OTHERS
ADDRESSED = _set(
    "you u ur your youre you're yours yourself you'll you've you'd ya yall y'all thanks thank thx"
)
"""Said to the supporter, or of people in general; never of the seeker alone."""
UNRESOLVED = _set("it this that them these those it's its itself that's")
"""Mean nothing without the line before them."""
PEOPLE = _set("he she him her they there")
"""Lean on the line before too, but "I miss her" says something all the same."""
NOBODY = _set("no nobody noone no-one")
"""Small words that say much: "I have no one."."""

# --- Verbs -----------------------------------------------------------------------------------

BE = _set("am is are was were been being wasn't isn't aren't weren't")
NEGATED_MODALS = _set("can't cannot couldn't won't wouldn't shouldn't")
MODALS = NEGATED_MODALS | _set("will would can could should might may must shall ought")
DENIABLE = _set("can could will can't cannot couldn't won't")
"""What the seeker cannot, could not or will not do is a fact; "I wouldn't" hangs on an "if"."""
HELPERS = _set("do did don't didn't have haven't had hadn't has")
NEGATIONS = NEGATED_MODALS | _set(
    "not never barely hardly don't didn't doesn't isn't aren't wasn't weren't haven't hasn't hadn't"
)
AUXILIARY = BE | MODALS | HELPERS | _set("does doesn't hasn't")
SHARED_SUBJECT_VERB = _set(
    "am was have had don't didn't can't cannot couldn't haven't hadn't wasn't feel felt lost"
)
"""Finite forms after which "I <did one thing> and <verb> ..." still speaks of "I"."""
DROPPED_SUBJECT_VERB = _set("am lost can't cannot haven't hadn't didn't couldn't")
"""First words of a sentence whose "I" was left out, and that cannot be a command."""
DROPPED_SUBJECT_DENIAL = _phrases("don't have|don't want|don't feel")
NOUNS_TOO = _set("work worries fear support help trust sleep need plans date fights struggles")
"""After "have" these are what one has, not what one has done."""
NOT_AFTER_I = _set("is are has does doesn't isn't hasn't aren't")
"""Another person's verb: the "I" before it is a slip for "it"."""
SEMI_AUXILIARY = _set("not even seem to be able help longer barely hardly never ever")
FATE = _set("be become have lose fail die miss")
"""After "I am going to": what befalls the seeker; other verbs are plans made in the chat."""

_REGULAR = """
    abuse accept accomplish ache act add admit adopt adore afford age apply argue arrive attempt
    attend avoid babysit battle beg believe belong blame block bother breathe bully bury call care
    carry cause change cheat clean close complain confess confide confront consider contact control
    cook cope cover crave cry dance date deal decide deny depend deserve destroy develop die
    disagree disappear disappoint dislike divorce doubt dread dream drift drop dump earn email
    embarrass end enjoy enroll envy exercise exist expect experience explain face fail fear figure
    file finish fire focus follow force fulfill function gain gamble garden graduate guard handle
    happen harass harm hate help hesitate hide hire homeschool hope hug hurt ignore inherit insult
    invite isolate join juggle kick kill kiss knit lack laugh learn lie like limit listen live lock
    long look love loathe manage marry mess misplace miss moan mourn move murder neglect notice
    obsess offer open order overdose overeat overreact overthink overwork own pack paint panic
    parent pass pity plan play postpone practice pray prefer prepare procrastinate promise propose
    protect provide punish push qualify raise reach realize realise receive recover refuse regret
    reject relapse relate relax rely remain remember rent repeat resent resign rest retire return
    ruin rush save scare scream seem self-harm separate serve share shop shout skip smoke sort sound
    spell spiral stare start starve stay stop stress struggle study stutter succeed suffer support
    suppress surprise survive suspect switch tend test text thrive train transfer travel treat trust
    try turn type use value visit volunteer vomit wait walk want waste watch weigh wish work worry
    yell
"""
_IRREGULAR = _set("""
    become became begin began begun break broke broken bring brought build built buy bought catch
    caught choose chose chosen come came cut do did done draw drew drawn drink drank drunk drive
    drove driven eat ate eaten fall fell fallen feel felt fight fought find found forget forgot
    forgotten forgive forgave forgiven get got gotten give gave given go went gone grow grew grown
    hang hung have has had hear heard hide hid hidden hit hold held hurt keep kept know knew known
    lay laid lead led leave left lend lent let lie lay lain lose lost make made mean meant meet met
    need needed owe owed pay paid put quit read ride rode run ran say said see saw seen seek sought
    sell sold send sent set shut sing sang sit sat sleep slept speak spoke spoken spend spent split
    stand stood steal stole stolen stick stuck take took taken teach taught tell told think thought
    understand understood wake woke woken wear wore worn win won write wrote written
""")


def _forms(verb: str) -> Iterator[str]:
    """Yield the forms of `verb`, and some that do not exist: chat has those as well."""
    stem, doubled = verb.removesuffix("e"), verb + verb[-1]
    yield from (verb, verb + "s", verb + "es", stem + "ed", stem + "ing")
    yield from (doubled + "ed", doubled + "ing")
    if verb.endswith("y"):
        yield from (verb[:-1] + "ies", verb[:-1] + "ied")


VERBS = (
    AUXILIARY
    | _IRREGULAR
    | frozenset(form for verb in _REGULAR.split() for form in _forms(verb))
    | frozenset(
        form for verb in _IRREGULAR for form in (verb + "s", verb.removesuffix("e") + "ing")
    )
)
"""What a clause of a chat may be built on; other words that end in -ed count as well."""
CLEAR_VERBS = AUXILIARY | _IRREGULAR
"""Seldom nouns, so that "my dad died" is a clause and "my work friends" is none."""

# --- Clauses in clauses ----------------------------------------------------------------------

HYPOTHETICAL = _set(
    "if unless whether wish wished imagine pretend suppose supposing hope hopefully maybe perhaps"
    " would"
)
"""What follows one of these in a sentence is not told as a fact."""
SPEECH = _set(
    "say says said saying tell tells told telling claim claims claimed call calls called calling"
    " yell yells yelled scream screams screamed accuse accuses accused insist insists insisted"
    " complain complains complained remind reminds reminded texted wrote think thinks thought"
    " believe believes believed assume assumes assumed joke jokes joked shout shouts shouted"
)
"""In another's mouth these make what follows a report, however far "and" carries it."""
CLINICIANS = _set(
    "doctor doctors doc gp physician psychiatrist psychologist therapist counselor counsellor"
    " specialist dentist surgeon nurse midwife"
)
"""Whose word on the seeker is theirs, whether they say "my" or "the"."""
NAMED = _set(
    "husband wife partner boyfriend girlfriend fiance fiancee ex mum mom mother dad father son"
    " daughter child baby brother sister friend uncle aunt cousin grandma grandmother grandpa"
    " grandfather boss dog puppy cat kitten horse rabbit"
)
"""Who stands behind a name: "Miso, my cat, died"."""
CALLED_OUT = _set("god lord jesus christ mate girl man bro dude doctor doc honey sis gosh damn")
"""What is no name though a comma follows it."""
NAMING = _set("call called")
"""Of these, what one last word may follow: "a dog called Biscuit", "at a call centre"."""
HOLDERS = _set(
    "feel feels felt feeling know knows knew guess realize realized realise realised fear afraid"
    " worried scared worry dream dreamed dreamt decided convinced sure doubt suspect mean thinking"
    " worrying hoping act acts acted"
)
MENTAL = SPEECH | HYPOTHETICAL | HOLDERS
"""Before a subject, these hold a clause: "I feel I am ..."."""
EMBEDDER = _set(
    "that like how why what where who when whenever while until till before than as once though"
    " everything anything nothing everyone anyone all person thing time way reason only if unless"
    " whether"
)
PERCEPTION = _set("found heard see saw learned discovered noticed read")
_BEFORE_MORE = _set("""
    a an the my our his her their to of with for and or but because by from at in into about so glad
    happy sad sorry proud ashamed embarrassed angry mad upset lucky grateful thankful out man woman
    one day moment even which every each between just told times something someone somebody things
    stuff people places
""")
NEEDS_MORE = EMBEDDER | AUXILIARY | PERCEPTION | _BEFORE_MORE
"""After these a subject belongs to the same clause: "I am so sad I lost her"."""
RUN_ON_END = _set(
    "me him her us now today anymore lately yesterday tonight again alone too week weeks month"
    " months year years ago myself recently job school covid work together home"
)
"""Here a clause often ends without a comma: "my husband left me i can't sleep"."""
SUBORDINATOR = _set(
    "when whenever because since as after before while although though until once ever even"
)
"""First words of a clause that leans on the next one: "When I am alone, I cry"."""
REASON = _set("because since which")
NEW_CONDITION = SUBORDINATOR | _set("if unless maybe perhaps hopefully")
NOT_BEFORE_BUT = _set("nothing anything anyone everything everyone all help")
QUESTION_WORD = _set("what how why where when who which")
TAG_QUESTIONS = _phrases("you know|ya know|yah know|u know")
"""The only questions that ask nothing; "right?" does ask."""
SARCASM = _phrases("yeah right|lucky me|oh great|just great|oh sure|sure because")
"""What else such a sentence says is not meant."""

# --- Taken out -------------------------------------------------------------------------------

OPENERS = _phrases(
    "yes|yeah|yea|yep|yup|yess|ya|no|nope|nah|well|well yes|ok|okay|k|oh|ah|aw|hmm|hm|um|umm|uh|er"
    "|so|and|but|also|anyway|anyways|plus|then|and then|like|haha|hi|hello|hey|hiya|sorry|please"
    "|unfortunately|sadly|luckily|thankfully|frankly|to be honest|i mean|you know|ya know|thing is"
    "|the thing is|the thing is that|the problem is|the problem is that|my problem is that"
    "|the truth is|the truth is that|the fact is|in fact|in reality|first of all|first|firstly"
    "|second|secondly|for example|for instance|as i said|like i said|by the way|btw|it's just that"
    "|it's just|it's because|it's that|just that|of course|sure|right|true|exactly|correct"
    "|absolutely|definitely|not really|not yet|not at all|mostly|mainly|on top of that|besides"
    "|besides that|in addition|however|though|although|still|especially|to make matters worse|worse"
    "|guess|other than that|for the most part|as a matter of fact|at least|to be fair|good morning"
    "|good evening|good afternoon|more like|kind of|sort of|long story short|and yes|wow|ugh|omg"
    "|oh my god|man|dude|at the moment|at this point|right now|as of now|now|you see|see|look"
)
"""Said before a statement and adding nothing to it."""
QUANTIFIERS = _phrases("all|all of|both|both of|even")
"""Openers only before "my": "All my friends left", but "All I have ..." is another thing."""
HEDGES = _phrases("i think|i think that|i guess|i guess that|i suppose|i would say")
FIRST_HAND = _set("feel felt feeling want need miss love hate")
"""A hedge goes only before what one knows at first hand: "I think I have cancer" stays as it is."""
TAGS = _phrases(
    "you know|ya know|yah know|u know|lmao|haha|hahaha|idk|smh|i guess|i think|i suppose|i believe"
    "|to be honest|though|tho|too|as well|either|sadly|unfortunately|anyway|anyways|and|but|because"
    "|or|so|for sure|i must say|of course|for example|and so on|and stuff|and such|etc|plus|since"
    "|if that makes sense|is all|by the way|btw|however|i mean|yes|so now|and now"
)
COMMA_TAGS = _phrases(
    "now|right|ok|okay|well|really|then|no|yes|yeah|like|sorry|i feel|i know|hmm|man|thanks|all"
)
"""Tags after a comma only: "I am not okay" ends on one of them too."""
INNER_FILLERS = _set(
    "honestly actually basically literally also seriously truthfully obviously lol tbh um uh"
)

# --- In front of the subject -----------------------------------------------------------------

ADVERBS = _set(
    "just never always still even often so very now sometimes ever almost too pretty quite already"
    " kind sort then rather somewhat"
)
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
FREQUENCY_START = _set("some most every each at")
"""First words of "some days": without it the statement would claim more than was said."""
ADVERBIAL_START = PREPOSITION_START | FREQUENCY_START | _set("last this one these the about two a")

# --- Not worth knowing, or not safe ----------------------------------------------------------

CHAT_VERBS = _set(
    "see seeing understand understood agree disagree guess guessing hope hoping suppose supposed"
    " mean meant appreciate thank wonder wondered wondering ask asked asking say said saying"
    " suggest recommend bet apologize hear heard hearing imagine doubt assume assuming promise"
    " notice noticed look looking know knew figure figured reckon remember forgot forget dunno"
    " believe kidding joking type typed typing chat chatting talking consider considering mention"
    " mentioned stated admit recall relate think thought thinking question trust"
)
"""Verbs of chat management and of passing opinions, unless what follows is judged by itself."""
CHAT_STATES = _set(
    "fine good ok okay well alright great here back sorry sure glad ready done right correct better"
    " safe wrong open willing curious grateful thankful unsure interested there able aware positive"
    " new supposed welcome excited appreciative happy online dong doing with like certain"
)
"""What "I am ..." says of the chat or of the moment."""
CHAT_STATES_DENIED = _set("sure here back there saying asking ready done right wrong supposed like")
"""The same after "not"; "I am not okay" is worth knowing."""
CHAT_FEELINGS = _set(
    "better calmer relieved lighter brighter heard good fine ok okay great happier receptive"
)
"""What the chat itself has brought about."""
CHAT_WORDS = _set(
    "advice suggestion suggestions idea ideas tip tips chat chatting chats message messages"
    " conversation conversations input recommendation recommendations perspective point clue"
    " bye goodbye hello hi please website link survey mturk hit reply replies typo question"
    " questions pleasure apologies goodness gosh"
)
CHAT_INFINITIVES = CHAT_VERBS - {"trust", "remember", "forget"} | _set(
    "go try do talk share vent check log sign hop discuss"
)
"""After "to": "I have to go", "I want to try" are plans about the chat and its advice."""
FEELINGS_FOR_PEOPLE = _set("love miss hate trust fear forgive")
OPINIONS = _set("think thought believe")
VAGUE = _set(
    "something anything things stuff one ones thing so do did am was have same some here many few"
    " both all none any lots several others other everything nothing"
)
"""A statement that ends on one of these leans on the line before, unless it says enough else."""
DANGLING = _set(
    "a an the my our his their to of with for and or but because by from than as if is are were we"
    " i he she they very just at in between into about until before when while where what how that"
    " which who am was be been being do did does can't don't couldn't didn't haven't cannot won't"
    " wasn't isn't aren't doesn't not even no its don most"
)
"""A statement that ends on one of these was cut off."""
_LIGHT_WORDS = _set("""
    me us i her him on out up down off really much more lot bit little like still get got getting
    going go come make makes made take keep try trying tried want wanted feel feeling wish say tell
    told give need kind sort well only find found last past next again always be start started able
    put use used over around away through without back under during after since yet
""")
FUNCTION_WORDS = (
    TIME_WORDS | AUXILIARY | OTHERS | UNRESOLVED | DANGLING | VAGUE | ADVERBS | _LIGHT_WORDS
)
"""Words that by themselves tell nothing about the seeker."""
