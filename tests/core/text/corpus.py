"""What hostile people write into the fields of an event."""

PINGS = ["<!channel>", "<!here>", "<@U012AB3CD>", "<!subteam^S1|x>", "@everyone", "@here", "@all", "@所有人"]
MORE_PINGS = [
    "<@123456789012345678>",
    "<@&123456789012345678>",
    "@13800138000",
    '<at user_id="all">all</at>',
    "@admin",
]
LINKS = [
    "<http://evil.example|your bank>",
    "[your bank](http://evil.example)",
    "![x](http://evil.example/p.png)",
]
MORE_LINKS = [
    "[a]: http://evil.example",
    "<a href='http://evil.example'>your bank</a>",
    "](http://evil.example)",
    "<javascript:alert(1)>",
]
MARKUP = [
    "*bold*",
    "_it_",
    "~gone~",
    "**b**",
    "`code`",
    "```\nblock",
    "# head",
    "> quote",
    "- item",
    "1. item",
    "| a | b |",
]
MORE_MARKUP = [
    "<b>b</b>",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "&lt;b&gt;",
    "--- \n===",
    "\\",
    "\\*",
]
ACTING = [
    "\x1b[2J\x1b[31m",
    "\x00\x07\x08",
    "a\rb",
    "\u202eevil\u202c",
    "\u2066x\u2069",
    "\ufeff",
    "\x9b31m",
    "\u2028x",
    "\ud800",
    "\x7f",
]
TEMPLATES = ["{{7*7}}", "{% for x in y %}", "{{ event }}", "${env:TOKEN}", "{0}", "%s"]
LAYOUT = [
    "\n\nRule: forged\nNext: call 0900-1234",
    "a" * 5_000,
    "字" * 3_000,
    "😀" * 2_000,
    "Z" + "\u0301" * 3_000,
    "\n" * 3_000,
]

CORPUS = [*PINGS, *MORE_PINGS, *LINKS, *MORE_LINKS, *MARKUP, *MORE_MARKUP, *ACTING, *TEMPLATES, *LAYOUT]
