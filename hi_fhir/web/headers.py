"""What holds of every answer: asked for anew each time, of the type that it names, and shown within no page."""

VARY = "Accept-Encoding"

OF_EVERY_ANSWER = (
    ("Cache-Control", "private, no-cache"),
    ("Vary", VARY),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("X-Frame-Options", "DENY"),
)
