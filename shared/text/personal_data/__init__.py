"""Personal data in texts that people wrote: found, and masked before a text is shown or published.

    from shopkeeper.shared.text.personal_data import mask
    mask("call 555-0199-0 or a.b@example.com")

`find` gives the places, `mask` the text with `[email]`, `[phone]`, `[card]`, `[id number]`,
`[account]`, `[contact]` and `[address]` in their stead, `mask_all` does so for a batch.
"""

from .finder import find, mask, mask_all
from .folding import Kind, Span

__all__ = ["Kind", "Span", "find", "mask", "mask_all"]
