"""Questions, passages and products: everything that needs neither broker nor clock."""
