"""Groups of words that several tables share; plain English without apostrophes."""

SELF = r"(?:myself|my ?self|me self|my own self)"
THIRD = r"(?:he|she|they|hes|shes|theyre|hed|shed|theyd|hell|shell|theyll|theyve)"
PERSON_NOUN = (
    r"(?:husband|wife|partner|boyfriend|girlfriend|bf|gf|ex|fianc\w{1,2}|spouse|mum|mom|mother"
    r"|mam|mommy|mummy|dad|father|daddy|stepdad|stepfather|stepmom|stepmum|stepmother|parents?"
    r"|brother|sister|stepbrother|stepsister|siblings?|son|daughter|sons|daughters|brothers"
    r"|sisters|kids?|child|children|baby|uncle|aunt|auntie|cousin|granddad|grand(?:father"
    r"|mother|pa|ma"
    r"|dad)|nan|boss|manager|coworker|colleague|roommate|flatmate|housemate|room mate|teacher"
    r"|coach|neighbou?rs?|friends?|bestie|mate|family|in laws?|mother in law|father in law"
    r"|landlord|nephew|niece|twin|student|patient|client|bully|bullies|babysitter|carer|pastor"
    r"|priest|classmates?)"
)
POSSESSIVE = r"(?:my|his|her|their|our|the|a|an|this|that|one of my|some|your)"
PERSON = (
    rf"(?:{THIRD}|(?:{POSSESSIVE} )(?:\w+ )?(?:\w+ )?{PERSON_NOUN}|someone|somebody|people"
    r"|everyone|this (?:guy|man|boy|woman|girl)|a (?:guy|man|boy|woman|girl)|men|mum|mom|dad)"
)
PLACE = (
    r"in|with|at|here|there|near|alone|by|on|under|off|together|next|like|paycheck|pay|for"
    r"|abroad|without|up to|around|away|somewhere|outside|where|as a|out of"
)
WORLD_PLACE = (
    r"in this world|in this hell|on this (?:earth|planet)|with (?:this|the) pain|like this"
)
NOT_PLACE = rf"(?!{WORLD_PLACE})(?:{PLACE})"
FUN = (
    r"(?:(?:of|from) (?:\w+ )?(?:embar\w+|laugh\w+|shame|boredom|cringe\w*|cuteness|old age"
    r"|natural|hap\w+|hunger|thirst|heat|cold|awkward\w*)|laughing|happy|old|on that hill"
    r"|for (?:a|an|that|some|those|these) (?:\w+ )?(?:coffee|drink|pizza|burger|cigarette|beer"
    r"|snack|taco))"
)
ACCIDENT = (
    r"(?:shaving|cooking|while|chopping|slicing|making|on (?:a|an|the|my|some|broken)"
    r"|at (?:the )?(?:gym|work|football|training|practice)|playing|lifting|falling|by accident"
    r"|accidentally|off|some slack|short|in the process|financially|out|when i (?:fell|trip\w*)"
    r"|running|working out|exercising|with (?:a|the) (?:kitchen|paper)|a (?:slice|piece|check"
    r"|bit)|at the|doing (?:sports?|yoga|exercise)|loose|free|out of|the most|more than"
    r"|by (?:doing|being|not|staying|trusting|loving|holding|keeping)|emotionally)"
)
