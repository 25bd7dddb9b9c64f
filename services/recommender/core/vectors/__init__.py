"""Item vectors learned from the stream: item2vec, and vectors of attributes.

Skip-gram with negative sampling over sessions gives each visited item a vector; ridge regression
gives attributes the vectors that best explain them, which place new items.
"""
