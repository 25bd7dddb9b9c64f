"""Domain packs: folders of data that make a shop's services those of another domain."""
