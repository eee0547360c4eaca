"""The `.rocky` language: its text in, SQL text and warnings out. Standard library only."""

from rocky_action.rocky_dsl.lexer import same_words
from rocky_action.rocky_dsl.lowering import column_lines, lower
from rocky_action.rocky_dsl.words import Lowered, LoweringWarning

__all__ = ["Lowered", "LoweringWarning", "column_lines", "lower", "same_words"]
