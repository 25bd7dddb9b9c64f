"""How fair, clear and good a running shop's lists are: one page of plots and numbers.

`join` and `figures` take what the topics hold and compute; `shop_charts` and `evaluation` say what
is drawn of it; `plots` draws; `page` writes the HTML. Only `source` talks to a broker.
"""
