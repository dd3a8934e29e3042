"""The page in a real browser: a Chromium that the tests find, or install."""
