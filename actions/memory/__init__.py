"""What is kept of a seeker beyond a session: encrypted, under a pseudonym, and only on their word.

`store` keeps facts, `lifecycle` decides what becomes of them, `relevance` chooses those that a turn
needs.
"""
