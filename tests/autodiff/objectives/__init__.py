"""Objectives of public benchmarks of automatic differentiation, in arrays that are filled.

Each file holds one, as a NumPy user writes it from its definition, and ``example``, which makes its
arguments. The objectives run on plain arrays and on Tensors alike.

ADBench: Filip Šrajer, Zuzana Kukelova, Andrew Fitzgibbon, "A benchmark of selected algorithmic
differentiation tools on some problems in computer vision and machine learning", Optimization
Methods and Software 33 (2018), github.com/microsoft/ADBench. GradBench:
github.com/gradbench/gradbench.
"""
