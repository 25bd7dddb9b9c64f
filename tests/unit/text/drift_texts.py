"""Searches as a fashion shop sees them, and what may come in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

KINDS = [
    "dress",
    "shirt",
    "jeans",
    "sneakers",
    "jacket",
    "skirt",
    "coat",
    "boots",
    "scarf",
    "hoodie",
    "blazer",
    "socks",
]
WHICH = [
    "red",
    "black",
    "summer",
    "linen",
    "cotton",
    "leather",
    "slim",
    "vintage",
    "floral",
    "waterproof",
    "long",
]
WHOM = ["", "", "", " for women", " for men", " size m", " size 40", " under 50", " sale"]
QUESTIONS = ["where is my order", "what is your return policy", "do you ship to canada"]


def fashion(random: Random) -> str:
    """An English search for clothes; one in ten is a question."""
    if random.random() < 0.1:
        return random.choice(QUESTIONS)
    return f"{random.choice(WHICH)} {random.choice(KINDS)}{random.choice(WHOM)}"


def gibberish(random: Random) -> str:
    """Latin letters without a meaning, of the length of a search."""
    return " ".join(
        "".join(random.choices("bcdfghjklmnpqrstvwxz", k=random.randint(4, 8))) for _ in range(3)
    )


def broken(random: Random) -> str:
    """A search for clothes in typographic quotes, whose UTF-8 was read as Windows-1252."""
    return f"‘{fashion(random)}’".encode().decode("cp1252")


def french(random: Random) -> str:
    """A search for clothes in French."""
    kind = random.choice(["robe", "chemise", "veste", "jupe", "écharpe"])
    return f"{kind} {random.choice(['rouge', 'noire', 'légère'])} pour les femmes"
