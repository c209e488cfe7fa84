"""The HTML that the server sends at our addresses: Streamlit's own, with what is wanted before its script has run.

Messengers run no scripts: title, description and picture of a link are Open Graph tags (ogp.me) in the head. And what
Streamlit shows first is laid out by our style from the start, instead of moving when that comes.
"""

import functools
from collections.abc import Awaitable, Callable, Sequence
from html import escape
from pathlib import Path
from typing import Final

import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route
from streamlit.file_util import get_static_dir

from pages.common.site_map import FRONT, PAGES, SITE_NAME, PageInfo
from pages.common.style import FAVICON, STYLE

PICTURE: Final = Path(__file__).with_name("link_preview.jpg")
PICTURE_SIZE: Final = (1200, 630)  # px: the largest that messengers show, and the proportion that none crops
_PICTURE_ADDRESS: Final = "link-preview.jpg"
_PICTURE_TEXT: Final = "A photo, grey on the left of a handle and coloured on the right of it"
_FOR_A_DAY: Final = {"Cache-Control": "public, max-age=86400"}


def _origin(request: Request) -> str:
    """Return where the app is reached, without a slash at the end; a proxy that ends TLS says so."""
    scheme = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip()
    url = request.base_url if scheme not in ("http", "https") else request.base_url.replace(scheme=scheme)
    return str(url).rstrip("/")


def tags(page: PageInfo, root: str) -> str:
    """Write what stands in the head for a page; `root` is the address of the app, which a picture's has to begin with.

    The address itself is not repeated (og:url): it carries the settings of whoever shares it.
    """
    width, height = PICTURE_SIZE
    properties = {
        "og:type": "website",
        "og:site_name": SITE_NAME,
        "og:title": page.title,
        "og:description": page.description,
        "og:image": f"{root}/{_PICTURE_ADDRESS}",
        "og:image:type": "image/jpeg",
        "og:image:width": str(width),
        "og:image:height": str(height),
        "og:image:alt": _PICTURE_TEXT,
    }
    names = {"description": page.description, "twitter:card": "summary_large_image"}
    lines = [f'<meta property="{key}" content="{escape(value)}" />' for key, value in properties.items()]
    lines += [f'<meta name="{key}" content="{escape(value)}" />' for key, value in names.items()]
    return "\n    ".join(lines)


def made_ours(html: str, page: PageInfo, root: str) -> str:
    """Give Streamlit's page the title, the tags and the style of ours; a page of another shape stays as it is.

    The style stands at the end, behind those that Streamlit's script puts into the head: of equal rules the last holds.
    """
    before, title, after = html.partition("<title>Streamlit</title>")
    named = f"{before}<title>{escape(page.tab_title)}</title>{after}" if title else html
    tagged = named.replace("</head>", f"  {tags(page, root)}\n  </head>", 1)
    return tagged.replace("</body>", f"  {STYLE}\n  </body>", 1)


@functools.cache
def _streamlit_page() -> str:
    return (Path(get_static_dir()) / "index.html").read_text(encoding="utf-8")


def _answer(page: PageInfo, base_path: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        root = _origin(request) + base_path
        return HTMLResponse(made_ours(_streamlit_page(), page, root), headers={"Cache-Control": "no-cache"})

    return answer


async def _picture(request: Request) -> Response:
    return FileResponse(PICTURE, media_type="image/jpeg", headers=_FOR_A_DAY)


async def _icon(request: Request) -> Response:
    return Response(FAVICON, media_type="image/png", headers=_FOR_A_DAY)


def page_routes(pages: Sequence[PageInfo] = PAGES) -> list[BaseRoute]:
    """Return what the server answers at the addresses of `pages`, of the picture and of the icon, before Streamlit."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    base_path = f"/{base}" if base else ""
    addresses = {f"{base_path}/{'' if page is FRONT else page.name}": page for page in pages}
    return [
        Route(f"{base_path}/{_PICTURE_ADDRESS}", _picture),
        Route(f"{base_path}/favicon.png", _icon),  # beside a link's title, and in the tab until the script has run
        *(Route(address, _answer(page, base_path)) for address, page in addresses.items()),
    ]
