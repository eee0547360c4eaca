"""What a person can say: every input, described once and parsed into one frozen ``Settings``."""

from rocky_action.domain.gate import FailOn
from rocky_action.settings.described import Input, Mode
from rocky_action.settings.environment import inputs_from_environment
from rocky_action.settings.inputs import INPUTS
from rocky_action.settings.options import add_options, given
from rocky_action.settings.outputs import OUTPUTS, Output
from rocky_action.settings.parse import ACTION_INPUT, Settings, parse
from rocky_action.settings.sources import COMMAND_LINE
from rocky_action.settings.tables import inputs_table, outputs_table

__all__ = [
    "ACTION_INPUT",
    "COMMAND_LINE",
    "INPUTS",
    "OUTPUTS",
    "FailOn",
    "Input",
    "Mode",
    "Output",
    "Settings",
    "add_options",
    "given",
    "inputs_from_environment",
    "inputs_table",
    "outputs_table",
    "parse",
]
