"""Numbers without names: lines, steps, noise and error bars.

A scheme holds the state of many lines φ(t) = f(x + t·v) in arrays. It is asked for a block of
offsets (`ask`), and told the values there (`tell`), until it asks for nothing: it never calls the
function, so that it is tested without one, and run anywhere.
"""
