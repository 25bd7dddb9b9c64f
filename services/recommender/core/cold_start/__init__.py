"""Cold start: which recent items a product that nobody has visited fits, by its attributes.

Attributes (words of titles, category, brand, price) are tf-idf vectors; a new item is placed by
likeness, by which attributes lead to which, and by the vectors of its attributes. From 20
sessions on an item has neighbours of its own and is no longer new.
"""
