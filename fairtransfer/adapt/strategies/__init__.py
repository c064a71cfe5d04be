"""Ways to adapt a model, one file each: options, words, what it needs and costs, and how it is done.

Reading a definition imports the files of the strategies it names. They import nothing heavy, so torch and the training loop
are imported inside `fit` and `check`, here and only here.
"""
