"""The words by which `claims` knows what a sentence says; patterns of plain lower-case text."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), start=1
    )
}
NUMBER = rf"(?:\d+|an?|{'|'.join(NUMBERS)})"
I_AM = r"i(?: am|'m| have become| became)"
NOW = r"(?: (?:now|currently|also|actually|just|still|only))*"
_JUST = r"(?:(?:have|has|'ve) )?(?:just )?"
NOT_QUITE = r"(?!(?:almost|nearly|never|not|didn't|hasn't|could|would|might|should)\b)"
"""Before a word: it is none after which the rest did not happen."""
_KIN = r"(?:husband|wife|boyfriend|girlfriend|partner|fianc[eé]e?|bf|gf|spouse)"
_SCHOOL = r"(?:school|college|university|uni)"

PET = (
    r"(?:dog|puppy|cat|kitten|rabbit|bunny|hamster|horse|pony|parrot|bird|budgie|guinea pig|"
    r"turtle|tortoise|fish|snake|lizard|ferret|rat)"
)
CHILDREN = (
    r"(?:child(?:ren)?|kids?|sons?|daughters?|boys?|girls?|babies|baby|siblings?|brothers?|"
    r"sisters?)"
)

OCCUPATIONS = _words(
    """
    accountant actor actress analyst architect artist assistant astronomer attorney author
    babysitter baker banker barber barista bartender biologist bookkeeper bricklayer broker builder
    butcher carer caregiver carpenter cashier chef chemist cleaner clerk coach consultant contractor
    cook counselor counsellor dancer decorator dentist designer developer dietitian director doctor
    driver economist editor electrician engineer farmer fireman firefighter fisherman florist
    freelancer gardener geologist guard hairdresser handyman historian housekeeper interpreter
    janitor jeweller journalist judge lawyer lecturer librarian lifeguard locksmith machinist maid
    manager mason mathematician mechanic midwife miner model musician nanny nurse officer operator
    optician painter paramedic pharmacist photographer physicist physiotherapist pilot plumber
    policeman policewoman politician porter postman postwoman priest principal producer professor
    programmer psychiatrist psychologist radiographer realtor receptionist reporter researcher
    roofer sailor salesman salesperson saleswoman scientist seamstress secretary singer soldier
    stewardess surgeon tailor teacher technician teller tester therapist trader trainer translator
    tutor undertaker upholsterer vet veterinarian waiter waitress welder writer
    """
)

NO_WORK = (
    rf"{I_AM}{NOW} (?:unemployed|jobless|out of work|between jobs|without a job|retired)",
    rf"i {_JUST}(?:lost|quit|left|resigned from) my (?:\w+ )?job(?! (?:early|late|at|for)\b)",
    r"(?:i was|i got|i have been|i've been|i am|i'm) (?:just )?"
    r"(?:laid off|fired|made redundant|let go|sacked|dismissed(?! by my))\b",
    r"(?:they|my \w+|the \w+) (?:just )?(?:laid me off|fired me|made me redundant|sacked me"
    r"|let me go(?=$| (?:from|last|yesterday|today|this|in|on|because|after|and|due|without)\b))",
    rf"i {_JUST}(?:retired|resigned)",
    r"i (?:don't|do not) have a job",
    r"i have no job",
)
NEW_WORK = (
    rf"i {_JUST}(?:found|got|started|start|have got) a(?: new)? job",
    r"i (?:work|started|start|am starting|began|begin)(?: \w+)? (?:as|at|for|in) ",
    rf"{I_AM} (?:employed|working again|back at work|hired)",
    r"i (?:was|got) hired",
)
NO_STUDIES = (
    rf"i {_JUST}(?:graduated(?! from (?:high|middle|primary|elementary|secondary)\b)|dropped out"
    rf"|left {_SCHOOL}(?! (?:at|early|to|because)\b)|finished {_SCHOOL})",
    rf"i {_JUST}finished my (?:degree|studies)",
    rf"i (?:quit|stopped|gave up) (?:studying|my studies|{_SCHOOL})",
)
STUDIES = (
    rf"{I_AM}{NOW} (?:an? )?(?:\w+ )?(?:student|undergraduate|freshman|sophomore)",
    r"i(?:'m| am)? study(?:ing)? ",
    rf"i go to {_SCHOOL}",
)
PARTED = (
    rf"my {_KIN}(?: {NOT_QUITE}\w+)? {_JUST}"
    r"(?:broke up with me|left me(?! (?:alone|an?|at|in the|out|waiting|on read)\b)|dumped me"
    r"|divorced me|died|passed away|moved out)",
    rf"my {_KIN} and i {_JUST}(?:broke up|broken up|split up|separated|parted|divorced)",
    rf"i {_JUST}(?:broke up with|left|dumped|lost|divorced|separated from) my {_KIN}"
    r"(?! (?:an?|the|alone|at|in|with|to)\b)",
    r"we(?: have|'ve)? (?:just )?(?:got )?(?:divorced|separated|broke up|broken up|split up)",
)
SINGLE = (
    r"i(?: am|'m| got|'ve been| have been)(?: \w+)? (?:divorced|separated|single|widowed)",
    rf"i (?:don't|do not) have an? {_KIN}",
)
TOGETHER = (
    rf"{I_AM}{NOW} (?:happily |newly )?(?:married|engaged|in a relationship|seeing someone)",
    r"(?:we|i) (?:just )?(?:got|are) (?:married|engaged)",
    rf"i have an? (?:new )?{_KIN}",
    rf"my {_KIN} and i (?:are|got) back together",
)

HABITS = ("smok", "drink", "vap", "gambl")
"""Their verbs begin so."""

QUIT = re.compile(
    r"\bi(?:'ve| have)? (?:quit|stopped|gave up|given up|am off|no longer|don't|do not) (\w+)"
)
NO_HABIT = re.compile(
    r"\b(?:coffee|tea|water|milk|juice|soda|coke|cola|energy|enough|smoothies?)\b"
)
"""Of drinking: what is not meant."""
DO = re.compile(r"\bi (smoke|drink|vape|gamble)\b")

LIKING = frozenset({"like", "enjoy", "adore", "love"})
NEGATIONS = re.compile(
    r"\b(?:not(?! only| just)|never|no longer|no|cannot|can't|don't|doesn't|didn't|isn't|aren't|"
    r"wasn't|won't|haven't|hasn't|couldn't|wouldn't)\b"
)
PAST = re.compile(r"\b(?:used to|had been|when i was)\b")
FURTHER_CLAUSE = re.compile(
    r"\b(?:because|when|since|although|though|but|and|so|if|unless|until|while|that|which|who)\b"
)
EMPTY = _words(
    """
    i am is are was were be been being do does did have has had will would can could a an the my of
    to in at on and so very really just now anymore any more longer still again after all actually
    also here there it that this too m s t ve re d ll don doesn isn no not never
    """
)

BY_A_CLINICIAN = re.compile(
    r"^(?:my|the) (?:doctors?|gp|physician|psychiatrist|psychologist|therapist|specialist|nurse) "
    r"(?:says?|said|tells me|told me|confirmed)(?: that)? (?=i )"
)
"""What follows is claimed as if the seeker said it."""

PRAISED = _words(
    "good bad terrible great awful decent careful slow fast poor lousy excellent horrible better"
    " worse best worst fantastic amazing nervous"
)
"""Before an occupation: what somebody is like at it, and not what they do for a living."""
NOWHERE = _words(
    "fear constant pain hope denial misery hell night nights day days poverty shame guilt silence"
    " chaos limbo peace different part full remote survival"
)
"""What somebody lives in, or moves to, that is no place; first words."""

PREGNANT = (
    rf"{I_AM}{NOW} (?:\w+ )?(?:\w+ )?pregnant",
    rf"(?:we are|{I_AM}) expecting(?: (?:a|our|my)|$)",
)
NO_LONGER_PREGNANT = (
    r"(?:i|we) (?:have )?(?:just )?(?:lost (?:the|my|our) (?:baby|pregnancy|child)(?! \w+or\b)"
    r"|had a miscarriage|miscarried|had an abortion|gave birth|had (?:the|my|our) baby)",
    r"(?:my|our|the) baby (?:was|is) (?:stillborn|born)",
)
DIED = re.compile(r"(?:my|our) \w+ (?:has |just |have )*(?:died|passed away|is dead)\b")
ALIVE = re.compile(
    r"(?:my|our) \w+ (?:has|lives|drinks|works|smokes|needs|wants|loves|hates|helps|talks|calls"
    r"|suffers|is(?! (?:dead|gone|no longer|buried)\b))\b"
)
"""Both of the subject that a sentence begins with."""

WHEN_PUT_DOWN = (
    r"(?=$| (?:yesterday|today|last|this|because|after|in|on)\b(?! (?:the|an?|my|his|her)\b))"
)
"""Behind "put my dog down": it was not set down."""
