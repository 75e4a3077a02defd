"""The parts of the rule-based persona extractor: word lists, clauses, statements."""
