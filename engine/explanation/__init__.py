"""Any number of a network in training, with the arithmetic behind it; and the instructions' list.

The families say how their numbers come about; nothing here knows a layer, activation, loss or
optimizer by name.
"""
