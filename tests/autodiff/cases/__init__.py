"""Every op with the operands it is tested on, a file for each family."""

from importlib import import_module
from pkgutil import iter_modules

CASES = [
    case
    for module in iter_modules(__path__)
    if module.name != "case"
    for case in import_module(f"{__name__}.{module.name}").CASES
]
