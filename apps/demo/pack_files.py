"""All files of a domain pack, as the demo needs them: read and checked together."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from shopkeeper.shared.datasets.base import FormatError
from shopkeeper.shared.datasets.knowledge import read_knowledge
from shopkeeper.shared.datasets.products import load as load_products
from shopkeeper.shared.domains import pack
from shopkeeper.shared.domains.examples import read_examples, unlike
from shopkeeper.shared.domains.pack import CATALOGUE, FAQ, SHOPPERS, PackError
from shopkeeper.shared.text.manifest import model_folder, read_manifest
from shopkeeper.shared.text.rules import line_of

from .script import WrittenScript, read_script

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shopkeeper.shared.contracts.events.shop import KnowledgePublished, ProductCatalogued
    from shopkeeper.shared.domains.examples import Example
    from shopkeeper.shared.domains.pack import Pack


@dataclasses.dataclass(frozen=True, slots=True)
class PackFiles:
    """A pack with its demo: what it sells, what it says, and who comes by."""

    domain: str
    said: Pack
    products: list[ProductCatalogued]
    knowledge: list[KnowledgePublished]
    script: WrittenScript
    examples: list[Example]

    @classmethod
    def read(cls, domain: str) -> PackFiles:
        """The pack of a name or a folder. Raises PackError, naming file and place."""
        said, folder = pack.load(domain), pack.folder_of(domain)
        try:
            products = load_products(_there(folder, CATALOGUE, "what the demo offers"))
            knowledge = read_knowledge(folder / FAQ) if (folder / FAQ).is_file() else []
        except (FormatError, OSError) as error:
            raise PackError(str(error)) from None
        script = read_script(_there(folder, SHOPPERS, "who comes by, and what they write"))
        found = cls(domain, said, products, knowledge, script, read_examples(domain))
        found._agree(folder)
        return found

    @property
    def sensitive(self) -> list[ProductCatalogued]:
        """Its products that are never recommended."""
        excluded = self.said.excluded
        return [product for product in self.products if excluded.covers(product)]

    def summary(self) -> Iterator[str]:
        """What it holds, in lines."""
        categories = {product.category for product in self.products}
        yield f"{self.said.name.en} / {self.said.name.zh}"
        yield f"  {len(self.products)} products in {len(categories)} categories"
        yield f"  {len(self.sensitive)} of them sensitive: never recommended, nothing assumed"
        yield f"  {len(self.knowledge)} entries of knowledge, {len(self.said.guards)} guards"
        yield f"  {len(self.said.events)} names of events, {len(self.said.reasons)} reasons"
        labels = {each.intent for each in self.examples}
        yield f"  {len(self.examples)} examples of {len(labels)} intents"

    def _agree(self, folder: Path) -> None:
        """Whether the files speak of the same. Raises PackError."""
        text = (folder / SHOPPERS).read_text("utf-8")
        known = {product.category for product in self.products}
        for theme in self.script.themes:
            for category in theme:
                if category not in known:
                    line = line_of(text, ["themes"], category)
                    raise PackError(
                        f"{folder / SHOPPERS}, line {line}: themes: {CATALOGUE} has no category "
                        f"{category!r}; it has {', '.join(sorted(filter(None, known)))}"
                    )
        offered = len(self.products) - len(self.sensitive)
        if not offered:
            raise PackError(f"{folder / CATALOGUE}: every product is excluded by [exclusions]")
        shops = read_manifest(model_folder()).models["intent"].labels
        like = self.said.intents.like
        if like and (wrong := unlike(self.said.intents, self.examples, shops)):
            raise PackError(f"{folder / pack.FILE}: intents.like: {wrong}")
        labels = {each.intent for each in self.examples}
        for guard in self.said.guards:
            if unknown := set(guard.intents) - labels:
                raise PackError(
                    f"{folder / pack.FILE}: guards: {guard.name!r} names {sorted(unknown)[0]!r}, "
                    f"of which {pack.INTENTS} has no example; it has {', '.join(sorted(labels))}"
                )


def _there(folder: Path, name: str, what: str) -> Path:
    if not (folder / name).is_file():
        raise PackError(f"{folder / name}: missing; the demo needs it for {what}")
    return folder / name
