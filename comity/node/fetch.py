"""How registry files are fetched: over HTTP, from a folder, or from a function, always bounded in size and time.

Authority: TUF 1.0 section 1.5.2 (endless data, slow retrieval). What comes is not trusted here; `node/trust.py`
verifies it. The size limit of each file is enforced by python-tuf's `download_file`, the time limit here.
"""

import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from tuf.api.exceptions import DownloadError, DownloadHTTPError, SlowRetrievalError
from tuf.ngclient import FetcherInterface  # type: ignore[attr-defined]  # its documented name, not marked as exported

from comity.core.errors import Misused

PATIENCE = 30.0
"""Seconds for one file: a megabyte over a satellite line of 300 kbit/s."""

_QUIET = 10.0
"""Seconds without a byte after which a connection is given up."""

_CHUNK = 65_536
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_NOT_FOUND = 404


class FunctionFetcher(FetcherInterface):
    """Fetches through a function from address to bytes; it raises `FileNotFoundError` for what is not there."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        """Keep the function."""
        self._read = read

    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            yield self._read(url)
        except FileNotFoundError:
            raise DownloadHTTPError(f"nothing at {url}", _NOT_FOUND) from None
        except OSError as error:
            raise DownloadError(f"cannot read {url}: {error.strerror or error}") from None


class WebFetcher(FetcherInterface):
    """Fetches over HTTP or HTTPS; a file that takes longer than `patience` seconds is given up."""

    def __init__(self, patience: float = PATIENCE) -> None:
        """Keep the limit."""
        self._patience = patience

    def _fetch(self, url: str) -> Iterator[bytes]:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in {"http", "https"}:
            raise DownloadError(f"a registry is fetched over http or https, not {parts.scheme}")
        # A proxy of the surroundings has no business between two programs of one machine.
        local = [urllib.request.ProxyHandler({})] if parts.hostname in _LOOPBACK else []
        opener = urllib.request.build_opener(*local)
        until = time.monotonic() + self._patience
        try:
            with opener.open(url, timeout=_QUIET) as answer:
                while chunk := answer.read1(_CHUNK):
                    if time.monotonic() > until:
                        raise SlowRetrievalError(f"{url} took longer than {self._patience:.0f} s")
                    yield chunk
        except urllib.error.HTTPError as error:
            raise DownloadHTTPError(f"{url} answered {error.code}", error.code) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise DownloadError(f"cannot reach {url}: {getattr(error, 'reason', error)}") from None


def from_folder(folder: Path) -> FunctionFetcher:
    """Return a fetcher that reads addresses as files below `folder`, whatever host they name."""

    def read(url: str) -> bytes:
        path = (folder / urllib.parse.unquote(urllib.parse.urlsplit(url).path).lstrip("/")).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise FileNotFoundError(url)
        return path.read_bytes()

    return FunctionFetcher(read)


def fetcher_for(url: str) -> FetcherInterface:
    """Return the fetcher for the address of a registry: http, https or file.

    Raises:
        Misused: it is none of them.

    """
    match urllib.parse.urlsplit(url).scheme:
        case "http" | "https":
            return WebFetcher()
        case "file":
            return from_folder(Path("/"))
        case other:
            raise Misused(f"the address of a registry begins with https://, http:// or file://, not {other}://")
