"""HTTP for pages and servers: events in; lists, products, answers and a stream of them out."""
