"""The engine: Tensors, ops, what records them, and the walks over what was recorded.

In reading order: ``tensor``, ``record``, ``types``, ``op``, ``table``, ``walks``, ``functions``;
then the first derivatives and the page of calculus. Beside these stand ``ndarray`` and
``conversions``, which make a Tensor look like an array, ``structures``, ``scatter``,
``fast_recorders``, and the care: ``checks``, ``seeds``, ``arguments``, ``refusals``,
``corrections``, ``array_kinds``, ``constant_arrays``, ``complex_arguments``, ``zeros``,
``machine``. ``fillable``, ``pieces`` and ``gathering`` are the arrays that can be filled.
"""
