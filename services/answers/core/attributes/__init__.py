"""Questions about an attribute of a product, answered from the catalogue as it is now."""
