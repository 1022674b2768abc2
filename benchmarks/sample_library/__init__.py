"""A library of small functions of different character: what the generated repositories benchmark.

Every function takes `items` and works on a fixed number of them, written as one literal. The work is
linear in that literal and alike for every item, so that a literal 20 % larger is a function 20 % slower.
"""
