"""What the gateway is: HTTP in front of the topics; consumes nothing in a group."""

from __future__ import annotations

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.api.service import ServiceSpec
from shopkeeper.shared.runtime.settings import Setting

SETTINGS: tuple[Setting, ...] = (
    Setting("GATEWAY_HOST", "127.0.0.1", "address that the gateway listens on"),
    Setting(
        "GATEWAY_PORT", "8080", "port of the gateway; 0: any that is free", "integer", 0, 65535
    ),
    Setting(
        "GATEWAY_SHARED_PORT",
        "0",
        "1: several gateways of one machine listen on the port, and the kernel shares connections "
        "out among them, so that they use several cores; each needs this",
        "choice",
        choices=("0", "1"),
    ),
    Setting(
        "GATEWAY_MCP",
        "0",
        "1: tools for assistants at `/mcp`, over the Model Context Protocol (docs/mcp.md; needs "
        "the extra `mcp`)",
        "choice",
        choices=("0", "1"),
    ),
    Setting(
        "GATEWAY_GRPC_PORT",
        "0",
        "port of the gateway's gRPC `RecommendationService`, as the OpenTelemetry demo and Online "
        "Boutique call it (docs/drop-in.md; needs the extra `grpc`); 0: none",
        "integer",
        0,
        65535,
    ),
    Setting(
        "GATEWAY_SECRET_KEYS",
        "",
        "keys for servers, comma-separated: they may do everything. Without any key, token or page "
        "key everybody may, and the log warns",
        "secret",
    ),
    Setting(
        "GATEWAY_PAGE_KEYS",
        "",
        "keys for pages, comma-separated: they may send events and read what is no single user's",
        "secret",
    ),
    Setting(
        "GATEWAY_TOKEN_SECRET",
        "",
        "secret of at least 32 bytes that signs users' tokens (JWT, HS256, `sub` is the user id): "
        "who has one may read that user's lists and answers",
        "secret",
    ),
    Setting(
        "GATEWAY_ORIGINS", "", "origins of pages that may call the gateway, comma-separated, or *"
    ),
    Setting(
        "GATEWAY_PAGES",
        "console",
        "pages that the gateway shows to a browser, comma-separated: shop (the demo's), console; "
        "the first is also at /",
    ),
    Setting(
        "GATEWAY_TRACE",
        "pages",
        "whether GET /v1/trace tells, to secret keys, how events pass: on, off, or where the "
        "gateway shows a page that draws it. Nothing is read while nobody watches",
        "choice",
        choices=("pages", "on", "off"),
    ),
    Setting(
        "GATEWAY_DEMO_CONTROL",
        "",
        "address of the demo's process, whose simulated shoppers pages may switch; the demo sets "
        "it. Without it there is no such route",
    ),
    Setting(
        "GATEWAY_USERS_MAX",
        "200000",
        "users whose newest list is held; of more, that of longest ago goes",
        "integer",
        1,
        10_000_000,
    ),
    Setting(
        "GATEWAY_PRODUCTS_MAX",
        "200000",
        "products whose neighbours and sentiment are held",
        "integer",
        1,
        10_000_000,
    ),
    Setting(
        "GATEWAY_PREFERENCES_MAX",
        "1000000",
        "users who want no personalised lists; of more, that who chose longest ago is forgotten, "
        "which `state_evictions` counts",
        "integer",
        1,
        100_000_000,
    ),
    Setting(
        "GATEWAY_RESUME_RECORDS",
        "5000",
        "records of each partition held for streams that resume",
        "integer",
        10,
        1_000_000,
    ),
    Setting(
        "GATEWAY_USER_RATE",
        "50",
        "requests a second of one user's token, or of one address with a page's key or none that "
        "is valid, four seconds' worth at once; 0: no limit",
        "number",
        0,
        1e6,
    ),
    Setting(
        "GATEWAY_KEY_RATE",
        "0",
        "requests a second with one secret key (without any keys: of one address), likewise; "
        "0: no limit",
        "number",
        0,
        1e6,
    ),
    Setting(
        "GATEWAY_BODY_BYTES_MAX",
        "1048576",
        "largest body of a request",
        "integer",
        1024,
        16_777_216,
    ),
)

SERVICE = ServiceSpec(
    name="gateway",
    tables=frozenset(
        {
            topics.SIMILAR_ITEMS,
            topics.TRENDING,
            topics.PRODUCT_SENTIMENT,
            topics.CATALOGUE,
            topics.SEGMENTS,
            topics.PREFERENCES,
            topics.REVIEW_DIGESTS,
        }
    ),
    reads=frozenset({topics.RECOMMENDATIONS, topics.ANSWERS}),
    publishes=frozenset(topic.name for topic in topics.ALL if topic.default_type),
    app="shopkeeper.services.gateway.app:build",
    event_loop="shopkeeper.services.gateway.event_loop:new_event_loop",
    settings=SETTINGS,
)
