"""The page's own tests, which run in Node."""
