"""What later sentences end, and what they leave alone."""

from __future__ import annotations

import pytest

from actions.memory.claims import claims

ENDED = [
    ("I am a teacher.", "I lost my job last week."),
    ("I am a teacher at a primary school.", "I was laid off in March."),
    ("I work as a nurse.", "They let me go."),
    ("I am a teacher.", "I am a butcher."),
    ("I am a baker.", "I'm not a baker."),
    ("I am a baker.", "I am no longer a baker."),
    ("I am unemployed.", "I found a job."),
    ("I lost my job.", "I work as a waiter now."),
    ("I am 34 years old.", "I am 35 years old."),
    ("I'm 34", "I am 35 years old and tired of it."),
    ("I live in Leeds.", "I moved to Bristol last month."),
    ("I live in Paris.", "I don't live in Paris any more."),
    ("I have two children.", "I have three children."),
    ("I have two children.", "I have 4 kids."),
    ("I am married.", "We got divorced in spring."),
    ("I have a girlfriend.", "My girlfriend broke up with me."),
    ("I have a husband.", "My husband died."),
    ("I am single.", "I have a new boyfriend."),
    ("I am married.", "I am divorced now."),
    ("I am a student.", "I graduated in June."),
    ("I am studying law.", "I dropped out."),
    ("I have a cat called Miso.", "My cat died yesterday."),
    ("I have a dog.", "I lost my dog."),
    ("I have a cat called Miso.", "My cat Miso died yesterday."),
    ("I have got a dog called Biscuit.", "I had to put my dog down."),
    ("I have a dog.", "Our dog Rex was put down on friday."),
    ("I have a cat.", "We put our cat to sleep on monday."),
    ("I have got two kids.", "I have three kids."),
    ("I am allergic to nuts.", "My doctor says I am not allergic to nuts after all."),
    ("I am a smoker.", "The doctor told me I am not a smoker."),
    ("I am pregnant.", "I lost the baby."),
    ("I am 12 weeks pregnant.", "I had a miscarriage last week."),
    ("My dad has cancer.", "My dad died on Sunday."),
    ("My mum is in hospital.", "My mum has passed away."),
    ("I am 17 years old.", "I turned 18 yesterday."),
    ("I smoke a pack a day.", "I quit smoking three weeks ago."),
    ("I drink too much.", "I stopped drinking."),
    ("I love my job.", "I hate my job."),
    ("I hate my job.", "I love my job."),
    ("I like my boss.", "I don't like my boss."),
    ("I can sleep.", "I can't sleep."),
    ("I am allergic to nuts.", "I'm not allergic to nuts after all."),
    ("My mother talks to me.", "My mother doesn't talk to me anymore."),
]
LEFT_ALONE = [
    ("I am a teacher.", "I am tired."),
    ("I am a teacher.", "I am a mother."),
    ("I am a nurse.", "I have a nurse who is kind."),
    ("I am tired.", "I can't sleep because I am tired."),
    ("I love my mother.", "My mother doesn't love me."),
    ("I love my job.", "I hate my boss."),
    ("I love my job.", "I don't love my husband."),
    ("I have two children.", "I have two dogs."),
    ("I have a brother.", "I have three children."),
    ("I have a cat.", "My dog died."),
    ("I have a cat.", "I put my cat down on the sofa."),
    ("I have a dog.", "I put my dog down to answer the phone."),
    ("I have a dog.", "I put my dog down and went out."),
    ("I have a dog.", "My dog was put down for a nap."),
    ("I am allergic to nuts.", "My sister says I am not allergic to nuts."),
    ("I have a cat.", "My cat is loud."),
    ("I live in Leeds.", "I live with my parents."),
    ("I live in Leeds.", "I live in a small flat."),
    ("I am married.", "My boss got divorced."),
    ("I lost my job.", "I am a teacher."),
    ("I smoke a pack a day.", "I quit drinking."),
    ("I smoke.", "My father quit smoking."),
    ("I am happy with my wife.", "I am not happy at work."),
    ("I am a bus driver.", "I am afraid of losing my job."),
    ("I am studying law.", "I am a waiter."),
    ("I have no friends here.", "I have two friends from school."),
    ("I don't drink.", "I don't smoke."),
    ("My dad has cancer.", "My mum died."),
    ("My dad was a baker.", "My dad died."),
    ("My mum died.", "My mum is buried in Leeds."),
    ("I am pregnant.", "I lost the baby monitor."),
    ("I am a nurse.", "My boss let me go home early today."),
    ("I am a nurse.", "My mum let me go to the concert."),
    ("I am a nurse.", "I am a terrible cook."),
    ("I'm a teacher.", "I'm a good driver but my car broke down."),
    ("I am a nurse.", "I left my job early today because I felt sick."),
    ("I am a nurse.", "I was dismissed by my doctor."),
    ("I live in Leeds.", "I live in constant fear."),
    ("I live in Leeds.", "I moved to night shifts."),
    ("I am married.", "My husband almost died last year."),
    ("I am married.", "My husband left me alone with the kids all weekend."),
    ("I am married.", "I left my husband a note."),
    ("I have a dog called Biscuit.", "My dog passed his training exam."),
    ("I have a dog.", "My dog almost died last night."),
    ("I have two older brothers.", "I have one younger brother."),
    ("I drink every night.", "I don't drink enough water."),
    ("I drink a bottle of wine every night.", "I don't drink coffee."),
    ("I study nursing.", "I left school at three to pick up my son."),
    ("I study nursing.", "I graduated from high school."),
    # Found in ESConv, reworded.
    ("I feel betrayed.", "I don't feel that I can trust anybody."),
    ("I am sad and hopeless.", "I am not so alone and sad."),
    ("I miss my wife.", "I not only miss my wife."),
    ("I used to be social.", "I don't use social media."),
    ("I worry about my kids getting ill.", "I am not worried about getting ill."),
    ("I buried my dog.", "I have two other dogs."),
    ("My husband died.", "I have a new boyfriend."),
    ("I live in Canada.", "I live in an apartment building."),
    ("I am not young anymore.", "I am too young to retire."),
    ("I am not feeling so well.", "I feel stuck."),
    ("I have a younger brother.", "I have an older brother."),
    ("I have two dogs.", "My dog died."),
    ("I have a dog.", "My dog is gone to the vet."),
]


@pytest.mark.parametrize(("earlier", "later"), ENDED)
def test_it_ends(earlier: str, later: str) -> None:
    assert claims(later).end(claims(earlier))


@pytest.mark.parametrize(("earlier", "later"), LEFT_ALONE)
def test_it_leaves_alone(earlier: str, later: str) -> None:
    assert not claims(later).end(claims(earlier))


@pytest.mark.parametrize("sentence", sorted({s for pair in ENDED + LEFT_ALONE for s in pair}))
def test_nothing_ends_itself(sentence: str) -> None:
    assert not claims(sentence).end(claims(sentence))
    assert not claims(sentence.upper()).end(claims(sentence))


@pytest.mark.parametrize("text", ["", " ", "?!", "\U0001f622", "x" * 10_000, "I am " * 2_000])
def test_any_text_claims_something_or_nothing(text: str) -> None:
    assert not claims(text).end(claims("I am a nurse."))
    assert not claims("I am a nurse.").end(claims(text))
