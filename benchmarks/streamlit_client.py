"""A visitor of the app without a browser: Streamlit's own WebSocket protocol, and uploads over HTTP.

async with visit("127.0.0.1:8501") as visitor:
    await visitor.open_page("compare")
    await visitor.upload("harbour.jpg", content)
    visitor.pictures()
"""

import asyncio
import base64
import contextlib
import http.client
import http.cookies
import re
import urllib.parse
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

_MAX_MESSAGE = 200_000_000  # bytes
_DATA_URL = re.compile(rb"data:image/(?:jpeg|webp|png);base64,([A-Za-z0-9+/=]+)")
_XSRF_COOKIE = "_streamlit_xsrf"
_MEDIA_URL = re.compile(rb"/media/[0-9a-f]+\.(?:jpe?g|webp|png)")


class VisitError(Exception):
    """The server did not do what it does for a browser."""


@dataclass
class Visitor:
    """One session."""

    address: str
    connection: ClientConnection
    session_id: str = ""
    pages: dict[str, str] = field(default_factory=dict)
    """Hash by address, for example "compare"."""
    elements: dict[tuple[int, ...], Delta] = field(default_factory=dict)
    """What the page shows, by the place in it."""
    seen: dict[str, ForwardMsg] = field(default_factory=dict)
    """Messages that the server may name by their hash instead of sending them again."""
    page: str = ""
    """The hash of the page that is open; empty for the first one."""
    widgets: dict[str, WidgetState] = field(default_factory=dict)
    """What was chosen on the page, by the widget's id."""

    async def open_page(self, name: str = "") -> None:
        """Have a page run, to its end; "" is the first one."""
        self.page, self.widgets = self.pages.get(name, ""), {}
        await self.rerun()

    async def choose(self, key: str, option: str) -> None:
        """Choose one of several options, and have the page run."""
        widget = self.widgets.setdefault(self._widget_id(key), WidgetState(id=self._widget_id(key)))
        widget.string_array_value.data[:] = [option]
        await self.rerun()

    async def press(self, key: str) -> None:
        """Press a button, and have the page run to its end."""
        await self.rerun(WidgetState(id=self._widget_id(key), trigger_value=True))

    def _widget_id(self, key: str) -> str:
        for delta in self.elements.values():
            kind = delta.new_element.WhichOneof("type")
            name: str = getattr(getattr(delta.new_element, kind), "id", "") if kind else ""
            if name.endswith(f"-{key}"):
                return name
        raise VisitError(f"the page has no widget {key!r}")

    async def rerun(self, once: WidgetState | None = None) -> None:
        """Run the script, and whatever runs it asks for itself, to the end.

        Args:
            once: the state of a widget for this run alone.

        Raises:
            VisitError: it does not compile, or shows an error.
        """
        state = ClientState(page_script_hash=self.page)
        state.widget_states.widgets.extend([*self.widgets.values(), *([once] if once else [])])
        await self.connection.send(BackMsg(rerun_script=state).SerializeToString())
        while True:
            message = await self._receive()
            if message.WhichOneof("type") == "script_finished":
                if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                    self._require_no_error()
                    return
                if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    raise VisitError("the page does not compile")

    async def _receive(self) -> ForwardMsg:
        message = ForwardMsg.FromString(await self.connection.recv(decode=False))
        if message.WhichOneof("type") == "ref_hash":
            metadata = message.metadata
            message = self.seen[message.ref_hash]
            message.metadata.CopyFrom(metadata)
        elif message.hash:
            self.seen[message.hash] = message
        self._take(message)
        return message

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self.session_id = message.new_session.initialize.session_id
            self.elements = {}
        elif kind == "navigation":
            self.pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
        elif kind == "delta":
            self.elements[tuple(message.metadata.delta_path)] = message.delta

    async def upload(self, name: str, content: bytes) -> None:
        """Give a file to the page's uploader, as a browser does, and have the page run with it."""
        uploader = next(
            (d.new_element.file_uploader for d in self.elements.values() if d.new_element.file_uploader.id), None
        )
        if uploader is None:
            raise VisitError("the page has no uploader")
        request = BackMsg()
        request.file_urls_request.request_id = uuid.uuid4().hex
        request.file_urls_request.session_id = self.session_id
        request.file_urls_request.file_names.append(name)
        await self.connection.send(request.SerializeToString())
        while (message := await self._receive()).WhichOneof("type") != "file_urls_response":
            pass
        urls = message.file_urls_response.file_urls[0]
        await asyncio.to_thread(self._put, urls.upload_url, name, content)
        widget = WidgetState(id=uploader.id)
        widget.file_uploader_state_value.uploaded_file_info.add(
            name=name, size=len(content), file_id=urls.file_id, file_urls=urls
        )
        await self.rerun(widget)

    def _put(self, url: str, name: str, content: bytes) -> None:
        edge = uuid.uuid4().hex
        head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        body = head + content + f"\r\n--{edge}--\r\n".encode()
        connection = http.client.HTTPConnection(self.address, timeout=600)
        with contextlib.closing(connection):
            kind = {"Content-Type": f"multipart/form-data; boundary={edge}"} | _xsrf_headers(connection)
            connection.request("PUT", urllib.parse.urljoin("/", url), body, kind)
            status = connection.getresponse().status
        if status not in (200, 204):
            raise VisitError(f"the upload ended with status {status}")

    def text(self) -> str:
        """Return all that the page shows, as far as it is text, element by element."""
        return "\n".join(delta.SerializeToString().decode(errors="replace") for delta in self.elements.values())

    def pictures(self) -> list[bytes]:
        """Fetch the files of all pictures on the page."""
        shown = [delta.SerializeToString() for delta in self.elements.values()]
        inline = [base64.b64decode(found) for each in shown for found in _DATA_URL.findall(each)]
        links = [found.decode() for each in shown for found in _MEDIA_URL.findall(each)]
        return inline + [self._get(link) for link in links]

    def _get(self, path: str) -> bytes:
        connection = http.client.HTTPConnection(self.address, timeout=600)
        with contextlib.closing(connection):
            connection.request("GET", path)
            return connection.getresponse().read()

    def _require_no_error(self) -> None:
        alerts = [delta.new_element.alert for delta in self.elements.values() if delta.new_element.HasField("alert")]
        errors = [alert.body for alert in alerts if alert.format == alert.ERROR]
        errors += [delta.new_element.exception.message for delta in self.elements.values()
                   if delta.new_element.HasField("exception")]  # fmt: skip
        if errors:
            raise VisitError("; ".join(errors))


def _xsrf_headers(connection: http.client.HTTPConnection) -> dict[str, str]:
    """Return what Streamlit's script sends with an upload: the token that the server gave it, twice; or nothing."""
    connection.request("GET", "/_stcore/health")
    response = connection.getresponse()
    response.read()
    cookies = http.cookies.SimpleCookie(response.getheader("Set-Cookie", ""))
    if _XSRF_COOKIE not in cookies:
        return {}
    token = cookies[_XSRF_COOKIE].value
    return {"Cookie": f"{_XSRF_COOKIE}={token}", "X-Xsrftoken": token}


@contextlib.asynccontextmanager
async def visit(address: str, **headers: str) -> AsyncIterator[Visitor]:
    """Open a session at HOST:PORT; it ends as it does when a browser's tab is closed.

    Args:
        address: of the server.
        headers: those of the first request, with `_` for `-`, such as X_Forwarded_For.
    """
    uri = f"ws://{address}/_stcore/stream"
    async with connect(
        uri,
        additional_headers={name.replace("_", "-"): value for name, value in headers.items()},
        subprotocols=[websockets.Subprotocol("streamlit")],
        max_size=_MAX_MESSAGE,
        open_timeout=120,
        ping_timeout=None,
    ) as connection:
        yield Visitor(address, connection)
